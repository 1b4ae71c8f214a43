package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"assent/workers/inbound"
)

const mailgunKey = "key-0123456789"

func mailgunCallOf(token, data string) call {
	stamp := fmt.Sprint(now.Unix())
	mac := hmac.New(sha256.New, []byte(mailgunKey))
	mac.Write([]byte(stamp + token))
	return call{http.Header{}, fmt.Appendf(nil, `{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},"event-data":%s}`, stamp, token, hex.EncodeToString(mac.Sum(nil)), data)}
}

func TestMailgun(t *testing.T) {
	d, returnPath := testDomain(t)
	p := Mailgun{SigningKey: mailgunKey, Domain: d}
	hard := `{"event":"failed","severity":"permanent","reason":"bounce","recipient":"a@example.net","envelope":{"sender":"` + returnPath + `"},
	"delivery-status":{"code":550,"enhanced-code":"5.1.1","message":"The email account that you tried to reach does not exist"},"message":{"headers":{"message-id":"` + ourID + `"}}}`
	c := mailgunCallOf("a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0", hard)
	hostile(t, p, Mailgun{SigningKey: "key-other"}, c, orDay(0))
	altered(t, p, c, fmt.Sprint(now.Unix()), fmt.Sprint(now.Unix()+1))
	altered(t, p, c, "a8ce", "a8cf")
	got, err := c.read(p, now)
	check(t, "hard", got, err, want{inbound.Bounce, inbound.Hard, "a@example.net"})
	if e := got[0]; e.MessageID != ourID || e.Claims.Subject != anna || e.Claims.Source != campaign || e.Code != "5.1.1" {
		t.Errorf("%+v", e)
	}
	for data, w := range map[string]want{
		`{"event":"failed","severity":"temporary","recipient":"a@example.net","delivery-status":{"code":452,"message":"4.2.2 over quota"}}`:                                                        {inbound.Delayed, inbound.Full, "a@example.net"},
		`{"event":"failed","severity":"permanent","recipient":"a@example.net","delivery-status":{"code":550,"message":"no such user"}}`:                                                            {inbound.Bounce, inbound.Hard, "a@example.net"},
		`{"event":"failed","severity":"permanent","recipient":"a@example.net","delivery-status":{"code":550,"message":"5.7.1 rejected"}}`:                                                          {inbound.Bounce, inbound.Policy, "a@example.net"},
		`{"event":"failed","severity":"permanent","reason":"suppress-bounce","recipient":"a@example.net","delivery-status":{"code":605,"message":"Not delivering to previously bounced address"}}`: {inbound.Bounce, inbound.Hard, "a@example.net"},
		`{"event":"failed","severity":"permanent","reason":"suppress-unsubscribe","recipient":"a@example.net"}`:                                                                                    {inbound.Unsubscribe, "", "a@example.net"},
		`{"event":"complained","recipient":"a@example.net"}`:   {inbound.Complaint, "", "a@example.net"},
		`{"event":"unsubscribed","recipient":"a@example.net"}`: {inbound.Unsubscribe, "", "a@example.net"},
	} {
		got, err := mailgunCallOf("t", data).read(p, now)
		check(t, data, got, err, w)
	}
	got, err = mailgunCallOf("t", `{"event":"delivered","recipient":"a@example.net"}`).read(p, now)
	check(t, "delivered", got, err)
}

// The signature does not cover the report, so a recorded one can be put before
// another report. It must not count.
func TestMailgunASignatureCountsForOneReport(t *testing.T) {
	p := Mailgun{SigningKey: mailgunKey}
	sink := once{}
	for i, want := range []int{1, 0} {
		data := fmt.Sprintf(`{"event":"complained","id":"%d","recipient":"victim%d@example.net"}`, i, i)
		got, err := mailgunCallOf("one-token", data).read(p, now)
		if err != nil || sink.apply(got) != want {
			t.Errorf("report %d: %v", i, err)
		}
	}
}

// Timestamp and token are signed without anything between them.
func TestMailgunDigitsDoNotMoveFromTimeToToken(t *testing.T) {
	mac := hmac.New(sha256.New, []byte(mailgunKey))
	stamp := fmt.Sprint(now.Unix())
	mac.Write([]byte(stamp + "token"))
	body := fmt.Appendf(nil, `{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},"event-data":{"event":"complained"}}`, stamp[:9], stamp[9:]+"token", hex.EncodeToString(mac.Sum(nil)))
	if _, err := (call{http.Header{}, body}).read(Mailgun{SigningKey: mailgunKey}, now); !errors.Is(err, ErrForged) {
		t.Errorf("%v", err)
	}
}
