package broadcasts_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/campaigns/policies"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
)

// The people who write, approve and only hold keys.
var (
	ctx      = context.Background()
	author   = audit.Actor{Kind: audit.KindKey, ID: "key-1", Name: "Ann", UserID: "ann"}
	sameAuth = audit.Actor{Kind: audit.KindUser, ID: "ann", Name: "Ann", UserID: "ann"}
	approver = audit.Actor{Kind: audit.KindKey, ID: "key-2", Name: "Bob"}
)

// world is the domain with broadcasts and a relay that does what a test says.
type world struct {
	*campaignstest.World
	b        *broadcasts.Service
	policies *policies.Store
	relay    func(m outbox.Claimed) outbox.Result // nil: takes everything
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	w := &world{World: campaignstest.New(t, db)}
	w.b = &broadcasts.Service{DB: db, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People, Base: "https://mail.example.com"}
	w.policies = &policies.Store{DB: db, Now: w.Clock.Now, Lead: &broadcasts.LeadTime{Service: w.b}}
	return w
}

// customers stores n people who are customers, without the events that the API would write.
func (w *world) customers(n int, locale func(i int) string) (ids []string) {
	w.T.Helper()
	w.Must(w.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		for i := range n {
			id, email, tag := sqldb.NewID(), fmt.Sprintf("c%d@example.com", i), "en"
			if locale != nil {
				tag = locale(i)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (id, email, email_key, first_name, locale, customer_since, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
				id, email, email, fmt.Sprintf("N%d", i), tag, 1, 1, 1); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}))
	return ids
}

func input(change func(*broadcasts.Input)) broadcasts.Input {
	in := broadcasts.Input{
		Obligation: "terms_change", Basis: "contract", Audience: broadcasts.Audience{Customers: true}, EffectiveAt: campaignstest.Start.AddDate(0, 0, 40),
		Subject: "Our terms change", Blocks: []byte(`[{"type":"text","markdown":"Dear {{ first_name | \"customer\" }}, our terms change."}]`),
	}
	if change != nil {
		change(&in)
	}
	return in
}

// broadcast makes one and lets the second person approve it.
func (w *world) broadcast(change func(*broadcasts.Input)) *broadcasts.Broadcast {
	w.T.Helper()
	b, err := w.b.Create(ctx, author, input(change))
	w.Must(err)
	b, err = w.b.Approve(ctx, approver, b.ID)
	w.Must(err)
	return b
}

// segment saves a rule.
func (w *world) segment(key, rules string) *segments.Store {
	w.T.Helper()
	store := &segments.Store{DB: w.DB, Now: w.Clock.Now}
	_, err := store.Create(ctx, author, key, key, []byte(rules))
	w.Must(err)
	return store
}

// advance goes on where the engine stopped because its slice of time was over, as it does a moment later.
func (w *world) advance() {
	w.T.Helper()
	for over := true; over; {
		start := time.Now()
		w.Must(w.b.Advance(ctx))
		over = time.Since(start) >= 5*time.Second
	}
}

// drain claims what is due once and completes it as the relay says.
func (w *world) drain(limit int) int {
	w.T.Helper()
	claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", limit)
	w.Must(err)
	var results []outbox.Result
	for _, m := range claimed {
		r := outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		if w.relay != nil {
			r = w.relay(m)
		}
		r.ID = m.ID
		results = append(results, r)
	}
	if len(results) > 0 {
		w.Must(w.Outbox.Complete(ctx, results...))
	}
	return len(claimed)
}

// run advances and drains until the broadcast rests.
func (w *world) run(b *broadcasts.Broadcast) *broadcasts.Broadcast {
	w.T.Helper()
	for range 2000 {
		w.advance()
		sent := 0
		for w.drain(200) > 0 {
			sent++
		}
		now, err := w.b.Get(ctx, w.DB, b.ID)
		w.Must(err)
		if sent == 0 && (now.Status != broadcasts.Sending || !now.HeldAt.IsZero()) {
			return now
		}
		if sent == 0 {
			w.Clock.Move(10 * time.Minute)
		}
	}
	w.T.Fatal("the broadcast does not come to rest")
	return nil
}

// covered reads the coverage and holds it to its promise: everybody has one outcome and the figures add up.
func (w *world) covered(b *broadcasts.Broadcast) (broadcasts.Coverage, map[string]broadcasts.Person) {
	w.T.Helper()
	b, err := w.b.Get(ctx, w.DB, b.ID)
	w.Must(err)
	c, err := w.b.Coverage(ctx, b)
	w.Must(err)
	if c.Accepted+c.Pending+c.Bounced+c.Unserved != c.Addressed || c.InTime+c.Late+c.JoinedLate+c.NotReached+c.Pending != c.Addressed {
		w.T.Fatalf("the figures do not add up: %+v", c)
	}
	people, n := map[string]broadcasts.Person{}, map[string]int64{}
	for after := (broadcasts.Place{}); ; {
		page, err := w.b.Addressed(ctx, b, broadcasts.Filter{}, after, 700)
		w.Must(err)
		for _, p := range page {
			key := p.SubscriberID
			if key == "" {
				key = p.ID
			}
			if _, twice := people[key]; twice {
				w.T.Fatalf("%s has two outcomes", p.Email)
			}
			people[key] = p
			n[p.Outcome]++
			after = p.Place()
		}
		if len(page) < 700 {
			break
		}
	}
	if int64(len(people)) != c.Addressed || n[broadcasts.Accepted] != c.Accepted || n[broadcasts.Pending] != c.Pending || n[broadcasts.Bounced] != c.Bounced || n[broadcasts.Unserved] != c.Unserved {
		w.T.Fatalf("%d people listed, by outcome %v, against %+v", len(people), n, c)
	}
	return c, people
}
