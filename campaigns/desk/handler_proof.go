package desk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/proof"
	"assent/preferences/staff"
	"assent/templates/locale"
	"assent/templates/site"
)

// proof prints what proves one person's choices, for a court, an authority or the person. That it was printed is in the audit log.
func (d *Desk) proof(c echo.Context) error {
	p, s, err := d.proofOf(c)
	if err != nil {
		return err
	}
	page := d.page(c, site.NavSubscribers)
	topics, err := d.People.Topics(c.Request().Context(), d.DB)
	if err != nil {
		return err
	}
	brand, err := brands.Get(c.Request().Context(), d.DB, brands.Default)
	if err != nil {
		return err
	}
	v := Printable(p, page.Locale, page.Zone, brand, topics)
	v.BackURL, v.JSONURL = personURL(s.ID), personURL(s.ID)+"/proof.json"
	c.Response().Header().Set("Content-Security-Policy", site.ProofPolicy)
	return staff.Render(c, http.StatusOK, site.Proof(v))
}

// proofJSON is the same for a program.
func (d *Desk) proofJSON(c echo.Context) error {
	p, _, err := d.proofOf(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="proof-of-consent.json"`)
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	enc := json.NewEncoder(c.Response())
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // the content is the exact text that was hashed
	return enc.Encode(p)
}

func (d *Desk) proofOf(c echo.Context) (*proof.Proof, *preferences.Subscriber, error) {
	ctx := c.Request().Context()
	s, err := d.People.Subscriber(ctx, d.DB, c.Param("id"))
	if err != nil {
		return nil, nil, err
	}
	p, err := proof.Of(ctx, d.People, s, actor(c).Name, nil)
	if err != nil {
		return nil, nil, err
	}
	return p, s, audit.Record(ctx, d.DB, d.Now(), actor(c), "subscriber.proof", audit.Object("subscriber", s.ID), nil, nil)
}

// Printable puts a proof into words.
func Printable(p *proof.Proof, l *locale.Locale, zone string, brand brands.Brand, topics []*preferences.Topic) site.ProofView {
	names := map[string]string{}
	for _, t := range topics {
		names[t.Key] = t.Name(l.Tag(), l.Language())
	}
	name := func(key string) string {
		if n := names[key]; n != "" {
			return n
		}
		return key
	}
	v := site.ProofView{Locale: l, Zone: zone, Email: p.Email, Number: p.SubscriberID, PrintedAt: p.PrintedAt, PrintedBy: p.PrintedBy,
		Company: strings.TrimSuffix(strings.Join(strings.Fields(brand.Name+", "+brand.PostalAddress), " "), ","), Entries: p.Chain.Entries, Erased: p.Chain.Erased, Head: p.Head}
	if b := p.Chain.Broken; b != nil {
		v.Broken = &site.ProofBreak{Seq: b.Seq, Fault: string(b.Fault), Detail: b.Detail}
	}
	for _, st := range p.Current {
		since := l.DateTime(st.Since, zone)
		if !st.Expires.IsZero() {
			since += ", " + l.T("site.proof.expires", "date", l.DateTime(st.Expires, zone))
		}
		v.Now = append(v.Now, site.ProofState{What: name(st.Topic), State: site.ConsentState(l, st.State).Text, Since: since})
	}
	holding(&v, p.Standing)
	for _, e := range p.Events {
		v.Events = append(v.Events, printedEvent(v, e, name(e.Topic)))
	}
	return v
}

func holding(v *site.ProofView, s proof.Standing) {
	l := v.Locale
	for _, x := range []struct {
		key, date string
		at        time.Time
	}{{"unsubscribed", "since", s.UnsubscribedAt}, {"objected", "since", s.ObjectedAt}, {"objected_research", "since", s.ObjectedResearchAt}, {"restricted", "since", s.RestrictedAt},
		{"paused", "until", s.PausedUntil}, {"tracking", "since", s.TrackingSince}} {
		if !x.at.IsZero() {
			v.Now = append(v.Now, site.ProofState{What: l.T("site.proof." + x.key), Since: l.T("site.proof."+x.date, "date", l.DateTime(x.at, v.Zone))})
		}
	}
	for _, b := range s.Blocks {
		v.Now = append(v.Now, site.ProofState{What: l.T("site.proof.blocked", "reason", b.Reason), State: b.Note, Since: l.T("site.proof.since", "date", l.DateTime(b.Since, v.Zone))})
	}
}

func printedEvent(v site.ProofView, e proof.Event, topic string) site.ProofEvent {
	l := v.Locale
	out := site.ProofEvent{Title: string(e.Action), At: e.At(), Wording: e.Wording, Seq: e.Seq, Hash: e.Hash, Commitment: e.Commitment, Sound: e.Sound}
	if key := "site.ledger." + out.Title; l.Has(key) {
		out.Title = l.T(key)
	}
	if topic != "" {
		out.Title += ": " + topic
	}
	collected, offered := "", ""
	if !e.CollectedAt.IsZero() {
		collected = exact(e.CollectedAt)
	}
	if e.OptOutOffered {
		offered = l.T("site.proof.field.yes")
	}
	for _, f := range [][2]string{{"collected", collected}, {"recorded", exact(e.RecordedAt)}, {"source", e.Source}, {"basis", e.Basis}, {"version", e.WordingVersion}, {"language", e.Locale},
		{"privacy", e.PrivacyNotice}, {"form", e.Form}, {"url", e.URL}, {"document", e.Document}, {"ip", e.IP}, {"agent", e.UserAgent}, {"confirmation", e.ConfirmationMessageID},
		{"reference", e.Reference}, {"by", e.Actor}, {"partner", e.Partner}, {"value", e.Value}, {"opt_out", offered}, {"note", e.Note}} {
		if f[1] != "" {
			out.Fields = append(out.Fields, [2]string{l.T("site.proof.field." + f[0]), f[1]})
		}
	}
	return out
}

// exact is an instant as the ledger has it, to the microsecond.
func exact(t time.Time) string {
	return fmt.Sprint(t.UTC().Format("2006-01-02 15:04:05.000000"), " UTC")
}
