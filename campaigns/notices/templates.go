package notices

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// data is what a template may be told; which of it a template reads is in [templates].
type data struct {
	Contract    string            `json:"contract"`
	Product     string            `json:"product"`
	EffectiveAt *preferences.Date `json:"effective_at"`
	Details     []mail.Fact       `json:"details"`
	Invoice     string            `json:"invoice"`
	Amount      string            `json:"amount"`
	Currency    string            `json:"currency"`
	DueAt       *preferences.Date `json:"due_at"`
	PaidAt      *preferences.Date `json:"paid_at"`
	RetryAt     *preferences.Date `json:"retry_at"`
	Method      string            `json:"method"`
	Reason      string            `json:"reason"`
	What        string            `json:"what"`
	At          *preferences.Date `json:"at"`
	Device      string            `json:"device"`
	Place       string            `json:"place"`
	IP          string            `json:"ip"`
	Title       string            `json:"title"`
	Summary     []string          `json:"summary"`
	Service     string            `json:"service"`
	Impact      string            `json:"impact"`
	StartsAt    *preferences.Date `json:"starts_at"`
	EndsAt      *preferences.Date `json:"ends_at"`
	Body        string            `json:"body"` // Markdown
	URL         string            `json:"url"`
}

func when(d *preferences.Date) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.Time
}

// template is a typed notice: what it must be told, and how it is made of it.
type template struct {
	required []string
	view     func(d data, body []mail.Node) mail.View
}

var templates = map[string]template{
	"contract_confirmed": {[]string{"contract"}, contract("confirmed")},
	"contract_amended":   {[]string{"contract"}, contract("amended")},
	"contract_cancelled": {[]string{"contract"}, contract("cancelled")},
	"payment_due":        {[]string{"invoice", "amount", "currency", "due_at"}, payment("due")},
	"payment_failed":     {[]string{"invoice", "amount", "currency"}, payment("failed")},
	"payment_received":   {[]string{"invoice", "amount", "currency"}, payment("received")},
	"account_changed": {[]string{"what"}, func(d data, b []mail.Node) mail.View {
		return mail.AccountChanged{What: d.What, At: when(d.At), Body: b, URL: d.URL}
	}},
	"sign_in_alert": {[]string{"at"}, func(d data, b []mail.Node) mail.View {
		return mail.SignInAlert{At: when(d.At), Device: d.Device, Place: d.Place, IP: d.IP, Body: b, URL: d.URL}
	}},
	"terms_change":         {[]string{"effective_at", "body"}, policy(false)},
	"privacy_change":       {[]string{"effective_at", "body"}, policy(true)},
	"service_interruption": {[]string{"service", "starts_at"}, interruption(false)},
	"planned_maintenance":  {[]string{"service", "starts_at"}, interruption(true)},
}

func contract(stage string) func(data, []mail.Node) mail.View {
	return func(d data, b []mail.Node) mail.View {
		return mail.ContractNotice{Stage: stage, Contract: d.Contract, Product: d.Product, EffectiveAt: when(d.EffectiveAt), Details: d.Details, Body: b, URL: d.URL}
	}
}

func payment(stage string) func(data, []mail.Node) mail.View {
	return func(d data, b []mail.Node) mail.View {
		return mail.PaymentNotice{Stage: stage, Invoice: d.Invoice, Amount: d.Amount, Currency: d.Currency, DueAt: when(d.DueAt), PaidAt: when(d.PaidAt), RetryAt: when(d.RetryAt), Method: d.Method, Reason: d.Reason, Body: b, URL: d.URL}
	}
}

func policy(privacy bool) func(data, []mail.Node) mail.View {
	return func(d data, b []mail.Node) mail.View {
		return mail.PolicyChange{Privacy: privacy, Title: d.Title, EffectiveAt: when(d.EffectiveAt), Summary: d.Summary, Body: b, URL: d.URL}
	}
}

func interruption(planned bool) func(data, []mail.Node) mail.View {
	return func(d data, b []mail.Node) mail.View {
		return mail.ServiceInterruption{Service: d.Service, Impact: d.Impact, Planned: planned, StartsAt: when(d.StartsAt), Ends: when(d.EndsAt), Body: b, URL: d.URL}
	}
}

// viewOf reads the data of a template strictly and checks it.
func viewOf(name string, raw json.RawMessage) (mail.View, error) {
	t, ok := templates[name]
	if !ok {
		return nil, problem.Invalid("template", "must be one of "+strings.Join(slices.Sorted(maps.Keys(templates)), ", "))
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	var d data
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, problem.Invalid("data", strings.TrimPrefix(err.Error(), "json: "))
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, problem.Invalid("data", "must be an object")
	}
	var bad problem.Collector
	for _, field := range t.required {
		if v, ok := fields[field]; !ok || v == nil || v == "" {
			bad.Add("data."+field, "is required by the template %s", name)
		}
	}
	body, err := content.Prose(d.Body)
	if err != nil {
		bad.Add("data.body", "%s", err)
	}
	if d.URL != "" && !strings.HasPrefix(d.URL, "https://") && !strings.HasPrefix(d.URL, "http://") {
		bad.Add("data.url", "must be an http or https address")
	}
	for field, text := range map[string]string{"data.body": d.Body, "data.title": d.Title, "data.impact": d.Impact, "data.product": d.Product, "data.what": d.What} {
		if word := promotional(text); word != "" {
			bad.Add(field, "has promotional wording (%q), which a mandatory notice must not", word)
		}
	}
	if param := tracked(d.URL); param != "" {
		bad.Add("data.url", "is a tracked link (%s), which a mandatory notice must not have", param)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return t.view(d, body), nil
}

// Views are the typed notices for the composer of the outbox.
func Views() map[string]outbox.View {
	views := map[string]outbox.View{}
	for name := range templates {
		views[name] = func(_ context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			view, err := viewOf(name, m.Content)
			if err != nil {
				return nil, fmt.Errorf("notices: %w", err)
			}
			return view, nil
		}
	}
	return views
}
