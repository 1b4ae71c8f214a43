package webhooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web/webtest"
	"assent/preferences/webhooks"
)

var actor = audit.Actor{Kind: audit.KindKey, ID: "test"}

// receiver is a real HTTP server that keeps what it gets and answers as told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
}

func receive(t *testing.T, status int) *receiver {
	r := &receiver{status: status}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, body)
		if r.status == http.StatusFound {
			w.Header().Set("Location", r.URL+"/elsewhere")
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

var seal = [][]byte{bytes.Repeat([]byte{1}, 32)}

func newStore(db *sqldb.DB) (*webhooks.Store, *clock) {
	c := &clock{time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
	return &webhooks.Store{DB: db, Now: c.Now, Allow: loopback, Seal: seal}, c
}

func enqueue(t *testing.T, s *webhooks.Store, event string, payload any) {
	t.Helper()
	if err := s.DB.Tx(context.Background(), func(tx *sqldb.Tx) error { return s.Enqueue(context.Background(), tx, event, payload) }); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, s *webhooks.Store, in webhooks.Input) (webhooks.Webhook, string) {
	t.Helper()
	w, secret, err := s.Create(context.Background(), actor, in)
	if err != nil {
		t.Fatal(err)
	}
	return w, secret
}

func deliver(t *testing.T, s *webhooks.Store) {
	t.Helper()
	if err := s.Deliver(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// The receiver can tell that it was us, that nothing was changed, and that it is not an old request sent again.
func TestRequestsAreSigned(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s, _ := newStore(db)
		r := receive(t, http.StatusNoContent)
		_, secret := create(t, s, webhooks.Input{URL: r.URL + "/hook", Events: []string{"subscriber.*"}})
		enqueue(t, s, "subscriber.erased", map[string]string{"subscriber_id": "x"})
		enqueue(t, s, "data_request.due", map[string]string{"id": "y"})
		deliver(t, s)
		deliver(t, s)
		if r.calls() != 1 {
			t.Fatalf("%d calls, want the one that was asked for, once", r.calls())
		}
		head, body := r.got[0].Header, r.bodies[0]
		if !webhooks.Verify(secret, head, body, time.Now()) {
			t.Error("the signature does not hold")
		}
		if webhooks.Verify(secret, head, append([]byte(" "), body...), time.Now()) || webhooks.Verify("whsec_eA==", head, body, time.Now()) || webhooks.Verify(secret, head, body, time.Now().Add(time.Hour)) {
			t.Error("a changed body, another secret or an old request passes")
		}
		var e webhooks.Event
		if err := json.Unmarshal(body, &e); err != nil || e.Type != "subscriber.erased" || string(e.Data) != `{"subscriber_id":"x"}` {
			t.Errorf("%v %+v", err, e)
		}
	})
}

// Secrets are sealed in the database, also those that an earlier version stored as they were, and go on to sign calls.
func TestSecretsAreSealed(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s, c := newStore(db)
		earlier := &webhooks.Store{DB: db, Now: c.Now, Allow: loopback}
		r := receive(t, http.StatusNoContent)
		w, first := create(t, earlier, webhooks.Input{URL: r.URL})
		c.now = c.now.Add(time.Minute)
		second, err := earlier.Rotate(ctx, actor, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		signed := func(secrets ...string) {
			t.Helper()
			enqueue(t, s, "a.b", map[string]string{})
			deliver(t, s)
			last := r.calls() - 1
			for _, secret := range secrets {
				if !webhooks.Verify(secret, r.got[last].Header, r.bodies[last], time.Now()) {
					t.Errorf("a call is not signed with %s", secret)
				}
			}
		}
		signed(first, second)
		for range 2 {
			if err := s.SealStored(ctx); err != nil {
				t.Fatal(err)
			}
		}
		signed(first, second)
		third, err := s.Rotate(ctx, actor, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		signed(second, third)
		_, fourth := create(t, s, webhooks.Input{URL: r.URL})
		for _, secret := range []string{first, second, third, fourth} {
			if found := sqldbtest.Traces(t, db, secret); len(found) > 0 {
				t.Errorf("a secret can be read in %v", found)
			}
		}
		stranger, before := &webhooks.Store{DB: db, Now: c.Now, Allow: loopback, Seal: [][]byte{bytes.Repeat([]byte{9}, 32)}}, r.calls()
		enqueue(t, s, "a.b", map[string]string{})
		deliver(t, stranger)
		if calls, err := stranger.Calls(ctx, w.ID, "waiting", "", 10); err != nil || r.calls() != before || len(calls) != 1 || !strings.Contains(calls[0].Error, "make a new one") {
			t.Errorf("under other keys: %+v, %v, %d calls", calls, err, r.calls()-before)
		}
	})
}

// The example of the specification, so that its libraries can read what we sign.
func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	got := webhooks.Signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFailuresAreTriedAgainWithGrowingPauses(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s, c := newStore(db)
		r := receive(t, http.StatusServiceUnavailable)
		w, _ := create(t, s, webhooks.Input{URL: r.URL})
		enqueue(t, s, "a.b", map[string]string{"subscriber_id": "x"})
		start := c.now
		var pauses []time.Duration
		for last := start; c.now.Sub(start) < 6*24*time.Hour; c.now = c.now.Add(time.Second * time.Duration(1+len(pauses)*len(pauses)*10)) {
			before := r.calls()
			deliver(t, s)
			if r.calls() > before {
				pauses, last = append(pauses, c.now.Sub(last)), c.now
			}
		}
		if len(pauses) != 13 || !slices.IsSorted(pauses[1:11]) {
			t.Errorf("%d attempts after %v", len(pauses), pauses)
		}
		ids := map[string]bool{}
		for _, req := range r.got {
			ids[req.Header.Get(webhooks.HeaderID)] = true
		}
		if len(ids) != 1 {
			t.Errorf("repeats cannot be told: %v", ids)
		}
		w, err := s.Get(ctx, w.ID)
		if err != nil || w.Failed != 1 || w.Waiting != 0 || !strings.Contains(w.LastError, "503") {
			t.Errorf("%v %+v", err, w)
		}
		c.now = c.now.Add(4 * 24 * time.Hour)
		if err := s.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		var body string
		if err := db.QueryRowContext(ctx, "SELECT body FROM webhook_calls").Scan(&body); err != nil || body != "" {
			t.Errorf("%v; the body is kept: %s", err, body)
		}
		entries, _, err := audit.List(ctx, db, audit.Filter{Action: "webhook.failed"}, 10, "")
		if err != nil || len(entries) != 1 {
			t.Errorf("%v %v", err, entries)
		}
		// One that works again gets what comes later.
		r.answer(http.StatusOK)
		enqueue(t, s, "a.c", nil)
		deliver(t, s)
		if got := string(r.bodies[len(r.bodies)-1]); !strings.Contains(got, "a.c") {
			t.Error(got)
		}
	})
}

func TestGoneDisablesAndRedirectsAreNotFollowed(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s, c := newStore(db)
		r := receive(t, http.StatusFound)
		w, _ := create(t, s, webhooks.Input{URL: r.URL})
		enqueue(t, s, "a.b", nil)
		deliver(t, s)
		if r.calls() != 1 || r.got[0].URL.Path != "/" {
			t.Errorf("a redirect was followed: %d calls", r.calls())
		}
		r.answer(http.StatusGone)
		c.now = c.now.Add(time.Minute)
		deliver(t, s)
		enqueue(t, s, "a.b", nil)
		c.now = c.now.Add(time.Hour)
		deliver(t, s)
		if r.calls() != 2 {
			t.Errorf("%d calls after 410", r.calls())
		}
		if w, err := s.Get(context.Background(), w.ID); err != nil || w.DisabledAt == nil {
			t.Errorf("%v %+v", err, w)
		}
	})
}

// An event is told if and only if what it tells happened, and not after its person is erased.
func TestEventsShareTheFateOfTheirTransaction(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s, _ := newStore(db)
		r := receive(t, http.StatusOK)
		create(t, s, webhooks.Input{URL: r.URL})
		_ = db.Tx(ctx, func(tx *sqldb.Tx) error {
			if err := s.Enqueue(ctx, tx, "a.b", nil); err != nil {
				t.Error(err)
			}
			return context.Canceled
		})
		enqueue(t, s, "subscriber.paused", map[string]string{"subscriber_id": "p1"})
		enqueue(t, s, "subscriber.paused", map[string]string{"subscriber_id": "p2"})
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return s.Forget(ctx, tx, "p1") }); err != nil {
			t.Fatal(err)
		}
		deliver(t, s)
		if r.calls() != 1 || !strings.Contains(string(r.bodies[0]), "p2") {
			t.Errorf("%d calls: %s", r.calls(), r.bodies)
		}
	})
}

// Two processes do not make the same call.
func TestCallsAreMadeOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s, c := newStore(db)
		other := &webhooks.Store{DB: db, Now: c.Now, Allow: loopback, Seal: seal}
		r := receive(t, http.StatusOK)
		create(t, s, webhooks.Input{URL: r.URL})
		for range 40 {
			enqueue(t, s, "a.b", nil)
		}
		var wait sync.WaitGroup
		for _, store := range []*webhooks.Store{s, other, s, other} {
			wait.Go(func() {
				if err := store.Deliver(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if r.calls() != 40 {
			t.Errorf("%d calls, want 40", r.calls())
		}
	})
}

// Nothing is sent to the machine itself, the network behind it or its cloud's metadata, whatever the URL says (CVE-2022-25777, compliance 65).
func TestNoCallLeadsInside(t *testing.T) {
	for ip, want := range map[string]bool{
		"127.0.0.1": false, "127.8.9.1": false, "0.0.0.0": false, "10.0.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"198.18.0.1": false, "192.0.2.1": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "fd00:ec2::254": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "2001:db8::1": false, "2001::1": false,
		"8.8.8.8": true, "172.32.0.1": true, "100.128.0.1": true, "2a00:1450:4001::1": true, "::ffff:8.8.8.8": true,
	} {
		if got := webhooks.Public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s public: %v", ip, got)
		}
	}
	r := receive(t, http.StatusOK)
	port := r.Listener.Addr().(*net.TCPAddr).Port
	for _, url := range []string{r.URL, "http://localhost:" + itoa(port), "http://[::ffff:127.0.0.1]:" + itoa(port), "http://0.0.0.0:" + itoa(port), "http://2130706433:" + itoa(port), "https://127.0.0.1:" + itoa(port), "http://169.254.169.254/latest/meta-data"} {
		answer, err := webhooks.Client(nil, time.Second).Get(url)
		if err == nil {
			answer.Body.Close()
			t.Errorf("%s was reached", url)
		}
	}
	if r.calls() != 0 {
		t.Errorf("%d calls came in", r.calls())
	}
	if answer, err := webhooks.Client(loopback, time.Second).Get(r.URL); err != nil {
		t.Errorf("an allowed network is not reached: %v", err)
	} else {
		answer.Body.Close()
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestAPI(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s := &webhooks.Store{DB: db, Now: time.Now}
		client := webtest.New(t, func(_ *echo.Echo, api *echo.Group) { s.Register(api, webtest.Scopes(t), webtest.ActorOf) })
		var made struct {
			ID, URL, Secret string
			Events          []string
		}
		client.API("POST", "/webhooks", `{"url":"https://example.com/hook","events":["subscriber.erased"]}`).Want(201).Into(&made)
		if !strings.HasPrefix(made.Secret, "whsec_") || made.ID == "" {
			t.Errorf("%+v", made)
		}
		if got := client.API("GET", "/webhooks", nil).Want(200).Body; strings.Contains(got, made.Secret) || !strings.Contains(got, made.URL) {
			t.Error(got)
		}
		if got := client.API("GET", "/webhooks/"+made.ID, nil).Want(200).Body; strings.Contains(got, made.Secret) {
			t.Error(got)
		}
		for body, field := range map[string]string{
			`{}`: "url", `{"url":"http://example.com"}`: "url", `{"url":"https://127.0.0.1/x"}`: "url", `{"url":"https://[fd00:ec2::254]/x"}`: "url", `{"url":"https://user:pw@example.com"}`: "url",
			`{"url":"ftp://example.com"}`: "url", `{"url":"https://example.com","events":["*; drop"]}`: "events", `{"url":"https://example.com","description":"a\nb"}`: "description",
		} {
			if got := client.API("POST", "/webhooks", body).Want(422).Fields(); len(got) != 1 || got[0] != field {
				t.Errorf("%s: %v", body, got)
			}
		}
		client.API("POST", "/webhooks", `{"url":"https://example.com","secret":"mine"}`).Want(400)
		client.API("DELETE", "/webhooks/"+made.ID, nil, "Scopes", "webhooks:read").Want(403)
		client.API("DELETE", "/webhooks/"+made.ID, nil).Want(204)
		client.API("DELETE", "/webhooks/"+made.ID, nil).Want(404)
		client.API("GET", "/webhooks/nothing", nil).Want(404)
	})
}
