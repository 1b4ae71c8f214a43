package desk

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) subscriber(c echo.Context) error { return d.person(c, http.StatusOK, nil, nil) }

// person is the page of one person: where they stand, what happened, what would happen.
func (d *Desk) person(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	s, err := d.People.Subscriber(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	v := site.SubscriberView{Page: d.page(c, site.NavSubscribers), Email: s.Email, Name: s.Name(), ExternalID: s.ExternalID, Company: s.Company, Phone: s.Phone, Country: s.Country,
		TimeZone: s.Timezone, BirthDate: s.BirthDate, CustomerSince: s.CustomerSince, CreatedAt: s.CreatedAt, Frequency: s.Frequency}
	if s.Locale != "" {
		v.Language = locale.Name(s.Locale)
	}
	if s.PausedUntil.After(d.Now()) {
		v.PausedUntil = s.PausedUntil
	}
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		v.Attributes = append(v.Attributes, site.Header{Name: name, Value: fmt.Sprint(s.Attributes[name])})
	}
	topics, err := d.People.Topics(ctx, d.DB)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, t := range topics {
		names[t.Key] = t.Name(v.Locale.Tag(), v.Locale.Language())
	}
	states, err := d.People.Consents(ctx, d.DB, s.ID)
	if err != nil {
		return err
	}
	v.Status = d.standsAs(s, states)
	events, err := ledger.Latest(ctx, d.DB, s.ID, timelineShown)
	if err != nil {
		return err
	}
	said := make([]string, len(states))
	for i, state := range states {
		said[i] = state.EventID
	}
	how, err := ledger.Sources(ctx, d.DB, said)
	if err != nil {
		return err
	}
	for _, state := range states {
		v.Consents = append(v.Consents, site.ConsentLine{Topic: names[state.Topic], TopicURL: site.Path(site.NavTopics) + "/" + state.Topic, State: state.State, Since: state.Since, Expires: state.Expires, How: how[state.EventID]})
	}
	for _, t := range topics {
		if t.ArchivedAt != nil {
			continue
		}
		answer, err := d.People.Decide(ctx, preferences.Question{Email: s.Email, Class: t.Class, Topic: t.Key})
		if err != nil {
			return err
		}
		v.WhatIf = append(v.WhatIf, site.WhatIf{Topic: names[t.Key], Outcome: answer.Outcome().String(), Reason: string(answer.Reason()), Until: answer.Until()})
	}
	objections, err := d.People.PartnerObjections(ctx, d.DB, s.ID)
	if err != nil {
		return err
	}
	v.Partners = slices.Sorted(maps.Keys(objections))
	blocks, err := d.People.Suppressions(ctx, s.Email, "", time.Time{}, "", pageSize)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		v.Suppressions = append(v.Suppressions, site.SuppressionRow{Email: b.Email, Reason: b.Reason, Note: b.Note, At: b.CreatedAt})
	}
	if v.History, err = d.timeline(c, v.Page, s, events, names); err != nil {
		return err
	}
	all, err := d.People.Partners(ctx)
	if err != nil {
		return err
	}
	d.offer(c, &v, s, names, all, val, wrong)
	return staff.Render(c, status, site.Subscriber(v))
}

// timelineShown is how many moments a profile shows.
const timelineShown = 100

// timeline is what happened with a person, the newest first: choices, mail and, for those who look after them, data requests.
func (d *Desk) timeline(c echo.Context, p site.Page, s *preferences.Subscriber, events []ledger.Event, names map[string]string) ([]ui.Entry, error) {
	type moment struct {
		at time.Time
		ui.Entry
	}
	var all []moment
	name := func(key string) string {
		if n := names[key]; n != "" {
			return n
		}
		return key
	}
	for _, e := range events {
		title := string(e.Action)
		if key := "site.ledger." + title; p.Locale.Has(key) {
			title = p.Locale.T(key)
		}
		m := moment{at: e.At(), Entry: ui.Entry{Title: title}}
		if about := strings.TrimSpace(name(e.Topic) + " " + e.Partner); about != "" {
			m.Title += ": " + about
		}
		m.Text = strings.Join(slices.DeleteFunc([]string{e.Source, e.Wording, e.URL, e.Note}, func(s string) bool { return s == "" }), " · ")
		if e.State != "" {
			m.Badge = site.ConsentState(p.Locale, e.State)
		}
		all = append(all, m)
	}
	sent, err := d.Campaigns.History(c.Request().Context(), d.DB, s, timelineShown)
	if err != nil {
		return nil, err
	}
	for _, m := range sent {
		if m.Subject == "" { // composed when it went out
			m.Subject = p.Locale.T("site.person.mail." + m.Class)
		}
		all = append(all, moment{m.At, ui.Entry{Title: m.Subject, Text: name(m.Topic), Badge: site.DeliveryStatus(p.Locale, m.Status)}})
	}
	if d.Rights != nil && may(c, access.PrivacyOfficer, access.ReadOnly) {
		requests, err := d.Rights.List(c.Request().Context(), rights.Filter{SubscriberID: s.ID, Latest: true}, time.Time{}, "", timelineShown)
		if err != nil {
			return nil, err
		}
		for _, r := range requests {
			all = append(all, moment{r.ReceivedAt, ui.Entry{Title: p.Locale.T("site.person.request", "kind", p.Locale.T("site.requests.kinds."+string(r.Kind))), Text: r.Number, URL: site.Path(site.NavRequests) + "/" + r.ID, Badge: site.RequestStatus(p, string(r.Status))}})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return b.at.Compare(a.at) })
	var out []ui.Entry
	for _, m := range all[:min(len(all), timelineShown)] {
		m.Machine = m.at.UTC().Format(time.RFC3339)
		m.At = p.Locale.DateTime(m.at, p.Zone)
		out = append(out, m.Entry)
	}
	return out, nil
}

// offer puts on the page what this member of the staff may do with the person.
func (d *Desk) offer(c echo.Context, v *site.SubscriberView, s *preferences.Subscriber, names map[string]string, all []partners.Partner, val, wrong map[string]string) {
	l, here := v.Locale, personURL(s.ID)
	post := func(act string, tone ui.Tone) {
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.desk.person." + act), Action: here + "/" + strings.ReplaceAll(act, "_", "-"), Tone: tone, Back: l.T("site.dialog.back"), Ask: l.T("site.desk.person." + act + "_ask"), AskText: l.T("site.desk.person." + act + "_text")})
	}
	if may(c, access.Marketer, access.PrivacyOfficer) {
		v.Links = []ui.Link{{Label: l.T("site.subscribers.edit"), URL: here + "/edit"}}
		if s.UnsubscribedAt.IsZero() {
			post("unsubscribe_all", ui.Plain)
		}
		g := &site.ConsentForm{Action: here + "/consents", Values: val, Errors: wrong}
		for _, key := range slices.Sorted(maps.Keys(names)) {
			g.Topics = append(g.Topics, ui.Option{Value: key, Label: names[key]})
		}
		for _, partner := range all {
			g.Topics = append(g.Topics, ui.Option{Value: partnerPrefix + partner.Key, Label: l.T("centre.goes_with", "partner", partner.Name)})
		}
		v.Give = g
	}
	if may(c, access.PrivacyOfficer) {
		v.Links = append(v.Links, ui.Link{Label: l.T("site.proof.link"), URL: here + "/proof"})
		if d.Rights != nil {
			v.Links = append(v.Links, ui.Link{Label: l.T("site.requests.new"), URL: address(site.Path(site.NavRequests)+"/new", "email", s.Email), Icon: "requests"})
		}
		if s.ObjectedAt.IsZero() {
			post("object", ui.Plain)
		} else {
			post("lift_objection", ui.Plain)
		}
		if s.RestrictedAt.IsZero() {
			post("restrict", ui.Plain)
		} else {
			post("lift_restriction", ui.Plain)
		}
		post("erase", ui.Bad)
	}
}

// partnerPrefix marks a partner among the topics that a choice is about; no topic's key has a colon.
const partnerPrefix = "partner:"

func (d *Desk) recordConsent(c echo.Context) error {
	val, id := values(c), c.Param("id")
	in := preferences.ConsentInput{Topic: val["topic"], Action: val["action"], Evidence: preferences.Evidence{Source: strings.TrimSpace(val["source"]), Wording: strings.TrimSpace(val["wording"]), URL: strings.TrimSpace(val["url"]), Note: "recorded by " + actor(c).Name}}
	if in.Action == preferences.ActionGive && !may(c, access.PrivacyOfficer) {
		return problem.Forbidden("Only a privacy officer records a consent that was given elsewhere. What reduces mail anybody may record.")
	}
	if key, ok := strings.CutPrefix(in.Topic, partnerPrefix); ok {
		in.Topic, in.Partner = "", key
	}
	var err error
	in.CollectedAt, err = moment(d.page(c, site.NavSubscribers), "collected_at", val["collected_at"])
	if err == nil && in.Source == "" {
		err = problem.Invalid("source", "is required: where the person said so")
	}
	if err == nil {
		in.Confirmed = in.Action == preferences.ActionGive && !in.CollectedAt.IsZero() && in.URL != ""
		_, err = d.People.Consent(c.Request().Context(), actor(c), id, in)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.person(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return d.did(c, err, personURL(id), "site.desk.recorded")
}

// personAct does what the last part of the address says.
func (d *Desk) personAct(c echo.Context) error {
	ctx, id, who := c.Request().Context(), c.Param("id"), actor(c)
	evidence := preferences.Evidence{Source: "staff", Note: "recorded by " + who.Name}
	var err error
	act := strings.ReplaceAll(path.Base(c.Path()), "-", "_")
	switch act {
	case "unsubscribe_all":
		_, err = d.People.UnsubscribeAll(ctx, who, id, evidence)
	case "object":
		_, err = d.People.Object(ctx, who, id, false, evidence)
	case "lift_objection":
		_, err = d.People.LiftObjection(ctx, who, id, false, evidence)
	case "restrict":
		_, err = d.People.Restrict(ctx, who, id, evidence)
	case "lift_restriction":
		_, err = d.People.LiftRestriction(ctx, who, id, evidence)
	default:
		return problem.NotFound("page")
	}
	return d.did(c, err, personURL(id), "site.desk.recorded")
}

func (d *Desk) erase(c echo.Context) error {
	_, err := d.People.Erase(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, site.Path(site.NavSubscribers), "site.desk.erased")
}
