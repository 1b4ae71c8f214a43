package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"assent/preferences/tokens"
	"assent/workers/inbound"
)

const (
	anna     = "01956fd0-0000-7000-8000-00000000a11a"
	campaign = "01956fd0-0000-7000-8000-0000000000ca"
	ourID    = "01956fd0-0000-7000-8000-00000000de17@example.org"
)

var now = time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)

func testDomain(t testing.TB) (d inbound.Domain, returnPath string) {
	t.Helper()
	keys, err := tokens.Parse("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	d = inbound.Domain{Keys: keys, Name: "bounce.example.org"}
	return d, keys.SignLocal(tokens.Return, anna, campaign) + "@" + d.Name
}

// call is one genuine call.
type call struct {
	header http.Header
	body   []byte
}

func (c call) read(p Provider, at time.Time) ([]inbound.Event, error) {
	return p.Events(context.Background(), c.header, c.body, at)
}

// once stands for a Sink: an id counts once.
type once map[string]bool

func (o once) apply(events []inbound.Event) (n int) {
	for _, e := range events {
		if !o[e.ProviderEventID] {
			o[e.ProviderEventID] = true
			n++
		}
	}
	return n
}

type want struct {
	kind      inbound.Kind
	class     inbound.Class
	recipient string
}

func check(t *testing.T, name string, got []inbound.Event, err error, wants ...want) {
	t.Helper()
	if err != nil || len(got) != len(wants) {
		t.Errorf("%s: %d events, want %d: %v", name, len(got), len(wants), err)
		return
	}
	for i, w := range wants {
		e := got[i]
		if e.Kind != w.kind || e.Class != w.class || e.Recipient != w.recipient {
			t.Errorf("%s: %s %s %s, want %+v (%q)", name, e.Kind, e.Class, e.Recipient, w, e.Text)
		}
		if by := map[bool]inbound.Proof{true: inbound.ByReturnPath, false: inbound.ByWebhook}[e.Claims.Subject != ""]; e.Proof != by || e.ProviderEventID == "" || e.Provider == "" || !e.At.Equal(now) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// hostile checks what every provider promises: a genuine call is read, the same
// call again has the same ids, and a call that was changed anywhere, is from
// another time, or meets another key yields nothing.
func hostile(t *testing.T, p, other Provider, c call, window time.Duration) {
	t.Helper()
	got, err := c.read(p, now)
	if err != nil || len(got) == 0 {
		t.Fatalf("genuine: %d events, %v", len(got), err)
	}
	sink := once{}
	if sink.apply(got) != len(got) {
		t.Error("two events of one call share an id")
	}
	again, err := c.read(p, now.Add(time.Minute))
	if err != nil || sink.apply(again) != 0 {
		t.Errorf("replayed: counts again, %v", err)
	}
	refused := func(name string, events []inbound.Event, err error) {
		t.Helper()
		if err == nil || len(events) != 0 {
			t.Errorf("%s: %d events, %v", name, len(events), err)
		}
		if s := Status(err); s < 400 || s > 499 {
			t.Errorf("%s: status %d", name, s)
		}
	}
	if window > 0 {
		for _, at := range []time.Time{now.Add(window + time.Minute), now.Add(-future - time.Minute)} {
			events, err := c.read(p, at)
			if !errors.Is(err, ErrStale) || len(events) != 0 {
				t.Errorf("at %s: %d events, %v", at, len(events), err)
			}
		}
	}
	events, err := c.read(other, now)
	refused("another key", events, err)
	events, err = call{http.Header{}, []byte("{}")}.read(p, now)
	refused("unsigned", events, err)
	events, err = call{c.header, []byte(`[`)}.read(p, now)
	refused("broken", events, err)
	events, err = call{c.header, append(c.body, make([]byte, MaxBody)...)}.read(p, now)
	refused("too large", events, err)
}

func altered(t *testing.T, p Provider, c call, old, new string) {
	t.Helper()
	a := strings.Replace(string(c.body), old, new, 1)
	if a == string(c.body) {
		t.Fatalf("%q is not in the body", old)
	}
	if events, err := (call{c.header, []byte(a)}).read(p, now); !errors.Is(err, ErrForged) || len(events) != 0 {
		t.Errorf("altered %q: %d events, %v", old, len(events), err)
	}
}

func TestAProviderThatIsNotConfiguredBelievesNothing(t *testing.T) {
	for _, p := range []Provider{Postmark{}, Postmark{User: "x"}, SendGrid{}, Mailgun{}, &SES{}} {
		events, err := p.Events(context.Background(), http.Header{}, []byte(`{"RecordType":"Bounce","ID":1}`), now)
		if !errors.Is(err, ErrOff) || len(events) != 0 || Status(err) != 404 {
			t.Errorf("%T: %d events, %v", p, len(events), err)
		}
	}
}

func TestStatus(t *testing.T) {
	for err, want := range map[error]int{
		nil: 200, ErrForged: 401, fmt.Errorf("x: %w", ErrStale): 401, malformed("x"): 400, ErrOff: 404, errors.New("dial"): 503,
	} {
		if got := Status(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func FuzzProviders(f *testing.F) {
	f.Add([]byte(`{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Email":"a@b.c","Details":"550 5.1.1"}`))
	f.Add([]byte(`[{"event":"bounce","sg_event_id":"1","email":"a@b.c"}]`))
	f.Add([]byte(`{"event-data":{"event":"failed"},"signature":{"token":"t"}}`))
	f.Add([]byte(`{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"a@b.c"}]}}`))
	postmark := Postmark{Token: "t"}
	header := http.Header{TokenHeader: {"t"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		// Postmark's secret is not over the body: every body is read.
		events, _ := postmark.Events(context.Background(), header, body, now)
		var sg []sendgridEvent
		if decode(body, &sg) == nil {
			for _, c := range sg {
				if e, ok := c.read(now); ok {
					events = append(events, e)
				}
			}
		}
		var mg mailgunCall
		if decode(body, &mg) == nil {
			if e, ok := mg.read(now); ok {
				events = append(events, e)
			}
		}
		var ses sesReport
		if decode(body, &ses) == nil {
			more, _ := ses.events("id", inbound.Domain{}, now)
			events = append(events, more...)
		}
		for _, e := range events {
			if len(e.ProviderEventID) > 250 || len(e.Recipient) > 320 || e.Kind == "" || strings.ContainsAny(e.Recipient+e.ProviderEventID+e.MessageID, "\r\n\x00") {
				t.Fatalf("%+v", e)
			}
		}
	})
}
