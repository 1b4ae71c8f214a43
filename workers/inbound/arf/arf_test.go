package arf

import (
	"strings"
	"testing"

	"assent/workers/inbound/parts"
)

func read(t testing.TB, mail string) *parts.Message {
	t.Helper()
	m, err := parts.Read(strings.NewReader(mail), parts.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func report(fields string) string {
	return "From: fbl@example.net\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\n" + fields +
		"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@example.org>\nTo: anna@example.net\n\nhello\n--b--\n"
}

func TestTypes(t *testing.T) {
	for in, want := range map[string]Type{
		"abuse": Abuse, "ABUSE": Abuse, "fraud": Fraud, "virus": Virus, "not-spam": NotSpam, "opt-out": OptOut, "opt-out-list": OptOutList,
		"auth-failure": AuthFailure, "other": Other, "xyz": Other, "": Abuse, "abuse; x": Abuse,
	} {
		r, ok := Parse(read(t, report("Feedback-Type: "+in+"\nVersion: 1\n")))
		if !ok || r.Type != want {
			t.Errorf("%q: %s %v, want %s", in, r.Type, ok, want)
		}
	}
}

func TestWhoComplainedIsHearsayOrRedacted(t *testing.T) {
	for fields, want := range map[string]string{
		"Feedback-Type: abuse\nOriginal-Rcpt-To: <bert@example.com>\n":   "bert@example.com",
		"Feedback-Type: abuse\nOriginal-Rcpt-To: rfc822;b@example.com\n": "b@example.com",
		"Feedback-Type: abuse\nOriginal-Rcpt-To: redacted\n":             "anna@example.net",
		"Feedback-Type: abuse\n":                                         "anna@example.net",
	} {
		r, ok := Parse(read(t, report(fields)))
		if !ok || r.Recipient != want {
			t.Errorf("%q: %q, want %q", fields, r.Recipient, want)
		}
		if !r.Embedded || r.Original.Get("Message-Id") != "<1@example.org>" {
			t.Errorf("%q: original %+v", fields, r.Original)
		}
	}
}

func TestOrdinaryMailIsNoComplaint(t *testing.T) {
	for _, mail := range []string{
		"Subject: spam report\n\nI got spam.",
		"Subject: hello\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--b--\n",
	} {
		if r, ok := Parse(read(t, mail)); ok {
			t.Errorf("%q: %+v", mail, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(report("Feedback-Type: abuse\nOriginal-Mail-From: <x@y.z>\n")))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := parts.Read(strings.NewReader(string(in)), parts.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		for _, parse := range []func(*parts.Message) (Report, bool){Parse, Forwarded} {
			if r, ok := parse(m); ok && (r.Type == "" || len(r.Recipient) > maxField || len(r.Reporter) > maxField) {
				t.Fatalf("%+v", r)
			}
		}
	})
}
