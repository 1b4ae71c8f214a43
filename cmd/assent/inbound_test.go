package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"assent/preferences"
	"assent/preferences/tokens"
)

// bounceOf is a returned mail without an envelope, as a mail server pipes it.
func (w *whole) bounceOf(subscriber, status string) string {
	return fmt.Sprintf("Return-Path: <>\nDelivered-To: %s\nFrom: MAILER-DAEMON@mx.example.net\nSubject: failure notice\nMessage-ID: <%s-%s@mx.example.net>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"+
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; somebody@else.example\nAction: failed\nStatus: %s\n--b--\n", w.a.links.ReturnPath(subscriber, ""), subscriber, status, status)
}

func (w *whole) inbound(in string, asJSON bool) (out string, err error) {
	w.t.Helper()
	var text bytes.Buffer
	err = (&inboundCmd{JSON: asJSON}).Run(w.t.Context(), w.a.config, &terminal{in: strings.NewReader(in), out: &text, err: &text})
	return text.String(), err
}

// blocked is how often an address that bounced is blocked.
func (w *whole) blocked(email string) (n int) {
	w.t.Helper()
	if err := w.a.db.QueryRowContext(w.t.Context(), "SELECT count(*) FROM suppressions WHERE email = $1 AND reason = 'bounced'", email).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// One mail from a pipe, and many from an mbox file: one that cannot be read, is forged, or comes again, changes nothing and stops none.
func TestReturnedMailIsReadFromStandardInput(t *testing.T) {
	w := openWhole(t, &Settings{}, nil)
	w.api("POST", "/topics", `{"key": "news", "class": "marketing", "basis": "consent", "double_opt_in": false, "names": {"en": "News"}}`)
	var people []string
	for i := range 5 {
		people = append(people, w.api("POST", "/subscribers", fmt.Sprintf(`{"email": "p%d@example.com"}`, i))["id"].(string))
	}
	out, err := w.inbound(w.bounceOf(people[0], "5.1.1"), false)
	if err != nil || out != "bounce hard 5.1.1: suppress\n" || w.blocked("p0@example.com") != 1 {
		t.Fatalf("one mail: %q, %v", out, err)
	}
	forged := strings.Replace(w.bounceOf(people[4], "5.1.1"), "Delivered-To: r", "Delivered-To: x", 1)
	leaves := "Delivered-To: " + w.a.keyring.SignLocal(tokens.Unsubscribe, people[3], "") + "@" + w.a.config.BounceDomain + "\nFrom: p3@example.com\nSubject: unsubscribe\nMessage-ID: <9@example.com>\n\n"
	mbox := ""
	for _, mail := range []string{w.bounceOf(people[0], "5.1.1"), w.bounceOf(people[1], "5.1.1"), "\n", forged, leaves, w.bounceOf(people[2], "5.1.1")} {
		mbox += "From MAILER-DAEMON Tue Mar  3 09:00:00 2026\n" + mail + "\n"
	}
	out, err = w.inbound(mbox, true)
	if err == nil || err.Error() != "1 of 6 mails cannot be read" {
		t.Errorf("%v", err)
	}
	var events []struct{ Effect, Proof, SubscriberID string }
	if err := json.Unmarshal([]byte(out), &events); err != nil || len(events) != 5 {
		t.Fatalf("%d events: %v\n%s", len(events), err, out)
	}
	if events[0].Effect != "suppress" || events[0].Proof != "return_path" || events[2].Proof != "" || events[3].Effect != "withdraw" {
		t.Errorf("%+v", events)
	}
	for i, want := range []int{1, 1, 1, 0, 0} {
		if got := w.blocked(fmt.Sprintf("p%d@example.com", i)); got != want {
			t.Errorf("p%d is blocked %d times, want %d", i, got, want)
		}
	}
	if d, err := w.a.people.Decide(t.Context(), preferences.Question{Email: "p3@example.com", Class: "marketing", Topic: "news"}); err != nil || d.Reason() != "unsubscribed_all" {
		t.Errorf("%s, %v", d.Reason(), err)
	}
	if _, err := w.inbound("", false); err == nil {
		t.Error("nothing on standard input is no fault")
	}
}
