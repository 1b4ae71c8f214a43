package desk_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/workers/desk"
	"assent/workers/doctor"
	"assent/workers/feedback"
	"assent/workers/queue"
)

const sendgridKey = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="

// Mail providers are set up and switched off by administrators only; a saved secret is on no page and in no audit entry, and one that is
// left empty stays (compliance 17).
func TestMailProvidersAreSetUpOnThePage(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	hooks := &feedback.Webhooks{Sink: &feedback.Sink{DB: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)}}
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: time.Now}, Stats: func(context.Context) ([]queue.Stats, error) { return nil, nil },
		Examine: func(context.Context) ([]doctor.Check, error) { return nil, nil }, Providers: hooks, Base: "https://news.example.com"}
	state.Register(h.Echo)
	ada, bo := h.As("Ada", access.Administrator), h.As("Bo", access.Marketer, access.Approver, access.PrivacyOfficer)
	const page = "/admin/deliverability/providers"
	kept := func() feedback.Providers {
		t.Helper()
		p, err := hooks.Providers(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}

	bo.Get(page).Want(403)
	bo.Post(page+"/mailgun", "signing_key", "stolen").Want(403)
	bo.Post(page + "/mailgun/off").Want(403)
	if body := bo.Get("/admin/deliverability").Want(200).Body.String(); strings.Contains(body, page) {
		t.Error("somebody else than an administrator is led to the page")
	}
	ada.Get("/admin/deliverability").Want(200, `href="`+page+`"`, "Nothing takes returned mail in.")
	ada.Get(page).Want(200, "https://news.example.com/api/v1/webhooks/postmark", "https://news.example.com/api/v1/webhooks/ses", "https://news.example.com/api/v1/webhooks/sendgrid", "https://news.example.com/api/v1/webhooks/mailgun")

	ada.Post(page+"/mailgun", "signing_key", " ").Want(422, "is required")
	ada.Post(page+"/postmark", "user", "assent").Want(422, "is required", `value="assent"`)
	ada.Post(page+"/postmark", "password", "s3cret-password").Want(422, "needs a user and a password, or a token")
	ada.Post(page+"/ses", "topics", "nonsense").Want(422, "must be such as arn:aws:sns:", "nonsense")
	ada.Post(page+"/sendgrid", "public_key", "nonsense").Want(422, "is not the verification key that SendGrid shows", "nonsense")
	ada.Post(page+"/nobody", "signing_key", "x").Want(404)
	if on := kept().On(); on != (feedback.On{}) {
		t.Fatalf("what is wrong was saved: %+v", on)
	}

	ada.Post(page+"/mailgun", "signing_key", " s3cret-mailgun ").Want(303)
	ada.Post(page+"/postmark", "user", "assent", "password", "s3cret-password").Want(303)
	ada.Post(page+"/ses", "topics", "arn:aws:sns:eu-west-1:123456789012:one\r\narn:aws:sns:eu-west-1:123456789012:two\r\n").Want(303)
	ada.Post(page+"/sendgrid", "public_key", sendgridKey).Want(303)
	ada.Get("/admin/deliverability").Want(200, "Postmark, Amazon SES, SendGrid, Mailgun")
	ada.Post(page+"/mailgun", "signing_key", "").Want(303)
	ada.Post(page+"/postmark", "user", "other", "password", "").Want(303)
	p := kept()
	if p.Mailgun.SigningKey != "s3cret-mailgun" || p.Postmark.User != "other" || p.Postmark.Password != "s3cret-password" || len(p.SES.Topics) != 2 || p.SendGrid.PublicKey != sendgridKey {
		t.Errorf("%+v", p)
	}
	ada.Post(page+"/postmark", "user", "other", "token", "s3cret-token").Want(303)
	if p := kept(); p.Postmark.Token != "s3cret-token" || p.Postmark.User+p.Postmark.Password != "" {
		t.Errorf("a token beside a password: %+v", p.Postmark)
	}
	if body := ada.Get(page).Want(200, "arn:aws:sns:eu-west-1:123456789012:two", "is not shown again", page+"/ses/off").Body.String(); strings.Contains(body, "s3cret") {
		t.Error("the page shows a secret")
	}
	ada.Post(page + "/ses/off").Want(303)
	ada.Post(page + "/mailgun/off").Want(303)
	if p := kept(); len(p.SES.Topics) != 0 || p.Mailgun.SigningKey != "" || p.SendGrid.PublicKey == "" || p.Postmark.Token == "" {
		t.Errorf("%+v", p)
	}

	entries, _, err := audit.List(ctx, db, audit.Filter{Object: audit.Object("settings", "providers")}, 100, "")
	if err != nil || len(entries) != 9 || entries[0].Actor.Name != "Ada" {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	text, err := json.Marshal(entries)
	if err != nil || strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), "mailgun") {
		t.Errorf("the audit log: %s, %v", text, err)
	}
}
