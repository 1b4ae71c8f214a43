package desk

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/edits"
	"assent/preferences"
	mailaddress "assent/preferences/address"
	"assent/preferences/staff"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// rendered is a campaign as one reader gets it, from the renderer that sends it. Links of a person are those of nobody.
func (d *Desk) rendered(ctx context.Context, m *campaigns.Campaign, tag string, as *preferences.Subscriber) (subject, html, text string, err error) {
	if tag == "" {
		who := as
		if who == nil {
			who = &preferences.Subscriber{}
		}
		tag = d.Campaigns.LocaleOf(ctx, who)
	}
	mailing, err := d.Campaigns.Compose(ctx, d.DB, m, tag)
	if err != nil {
		return "", "", "", err
	}
	if as == nil {
		as = campaigns.Sample(mailing.Locale)
	}
	person := mailing.Fill(as, d.Campaigns.Links.For("", m.TopicID, m.ID, d.Now()))
	subject, html, text = mailing.Content.Render(&person)
	return subject, html, text, nil
}

// reader is the subscriber with the address of the parameter as; nil for none.
func (d *Desk) reader(c echo.Context) (sub *preferences.Subscriber, known bool) {
	text := strings.TrimSpace(c.QueryParam("as"))
	if text == "" {
		return nil, true
	}
	parsed, err := mailaddress.Parse(text)
	if err != nil {
		return nil, false
	}
	sub, err = d.People.SubscriberByKey(c.Request().Context(), d.DB, parsed.Key)
	return sub, err == nil
}

// drafted is one text of a campaign as its editor has it now: also what is not complete, but without what cannot be rendered.
func (d *Desk) drafted(ctx context.Context, m *campaigns.Campaign, text int) *campaigns.Campaign {
	out := *m.As(text)
	e, err := edits.Get(ctx, d.DB, m.ID)
	if err != nil {
		return &out
	}
	f, err := unfinished(e)
	typing := err == nil && f != nil && f.Text == max(text, 1)
	if typing {
		out.Subject, out.Preheader = content.SoundLine(f.Values["subject"]), content.SoundLine(f.Values["preheader"])
		out.Blocks = encode(f.Blocks)
	}
	if typing && f.Text == 1 {
		if topic, err := d.People.Topic(ctx, d.DB, f.Values["topic"]); err == nil {
			out.TopicID = topic.ID
		}
		if _, err := brands.Get(ctx, d.DB, f.Values["brand"]); err == nil {
			out.Brand = f.Values["brand"]
		}
	}
	blocks, err := content.Parse(out.Blocks)
	if err != nil {
		return m
	}
	var known func(string) bool
	if d.Campaigns.Event != nil {
		card := d.Campaigns.Event(locale.Get(""))
		known = func(slug string) bool { _, ok := card(slug); return ok }
	}
	if out.Blocks, err = json.Marshal(blocks.Sound(known)); err != nil {
		return m
	}
	return &out
}

// schemes pin the colours of a mail, which else are those that the reader's device prefers.
var schemes = map[string]string{"light": "@media not all", "dark": "@media all"}

const prefersDark = "@media (prefers-color-scheme:dark)"

// frame is the bare mail, or its text part.
func (d *Desk) frame(c echo.Context) error {
	ctx := c.Request().Context()
	m, n, err := d.withText(c)
	if err != nil {
		return err
	}
	if c.QueryParam("draft") != "" {
		m = d.drafted(ctx, m, n)
	} else {
		m = m.As(n)
	}
	as, _ := d.reader(c)
	_, html, text, err := d.rendered(ctx, m, c.QueryParam("language"), as)
	if err != nil {
		return err
	}
	if c.QueryParam("way") == "text" {
		return staff.FrameText(c, text)
	}
	if rule, ok := schemes[c.QueryParam("scheme")]; ok {
		html = strings.ReplaceAll(html, prefersDark, rule)
	}
	return staff.Frame(c, html)
}

// readers suggests people as whom a preview can be shown.
func (d *Desk) readers(c echo.Context) error {
	type reader struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	out := []reader{}
	text := strings.TrimSpace(c.QueryParam("q"))
	if len(text) < 2 || len(text) > 320 {
		return c.JSON(http.StatusOK, out)
	}
	list, err := d.People.Search(c.Request().Context(), preferences.Search{Text: text, Limit: 8})
	if err != nil {
		return err
	}
	for _, sub := range list {
		out = append(out, reader{sub.Email, strings.TrimSpace(sub.FirstName + " " + sub.LastName)})
	}
	return c.JSON(http.StatusOK, out)
}

func (d *Desk) preview(c echo.Context) error {
	ctx := c.Request().Context()
	m, n, err := d.withText(c)
	if err != nil {
		return err
	}
	here, shown := campaignURL(m.ID), strconv.Itoa(n)
	v := site.PreviewView{Page: d.page(c, site.NavCampaigns), Name: m.Name, BackURL: here, Action: here + "/preview", As: c.QueryParam("as"), Language: c.QueryParam("language"), Way: c.QueryParam("way"), Text: shown}
	as, known := d.reader(c)
	if !known {
		v.Wrong = v.Locale.T("site.editor.as_nobody")
	}
	subject, _, text, err := d.rendered(ctx, m.As(n), v.Language, as)
	if err != nil {
		return err
	}
	v.Subject, v.Phone = subject, v.Way == "phone"
	if v.Way == "text" {
		v.Plain = text
	}
	v.Texts = tabs(v.Locale, m, n, func(n int) string {
		return address(v.Action, "text", strconv.Itoa(n), "way", v.Way, "language", v.Language, "as", v.As)
	})
	v.FrameURL = address(textURL(m.ID, n)+"/frame", "language", v.Language, "as", v.As)
	for _, way := range []string{"", "phone", "text"} {
		key := map[string]string{"": "site.editor.desk", "phone": "site.editor.phone", "text": "site.editor.text_part"}[way]
		v.Ways = append(v.Ways, ui.Tab{Label: v.Locale.T(key), URL: address(v.Action, "text", shown, "way", way, "language", v.Language, "as", v.As), Current: way == v.Way})
	}
	for _, tag := range d.People.Site.Languages(ctx) {
		v.Languages = append(v.Languages, ui.Tab{Label: locale.Name(tag), URL: address(v.Action, "text", shown, "way", v.Way, "language", tag, "as", v.As), Current: tag == v.Language})
	}
	return staff.Render(c, http.StatusOK, site.Preview(v))
}
