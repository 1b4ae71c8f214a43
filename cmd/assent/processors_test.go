package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/webhooks"
)

// A processor is told by signed calls that somebody's data is restricted, no longer restricted, and erased, with the ids by
// which it knows them and no address (GDPR 18, 19; compliance 35).
func TestProcessorsAreToldOfRestrictionAndErasure(t *testing.T) {
	type call struct {
		header http.Header
		body   []byte
	}
	calls := make(chan call, 10)
	processor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header, body}
	}))
	t.Cleanup(processor.Close)
	w := openWhole(t, &Settings{BaseURL: "http://mail.example.com", WebhookNetworks: "127.0.0.0/8,::1/128"}, nil)
	hook := w.api("POST", "/webhooks", `{"url":"`+processor.URL+`","events":["subscriber.restricted","subscriber.restriction_lifted","subscriber.erased"]}`)
	id, _ := w.api("POST", "/subscribers", `{"email":"vera@example.org","external_id":"crm-7"}`)["id"].(string)
	page := "/p/" + w.a.keyring.Sign(tokens.Preferences, tokens.Claims{Subject: id, Issued: time.Now()})

	for _, step := range []struct {
		event string
		do    func()
	}{
		{"subscriber.restricted", func() { w.post(page, "do", "restrict") }},
		{"subscriber.restriction_lifted", func() { w.api("POST", "/subscribers/"+id+"/lift-restriction", "{}") }},
		{"subscriber.erased", func() {
			w.post(page, "do", "erase")
			w.post(w.mail(`Erasure of your data[\s\S]*?http://mail\.example\.com(/d/[A-Za-z0-9_-]+)`))
		}},
	} {
		step.do()
		select {
		case got := <-calls:
			var told struct {
				Type string
				Data struct {
					SubscriberID string `json:"subscriber_id"`
					ExternalID   string `json:"external_id"`
				}
			}
			if err := json.Unmarshal(got.body, &told); err != nil || told.Type != step.event || told.Data.SubscriberID != id || told.Data.ExternalID != "crm-7" {
				t.Errorf("%s: %v %s", step.event, err, got.body)
			}
			if !webhooks.Verify(hook["secret"].(string), got.header, got.body, time.Now()) {
				t.Errorf("%s: the signature does not hold", step.event)
			}
			if strings.Contains(string(got.body), "vera") {
				t.Errorf("the address is in %s", got.body)
			}
		case <-time.After(time.Minute):
			t.Fatalf("the processor was not told: %s", step.event)
		}
	}
}

// What calls are signed and checked with can be read nowhere in the database, nor so in a copy of it; what an earlier version left
// there as it was is sealed at the start.
func TestSecretsAreSealedInTheDatabase(t *testing.T) {
	w := openWhole(t, &Settings{BaseURL: "http://mail.example.com"}, nil)
	secret, _ := w.api("POST", "/webhooks", `{"url":"https://hooks.invalid/x"}`)["secret"].(string)
	w.api("PUT", "/providers", `{"mailgun": {"signing_key": "s3cret-new"}}`)
	found := sqldbtest.Traces(t, w.a.db, secret)
	if found = append(found, sqldbtest.Traces(t, w.a.db, "s3cret")...); len(secret) < 40 || len(found) > 0 {
		t.Errorf("%q can be read in %v", secret, found)
	}
	for _, query := range []string{`UPDATE settings SET value = '{"mailgun":{"signing_key":"s3cret-old"}}' WHERE key = 'providers'`, `UPDATE webhooks SET secret = 'whsec_s3cret', old_secret = 'whsec_s3cret'`} {
		if _, err := w.a.db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := sqldbtest.Traces(t, w.a.db, "s3cret"); len(found) > 0 {
		t.Errorf("secrets of an earlier version can be read in %v", found)
	}
	if p, err := w.a.webhooks().Providers(t.Context()); err != nil || p.Mailgun.SigningKey != "s3cret-old" {
		t.Errorf("%+v, %v", p.On(), err)
	}
}
