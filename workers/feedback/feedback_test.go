package feedback_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/workers/brakes"
	"assent/workers/feedback"
	"assent/workers/inbound"
)

func sink(w *campaignstest.World) *feedback.Sink {
	return &feedback.Sink{DB: w.DB, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler), People: w.People, Campaigns: w.Mails, Outbox: w.Outbox}
}

func decided(t *testing.T, w *campaignstest.World, email, class, topic string) string {
	t.Helper()
	d, err := w.People.Decide(context.Background(), preferences.Question{Email: email, Class: class, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	return d.Outcome().String() + " " + string(d.Reason())
}

func TestWhatComesBackChangesWhatItShould(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := sink(w)
		w.Topic("news", nil)
		people := map[string]*preferences.Subscriber{}
		for _, name := range []string{"hard", "soft", "policy", "complains", "leaves", "forged"} {
			people[name] = w.Person(name+"@example.com", nil)
			w.Give(people[name], "news")
		}
		w.Clock.Move(time.Minute)
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.SendAll(c)
		event := func(name string, kind inbound.Kind, class inbound.Class, proof inbound.Proof) inbound.Event {
			return inbound.Event{Kind: kind, Class: class, Code: "5.1.1", Text: "said", Proof: proof, Claims: tokens.Claims{Subject: people[name].ID, Source: c.ID},
				Provider: "smtp", ProviderEventID: "e-" + name, At: w.Clock.Now()}
		}
		events := []inbound.Event{
			event("hard", inbound.Bounce, inbound.Hard, inbound.ByReturnPath), event("soft", inbound.Bounce, inbound.Soft, inbound.ByReturnPath),
			event("policy", inbound.Bounce, inbound.Policy, inbound.ByReturnPath), event("complains", inbound.Complaint, "", inbound.ByReturnPath),
			event("leaves", inbound.Unsubscribe, "", inbound.ByUnsubscribe), event("forged", inbound.Bounce, inbound.Hard, ""),
		}
		for range 2 { // the second time changes nothing
			if err := s.Apply(ctx, events); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string][2]string{
			"hard": {"deny address_bounced", "deny address_bounced"}, "soft": {"allow allowed", "allow allowed"}, "policy": {"allow allowed", "allow allowed"}, // compliance 15, 25
			"complains": {"deny complained", "allow allowed"}, // compliance 16, 78
			"leaves":    {"deny withdrawn", "allow allowed"},  // compliance 7
			"forged":    {"allow allowed", "allow allowed"},   // compliance 17
		} {
			email := name + "@example.com"
			if got := [2]string{decided(t, w, email, "marketing", "news"), decided(t, w, email, "notice", "")}; got != want {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		// The contract: status bounced; the report counts it in sent and in bounced.
		if list, err := w.Mails.Deliveries(ctx, c.ID, campaigns.StatusBounced, "", 10); err != nil || len(list) != 1 || list[0].Email != "hard@example.com" || list[0].Status != campaigns.StatusBounced {
			t.Errorf("bounced: %+v, %v", list, err)
		}
		if r := w.Report(c); r.Sent != 6 || r.Bounced != 1 || r.Complained != 1 || r.Unsubscribed != 1 {
			t.Errorf("%+v", r)
		}
	})
}

func TestSoftBouncesOverDaysEndInSuppression(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := sink(w)
		w.Topic("news", nil)
		p := w.Person("p@example.com", nil)
		w.Give(p, "news")
		for i := range 5 {
			if got := decided(t, w, p.Email, "marketing", "news"); got != "allow allowed" {
				t.Fatalf("after %d soft bounces: %s", i, got)
			}
			if err := s.Apply(ctx, []inbound.Event{{Kind: inbound.Bounce, Class: inbound.Full, Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: p.ID}, Provider: "smtp",
				ProviderEventID: fmt.Sprint(i), At: w.Clock.Now()}}); err != nil {
				t.Fatal(err)
			}
			w.Clock.Move(48 * time.Hour)
		}
		if got := decided(t, w, p.Email, "marketing", "news"); got != "deny address_bounced" {
			t.Fatal(got)
		}
		if _, err := w.People.Unsuppress(ctx, campaignstest.Staff, p.Email, preferences.SuppressedBounced, "has made room"); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(ctx, []inbound.Event{{Kind: inbound.Bounce, Class: inbound.Full, Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: p.ID}, Provider: "smtp", ProviderEventID: "after", At: w.Clock.Now()}}); err != nil {
			t.Fatal(err)
		}
		if got := decided(t, w, p.Email, "marketing", "news"); got != "allow allowed" {
			t.Errorf("one soft bounce blocks somebody anew whose block was lifted: %s", got)
		}
	})
}

// Compliance 15, 25: what receivers refuse by policy after the relay took it pauses the campaign at five that are 1 % of what was sent,
// whether they come one by one or together; it suppresses nobody, and what is refused for its size counts not.
func TestRefusalsThatComeBackPauseTheCampaign(t *testing.T) {
	for name, together := range map[string]bool{"one by one": false, "together": true} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
				w, ctx := campaignstest.New(t, db), context.Background()
				s := sink(w)
				w.Topic("news", nil)
				var people []*preferences.Subscriber
				for i := range 20 {
					p := w.Person(fmt.Sprintf("p%d@example.com", i), nil)
					w.Give(p, "news")
					people = append(people, p)
				}
				c := w.Campaign("news", nil)
				w.Schedule(c)
				w.SendAll(c)
				if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'sending' WHERE id = $1", c.ID); err != nil {
					t.Fatal(err)
				}
				status := func() string {
					t.Helper()
					got, err := w.Mails.Get(ctx, db, c.ID)
					if err != nil {
						t.Fatal(err)
					}
					return got.Status
				}
				event := func(i int, code string) inbound.Event {
					return inbound.Event{Kind: inbound.Bounce, Class: inbound.Policy, Code: code, Text: "not from you", Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: people[i].ID, Source: c.ID}, Provider: "smtp", ProviderEventID: fmt.Sprint(code, i), At: w.Clock.Now()}
				}
				for i := range 8 {
					if err := s.Apply(ctx, []inbound.Event{event(i, "5.3.4")}); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 10 { // one person, whose mail comes back time and again
					again := event(0, "5.7.1")
					again.ProviderEventID += fmt.Sprint(" again ", i)
					if err := s.Apply(ctx, []inbound.Event{again}); err != nil {
						t.Fatal(err)
					}
				}
				var set []inbound.Event
				for i := range 5 {
					if got := status(); got != campaigns.StatusSending {
						t.Fatalf("after %d: %s", i, got)
					}
					if set = append(set, event(i, "5.7.1")); together && i < 4 {
						continue
					}
					if err := s.Apply(ctx, set); err != nil {
						t.Fatal(err)
					}
				}
				if got := status(); got != campaigns.StatusPaused {
					t.Errorf("after five: %s", got)
				}
				if got := decided(t, w, "p0@example.com", "marketing", "news"); got != "allow allowed" {
					t.Errorf("a person was suppressed for it: %s", got)
				}
			})
		})
	}
}

// The run that ends in suppression is the installation's to choose.
func TestTheRunOfSoftBouncesCanBeSet(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	s := sink(w)
	var err error
	if s.Soft, err = brakes.ParseSoftRule("2/2/24h"); err != nil {
		t.Fatal(err)
	}
	w.Topic("news", nil)
	p := w.Person("p@example.com", nil)
	w.Give(p, "news")
	for i, want := range []string{"allow allowed", "deny address_bounced"} {
		if err := s.Apply(ctx, []inbound.Event{{Kind: inbound.Bounce, Class: inbound.Soft, Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: p.ID}, Provider: "smtp",
			ProviderEventID: fmt.Sprint(i), At: w.Clock.Now()}}); err != nil {
			t.Fatal(err)
		}
		if got := decided(t, w, p.Email, "marketing", "news"); got != want {
			t.Errorf("after %d bounces: %s", i+1, got)
		}
		w.Clock.Move(25 * time.Hour)
	}
}

// Compliance 21: a complaint rate of 0.3 % pauses the campaign, and so do hard bounces of 5 %, whether they come one by one or as a flood.
func TestRatesPauseTheCampaign(t *testing.T) {
	for name, c := range map[string]struct {
		kind   inbound.Kind
		class  inbound.Class
		n      int
		single bool
	}{
		"complaints":         {inbound.Complaint, "", 1, true},
		"bounces one by one": {inbound.Bounce, inbound.Hard, 15, true},
		"a flood of bounces": {inbound.Bounce, inbound.Hard, 15, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
			s := sink(w)
			w.Topic("news", nil)
			people := w.Crowd(400, "news")
			campaign := w.Campaign("news", nil)
			w.Schedule(campaign)
			for range 3 {
				w.Send(campaign, 0, 100)
			}
			var events []inbound.Event
			for i := range c.n {
				events = append(events, inbound.Event{Kind: c.kind, Class: c.class, Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: people[i].ID, Source: campaign.ID}, Provider: "smtp", ProviderEventID: fmt.Sprint("x", i)})
			}
			status := func() string {
				got, err := w.Mails.Get(ctx, w.DB, campaign.ID)
				if err != nil {
					t.Fatal(err)
				}
				return string(got.Status) + " " + got.StatusReason
			}
			if c.single {
				for i, e := range events {
					if i == c.n-1 && i > 0 {
						if got := status(); got != "sending " {
							t.Fatalf("below the limit: %s", got)
						}
					}
					if err := s.Apply(ctx, []inbound.Event{e}); err != nil {
						t.Fatal(err)
					}
				}
			} else if err := s.Apply(ctx, events); err != nil {
				t.Fatal(err)
			}
			if got := status(); !strings.HasPrefix(got, "paused too many ") {
				t.Errorf("%s", got)
			}
		})
	}
}

// A flood of bounces does what each of them would have done alone: once, whatever comes twice, and beside events of other kinds.
func TestAFloodChangesWhatItsBouncesChangeAlone(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := sink(w)
		w.Topic("news", nil)
		people := w.Crowd(60, "news")
		moved := w.Person("moved@example.com", nil)
		w.Give(moved, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.SendAll(c)
		address := "moved-to@example.com"
		if _, err := w.People.Update(ctx, campaignstest.Staff, moved.ID, preferences.Profile{Email: &address}); err != nil {
			t.Fatal(err)
		}
		event := func(id string, n int) inbound.Event {
			return inbound.Event{Kind: inbound.Bounce, Class: inbound.Hard, Code: "5.1.1", Text: "no such user", Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: id, Source: c.ID},
				Provider: "smtp", ProviderEventID: fmt.Sprint("e", n), Recipient: "moved@example.com", At: w.Clock.Now()}
		}
		var events []inbound.Event
		for i, p := range people[:50] {
			events = append(events, event(p.ID, i), event(p.ID, i)) // each twice in one batch
		}
		events = append(events, event(sqldb.NewID(), 98), event(moved.ID, 99)) // nobody, and somebody whose mail went to another address
		full := event(people[55].ID, 100)
		full.Class = inbound.Full
		stranger := event(people[56].ID, 101)
		stranger.Claims.Source = sqldb.NewID() // no campaign and no message
		events = append(events, full, stranger)
		for range 2 {
			if err := s.Apply(ctx, events); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range map[int]string{0: "deny address_bounced", 49: "deny address_bounced", 50: "allow allowed", 55: "allow allowed", 56: "deny address_bounced"} {
			if got := decided(t, w, people[i].Email, "marketing", "news"); got != want {
				t.Errorf("person %d: %s, want %s", i, got, want)
			}
		}
		if got := decided(t, w, "moved-to@example.com", "notice", ""); got == "deny address_bounced" {
			t.Error("the new address is blocked for the old one")
		}
		var blocks, kept, noted int
		for query, n := range map[string]*int{"SELECT count(*) FROM suppressions": &blocks, "SELECT count(*) FROM feedback": &kept, "SELECT count(*) FROM audit_log WHERE action = 'suppression.add'": &noted} {
			if err := db.QueryRowContext(ctx, query).Scan(n); err != nil {
				t.Fatal(err)
			}
		}
		if blocks != 52 || noted != 52 || kept != 54 {
			t.Errorf("%d blocks, %d in the audit log, %d events kept", blocks, noted, kept)
		}
		if r := w.Report(c); r.Bounced != 51 {
			t.Errorf("%+v", r)
		}
	})
}

// Reports of a provider that tells no return path lead to what it names: our Message-ID, or the campaign that it quotes and the address. Many are
// applied in one go, and do what each does alone.
func TestAFloodOfReportsChangesWhatEachChangesAlone(t *testing.T) {
	for _, together := range []bool{false, true} {
		sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
			w, ctx := campaignstest.New(t, db), context.Background()
			w.Topic("news", nil)
			people := w.Crowd(6, "news")
			moved := w.Person("moved@example.com", nil)
			w.Give(moved, "news")
			c := w.Campaign("news", nil)
			w.Schedule(c)
			w.SendAll(c)
			address := "moved-to@example.com"
			if _, err := w.People.Update(ctx, campaignstest.Staff, moved.ID, preferences.Profile{Email: &address}); err != nil {
				t.Fatal(err)
			}
			sent, err := w.Mails.Deliveries(ctx, c.ID, "", "", 10)
			if err != nil {
				t.Fatal(err)
			}
			mail := map[string]string{}
			for _, d := range sent {
				mail[d.SubscriberID] = d.ID + "@mail.example.com"
			}
			notice := ""
			err = db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				notice, err = w.Outbox.Queue(ctx, tx, w.Clock.Now(), preferences.ServiceMail{Kind: "x", Reference: "r", Email: "guest@example.com"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var events []inbound.Event
			report := func(message, recipient, source string) {
				events = append(events, inbound.Event{Kind: inbound.Bounce, Class: inbound.Hard, Code: "5.1.1", Text: "no such user", Proof: inbound.ByWebhook, MessageID: message, Recipient: recipient,
					Claims: tokens.Claims{Source: source}, Provider: "sendgrid", ProviderEventID: fmt.Sprint("e", len(events)), At: w.Clock.Now()})
			}
			report(mail[people[0].ID], people[0].Email, "")
			report(mail[people[1].ID], "", "")
			report("the-providers-own", people[2].Email, c.ID)
			report("", people[3].Email, "")
			report("", "nobody@example.com", "")
			report(mail[moved.ID], "moved@example.com", "")
			report(notice+"@mail.example.com", "guest@example.com", "")
			report("", "no address", "")
			forged := events[0]
			forged.Proof, forged.ProviderEventID, forged.MessageID = "", "forged", mail[people[4].ID]
			events = append(events, forged)
			changes, reads := sink(w), time.Duration(0)
			changes.Now = func() time.Time { // what is kept in one go is kept at one instant
				reads += time.Microsecond
				return w.Clock.Now().Add(reads)
			}
			for range 2 { // the second time changes nothing
				if together {
					err = changes.Apply(ctx, events)
				}
				for _, e := range events {
					if !together && err == nil {
						err = changes.Apply(ctx, []inbound.Event{e})
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			blocked, err := sqldb.Values[string](ctx, db, "SELECT email FROM suppressions ORDER BY email")
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"guest@example.com", "moved@example.com", "nobody@example.com", people[0].Email, people[1].Email, people[2].Email, people[3].Email}
			slices.Sort(want)
			if diff := cmp.Diff(want, blocked); diff != "" {
				t.Error(diff)
			}
			led, err := sqldb.Values[string](ctx, db, "SELECT event_key || ' ' || coalesce(subscriber_id, '-') || ' ' || coalesce(source_id, '-') FROM feedback ORDER BY event_key")
			if err != nil {
				t.Fatal(err)
			}
			want = []string{"e0 " + people[0].ID + " " + c.ID, "e1 " + people[1].ID + " " + c.ID, "e2 " + people[2].ID + " " + c.ID, "e3 " + people[3].ID + " -", "e4 - -", "e5 " + moved.ID + " " + c.ID,
				"e6 - " + notice, "e7 - -", "forged - -"}
			if diff := cmp.Diff(want, led); diff != "" {
				t.Error(diff)
			}
			instants := map[bool]int{false: 4, true: 1}[together]
			if n, err := sqldb.Values[int](ctx, db, "SELECT count(DISTINCT at) FROM feedback WHERE event_key IN ('e0', 'e1', 'e2', 'e3')"); err != nil || n[0] != instants {
				t.Errorf("kept at %d instants, not %d: %v", n, instants, err)
			}
			if r := w.Report(c); r.Bounced != 4 {
				t.Errorf("%+v", r)
			}
			if m, err := w.Outbox.Get(ctx, db, notice); err != nil || m.Status != outbox.StatusBounced {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

// In a flood of bounces those of notices are bounces of these notices: each of them is told, whichever campaign's mails come back beside it.
func TestAFloodFindsTheNoticesInIt(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := sink(w)
		w.Topic("news", nil)
		var events []inbound.Event
		bounce := func(subject, source string) {
			events = append(events, inbound.Event{Kind: inbound.Bounce, Class: inbound.Hard, Code: "5.1.1", Text: "no such user", Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: subject, Source: source},
				Provider: "smtp", ProviderEventID: fmt.Sprint("e", len(events)), At: w.Clock.Now()})
		}
		readers := w.Crowd(4, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.SendAll(c)
		var messages []string
		for i, p := range readers {
			customer := w.Person(fmt.Sprintf("customer%d@example.com", i), nil)
			id := ""
			err := db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				id, err = w.Outbox.Queue(ctx, tx, w.Clock.Now(), preferences.ServiceMail{Kind: "x", Reference: "r", Email: customer.Email, SubscriberID: customer.ID})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, id)
			bounce(p.ID, c.ID)
			bounce(customer.ID, messages[i])
		}
		if err := s.Apply(ctx, events); err != nil {
			t.Fatal(err)
		}
		for i, id := range messages {
			m, err := w.Outbox.Get(ctx, db, id)
			if err != nil || m.Status != outbox.StatusBounced {
				t.Errorf("message %d: %+v, %v", i, m, err)
			}
			if got := decided(t, w, m.Email, "notice", ""); got != "deny address_bounced" {
				t.Errorf("customer %d: %s", i, got)
			}
		}
		if r := w.Report(c); r.Bounced != 4 {
			t.Errorf("%+v", r)
		}
		var tallies int
		if err := db.QueryRowContext(ctx, "SELECT count(DISTINCT campaign_id) FROM tallies").Scan(&tallies); err != nil || tallies != 1 {
			t.Errorf("%d campaigns were counted: %v", tallies, err)
		}
	})
}
