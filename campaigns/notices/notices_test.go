package notices_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/campaigns/content"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func service(w *campaignstest.World) *notices.Service {
	return &notices.Service{DB: w.DB, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People}
}

func valid() notices.Input {
	return notices.Input{To: notices.Recipient{Email: "anna@example.com"}, Obligation: "contract", Basis: "contract", Subject: "Your contract has changed",
		Blocks: []byte(`[{"type":"text","markdown":"Your contract **C-1** has changed."}]`)}
}

// Promise 4: opt-outs, pauses and complaints do not stop a notice.
func TestANoticeReachesSomebodyWhoRefusedEverything(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := service(w)
		p := w.Person("anna@example.com", nil)
		for _, refuse := range []func() error{
			func() error {
				_, err := w.People.UnsubscribeAll(ctx, campaignstest.Staff, p.ID, preferences.Evidence{Source: "test"})
				return err
			},
			func() error {
				_, err := w.People.Object(ctx, campaignstest.Staff, p.ID, false, preferences.Evidence{Source: "test"})
				return err
			},
			func() error {
				_, err := w.People.Restrict(ctx, campaignstest.Staff, p.ID, preferences.Evidence{Source: "test"})
				return err
			},
			func() error {
				_, _, err := w.People.Suppress(ctx, campaignstest.Staff, p.Email, preferences.SuppressedComplained, "", "test")
				return err
			},
			func() error {
				_, _, err := w.People.Suppress(ctx, campaignstest.Staff, p.Email, preferences.SuppressedManual, "", "test")
				return err
			},
		} {
			if err := refuse(); err != nil {
				t.Fatal(err)
			}
		}
		made, err := s.Create(ctx, campaignstest.Staff, valid())
		if err != nil {
			t.Fatal(err)
		}
		claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 10)
		if err != nil || len(claimed) != 1 || claimed[0].ID != made[0].ID || claimed[0].Permit.Stream() != gate.StreamTransactional || claimed[0].SubscriberID != p.ID {
			t.Fatalf("%v, %v", claimed, err)
		}
	})
}

// Compliance 78: a bounced address is unserved, and is shown as such.
func TestABouncedAddressIsUnserved(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		if _, _, err := w.People.Suppress(ctx, campaignstest.Staff, "anna@example.com", preferences.SuppressedBounced, "", "test"); err != nil {
			t.Fatal(err)
		}
		in := valid()
		in.CC = []notices.Copy{{Email: "bob@example.com", Name: "Bob"}}
		made, err := service(w).Create(ctx, campaignstest.Staff, in)
		if err != nil || len(made) != 2 {
			t.Fatal(len(made), err)
		}
		claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 10)
		if err != nil || len(claimed) != 1 || claimed[0].Email != "bob@example.com" || claimed[0].CopyOf != made[0].ID {
			t.Fatalf("%v, %v", claimed, err)
		}
		m, err := w.Outbox.Get(ctx, db, made[0].ID)
		if err != nil || m.Status != outbox.StatusUnserved || m.Reason != "address_bounced" {
			t.Fatalf("%+v, %v", m, err)
		}
	})
}

// Compliance 71, 72: what promotes is refused, in each language, with its place.
func TestANoticeCannotCarryPromotion(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	for name, tt := range map[string]struct {
		field  string
		change func(*notices.Input)
	}{
		"english": {"subject", func(in *notices.Input) { in.Subject = "A special offer with your contract" }},
		"dutch":   {"blocks[0].markdown", func(in *notices.Input) { in.Blocks = []byte(`[{"type":"text","markdown":"Nu 20 % korting op alles"}]`) }},
		"german": {"blocks[0].label", func(in *notices.Input) {
			in.Blocks = []byte(`[{"type":"button","label":"Jetzt kaufen","url":"https://example.com"}]`)
		}},
		"french": {"blocks[0].text", func(in *notices.Input) { in.Blocks = []byte(`[{"type":"heading","text":"Offre spéciale"}]`) }},
		"utm link": {"blocks[0].url", func(in *notices.Input) {
			in.Blocks = []byte(`[{"type":"button","label":"See","url":"https://example.com/?utm_source=x"}]`)
		}},
		"event":        {"blocks", func(in *notices.Input) { in.Blocks = []byte(`[{"type":"event","event":"party"}]`) }},
		"consent":      {"basis", func(in *notices.Input) { in.Basis = "consent" }},
		"no basis":     {"basis", func(in *notices.Input) { in.Basis = "" }},
		"no reason":    {"obligation", func(in *notices.Input) { in.Obligation = "newsletter" }},
		"nobody":       {"to", func(in *notices.Input) { in.To = notices.Recipient{} }},
		"header":       {"subject", func(in *notices.Input) { in.Subject = "a\r\nBcc: x@y.z" }},
		"template":     {"template", func(in *notices.Input) { in.Blocks, in.Template = nil, "lottery" }},
		"data missing": {"data.contract", func(in *notices.Input) { in.Blocks, in.Template = nil, "contract_confirmed" }},
		"data unknown": {"data.x", func(in *notices.Input) {
			in.Blocks, in.Template, in.Data = nil, "contract_confirmed", []byte(`{"contract":"1","x":2}`)
		}},
		"program": {"attachments[0].filename", func(in *notices.Input) {
			in.Attachments = []outbox.Attachment{{Filename: "a.exe", ContentType: "application/pdf", Content: []byte("x")}}
		}},
		"copy": {"cc[0].email", func(in *notices.Input) { in.CC = []notices.Copy{{Email: "nobody"}} }},
	} {
		in := valid()
		tt.change(&in)
		_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
		p, ok := problem.As(err)
		if !ok || p.Status != 422 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range p.Fields {
			found = found || f.Field == tt.field
		}
		if !found {
			t.Errorf("%s: the field %s is not named in %v", name, tt.field, p.Fields)
		}
	}
	var n int
	if err := w.DB.QueryRowContext(context.Background(), "SELECT count(*) FROM messages").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d refused notices were stored (%v)", n, err)
	}
}

func TestEveryTemplateReadsInEveryLanguage(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	s := service(w)
	composer := &outbox.Composer{DB: w.DB, Views: notices.Views(), Locale: func(context.Context) string { return "en" }}
	data := map[string]string{
		"contract_confirmed": `{"contract":"C-1"}`, "contract_amended": `{"contract":"C-1"}`, "contract_cancelled": `{"contract":"C-1"}`,
		"payment_due": `{"invoice":"F-1","amount":"12.50","currency":"EUR","due_at":"2026-06-01"}`, "payment_failed": `{"invoice":"F-1","amount":"12.50","currency":"EUR"}`,
		"payment_received": `{"invoice":"F-1","amount":"12.50","currency":"EUR"}`, "account_changed": `{"what":"the address"}`, "sign_in_alert": `{"at":"2026-05-01T10:00:00Z"}`,
		"terms_change": `{"effective_at":"2026-07-01","text":"The **whole** text."}`, "privacy_change": `{"effective_at":"2026-07-01","text":"The **whole** text."}`,
		"service_interruption": `{"service":"Portal","starts_at":"2026-05-02T02:00:00Z"}`,
	}
	for name := range notices.Views() {
		for _, locale := range []string{"en", "nl", "de", "fr"} {
			in := notices.Input{To: notices.Recipient{Email: "anna@example.com", Name: "Anna", Locale: locale}, Obligation: content.NoticeObligation(name), Basis: "contract", Template: name, Data: []byte(data[name])}
			made, err := s.Create(ctx, campaignstest.Staff, in)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r, err := composer.Compose(ctx, &made[0])
			if err != nil || r.Subject == "" || !strings.Contains(r.HTML, `lang="`+locale+`"`) || r.Text == "" {
				t.Errorf("%s in %s: %q, %v", name, locale, r.Subject, err)
			}
		}
	}
}

// RFC 9457 in the contract: a file that is no base64 is refused with the field named.
func TestAFileThatIsNoBase64IsNamed(t *testing.T) {
	var in notices.Input
	err := json.Unmarshal([]byte(`{"attachments":[{"filename":"a.pdf","content_type":"application/pdf","content":"not base64!"}]}`), &in)
	if p, ok := problem.As(err); !ok || p.Status != 422 || p.Fields[0].Field != "attachments" {
		t.Errorf("%v", err)
	}
	if err := json.Unmarshal([]byte(`{"attachments":[{"content":"aGk="}]}`), &in); err != nil || string(in.Attachments[0].Content) != "hi" {
		t.Errorf("%v, %q", err, in.Attachments[0].Content)
	}
}
