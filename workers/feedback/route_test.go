package feedback_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/campaignstest"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/workers/feedback"
	"assent/workers/inbound"
)

// sns is our own Amazon: a server over TLS that shows a certificate, and counts who asks for it.
type sns struct {
	*httptest.Server
	key   *rsa.PrivateKey
	asked int
}

const snsTopic = "arn:aws:sns:eu-west-1:123456789012:assent"

func newSNS(t *testing.T, now time.Time) *sns {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := &sns{key: key}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked++
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}))
	t.Cleanup(s.Close)
	return s
}

// fetch goes to our server whatever the host is called, as a name service would lead there: only which addresses may be asked for is not
// ours to say.
func (s *sns) fetch(ctx context.Context, address string) ([]byte, error) {
	client := s.Client()
	tr := client.Transport.(*http.Transport).Clone()
	tr.TLSClientConfig.ServerName = "example.com" // what httptest's certificate is for
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// call is one request of a provider.
type call struct {
	header map[string]string
	body   string
}

// with is the call with something in its body changed.
func (c call) with(old, text string) call {
	c.body = strings.Replace(c.body, old, text, 1)
	return c
}

// providers sign a hard bounce of an address, at a time and with an id, as the real ones do.
type providers struct {
	sns      *sns
	sendgrid *ecdsa.PrivateKey
}

func (p providers) call(t *testing.T, name, email, id string, at time.Time) call {
	t.Helper()
	stamp := fmt.Sprint(at.Unix())
	switch name {
	case "postmark":
		return call{map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("assent:correct horse"))},
			fmt.Sprintf(`{"RecordType":"Bounce","ID":%s,"Type":"HardBounce","Details":"550 5.1.1 unknown","Email":"%s"}`, strings.Trim(id, "abcdef-"), email)}
	case "mailgun":
		mac := hmac.New(sha256.New, []byte("key-0123456789"))
		mac.Write([]byte(stamp + id))
		return call{nil, fmt.Sprintf(`{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},"event-data":{"event":"failed","severity":"permanent","recipient":"%s","delivery-status":{"code":550,"enhanced-code":"5.1.1","message":"no such user"}}}`,
			stamp, id, hex.EncodeToString(mac.Sum(nil)), email)}
	case "sendgrid":
		body := fmt.Sprintf(`[{"email":"%s","event":"bounce","type":"bounce","sg_event_id":"%s","reason":"550 5.1.1 no such user","status":"5.1.1"}]`, email, id)
		sum := sha256.Sum256([]byte(stamp + body))
		sig, err := ecdsa.SignASN1(rand.Reader, p.sendgrid, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return call{map[string]string{"X-Twilio-Email-Event-Webhook-Signature": base64.StdEncoding.EncodeToString(sig), "X-Twilio-Email-Event-Webhook-Timestamp": stamp}, body}
	}
	m := map[string]string{"Type": "Notification", "MessageId": id, "TopicArn": snsTopic, "Timestamp": at.UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "2",
		"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-60eadc530605d63b8e62a523676ef735.pem",
		"Message":        fmt.Sprintf(`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","feedbackId":"%s","bouncedRecipients":[{"emailAddress":"%s","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},"mail":{}}`, id, email)}
	text := "Message\n" + m["Message"] + "\nMessageId\n" + id + "\nTimestamp\n" + m["Timestamp"] + "\nTopicArn\n" + snsTopic + "\nType\nNotification\n"
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, p.sns.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(sig)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return call{map[string]string{"X-Amz-Sns-Message-Type": "Notification"}, string(body)}
}

// Compliance 17: over the real route, what is forged, stale or comes again changes nothing; what a provider signed counts once.
func TestWebhooksOverTheRouteBelieveOnlyWhatIsSigned(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		now := w.Clock.Now()
		p := providers{sns: newSNS(t, now)}
		var err error
		if p.sendgrid, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&p.sendgrid.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		e := web.New(web.Options{Log: sink(w).Log})
		hooks := &feedback.Webhooks{Sink: sink(w), Fetch: p.sns.fetch}
		open := func(string) echo.MiddlewareFunc { return func(h echo.HandlerFunc) echo.HandlerFunc { return h } }
		hooks.Register(e, e.Group("/api/v1"), open, func(echo.Context) audit.Actor { return audit.System("test") })
		do := func(method, path string, c call) int {
			req := httptest.NewRequest(method, path, strings.NewReader(c.body))
			req.Header.Set("Content-Type", "application/json")
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, req)
			return rec.Code
		}
		state := func() (out [4]int) {
			for i, query := range []string{"SELECT count(*) FROM suppressions", "SELECT count(*) FROM feedback", "SELECT count(*) FROM audit_log", "SELECT count(*) FROM soft_runs"} {
				if err := db.QueryRowContext(t.Context(), query).Scan(&out[i]); err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		names := []string{"postmark", "ses", "sendgrid", "mailgun"}
		before := state()
		for _, name := range names {
			if got := do("POST", "/api/v1/webhooks/"+name, p.call(t, name, "early@example.com", "9001", now)); got != 401 {
				t.Errorf("%s is not set up and answers %d", name, got)
			}
		}
		if got := do("POST", "/api/v1/webhooks/nobody", call{nil, "{}"}); got != 404 {
			t.Errorf("an unknown provider answers %d", got)
		}
		if after := state(); after != before {
			t.Errorf("providers that are not set up changed %v to %v", before, after)
		}
		settings := `{"postmark":{"user":"assent","password":"correct horse"},"ses":{"topics":["` + snsTopic + `"]},"sendgrid":{"public_key":"` + base64.StdEncoding.EncodeToString(der) + `"},"mailgun":{"signing_key":"key-0123456789"}}`
		if got := do("PUT", "/api/v1/providers", call{nil, settings}); got != 200 {
			t.Fatalf("settings: %d", got)
		}
		foreign := p
		foreign.sns, foreign.sendgrid = newSNS(t, now), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		for i, name := range names {
			post := func(c call) int { return do("POST", "/api/v1/webhooks/"+name, c) }
			email, id := "person@"+name+".example", fmt.Sprintf("70%02d", i)
			good := p.call(t, name, email, id, now)
			hostile := map[string]call{"nothing": {}, "an odd body": {good.header, "{"}, "no signature": {nil, `{"event-data":{"event":"failed","recipient":"x@example.com"}}`}, "no headers": {nil, good.body}}
			switch name {
			case "postmark":
				hostile["another password"] = call{map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("assent:wrong"))}, good.body}
			default:
				hostile["a day and an hour old"] = p.call(t, name, email, id, now.Add(-25*time.Hour))
				hostile["from the future"] = p.call(t, name, email, id, now.Add(25*time.Hour))
			}
			switch name {
			case "sendgrid", "ses":
				hostile["signed by somebody else"] = foreign.call(t, name, email, id, now)
				hostile["another address put in"] = good.with(email, "victim@example.com")
			case "mailgun":
				hostile["another token"] = good.with(`"token":"70`, `"token":"71`)
				delete(hostile, "no headers") // it has its signature in the body
			}
			if name == "ses" {
				delete(hostile, "no headers")
				hostile["a certificate from elsewhere"] = good.with("sns.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com.evil.example")
				hostile["another topic"] = good.with(snsTopic, snsTopic+"2")
			}
			before, asked := state(), p.sns.asked
			for what, c := range hostile {
				if got := post(c); got != 401 && got != 400 && got != 403 {
					t.Errorf("%s, %s: %d", name, what, got)
				}
			}
			if after := state(); after != before {
				t.Errorf("%s: what is forged or stale changed %v to %v", name, before, after)
			}
			if p.sns.asked > asked+1 {
				t.Errorf("the certificate was asked for %d times", p.sns.asked-asked)
			}
			for range 3 { // the second and third are replays
				if got := post(good); got != 204 {
					t.Fatalf("%s, genuine: %d", name, got)
				}
			}
			after := state()
			if after[0] != before[0]+1 || after[1] != before[1]+1 {
				t.Errorf("%s: a bounce that came three times changed %v to %v", name, before, after)
			}
			if got := decided(t, w, email, "notice", ""); got != "deny address_bounced" {
				t.Errorf("%s: %s", name, got)
			}
			again := p.call(t, name, "victim@example.com", id, now) // a signature that is good, over an id that was used
			if name == "mailgun" {
				again = good.with(email, "victim@example.com") // Mailgun signs no more than time and token
			}
			_ = post(again)
			if got := state(); name != "ses" && name != "sendgrid" && got != after {
				t.Errorf("%s: an id counted for two reports: %v, %v", name, after, got)
			}
		}
		if p.sns.asked != 1 {
			t.Errorf("the certificate was asked for %d times in all", p.sns.asked)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A provider that tells our own return path leads to the person and the campaign, also where it has given the mail an id of its own;
// calls that come together are applied together.
func TestAProvidersReportLeadsToTheCampaign(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	w.Topic("news", nil)
	person := w.Person("p@example.com", nil)
	w.Give(person, "news")
	w.Clock.Move(time.Minute)
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.SendAll(c)
	p := providers{sns: newSNS(t, w.Clock.Now())}
	e := web.New(web.Options{Log: sink(w).Log})
	counted := &counting{next: sink(w)}
	hooks := &feedback.Webhooks{Sink: sink(w), Fetch: p.sns.fetch, Gather: counted, Domain: inbound.Domain{Keys: w.Keys, Name: w.Links.BounceDomain}}
	open := func(string) echo.MiddlewareFunc { return func(h echo.HandlerFunc) echo.HandlerFunc { return h } }
	hooks.Register(e, e.Group("/api/v1"), open, func(echo.Context) audit.Actor { return audit.System("test") })
	post := func(method, path string, c call) int {
		req := httptest.NewRequest(method, path, strings.NewReader(c.body))
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		return rec.Code
	}
	if got := post("PUT", "/api/v1/providers", call{nil, `{"mailgun":{"signing_key":"key-0123456789"}}`}); got != 200 {
		t.Fatal(got)
	}
	report := p.call(t, "mailgun", "p@example.com", "9001", w.Clock.Now()).with(`"delivery-status"`, `"envelope":{"sender":"`+w.Links.ReturnPath(person.ID, c.ID)+`"},"delivery-status"`)
	if got := post("POST", "/api/v1/webhooks/mailgun", report); got != 204 || counted.calls != 1 {
		t.Fatalf("%d, in %d calls of the sink", got, counted.calls)
	}
	if r := w.Report(c); r.Bounced != 1 {
		t.Errorf("%+v", r)
	}
}

type counting struct {
	next  inbound.Sink
	calls int
}

func (c *counting) Apply(ctx context.Context, events []inbound.Event) error {
	c.calls++
	return c.next.Apply(ctx, events)
}
