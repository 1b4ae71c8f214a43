package notices_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/campaigns/content"
	"assent/campaigns/notices"
	"assent/preferences/problem"
	"assent/preferences/sqldb/sqldbtest"
)

// lint is what the lint says of a text, as subject and as a paragraph.
func lint(t *testing.T, obligation, text string) error {
	t.Helper()
	raw, err := json.Marshal([]map[string]string{{"type": "text", "markdown": text}})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := content.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var bad problem.Collector
	notices.Lint(&bad, obligation, text, blocks)
	return bad.Err()
}

// lines reads a corpus: a mark, a tab and a text on each line.
func lines(t *testing.T, name string) (list [][2]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/lint/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		mark, rest, _ := strings.Cut(line, "\t")
		list = append(list, [2]string{mark, rest})
	}
	return list
}

// Compliance 71-73: what promotes is refused in each language, in the subject and in the text, and what mandatory mail says is
// not.
func TestTheCorpusOfNotices(t *testing.T) {
	refused, passed := map[string]int{}, map[string]int{}
	for _, l := range lines(t, "promotional") {
		p, ok := problem.As(lint(t, "contract", l[1]))
		if !ok || len(p.Fields) < 2 || p.Fields[0].Field != "subject" || p.Fields[1].Field != "blocks[0].markdown" {
			t.Errorf("%s: not refused in subject and text: %q", l[0], l[1])
			continue
		}
		refused[l[0]]++
	}
	for _, l := range lines(t, "true") {
		if err := lint(t, "contract", l[1]); err != nil {
			t.Errorf("%s: a false alarm: %q: %v", l[0], l[1], err)
			continue
		}
		passed[l[0]]++
	}
	for _, tag := range []string{"en", "nl", "de", "fr"} {
		if refused[tag] < 20 || passed[tag] < 20 {
			t.Errorf("%s: only %d refused and %d passed", tag, refused[tag], passed[tag])
		}
	}
	t.Logf("refused %v, passed %v", refused, passed)
}

// Compliance 72, WP260 ¶29: a notice of a privacy change is about that change alone.
func TestAPrivacyNoticeIsAboutThatChangeAlone(t *testing.T) {
	for _, l := range lines(t, "privacy") {
		err := lint(t, "privacy_change", l[1])
		if pass := err == nil; pass != (l[0] == "pass") {
			t.Errorf("%s: %q: %v", l[0], l[1], err)
		}
		if err := lint(t, "terms_change", l[1]); err != nil {
			t.Errorf("as a notice of other matters: %q: %v", l[1], err)
		}
	}
}

// Disguises: what people read decides, not how it is written.
func TestDisguisedPromotionIsFound(t *testing.T) {
	for _, text := range []string{
		"SPECIAL OFFER", "special\u00a0offer", "spe\u00adcial offer", "special\u200b offer", "ｓｐｅｃｉａｌ offer", "special\noffer", "special **offer**", "a *special* offer", "[special offer](https://example.com)",
		"20\u00a0% off", "20\u202f% off", "Don’t miss it", "Jusqu‘à épuisement", "re\u0301duction: offre spe\u0301ciale",
	} {
		if lint(t, "contract", text) == nil {
			t.Errorf("%q passes", text)
		}
	}
}

// Compliance 71: links that track, links and pictures that lead to shops, pictures that tell who opened, marketing topics.
func TestLinksAndPicturesOfNotices(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	text := func(markdown string) string { return block(map[string]string{"type": "text", "markdown": markdown}) }
	button := func(url string) string {
		return block(map[string]string{"type": "button", "label": "See", "url": url})
	}
	image := func(url, link string) string {
		return block(map[string]string{"type": "image", "url": url, "alt": "A", "link": link})
	}
	const picture = "https://example.com/a.png"
	for name, tt := range map[string]struct{ blocks, field, says string }{
		"utm in a button":          {button("https://example.com/?utm_source=x"), "blocks[0].url", "tracked"},
		"utm in a fragment":        {button("https://example.com/#utm_medium=mail"), "blocks[0].url", "tracked"},
		"UTM in capitals":          {button("https://example.com/?UTM_CAMPAIGN=x"), "blocks[0].url", "tracked"},
		"utm in text":              {text("See [this](https://example.com/?a=1&utm_term=x)."), "blocks[0].markdown", "tracked"},
		"utm in a bare address":    {text("See https://example.com/?utm_term=x now"), "blocks[0].markdown", "tracked"},
		"click id":                 {text("[a](https://example.com/?gclid=1)"), "blocks[0].markdown", "tracked"},
		"click host":               {button("https://click.example.com/abc"), "blocks[0].url", "tracked"},
		"coupon in a link":         {button("https://example.com/?coupon=A"), "blocks[0].url", "tracked"},
		"link to a cart":           {button("https://example.com/cart"), "blocks[0].url", "sale"},
		"link to offers":           {text("[a](https://example.com/nl/aanbiedingen/x)"), "blocks[0].markdown", "sale"},
		"link to a newsletter":     {button("https://example.com/newsletter"), "blocks[0].url", "marketing"},
		"link to a sign-up form":   {button("https://mail.example.com/subscribe/news"), "blocks[0].url", "marketing"},
		"picture to a shop":        {image(picture, "https://example.com/shop/shoes"), "blocks[0].link", "shop"},
		"picture to a shop's host": {image(picture, "https://shop.example.com/"), "blocks[0].link", "shop"},
		"picture to a price list":  {image(picture, "https://example.com/pricing"), "blocks[0].link", "shop"},
		"tracked picture":          {image("https://example.com/a.png?utm_source=x", ""), "blocks[0].url", "opened"},
		"pixel":                    {image("https://pixel.example.com/a.gif", ""), "blocks[0].url", "opened"},
		"in a column":              {`[{"type":"columns","columns":[[{"type":"text","markdown":"A special offer"}],[{"type":"text","markdown":"x"}]]}]`, "blocks[0].columns[0][0].markdown", "promotional"},
		"an event":                 {`[{"type":"event","event":"party"}]`, "blocks", "invitation"},
		"unsubscribe":              {text("[a]({{ unsubscribe_url }})"), "blocks", "unsubscribe"},
		"preference centre":        {text("[a]({{ preferences_url }})"), "blocks", "preferences_url"},
	} {
		in := valid()
		in.Blocks = []byte(tt.blocks)
		_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
		refusedFor(t, name, err, tt.field, tt.says)
	}
	in := valid()
	in.Topic = "newsletter"
	_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
	refusedFor(t, "a topic", err, "topic", "campaign")
	for name, blocks := range map[string]string{
		"plain link": button("https://example.com/account/contract?id=7"), "picture": image(picture, ""), "picture to an account": image(picture, "https://example.com/account"),
		"link to a product page": button("https://example.com/product/x/manual"), "subscription": button("https://example.com/subscriptions/7"), "store locator text": text("Our store in Ghent is closed on Monday."),
	} {
		in := valid()
		in.Blocks = []byte(blocks)
		if _, err := service(w).Create(context.Background(), campaignstest.Staff, in); err != nil {
			t.Errorf("a false alarm: %s: %v", name, err)
		}
	}
}

func block(b map[string]string) string {
	for k, v := range b {
		if v == "" {
			delete(b, k)
		}
	}
	raw, _ := json.Marshal([]map[string]string{b})
	return string(raw)
}

func refusedFor(t *testing.T, name string, err error, field, says string) {
	t.Helper()
	p, ok := problem.As(err)
	if !ok || p.Status != 422 {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, f := range p.Fields {
		if f.Field == field && strings.Contains(f.Detail, says) {
			return
		}
	}
	t.Errorf("%s: want %s with %q in %v", name, field, says, p.Fields)
}

// The data of a template is linted as free texts are; the policy's own text as a policy.
func TestTheDataOfTemplatesIsLinted(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	for name, tt := range map[string]struct{ obligation, template, data, field, says string }{
		"offer":             {"contract", "contract_confirmed", `{"contract":"1","text":"A special offer"}`, "data.text", "promotional"},
		"offer in details":  {"contract", "contract_confirmed", `{"contract":"1","details":[{"name":"Now","value":"20% off"}]}`, "data.details[0].value", "promotional"},
		"link in text":      {"contract", "contract_confirmed", `{"contract":"1","text":"See [this](https://example.com/?utm_source=x)."}`, "data.text", "tracked"},
		"url":               {"payment", "payment_due", `{"invoice":"1","amount":"1.00","currency":"EUR","url":"https://example.com/?utm_source=x"}`, "data.url", "tracked"},
		"url to a sale":     {"payment", "payment_due", `{"invoice":"1","amount":"1.00","currency":"EUR","url":"https://example.com/deals"}`, "data.url", "sale"},
		"policy that sells": {"terms_change", "terms_change", `{"effective_at":"2026-07-01","text":"Buy now"}`, "data.text", "promotional"},
		"tracked policy":    {"privacy_change", "privacy_change", `{"effective_at":"2026-07-01","text":"[x](https://example.com/?utm_source=x)"}`, "data.text", "tracked"},
		"other matter":      {"privacy_change", "privacy_change", `{"effective_at":"2026-07-01","text":"x","summary":["New prices too"]}`, "data.summary[0]", "alone"},
		"other template":    {"privacy_change", "contract_confirmed", `{"contract":"1"}`, "template", "alone"},
		"other obligation":  {"contract", "privacy_change", `{"effective_at":"2026-07-01","text":"x"}`, "template", "alone"},
	} {
		in := valid()
		in.Blocks, in.Subject, in.Obligation, in.Template, in.Data = nil, "", tt.obligation, tt.template, []byte(tt.data)
		_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
		refusedFor(t, name, err, tt.field, tt.says)
	}
	in := valid()
	in.Blocks, in.Subject, in.Template, in.Data = nil, "A special offer", "contract_confirmed", []byte(`{"contract":"1"}`)
	_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
	refusedFor(t, "subject of a template", err, "subject", "promotional")
	in.Subject, in.Obligation, in.Template = "", "privacy_change", "privacy_change"
	in.Data = []byte(`{"effective_at":"2026-07-01","text":"You can update your preferences at any time. We may tell you of offers, webinars and new products if you agreed; see our [terms of service](https://example.com/terms)."}`)
	if _, err := service(w).Create(context.Background(), campaignstest.Staff, in); err != nil {
		t.Errorf("a policy may speak of offers: %v", err)
	}
}
