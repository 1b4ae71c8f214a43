package processing

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sheet"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// Record is the record of processing activities (GDPR 30(1); compliance 37), in words of one language.
type Record struct {
	Made       time.Time  `json:"made"`
	Controller Controller `json:"controller"`
	Activities []Activity `json:"activities"`
	Recipients []string   `json:"recipients"` // of everything, because of how the installation is set up
	Security   []string   `json:"security"`
}

// Activity is one purpose for which personal data is processed.
type Activity struct {
	Purpose    string   `json:"purpose"`
	Basis      string   `json:"legal_basis"`
	People     string   `json:"data_subjects"`
	Data       string   `json:"data"`
	Recipients []string `json:"recipients"`
	Kept       string   `json:"kept"`
}

// Record draws it from what the installation has: its topics, forms, events, notices, webhooks and rules.
func (s *Service) Record(ctx context.Context, l *locale.Locale) (r Record, err error) {
	rules, err := s.Rules(ctx)
	if err != nil {
		return r, err
	}
	if r.Controller, err = s.Controller(ctx); err != nil {
		return r, err
	}
	r.Made = s.now()
	w := wording{l}
	for _, part := range []func(context.Context, wording, Rules) ([]Activity, error){s.topics, s.notices, s.forms, s.events, s.always} {
		list, err := part(ctx, w, rules)
		if err != nil {
			return r, err
		}
		r.Activities = append(r.Activities, list...)
	}
	r.Recipients = []string{}
	for _, relay := range s.Relays {
		r.Recipients = append(r.Recipients, w.t("relay", "host", relay.Host, "stream", l.T("site.stream."+"short_"+relay.Stream)))
	}
	for _, store := range s.Stores {
		r.Recipients = append(r.Recipients, w.t("store", "store", store))
	}
	hooks, err := s.ids(ctx, "SELECT url FROM webhooks ORDER BY url")
	if err != nil {
		return r, err
	}
	for _, hook := range hooks {
		r.Recipients = append(r.Recipients, w.t("webhook", "url", hook))
	}
	for i := 1; l.Has("site.processing.security_" + strconv.Itoa(i)); i++ {
		r.Security = append(r.Security, w.t("security_"+strconv.Itoa(i)))
	}
	return r, nil
}

type wording struct{ l *locale.Locale }

func (w wording) t(key string, kv ...any) string { return w.l.T("site.processing."+key, kv...) }

func (w wording) basis(key string) string { return w.l.T("site.basis." + key) }

// kept says for how long, from a rule of so many days.
func (w wording) kept(days int, otherwise string) string {
	if days == 0 {
		return w.t("kept_" + otherwise)
	}
	return w.l.N("site.processing.kept_days", days)
}

func (s *Service) topics(ctx context.Context, w wording, rules Rules) (out []Activity, err error) {
	list, err := s.People.Topics(ctx, s.DB)
	for _, t := range list {
		if t.ArchivedAt != nil {
			continue
		}
		a := Activity{Purpose: t.Name(w.l.Tag(), w.l.Language()) + " (" + w.l.T("site.class."+t.Class) + ")", Basis: w.basis(t.Basis), People: w.t("people_" + t.Basis), Data: w.t("data_mailing"),
			Recipients: []string{}, Kept: w.t("kept_choice") + " " + w.t("deliveries_kept", "kept", w.kept(rules.Deliveries, "always"))}
		if t.Partner != "" {
			a.Recipients = append(a.Recipients, t.Partner)
		}
		out = append(out, a)
	}
	return out, err
}

// notices are the obligations that anything was sent for, each with the bases that it was sent on.
func (s *Service) notices(ctx context.Context, w wording, rules Rules) (out []Activity, err error) {
	for row := range sqldb.Rows(ctx, s.DB, "SELECT DISTINCT obligation, basis FROM messages WHERE class = 'notice' ORDER BY obligation, basis") {
		var obligation, basis string
		if err := row.Scan(&obligation, &basis); err != nil {
			return nil, fmt.Errorf("processing: notices: %w", err)
		}
		out = append(out, Activity{Purpose: w.t("notice", "obligation", w.l.T("pages.obligation."+obligation)), Basis: w.basis(basis), People: w.t("people_customers"), Data: w.t("data_notice"),
			Recipients: []string{}, Kept: w.t("kept_evidence") + " " + w.t("bytes_kept", "kept", w.kept(rules.NoticeBytes, "always"))})
	}
	return out, nil
}

func (s *Service) forms(ctx context.Context, w wording, rules Rules) (out []Activity, err error) {
	kinds, err := s.ids(ctx, "SELECT DISTINCT kind FROM forms ORDER BY kind")
	for _, kind := range kinds {
		if kind == "newsletter" { // its purposes are the topics
			continue
		}
		out = append(out, Activity{Purpose: w.t("form", "kind", w.l.T("site.forms.kinds."+kind)), Basis: w.t("asked"), People: w.t("people_askers"), Data: w.t("data_form"),
			Recipients: []string{}, Kept: w.kept(rules.Answers, "always")})
	}
	return out, err
}

func (s *Service) events(ctx context.Context, w wording, _ Rules) ([]Activity, error) {
	var n int
	if err := s.DB.QueryRowContext(ctx, "SELECT count(*) FROM events").Scan(&n); err != nil {
		return nil, fmt.Errorf("processing: events: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	partners, err := s.ids(ctx, "SELECT name FROM partners ORDER BY name")
	if partners == nil {
		partners = []string{}
	}
	for i, name := range partners {
		partners[i] = w.t("partner", "name", name)
	}
	return []Activity{{Purpose: w.t("events"), Basis: w.t("asked"), People: w.t("people_guests"), Data: w.t("data_event"), Recipients: partners, Kept: w.t("kept_always")}}, err
}

// always is what every installation does.
func (s *Service) always(_ context.Context, w wording, rules Rules) ([]Activity, error) {
	none := []string{}
	return []Activity{
		{w.t("ledger"), w.basis("legal_obligation"), w.t("people_all"), w.t("data_ledger"), none, w.t("kept_erasure")},
		{w.t("blocks"), w.basis("legal_obligation"), w.t("people_blocked"), w.t("data_blocks"), none, w.t("kept_always")},
		{w.t("rights"), w.basis("legal_obligation"), w.t("people_rights"), w.t("data_rights"), none, w.kept(rules.Requests, "always")},
		{w.t("signups"), w.basis("legitimate_interests"), w.t("people_unconfirmed"), w.t("data_signups"), none, w.kept(rules.Unconfirmed, "always")},
		{w.t("staff"), w.basis("legitimate_interests"), w.t("people_staff"), w.t("data_staff"), none, w.kept(rules.Audit, "always")},
	}, nil
}

// WriteJSON writes it for a program.
func (r Record) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteCSV writes the activities, one a line, for a spreadsheet.
func (r Record) WriteCSV(out io.Writer, l *locale.Locale) error {
	w := sheet.NewWriter(out)
	var head []string
	for _, column := range []string{"purpose", "basis", "people", "data", "recipients", "kept"} {
		head = append(head, l.T("site.processing."+column))
	}
	rows := [][]string{head}
	for _, a := range r.Activities {
		rows = append(rows, []string{a.Purpose, a.Basis, a.People, a.Data, strings.Join(slices.Concat(a.Recipients, r.Recipients), "; "), a.Kept})
	}
	for _, row := range rows {
		if err := w.Row(row...); err != nil {
			return err
		}
	}
	return w.Flush()
}
