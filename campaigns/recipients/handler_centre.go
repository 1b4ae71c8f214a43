package recipients

import (
	"context"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/tokens"
	"assent/templates/locale"
	"assent/templates/pages"
)

// centreOf is the preference centre of one person, as it stands.
func (p *Pages) centreOf(ctx context.Context, v visit) (view pages.PreferencesView, err error) {
	l, sub := v.page.Locale, v.sub
	view = pages.PreferencesView{
		Page: v.page, Email: sub.Email, Frequency: sub.Frequency, Chosen: chosen(sub.Locale, l), Offered: locale.Languages(), TimeZone: sub.Timezone,
		Restricted: !sub.RestrictedAt.IsZero(), Objected: !sub.ObjectedAt.IsZero(), ObjectedResearch: !sub.ObjectedResearch.IsZero(),
		Contact: v.brand.ReplyTo, Authority: authorityOf(v.site),
	}
	if sub.PausedUntil.After(p.Now()) {
		view.PausedUntil = sub.PausedUntil.In(v.zone)
	}
	measured := !sub.TrackingAt.IsZero()
	view.Tracking = &measured
	offers, err := p.People.Offers(ctx, p.DB, sub)
	if err != nil {
		return view, err
	}
	events, err := p.People.Events(ctx, p.DB, sub.ID)
	if err != nil {
		return view, err
	}
	all, err := p.People.Partners(ctx)
	if err != nil {
		return view, err
	}
	objected, err := p.People.PartnerObjections(ctx, p.DB, sub.ID)
	if err != nil {
		return view, err
	}
	for _, partner := range all {
		_, off := objected[partner.Key]
		view.Partners = append(view.Partners, pages.Partner{Key: partner.Key, Name: partner.Name, On: !off})
	}
	view.Groups = p.groups(v, offers, events)
	view.Research = view.ObjectedResearch || slices.ContainsFunc(offers, func(o preferences.Offer) bool { return o.GateClass() == gate.Research })
	view.History = p.history(v, events, offers, all)
	view.ReceiptsURL = "/p/" + p.Keys.Sign(tokens.Preferences, v.claims) + "/receipts"
	if v.claims.Source != "" {
		view.WhyURL = "/why/" + p.Keys.Sign(tokens.Why, tokens.Claims{Subject: sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()})
	}
	return view, nil
}

func chosen(tag string, l *locale.Locale) string {
	if slices.Contains(locale.Languages(), tag) {
		return tag
	}
	return l.Language()
}

// authorityOf takes the name of the authority off its address.
func authorityOf(site preferences.SiteSettings) pages.Authority {
	text := strings.TrimSpace(site.Authority)
	for _, cut := range []string{"\n", ", "} {
		if name, rest, ok := strings.Cut(text, cut); ok {
			return pages.Authority{Name: strings.TrimSpace(name), Address: strings.TrimSpace(rest), URL: site.AuthorityURL}
		}
	}
	return pages.Authority{Name: text, URL: site.AuthorityURL}
}

// groups puts topics under the kind of mail that they are and, where several brands write, under the brand.
func (p *Pages) groups(v visit, offers []preferences.Offer, events []ledger.Event) []pages.TopicGroup {
	brands := map[string]bool{}
	for _, o := range offers {
		brands[o.Brand] = true
	}
	var groups []pages.TopicGroup
	for _, o := range offers {
		name := v.page.Locale.T("pages.class." + o.Class)
		if len(brands) > 1 && o.Brand != "" {
			name += " – " + o.Brand
		}
		i := slices.IndexFunc(groups, func(g pages.TopicGroup) bool { return g.Name == name })
		if i < 0 {
			groups = append(groups, pages.TopicGroup{Name: name})
			i = len(groups) - 1
		}
		groups[i].Topics = append(groups[i].Topics, pages.TopicChoice{Topic: p.named(v, o.Topic), On: o.On, Pending: o.Pending, Because: p.because(v, o, events)})
	}
	return groups
}

// because says why a topic is on.
func (p *Pages) because(v visit, o preferences.Offer, events []ledger.Event) string {
	if !o.On {
		return ""
	}
	l, name := v.page.Locale, p.named(v, o.Topic).Name
	switch o.GateBasis() {
	case gate.SoftOptIn:
		return l.T("pages.why.short_customer", "brand", v.brand.Name, "topic", name)
	case gate.LegitimateInterests:
		return l.T("pages.why.short_interest", "brand", v.brand.Name, "topic", name)
	}
	at := o.Since
	for _, e := range events { // the sign-up, not its confirmation
		if e.TopicID == o.TopicID && (e.Action == ledger.Pending || e.Action == ledger.Given) && !e.At().After(o.Since) {
			at = e.At()
		}
	}
	return l.T("pages.why.short_consent", "topic", name, "date", l.Date(at.In(v.zone)))
}

// named is a topic in the reader's language.
func (p *Pages) named(v visit, t *preferences.Topic) pages.Topic {
	v.topic = t
	return v.topicView()
}

// wrong puts what is wrong with fields into the reader's language. The page shows what is wrong with a correction as a whole
// beside the address.
func wrong(l *locale.Locale, p *problem.Problem) map[string]string {
	keys := map[string]string{"pause_until": "pause", "first_name": "name", "last_name": "name"}
	fields := map[string]string{"same_email": "email", "nothing": "email"}
	out := map[string]string{}
	for _, f := range p.Fields {
		key, field := f.Field, f.Field
		if keys[key] != "" {
			key = keys[key]
		}
		if fields[field] != "" {
			field = fields[field]
		}
		if out[field] = f.Detail; l.Has("centre.wrong." + key) {
			out[field] = l.T("centre.wrong." + key)
		}
	}
	return out
}

// centre answers with the page. Of an erased person there is nothing to show, and nothing can come any more.
func (p *Pages) centre(c echo.Context, status int, v visit, saved *pages.Saved, errors map[string]string) error {
	if v.sub == nil {
		return p.show(c, status, pages.Unsubscribe(pages.UnsubscribeView{Page: v.page, StoppedAll: true}))
	}
	view, err := p.centreOf(c.Request().Context(), v)
	if err != nil {
		return err
	}
	view.Action, view.Saved, view.Errors = c.Request().URL.Path, saved, errors
	return p.show(c, status, pages.Preferences(view))
}
