package notices

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"assent/campaigns/content"
	"assent/preferences/problem"
)

// Lint refuses what would make a notice marketing (compliance 71-73): offers, tracked links, pictures that lead to a shop or
// tell who opened the mail, invitations and calls to come back. The words are those of the supported languages; what they find
// is named with its place, so that it can be taken out. A notice of a privacy change must be about that alone (WP260 ¶29).
func Lint(bad *problem.Collector, obligation, subject string, blocks content.Blocks) {
	for _, p := range append([]content.Passage{{Path: "subject", Text: subject}}, blocks.Passages()...) {
		lintText(bad, p.Path, p.Text)
		if obligation == "privacy_change" {
			lintMatter(bad, p.Path, p.Text)
		}
	}
	for _, l := range blocks.Links() {
		lintLink(bad, l.Path, l.URL)
	}
	for _, i := range blocks.Images() {
		if word := shop(i.Link, shops); word != "" && shop(i.Link, sales) == "" {
			bad.Add(strings.TrimSuffix(i.Path, ".url")+".link", "leads from a picture to a shop (%s), which a mandatory notice must not; send it as a campaign", word)
		}
		if param := tracked(i.URL); param != "" {
			bad.Add(i.Path, "is a picture that tells who opened the mail (%s), which a mandatory notice must not have", param)
		} else if host := measures(i.URL); host != "" {
			bad.Add(i.Path, "is a picture that tells who opened the mail (%s), which a mandatory notice must not have", host)
		}
	}
	if blocks.Unsubscribes() > 0 {
		bad.Add("blocks", "must have no unsubscribe link: nobody can unsubscribe from a mandatory notice")
	}
	if slugs := blocks.EventSlugs(); len(slugs) > 0 {
		bad.Add("blocks", "must have no event: an invitation is a campaign")
	}
}

// LintPolicy refuses a policy's text that sells. It may well speak of offers and of preferences, which a policy must, so fewer
// words count.
func LintPolicy(bad *problem.Collector, field, text string) {
	if word := find(text, pushing); word != "" {
		bad.Add(field, "has promotional wording (%q), which a mandatory notice must not carry", word)
	}
	for _, l := range (content.Blocks{content.Text{Markdown: text}}).Links() {
		if param := tracked(l.URL); param != "" {
			bad.Add(field, "has a tracked link (%s), which a mandatory notice must not have", param)
		}
	}
}

func lintText(bad *problem.Collector, path, text string) {
	if word := promotes(text); word != "" {
		bad.Add(path, "has promotional wording (%q), which a mandatory notice must not; send it as a campaign", word)
	}
	if word := find(text, wooing); word != "" {
		bad.Add(path, "asks people to come back or to take more mail (%q), which is marketing (compliance 73); send it as a campaign", word)
	}
}

// lintMatter refuses what a notice of a privacy change must not also be about.
func lintMatter(bad *problem.Collector, path, text string) {
	if word := find(text, otherMatters); word != "" {
		bad.Add(path, "speaks of something else (%q): a notice of a privacy change must be about that change alone", word)
	}
}

func lintLink(bad *problem.Collector, path, link string) {
	if param := tracked(link); param != "" {
		bad.Add(path, "is a tracked link (%s), which a mandatory notice must not have", param)
	} else if host := measures(link); host != "" {
		bad.Add(path, "is a tracked link (%s), which a mandatory notice must not have", host)
	}
	if word := shop(link, sales); word != "" {
		bad.Add(path, "leads to a sale (%s), which a mandatory notice must not; send it as a campaign", word)
	}
	if word := shop(link, marketing); word != "" {
		bad.Add(path, "leads to marketing mail (%s), which a mandatory notice must not; send it as a campaign", word)
	}
}

// promotes is what in a text promotes something.
func promotes(text string) string {
	if word := find(text, pushing, offering); word != "" {
		return word
	}
	folded := fold(text)
	for _, p := range savings {
		for _, at := range p.FindAllStringIndex(folded, -1) {
			if !owned.MatchString(folded[:at[0]]) {
				return folded[at[0]:at[1]]
			}
		}
	}
	return ""
}

// trackers are the parameters by which links measure campaigns.
var trackers = []string{"gclid", "fbclid", "msclkid", "dclid", "ttclid", "yclid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "vero_id", "coupon", "promo", "voucher", "promocode", "discount"}

// measurers are first labels of hosts that count who opens and clicks.
var measurers = []string{"click", "clicks", "trk", "open", "opens", "pixel", "beacon", "email-tracking", "mailtrack", "emltrk"}

// measures is the host of a link or picture if it is there to count who opens and clicks.
func measures(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	first, _, _ := strings.Cut(host, ".")
	if slices.Contains(measurers, first) || strings.HasSuffix(host, ".list-manage.com") || strings.HasSuffix(host, ".emltrk.com") {
		return host
	}
	return ""
}

// tracked is the first parameter of a link that measures a campaign.
func tracked(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	fragment, _ := url.ParseQuery(u.Fragment)
	for _, values := range []url.Values{u.Query(), fragment} {
		for name := range values {
			lower := strings.ToLower(name)
			if strings.HasPrefix(lower, "utm_") || slices.Contains(trackers, lower) {
				return name
			}
		}
	}
	return ""
}

// shop is the part of a link that one of the words is.
func shop(link string, words []string) string {
	u, err := url.Parse(link)
	if err != nil || link == "" {
		return ""
	}
	parts := strings.FieldsFunc(strings.ToLower(u.Path), func(r rune) bool { return r == '/' })
	if labels := strings.Split(strings.ToLower(u.Hostname()), "."); len(labels) > 2 {
		parts = append(parts, labels[:len(labels)-2]...)
	}
	for _, p := range parts {
		if slices.Contains(words, p) {
			return p
		}
	}
	return ""
}

// find is the first phrase that begins at the beginning of a word of the text.
func find(text string, lists ...[]string) string {
	folded := fold(text)
	for _, list := range lists {
		for _, phrase := range list {
			for at := 0; ; {
				i := strings.Index(folded[at:], phrase)
				if i < 0 {
					break
				}
				before := []rune(folded[:at+i])
				first := []rune(phrase)[0]
				if len(before) == 0 || !unicode.IsLetter(first) || !unicode.IsLetter(before[len(before)-1]) {
					return phrase
				}
				at += i + len(phrase)
			}
		}
	}
	return ""
}

// fold brings a text into the one form that phrases are compared in: compatible characters are one, case and kinds of space do
// not count, and what cannot be seen is not there.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00ad' || unicode.Is(unicode.Cf, r):
			return -1
		case r == '’' || r == '‘' || r == '`' || r == '´':
			return '\''
		case r == '‐' || r == '‑' || r == '–' || r == '—':
			return '-'
		}
		return r
	}, norm.NFKC.String(text))
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	return strings.ReplaceAll(text, " %", "%")
}
