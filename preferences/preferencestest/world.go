// Package preferencestest sets up the preference engine on a test database, with a clock that tests move by hand and an
// outbox that only keeps what was asked for, in the transaction that asked.
package preferencestest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// World is the preference engine of one test.
type World struct {
	T      testing.TB
	DB     *sqldb.DB
	Clock  *Clock
	Keys   *tokens.Keyring
	People *preferences.Service
}

// Staff is who acts unless it matters.
var Staff = audit.Actor{Kind: audit.KindKey, ID: "test", Name: "test"}

// Start is when tests begin: a Friday morning.
var Start = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)

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

// New sets up the engine on db.
func New(t testing.TB, db *sqldb.DB) *World {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), "CREATE TABLE test_mails (n "+map[sqldb.Dialect]string{sqldb.SQLite: "INTEGER PRIMARY KEY", sqldb.PostgreSQL: "BIGSERIAL PRIMARY KEY"}[db.Dialect()]+
		", content TEXT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	w := Bare(t, db)
	w.People.Outbox, w.People.Sending = outbox{}, idle{}
	return w
}

// Bare is the engine without what sends for it, which the caller has.
func Bare(t testing.TB, db *sqldb.DB) *World {
	t.Helper()
	ring, err := tokens.Parse("k1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, DB: db, Clock: &Clock{now: Start}, Keys: ring}
	w.People = &preferences.Service{DB: db, Keys: ring, Now: w.Clock.Now, Site: &preferences.Settings{DB: db, Started: preferences.DefaultSite()}}
	return w
}

// Mail is a service mail that was asked for.
type Mail struct {
	Kind, Reference, SubscriberID, Email, Name, Locale, Brand string
	Data                                                      json.RawMessage
}

type outbox struct{}

func (outbox) Queue(ctx context.Context, tx *sqldb.Tx, _ time.Time, m preferences.ServiceMail) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO test_mails (content) VALUES ($1)", string(text))
	return sqldb.NewID(), err
}

func (outbox) Flush(context.Context) {}

// Mails lists the mails to an address, all of them when it is empty, first one first.
func (w *World) Mails(email string) (mails []Mail) {
	w.T.Helper()
	for row := range sqldb.Rows(context.Background(), w.DB, "SELECT content FROM test_mails ORDER BY n") {
		var text string
		var m Mail
		w.Must(row.Scan(&text))
		w.Must(json.Unmarshal([]byte(text), &m))
		if email == "" || m.Email == email {
			mails = append(mails, m)
		}
	}
	return mails
}

// idle is an engine that has nothing under way.
type idle struct{}

func (idle) Revoke(context.Context, *sqldb.Tx, time.Time, []preferences.Stop, bool) ([]preferences.Claim, []string, error) {
	return nil, nil, nil
}
func (idle) Left(context.Context, *sqldb.Tx, time.Time, string, []string) error { return nil }
func (idle) Settle(context.Context, []string) (int, error)                      { return 0, nil }
func (idle) Recent(context.Context, sqldb.Querier, []string, time.Time) (map[string][]time.Time, error) {
	return nil, nil
}
func (idle) Forget(context.Context, *sqldb.Tx, string, string) error { return nil }
func (idle) History(context.Context, sqldb.Querier, *preferences.Subscriber, int) ([]preferences.SentMail, error) {
	return nil, nil
}

// Topic makes a topic: double opt-in marketing by consent unless change says otherwise.
func (w *World) Topic(key string, change func(*preferences.TopicInput)) *preferences.Topic {
	w.T.Helper()
	double := true
	in := preferences.TopicInput{Key: key, Class: "marketing", Basis: "consent", DoubleOptIn: &double, Names: map[string]string{"en": strings.ToUpper(key[:1]) + key[1:]}}
	if change != nil {
		change(&in)
	}
	topic, err := w.People.CreateTopic(context.Background(), Staff, in)
	w.Must(err)
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
	w.Must(err)
	return sub
}

// Find reads the person with an address; nil when there is none.
func (w *World) Find(email string) *preferences.Subscriber {
	w.T.Helper()
	people, err := w.People.Search(context.Background(), preferences.Search{Text: email, Limit: 2})
	w.Must(err)
	if len(people) == 0 {
		return nil
	}
	return people[0]
}

// Choose records one choice of a person now; a give is confirmed.
func (w *World) Choose(sub *preferences.Subscriber, topic, action string) {
	w.T.Helper()
	_, err := w.People.Consent(context.Background(), Staff, sub.ID, preferences.ConsentInput{Topic: topic, Action: action, Confirmed: action == preferences.ActionGive,
		Evidence: preferences.Evidence{Source: "test", Wording: "Yes, mail me.", URL: "https://example.com/form", CollectedAt: w.Clock.Now()}})
	w.Must(err)
}

// States is where a person stands on each topic that was touched.
func (w *World) States(sub *preferences.Subscriber) map[string]string {
	w.T.Helper()
	states := map[string]string{}
	if sub == nil {
		return states
	}
	list, err := w.People.Consents(context.Background(), w.DB, sub.ID)
	w.Must(err)
	for _, st := range list {
		states[st.Topic] = st.State
	}
	return states
}

// Reason is what the gate says to mail of a topic to an address.
func (w *World) Reason(email, topic string) string {
	w.T.Helper()
	d, err := w.People.Decide(context.Background(), preferences.Question{Email: email, Class: "marketing", Topic: topic})
	w.Must(err)
	return string(d.Reason())
}

// Must ends the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}
