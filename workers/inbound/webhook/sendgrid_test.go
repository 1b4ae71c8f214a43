package webhook

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"assent/workers/inbound"
)

func sendgridCall(t *testing.T, key *ecdsa.PrivateKey, body string) call {
	t.Helper()
	stamp := fmt.Sprint(now.Unix())
	sum := sha256.Sum256([]byte(stamp + body))
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return call{http.Header{
		http.CanonicalHeaderKey(sendgridSignature): {base64.StdEncoding.EncodeToString(sig)},
		http.CanonicalHeaderKey(sendgridTimestamp): {stamp},
	}, []byte(body)}
}

func TestSendGrid(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParseSendGridKey(" " + base64.StdEncoding.EncodeToString(der) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p := SendGrid{Key: public}
	c := sendgridCall(t, key, `[
	{"email":"a@example.net","timestamp":1772528340,"smtp-id":"<`+ourID+`>","event":"bounce","type":"bounce","sg_event_id":"e1","reason":"550 5.1.1 The email account that you tried to reach does not exist","status":"5.1.1","bounce_classification":"Invalid Address"},
	{"email":"b@example.net","event":"bounce","type":"blocked","sg_event_id":"e2","reason":"554 5.7.1 blocked using zen.spamhaus.org","status":"5.7.1"},
	{"email":"c@example.net","event":"deferred","sg_event_id":"e3","response":"452 4.2.2 over quota"},
	{"email":"d@example.net","event":"dropped","sg_event_id":"e4","reason":"Bounced Address"},
	{"email":"e@example.net","event":"spamreport","sg_event_id":"e5"},
	{"email":"f@example.net","event":"group_unsubscribe","sg_event_id":"e6"},
	{"email":"g@example.net","event":"bounce","type":"bounce","sg_event_id":"e7","reason":"552 5.2.2 mailbox full","status":"5.2.2"},
	{"email":"h@example.net","event":"bounce","type":"bounce","sg_event_id":"e8","reason":"500 odd","status":"5.0.0","bounce_classification":"Reputation"},
	{"email":"i@example.net","event":"dropped","sg_event_id":"e9","reason":"Invalid SMTPAPI header"},
	{"email":"z@example.net","event":"delivered","sg_event_id":"e10"},{"email":"z@example.net","event":"open","sg_event_id":"e11"}]`)
	hostile(t, p, SendGrid{Key: &foreign.PublicKey}, c, orDay(0))
	altered(t, p, c, "a@example.net", "victim@example.net")
	got, err := c.read(p, now)
	check(t, "all", got, err,
		want{inbound.Bounce, inbound.Hard, "a@example.net"}, want{inbound.Bounce, inbound.Spam, "b@example.net"}, want{inbound.Delayed, inbound.Full, "c@example.net"},
		want{inbound.Bounce, inbound.Hard, "d@example.net"}, want{inbound.Complaint, "", "e@example.net"}, want{inbound.Unsubscribe, "", "f@example.net"},
		want{inbound.Bounce, inbound.Full, "g@example.net"}, want{inbound.Bounce, inbound.Spam, "h@example.net"}, want{inbound.Unknown, "", "i@example.net"})
	if got[0].MessageID != ourID {
		t.Errorf("message id %q", got[0].MessageID)
	}
	moved := call{c.header.Clone(), c.body}
	moved.header.Set(sendgridTimestamp, fmt.Sprint(now.Unix()+1))
	if events, err := moved.read(p, now); err == nil || len(events) != 0 {
		t.Error("another timestamp was believed")
	}
}

func TestSendGridKeysAreChecked(t *testing.T) {
	for _, s := range []string{"", "!", "AAAA"} {
		if _, err := ParseSendGridKey(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
