// Package campaignstest sets up the whole domain on a test database, with a clock that tests move by hand.
package campaignstest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
)

// World is the domain of one test.
type World struct {
	*preferencestest.World
	Mails  *campaigns.Service
	Outbox *outbox.Store
	Links  preferences.Links
}

// As in [preferencestest].
var (
	Staff = preferencestest.Staff
	Start = preferencestest.Start
)

// New sets up the domain on db.
func New(t testing.TB, db *sqldb.DB) *World {
	t.Helper()
	w := &World{World: preferencestest.Bare(t, db)}
	w.Links = preferences.Links{Base: "https://mail.example.com", BounceDomain: "mail.example.com", Keys: w.Keys}
	w.Outbox = &outbox.Store{DB: db, Now: w.Clock.Now, Facts: w.People.TransactionalFacts}
	w.People.Outbox = w.Outbox
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
	return w.World.Topic(key, func(in *preferences.TopicInput) {
		single := false
		if in.DoubleOptIn = &single; change != nil {
			change(in)
		}
	})
}

// Give records consent to topics, as the person confirmed it.
func (w *World) Give(sub *preferences.Subscriber, topics ...string) {
	w.T.Helper()
	for _, topic := range topics {
		w.Choose(sub, topic, preferences.ActionGive)
	}
}

// Withdraw takes consent to a topic back.
func (w *World) Withdraw(sub *preferences.Subscriber, topic string) preferences.Recorded {
	w.T.Helper()
	r, err := w.People.Consent(context.Background(), Staff, sub.ID, preferences.ConsentInput{Topic: topic, Action: preferences.ActionWithdraw, Evidence: preferences.Evidence{Source: "test"}})
	w.Must(err)
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
	w.Must(err)
	return c
}

// Schedule lets a campaign go now.
func (w *World) Schedule(c *campaigns.Campaign) {
	w.T.Helper()
	_, err := w.Mails.Schedule(context.Background(), Staff, c.ID, campaigns.Schedule{})
	w.Must(err)
}

// SendAll claims a campaign to its end, as if a relay took everything, and returns the addresses in the order in which they were sent.
func (w *World) SendAll(c *campaigns.Campaign) (sent []string) {
	w.T.Helper()
	for {
		b := w.Send(c, 0, 50)
		for _, item := range b.Items {
			sent = append(sent, item.Person.Email)
		}
		if b.Idle {
			return sent
		}
	}
}

// Send claims up to n mails of a campaign on a lane, as if a relay took them.
func (w *World) Send(c *campaigns.Campaign, lane, n int) campaigns.Batch {
	w.T.Helper()
	ctx := context.Background()
	b, err := w.Mails.Claim(ctx, c.ID, "worker", lane, n)
	w.Must(err)
	var outcomes []campaigns.Outcome
	for _, item := range b.Items {
		if !item.Permit.Valid() {
			w.T.Fatal("a claimed mail has no permit")
		}
		outcomes = append(outcomes, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusSent})
	}
	w.Must(w.Mails.Complete(ctx, c.ID, "worker", lane, outcomes))
	return b
}

// Report is how a campaign stands.
func (w *World) Report(c *campaigns.Campaign) campaigns.Report {
	w.T.Helper()
	c, err := w.Mails.Get(context.Background(), w.DB, c.ID)
	w.Must(err)
	r, err := w.Mails.Report(context.Background(), c)
	w.Must(err)
	return r
}

// Crowd makes n people who consented to a topic, in one go: their addresses are p0@example.com and on.
func (w *World) Crowd(n int, topic string) (subs []*preferences.Subscriber) {
	w.T.Helper()
	ctx := context.Background()
	t, err := w.People.Topic(ctx, w.DB, topic)
	w.Must(err)
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
	w.Must(err)
	at, d := sqldb.Micros(w.Clock.Now().Add(-time.Hour)), w.DB.Dialect()
	w.Must(w.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		address := "'p' || " + d.Field("n", "TEXT") + " || '@example.com'"
		if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (created_at, updated_at, id, email, email_key) SELECT $1, $1, "+d.Field("id", "TEXT")+", "+address+", "+address+" FROM "+d.Rows(2), at, string(text)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO consents (topic_id, since, event_id, state, subscriber_id) SELECT $1, $2, $3, 'given', "+d.Field("id", "TEXT")+" FROM "+d.Rows(4), t.ID, at, sqldb.NewID(), string(text))
		return err
	}))
	return subs
}
