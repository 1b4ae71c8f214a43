package desk

import (
	"context"
	"strings"

	"assent/campaigns"
	"assent/campaigns/content"
	"assent/templates/mail"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// checks are what is looked at before a campaign goes.
func (d *Desk) checks(ctx context.Context, p site.Page, m *campaigns.Campaign, audience *site.AudienceView) ([]site.Check, error) {
	l := p.Locale
	var out []site.Check
	say := func(tone ui.Tone, key string, kv ...any) {
		out = append(out, site.Check{Text: l.T("site.check."+key, kv...), Tone: tone})
	}
	help := func(key string, kv ...any) { out[len(out)-1].Help = l.T("site.check."+key, kv...) }
	mailing, err := d.Campaigns.Compose(ctx, d.DB, m, l.Tag())
	if err != nil {
		say(ui.Bad, "broken")
		return out, nil
	}
	if mailing.Brand.PostalAddress != "" {
		say(ui.Good, "address", "brand", mailing.Brand.Name)
	} else {
		say(ui.Bad, "address_missing", "brand", mailing.Brand.Name)
		help("address_help")
	}
	kb := (mailing.Content.Size() + 1023) / 1024
	switch mail.Weigh(mailing.Content.Size()) {
	case mail.WeightFine:
		say(ui.Good, "size", "size", kb)
	case mail.WeightWarn:
		say(ui.Warn, "size_warn", "size", kb)
	default:
		say(ui.Bad, "size_over", "size", kb)
	}
	blocks, err := content.Parse(m.Blocks)
	if err != nil {
		return nil, err
	}
	alt := true
	for _, picture := range blocks.Images() {
		alt = alt && picture.Alt != ""
	}
	if alt {
		say(ui.Good, "alt")
	} else {
		say(ui.Warn, "alt_missing")
	}
	whole := true
	for _, link := range blocks.Links() {
		if !strings.HasPrefix(link.URL, "https://") && !strings.HasPrefix(link.URL, "http://") && !strings.HasPrefix(link.URL, "mailto:") && !strings.HasPrefix(link.URL, "tel:") && !strings.HasPrefix(link.URL, "{{") {
			say(ui.Warn, "links_bad", "url", link.URL)
			whole = false
		}
	}
	if whole {
		say(ui.Good, "links", "n", len(blocks.Links()))
	}
	fallback := true
	for _, field := range (content.Content{Subject: m.Subject, Preheader: m.Preheader, Blocks: blocks}).Fields() {
		name := strings.TrimSpace(strings.Trim(field, "{} "))
		if !strings.Contains(name, "|") && !strings.HasSuffix(name, "_url") && hasNoFallback(m, name) {
			say(ui.Warn, "merge_missing", "field", name)
			help("merge_help", "field", name)
			fallback = false
		}
	}
	if fallback {
		say(ui.Good, "merge")
	}
	say(ui.Good, "unsubscribe")
	if audience != nil && audience.Allowed == 0 {
		say(ui.Warn, "nobody")
	}
	return out, nil
}

// hasNoFallback tells whether a merge field is written anywhere without what stands in its place when it is not known.
func hasNoFallback(m *campaigns.Campaign, name string) bool {
	for _, text := range []string{m.Subject, m.Preheader, string(m.Blocks)} {
		for rest := text; ; {
			i := strings.Index(rest, "{{")
			if i < 0 {
				break
			}
			end := strings.Index(rest[i:], "}}")
			if end < 0 {
				break
			}
			inside := strings.TrimSpace(rest[i+2 : i+end])
			if inside == name {
				return true
			}
			rest = rest[i+end:]
		}
	}
	return false
}
