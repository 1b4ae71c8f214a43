package broadcasts_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/webhooks"
)

// Every outcome of everybody is told to whoever wants to know, signed, once, and again until they take it: accepted, bounced,
// unserved because the address bounced before, taken back, and a bounce that comes later.
func TestEveryOutcomeIsToldByASignedWebhook(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var mu sync.Mutex
		down, refused, secret := true, 0, ""
		told := map[string][]string{} // notice to events
		receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			seconds, _ := strconv.ParseInt(r.Header.Get(webhooks.HeaderTimestamp), 10, 64)
			if want := webhooks.Signature(secret, r.Header.Get(webhooks.HeaderID), time.Unix(seconds, 0), body); r.Header.Get(webhooks.HeaderSignature) != want {
				t.Errorf("signed %q, want %q", r.Header.Get(webhooks.HeaderSignature), want)
			}
			if down {
				refused++
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			var e struct {
				Type string
				Data struct {
					ID, Outcome, Reason string
					BroadcastID         string `json:"broadcast_id"`
				}
			}
			if err := json.Unmarshal(body, &e); err != nil || e.Type != "notice."+e.Data.Outcome || e.Data.BroadcastID == "" {
				t.Errorf("%s: %v", body, err)
			}
			told[e.Data.ID] = append(told[e.Data.ID], e.Data.Outcome+" "+e.Data.Reason)
		}))
		defer receiver.Close()
		hooks := &webhooks.Store{DB: db, Now: w.Clock.Now, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		var err error
		if _, secret, err = hooks.Create(ctx, approver, webhooks.Input{URL: receiver.URL, Events: []string{"notice.accepted", "notice.bounced", "notice.unserved"}}); err != nil {
			t.Fatal(err)
		}
		w.Outbox.Events, w.b.Events = hooks, hooks
		ids := w.customers(30, nil)
		if _, _, err := w.People.Suppress(ctx, approver, "c3@example.com", preferences.SuppressedBounced, "", "test"); err != nil {
			t.Fatal(err)
		}
		w.relay = func(m outbox.Claimed) outbox.Result {
			if m.SubscriberID == ids[5] {
				return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no such user", Reason: "hard_bounce"}
			}
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b := w.broadcast(nil)
		w.advance()
		w.drain(10) // the first ten
		var back string
		for _, p := range w.list(b) {
			if p.SubscriberID == ids[1] {
				back = p.ID
			}
		}
		w.Must(w.Outbox.Bounced(ctx, back, "5.2.1 mailbox disabled"))
		if _, err := w.b.Cancel(ctx, approver, b.ID); err != nil {
			t.Fatal(err)
		}
		w.Must(hooks.Deliver(ctx))
		if refused != 31 || len(told) != 0 {
			t.Fatalf("%d were refused, %d taken", refused, len(told))
		}
		mu.Lock()
		down = false
		mu.Unlock()
		w.Must(hooks.Deliver(ctx))
		if len(told) != 0 {
			t.Fatal("it is tried again at once")
		}
		w.Clock.Move(time.Minute)
		for range 3 {
			w.Must(hooks.Deliver(ctx))
			w.Clock.Move(time.Hour)
		}
		if len(told) != 30 {
			t.Errorf("%d of 30 people were told of", len(told))
		}
		_, people := w.covered(b)
		for id, p := range people {
			want := []string{p.Outcome + " " + p.Reason}
			if p.ID == back {
				want = []string{"accepted ", "bounced address_bounced"}
			}
			got := told[p.ID]
			if len(got) != len(want) || got[0] != want[0] && (len(got) < 2 || got[1] != want[0]) {
				t.Errorf("%s: told %q, want %q", id, got, want)
			}
		}
		if p := people[ids[3]]; p.Outcome != broadcasts.Unserved || p.Reason != "address_bounced" {
			t.Errorf("%+v", p)
		}
	})
}
