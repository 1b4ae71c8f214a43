package desk

import (
	"context"
	"sort"
	"strings"

	"assent/campaigns"
	"assent/campaigns/content"
	"assent/templates/locale"
	"assent/templates/mail"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// checklist collects what was looked at.
type checklist struct {
	l    *locale.Locale
	list []site.EditCheck
}

func (k *checklist) say(tone ui.Tone, key string, kv ...any) *site.EditCheck {
	k.list = append(k.list, site.EditCheck{Check: site.Check{Text: k.l.T(key, kv...), Tone: tone}})
	return &k.list[len(k.list)-1]
}

// warn says what asks for something, what to do, and where.
func (k *checklist) warn(path, key, help string, kv ...any) {
	c := k.say(ui.Warn, key, kv...)
	c.Spot, _ = spot(path)
	if c.Spot == "" {
		c.Spot = path
	}
	if help != "" {
		c.Help = k.l.T(help, kv...)
	}
}

// checks are what is looked at before a campaign goes.
func (d *Desk) checks(ctx context.Context, p site.Page, m *campaigns.Campaign, audience *site.AudienceView) ([]site.Check, error) {
	list, err := d.inspect(ctx, p.Locale, m)
	var out []site.Check
	for _, c := range list {
		out = append(out, c.Check)
	}
	if err != nil {
		return nil, err
	}
	texts, err := d.checkTexts(ctx, p.Locale, m)
	out = append(out, texts...)
	if err == nil && audience != nil && audience.NextURL == "" && audience.Allowed == 0 {
		out = append(out, site.Check{Text: p.Locale.T("site.check.nobody"), Tone: ui.Warn})
	}
	return out, err
}

// panel is what the editor shows beside a draft: first what keeps it from being one, then the checks, what asks for something first.
func (d *Desk) panel(ctx context.Context, p site.Page, m *campaigns.Campaign, text int, wrong map[string]string) (site.EditPanel, error) {
	k := checklist{l: p.Locale}
	fields := make([]string, 0, len(wrong))
	for field := range wrong {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	for _, field := range fields {
		at, name := spot(field)
		where := p.Locale.T("site.editor.content")
		if at != "" {
			where = p.Locale.T("site.editor.block", "n", spoken(at), "type", fieldLabel(p.Locale, name))
		} else if label := fieldLabel(p.Locale, field); label != "" {
			where, at = label, field
		}
		c := k.say(ui.Bad, "site.lint.incomplete", "where", where, "what", wrong[field])
		c.Spot = at
	}
	list, err := d.inspect(ctx, p.Locale, d.drafted(ctx, m, text))
	if err != nil {
		return site.EditPanel{}, err
	}
	out := site.EditPanel{Checks: k.list}
	for _, good := range []bool{false, true} {
		for _, c := range list {
			if (c.Tone == ui.Good) == good {
				out.Checks = append(out.Checks, c)
			}
		}
	}
	for _, c := range out.Checks {
		if c.Tone != ui.Good {
			out.Faults++
		}
	}
	return out, nil
}

// fieldLabel is what the form calls a field.
func fieldLabel(l *locale.Locale, name string) string {
	for _, prefix := range []string{"site.editor.", "site.campaign.", "site.campaigns."} {
		if name != "" && l.Has(prefix+name) {
			return l.T(prefix + name)
		}
	}
	return ""
}

// inspect looks at a campaign as it would be sent.
func (d *Desk) inspect(ctx context.Context, l *locale.Locale, m *campaigns.Campaign) ([]site.EditCheck, error) {
	k := checklist{l: l}
	mailing, err := d.Campaigns.Compose(ctx, d.DB, m, l.Tag())
	if err != nil {
		k.say(ui.Bad, "site.check.broken")
		return k.list, nil
	}
	if mailing.Brand.PostalAddress != "" {
		k.say(ui.Good, "site.check.address", "brand", mailing.Brand.Name)
	} else {
		k.say(ui.Bad, "site.check.address_missing", "brand", mailing.Brand.Name).Help = l.T("site.check.address_help")
	}
	d.aligned(ctx, &k, mailing.Brand.FromEmail)
	kb := (mailing.Content.Size() + 1023) / 1024
	switch mail.Weigh(mailing.Content.Size()) {
	case mail.WeightFine:
		k.say(ui.Good, "site.check.size", "size", kb)
	case mail.WeightWarn:
		k.say(ui.Warn, "site.check.size_warn", "size", kb).Help = l.T("site.lint.size_help")
	default:
		k.say(ui.Bad, "site.check.size_over", "size", kb).Help = l.T("site.lint.size_help")
	}
	blocks, err := content.Parse(m.Blocks)
	if err != nil {
		return nil, err
	}
	k.subject(m)
	k.pictures(blocks)
	k.links(blocks)
	k.fields(m, blocks)
	k.wording(blocks)
	k.contrast(mailing.Brand.Color)
	k.say(ui.Good, "site.check.unsubscribe")
	return k.list, nil
}

// aligned wants From to be of a domain that the mail can prove (compliance 20). It only warns: whether a relay signs for the domain
// is not known here.
func (d *Desk) aligned(ctx context.Context, k *checklist, from string) {
	if d.Campaigns.Aligns == nil {
		return
	}
	domain := from[strings.LastIndexByte(from, '@')+1:]
	if d.Campaigns.Aligns(ctx, from) {
		k.say(ui.Good, "site.check.aligned", "domain", domain)
		return
	}
	k.say(ui.Warn, "site.check.aligned_not", "domain", domain).Help = k.l.T("site.check.aligned_help", "domain", domain)
}

// contrast looks at the colour of the brand as the renderer draws it (compliance: WCAG 2.2, 1.4.3 and 1.4.11).
func (k *checklist) contrast(color string) {
	c := mail.ContrastsOf(color)
	if least := min(c.Edge, c.DarkEdge); least < 3 || min(c.Label, c.DarkLabel) < 4.5 {
		k.warn("", "site.lint.contrast_low", "site.lint.contrast_help", "ratio", ratio(least))
		return
	}
	k.say(ui.Good, "site.lint.contrast")
}

// fields wants something to stand where a merge field is not known.
func (k *checklist) fields(m *campaigns.Campaign, blocks content.Blocks) {
	whole := true
	for _, field := range (content.Content{Subject: m.Subject, Preheader: m.Preheader, Blocks: blocks}).Fields() {
		name := strings.TrimSpace(strings.Trim(field, "{} "))
		if !strings.Contains(name, "|") && !strings.HasSuffix(name, "_url") && hasNoFallback(m, name) {
			c := k.say(ui.Warn, "site.check.merge_missing", "field", name)
			c.Help, whole = k.l.T("site.check.merge_help", "field", name), false
		}
	}
	if whole {
		k.say(ui.Good, "site.check.merge")
	}
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
