package content

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"assent/preferences/problem"
	"assent/templates/mail"
)

// NoticeTemplates lists the names of the typed notices, sorted.
func NoticeTemplates() []string {
	var out []string
	for name := range noticeTemplates {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// NoticeObligation is the obligation that a typed notice fulfils; "" for an unknown name.
func NoticeObligation(template string) string { return noticeTemplates[template].obligation }

// NoticeField is one field of the data of a typed notice.
type NoticeField struct {
	Name     string
	Kind     string // text, markdown, url, time, facts (names with values), lines or flag
	Required bool
}

// NoticeFields are the fields of a typed notice, the required ones first.
func NoticeFields(template string) (out []NoticeField) {
	t := noticeTemplates[template]
	want := new(noticeData).shape()
	for i, name := range append(slices.Clone(t.required), t.fields...) {
		f := NoticeField{Name: name, Kind: "text", Required: i < len(t.required)}
		switch want[name].(type) {
		case *moment:
			f.Kind = "time"
		case *[]detail:
			f.Kind = "facts"
		case *[]string:
			f.Kind = "lines"
		case *bool:
			f.Kind = "flag"
		}
		if name == "text" || name == "url" {
			f.Kind = map[string]string{"text": "markdown", "url": "url"}[name]
		}
		out = append(out, f)
	}
	return out
}

// Notice reads the data of a typed notice strictly: an unknown field is a malformed-input problem, a missing or
// wrong value an invalid one, each named by its path below "data".
func Notice(template string, data []byte) (mail.View, error) {
	t, ok := noticeTemplates[template]
	if !ok {
		return nil, problem.Invalid("template", "is not known; use one of "+known(NoticeTemplates()))
	}
	r := reader{}
	fields := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(data)) > 0 && (json.Unmarshal(data, &fields) != nil || fields == nil) {
		return nil, problem.Malformed("data must be an object", problem.Field{Field: "data", Detail: "must be an object"})
	}
	var d noticeData
	want := d.shape()
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		to, ok := want[name]
		if !ok || !slices.Contains(t.fields, name) && !slices.Contains(t.required, name) {
			r.add("data."+name, "is not a field of %s; it has %s", template, known(append(slices.Clone(t.required), t.fields...)))
			continue
		}
		if bytes.Equal(fields[name], []byte("null")) || json.Unmarshal(fields[name], to) != nil {
			r.add("data."+name, "must be %s", noticeKind(to))
		}
	}
	if len(r.wrong) > 0 {
		return nil, problem.Malformed(r.wrong[0].Field+": "+r.wrong[0].Detail, r.wrong...)
	}
	var c problem.Collector
	for _, name := range t.required {
		if raw, ok := fields[name]; !ok || string(bytes.TrimSpace(raw)) == `""` {
			c.Add("data."+name, "is required")
		}
	}
	d.check(&c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	return t.view(&d)
}

// noticeData is all that typed notices can carry; each template takes some of it.
type noticeData struct {
	Contract, Product, Invoice, Amount, Currency, Method, Reason string
	What, Device, Place, IP, Service, Impact, Title, Text, URL   string
	EffectiveAt, DueAt, PaidAt, RetryAt, At, StartsAt, EndsAt    moment
	Details                                                      []detail
	Summary                                                      []string
	Planned                                                      bool
}

type detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (d *noticeData) shape() shape {
	return shape{
		"contract": &d.Contract, "product": &d.Product, "invoice": &d.Invoice, "amount": &d.Amount, "currency": &d.Currency,
		"method": &d.Method, "reason": &d.Reason, "what": &d.What, "device": &d.Device, "place": &d.Place, "ip": &d.IP,
		"service": &d.Service, "impact": &d.Impact, "title": &d.Title, "text": &d.Text, "url": &d.URL,
		"effective_at": &d.EffectiveAt, "due_at": &d.DueAt, "paid_at": &d.PaidAt, "retry_at": &d.RetryAt, "at": &d.At,
		"starts_at": &d.StartsAt, "ends_at": &d.EndsAt, "details": &d.Details, "summary": &d.Summary, "planned": &d.Planned,
	}
}

// check looks at the values. Text is Markdown, and merge fields have no meaning in it: a notice is for one person.
func (d *noticeData) check(c *problem.Collector) {
	for name, to := range d.shape() {
		s, ok := to.(*string)
		if !ok || *s == "" || name == "text" || name == "url" {
			continue
		}
		if strings.ContainsFunc(*s, breaks) || len(*s) > 4*maxLine || hasMark(*s) {
			c.Add("data."+name, "must be one line of at most %d characters", maxLine)
		}
	}
	if d.URL != "" {
		checker{c}.err("data.url", checkPlainURL(d.URL))
	}
	if len(d.Text) > 4*maxMarkdown || hasMark(d.Text) {
		c.Add("data.text", "must have at most %d characters", maxMarkdown)
	}
	if len(d.Details) > 50 || len(d.Summary) > 50 {
		c.Add("data", "must have at most 50 lines in a list")
	}
	for i, row := range d.Details {
		if strings.TrimSpace(row.Name) == "" || strings.ContainsFunc(row.Name+row.Value, breaks) {
			c.Add(index("data.details", i), "must have a name and a value, each of one line")
		}
	}
	for i, s := range d.Summary {
		if strings.TrimSpace(s) == "" || strings.ContainsFunc(s, breaks) {
			c.Add(index("data.summary", i), "must be one line")
		}
	}
	if d.Currency != "" && (len(d.Currency) != 3 || strings.ToUpper(d.Currency) != d.Currency) {
		c.Add("data.currency", "must be an ISO 4217 code such as EUR")
	}
}

// moment is an RFC 3339 time or a date.
type moment struct{ time.Time }

// UnmarshalJSON reads either form; a date is noon in UTC, which is the same day nearly everywhere.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		m.Time = t.Add(12 * time.Hour)
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	m.Time = t
	return err
}

func noticeKind(to any) string {
	switch to.(type) {
	case *moment:
		return "a time such as 2026-05-01T09:00:00Z or a date such as 2026-05-01"
	case *[]detail:
		return "a list of objects with a name and a value"
	case *[]string:
		return "a list of texts"
	}
	return kindOf(to)
}

type noticeTemplate struct {
	obligation       string
	required, fields []string
	view             func(*noticeData) (mail.View, error)
}

var noticeTemplates = map[string]noticeTemplate{
	"contract_confirmed": contractTemplate("confirmed"),
	"contract_amended":   contractTemplate("amended"),
	"contract_cancelled": contractTemplate("cancelled"),
	"payment_due":        paymentTemplate("due", "due_at"),
	"payment_failed":     paymentTemplate("failed", "retry_at", "reason"),
	"payment_received":   paymentTemplate("received", "paid_at"),
	"account_changed": {"account", []string{"what"}, []string{"at", "text", "url"}, func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		return mail.AccountChanged{What: d.What, At: d.At.Time, Body: body, URL: d.URL}, err
	}},
	"sign_in_alert": {"security", []string{"at"}, []string{"device", "place", "ip", "text", "url"}, func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		return mail.SignInAlert{At: d.At.Time, Device: d.Device, Place: d.Place, IP: d.IP, Body: body, URL: d.URL}, err
	}},
	"terms_change":   policyTemplate("terms_change", false),
	"privacy_change": policyTemplate("privacy_change", true),
	"service_interruption": {"service_change", []string{"service", "starts_at"}, []string{"ends_at", "impact", "planned", "text", "url"}, func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		return mail.ServiceInterruption{Service: d.Service, Impact: d.Impact, Planned: d.Planned, StartsAt: d.StartsAt.Time, Ends: d.EndsAt.Time, Body: body, URL: d.URL}, err
	}},
}

func contractTemplate(stage string) noticeTemplate {
	return noticeTemplate{"contract", []string{"contract"}, []string{"product", "effective_at", "details", "text", "url"}, func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		v := mail.ContractNotice{Stage: stage, Contract: d.Contract, Product: d.Product, EffectiveAt: d.EffectiveAt.Time, Body: body, URL: d.URL}
		for _, row := range d.Details {
			v.Details = append(v.Details, mail.Fact{Name: row.Name, Value: row.Value})
		}
		return v, err
	}}
}

func paymentTemplate(stage string, more ...string) noticeTemplate {
	return noticeTemplate{"payment", []string{"invoice", "amount", "currency"}, append(more, "method", "text", "url"), func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		return mail.PaymentNotice{
			Stage: stage, Invoice: d.Invoice, Amount: d.Amount, Currency: d.Currency, DueAt: d.DueAt.Time, PaidAt: d.PaidAt.Time,
			RetryAt: d.RetryAt.Time, Method: d.Method, Reason: d.Reason, Body: body, URL: d.URL,
		}, err
	}}
}

func policyTemplate(obligation string, privacy bool) noticeTemplate {
	return noticeTemplate{obligation, []string{"effective_at", "text"}, []string{"title", "summary", "url"}, func(d *noticeData) (mail.View, error) {
		body, err := Markdown(d.Text)
		return mail.PolicyChange{Privacy: privacy, Title: d.Title, EffectiveAt: d.EffectiveAt.Time, Summary: d.Summary, Body: body, URL: d.URL}, err
	}}
}
