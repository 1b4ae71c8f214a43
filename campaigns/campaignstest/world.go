// Package campaignstest sets up the whole domain on a test database, with a clock that tests move by hand.
package campaignstest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// World is the domain of one test.
type World struct {
	T      testing.TB
	DB     *sqldb.DB
	Clock  *Clock
	Keys   *tokens.Keyring
	People *preferences.Service
	Mails  *campaigns.Service
	Outbox *outbox.Store
	Links  preferences.Links
}

// Staff is who acts in tests unless it matters.
var Staff = audit.Actor{Kind: audit.KindKey, ID: "test", Name: "test"}

// Clock stands still until it is moved.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	running time.Time // since when it runs by itself, zero: it stands still
}

// Now is the clock's instant.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running.IsZero() {
		return c.now.Add(time.Since(c.running)).Truncate(time.Microsecond)
	}
	return c.now
}

// Run lets the clock run by itself from now on.
func (c *Clock) Run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = time.Now()
}

// Move moves the clock.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Start is when tests begin: a Friday morning.
var Start = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)

// New sets up the domain on db.
func New(t testing.TB, db *sqldb.DB) *World {
	t.Helper()
	ring, err := tokens.Parse("k1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, DB: db, Clock: &Clock{now: Start}, Keys: ring}
	w.Links = preferences.Links{Base: "https://mail.example.com", BounceDomain: "mail.example.com", Keys: ring}
	w.Outbox = &outbox.Store{DB: db, Now: w.Clock.Now}
	w.People = &preferences.Service{DB: db, Keys: ring, Now: w.Clock.Now, Outbox: w.Outbox, Site: &preferences.Settings{DB: db, Started: preferences.DefaultSite()}}
	w.Outbox.Facts = w.People.TransactionalFacts
	w.Mails = &campaigns.Service{DB: db, Now: w.Clock.Now, People: w.People, Outbox: w.Outbox, Links: w.Links}
	w.People.Sending = w.Mails
	w.People.Untracked = append(w.People.Untracked, w.Mails.ForgetClicks)
	if err := (&brands.Store{DB: db, Now: w.Clock.Now}).EnsureDefault(context.Background(), "example.com", "Street 1, 1234 AB Town"); err != nil {
		t.Fatal(err)
	}
	return w
}

// Topic makes a topic: single opt-in marketing by consent unless change says otherwise.
func (w *World) Topic(key string, change func(*preferences.TopicInput)) *preferences.Topic {
	w.T.Helper()
	single := false
	in := preferences.TopicInput{Key: key, Class: "marketing", Basis: "consent", DoubleOptIn: &single, Names: map[string]string{"en": strings.ToUpper(key[:1]) + key[1:]}}
	if change != nil {
		change(&in)
	}
	topic, err := w.People.CreateTopic(context.Background(), Staff, in)
	w.must(err)
	return topic
}

// Person makes a person.
func (w *World) Person(email string, change func(*preferences.Profile)) *preferences.Subscriber {
	w.T.Helper()
	p := preferences.Profile{Email: &email}
	if change != nil {
		change(&p)
	}
	sub, _, err := w.People.Upsert(context.Background(), Staff, p, "test")
	w.must(err)
	return sub
}

// Give records consent to topics, as the person confirmed it.
func (w *World) Give(sub *preferences.Subscriber, topics ...string) {
	w.T.Helper()
	for _, topic := range topics {
		_, err := w.People.Consent(context.Background(), Staff, sub.ID, preferences.ConsentInput{Topic: topic, Action: preferences.ActionGive, Confirmed: true,
			Evidence: preferences.Evidence{Source: "test", Wording: "Yes, mail me.", URL: "https://example.com/form", CollectedAt: w.Clock.Now()}})
		w.must(err)
	}
}

// Withdraw takes consent to a topic back.
func (w *World) Withdraw(sub *preferences.Subscriber, topic string) preferences.Recorded {
	w.T.Helper()
	r, err := w.People.Consent(context.Background(), Staff, sub.ID, preferences.ConsentInput{Topic: topic, Action: preferences.ActionWithdraw, Evidence: preferences.Evidence{Source: "test"}})
	w.must(err)
	return r
}

// Campaign makes a draft on a topic.
func (w *World) Campaign(topic string, change func(*campaigns.Draft)) *campaigns.Campaign {
	w.T.Helper()
	name, subject := "Spring", "Hello {{ first_name | \"there\" }}"
	d := campaigns.Draft{Name: &name, Topic: &topic, Subject: &subject, Blocks: []byte(`[{"type":"heading","text":"News","level":1},{"type":"text","markdown":"Some *news*."},{"type":"button","label":"Read","url":"https://example.com/news"}]`)}
	if change != nil {
		change(&d)
	}
	c, err := w.Mails.Create(context.Background(), Staff, d)
	w.must(err)
	return c
}

// Schedule lets a campaign go now.
func (w *World) Schedule(c *campaigns.Campaign) {
	w.T.Helper()
	_, err := w.Mails.Schedule(context.Background(), Staff, c.ID, campaigns.Schedule{})
	w.must(err)
}

// SendAll claims a campaign to its end, as if a relay took everything, and returns the addresses in the order in which they were sent.
func (w *World) SendAll(c *campaigns.Campaign) (sent []string) {
	w.T.Helper()
	ctx := context.Background()
	for {
		b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 50)
		w.must(err)
		var outcomes []campaigns.Outcome
		for _, item := range b.Items {
			if !item.Permit.Valid() {
				w.T.Fatal("a claimed mail has no permit")
			}
			sent = append(sent, item.Person.Email)
			outcomes = append(outcomes, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusSent})
		}
		w.must(w.Mails.Complete(ctx, c.ID, "worker", 0, outcomes))
		if b.Idle {
			return sent
		}
	}
}

// Report is how a campaign stands.
func (w *World) Report(c *campaigns.Campaign) campaigns.Report {
	w.T.Helper()
	c, err := w.Mails.Get(context.Background(), w.DB, c.ID)
	w.must(err)
	r, err := w.Mails.Report(context.Background(), c)
	w.must(err)
	return r
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Crowd makes n people who consented to a topic, in one go: their addresses are p0@example.com and on.
func (w *World) Crowd(n int, topic string) (subs []*preferences.Subscriber) {
	w.T.Helper()
	ctx := context.Background()
	t, err := w.People.Topic(ctx, w.DB, topic)
	w.must(err)
	type row struct {
		ID string `json:"id"`
		N  int    `json:"n"`
	}
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{sqldb.NewID(), i}
		email := fmt.Sprintf("p%d@example.com", i)
		subs = append(subs, &preferences.Subscriber{ID: rows[i].ID, Email: email, EmailKey: email})
	}
	text, err := json.Marshal(rows)
	w.must(err)
	at, d := sqldb.Micros(w.Clock.Now().Add(-time.Hour)), w.DB.Dialect()
	w.must(w.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		address := "'p' || " + d.Field("n", "TEXT") + " || '@example.com'"
		if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (created_at, updated_at, id, email, email_key) SELECT $1, $1, "+d.Field("id", "TEXT")+", "+address+", "+address+" FROM "+d.Rows(2), at, string(text)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO consents (topic_id, since, event_id, state, subscriber_id) SELECT $1, $2, $3, 'given', "+d.Field("id", "TEXT")+" FROM "+d.Rows(4), t.ID, at, sqldb.NewID(), string(text))
		return err
	}))
	return subs
}
