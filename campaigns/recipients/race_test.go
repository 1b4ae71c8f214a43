package recipients_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// atOnce runs all of these side by side and waits for them.
func atOnce(do ...func()) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for _, f := range do {
		wait.Go(func() {
			<-start
			f()
		})
	}
	close(start)
	wait.Wait()
}

// Whoever chose last wins, and a withdrawal wins over an agreement of the same instant. The ledger has both.
func TestGiveAgainstWithdraw(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		topic := s.Topic("news", nil)
		s.Clock.Run()
		for i := range 15 {
			sub := s.Person(fmt.Sprintf("p%d@example.com", i), nil)
			s.Give(sub, "news")
			path := s.link(tokens.Unsubscribe, sub, "news")
			atOnce(
				func() { s.Post(path, form("List-Unsubscribe", "One-Click")).Want(okStatus) },
				func() {
					_, err := s.People.Consent(ctx, campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: "give", Evidence: preferences.Evidence{Source: "test", Wording: "Yes"}})
					s.Must(err)
				},
				func() { s.Post(s.link(tokens.Preferences, sub, ""), form("topic", "news")).Want(okStatus) },
			)
			events, err := s.People.Events(ctx, s.DB, sub.ID)
			s.Must(err)
			var given, withdrawn time.Time
			for _, e := range events[1:] {
				switch {
				case e.TopicID != topic.ID:
				case e.Action == ledger.Given:
					given = e.At()
				case e.Action == ledger.Withdrawn:
					withdrawn = e.At()
				}
			}
			state := s.States(sub)["news"]
			if want := map[bool]string{true: "given", false: "withdrawn"}[given.After(withdrawn)]; state != want && state != "pending" {
				t.Errorf("given %v, withdrawn %v: %s", given, withdrawn, state)
			}
			if state == "pending" && s.decides(sub, "news", s.Clock.Now()) != "unconfirmed" {
				t.Error("a pending topic lets mail through")
			}
		}
		r, err := ledger.Verify(ctx, s.DB, ledger.Options{})
		if err != nil || !r.OK() {
			t.Errorf("%v %+v", err, r)
		}
	})
}

// Two clicks at once are one confirmation.
func TestConfirmTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		s.Post(s.link(tokens.Preferences, sub, ""), form("topic", "news", "topic", "offers", "topic", "events", "tracking_shown", "1", "tracking", "1")).Want(okStatus)
		confirm := s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0])
		s.Clock.Move(time.Minute)
		click := func() { s.Post(confirm, nil).Want(okStatus) }
		atOnce(click, click, click, click)
		count := map[string]int{}
		for _, e := range s.events(sub) {
			count[e]++
		}
		if count["confirmed events"] != 1 || count["tracking_given"] != 1 {
			t.Errorf("%v", count)
		}
		if s.States(sub)["events"] != "given" {
			t.Error(s.States(sub))
		}
	})
}

// Two clicks on the button of an erasure, beside every other thing that a link can do: the person is gone, nothing comes back,
// and nobody sees an error.
func TestEraseBesideEverythingElse(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		sub := s.lists()
		s.Clock.Run()
		centre, one := s.link(tokens.Preferences, sub, ""), s.link(tokens.Unsubscribe, sub, "news")
		s.Post(centre, form("do", pages.DoErase, "topic", "")).Want(okStatus)
		s.Post(centre, form("topic", "news", "topic", "offers", "topic", "events")).Want(okStatus)
		erase, confirm := s.linkIn(s.mails(sub.Email, rights.MailIdentity)[0]), s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0])
		try := func(path string, pairs ...string) func() {
			return func() {
				if a := s.Post(path, form(pairs...)); a.Status != okStatus && a.Status != http.StatusNotFound {
					t.Errorf("%s %v: %d %s", path[:3], pairs, a.Status, a.Body)
				}
			}
		}
		atOnce(try(erase), try(erase), try(one, "List-Unsubscribe", "One-Click"), try(centre, "topic", "news", "topic", "events"), try(centre, "frequency", "weekly"), try(confirm), try(centre, "do", pages.DoExport), try(centre, "do", pages.DoRestrict))
		if _, err := s.People.Subscriber(ctx, s.DB, sub.ID); !errors.Is(err, preferences.ErrSubscriberNotFound) {
			t.Fatalf("after the erasure: %v", err)
		}
		if found := sqldbtest.Traces(t, s.DB, "anna@example.com"); len(found) > 0 {
			t.Errorf("the address came back in %v", found)
		}
		if events, err := s.People.Events(ctx, s.DB, sub.ID); err != nil || len(events) > 0 {
			t.Errorf("%d events came back: %v", len(events), err)
		}
		r, err := ledger.Verify(ctx, s.DB, ledger.Options{})
		if err != nil || !r.OK() {
			t.Errorf("%v %+v", err, r)
		}
	})
}

// Mail that is being sent to a person while they are erased: what has not begun does not begin, and what the relay says of the
// rest brings no trace back.
func TestEraseDuringASend(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		sub := s.lists()
		c := s.scheduled("news")
		b, err := s.Mails.Claim(ctx, c.ID, "worker", 0, 10)
		if err != nil || len(b.Items) != 1 {
			t.Fatal(len(b.Items), err)
		}
		s.Must(s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := s.Outbox.Queue(ctx, tx, s.Clock.Now(), preferences.ServiceMail{Kind: preferences.MailConfirmAddress, Reference: "r", SubscriberID: sub.ID, Email: sub.Email, Data: preferences.ConfirmAddress{}})
			return err
		}))
		notice := s.notice(sub)
		var claimed []outbox.Claimed
		for _, class := range []gate.Class{gate.Service, gate.Notice} {
			list, _, err := s.Outbox.Claim(ctx, class, "worker", 10)
			s.Must(err)
			claimed = append(claimed, list...)
		}
		if len(claimed) != 2 {
			t.Fatalf("%d messages claimed", len(claimed))
		}
		_, err = s.People.Erase(ctx, campaignstest.Staff, sub.ID)
		s.Must(err)
		if still, _, err := s.Mails.Extend(ctx, "worker", []string{b.Items[0].ID}); err != nil || still[b.Items[0].ID] {
			t.Errorf("the mail of an erased person may still begin: %v", err)
		}
		quote := "550 5.1.1 <anna@example.com> unknown"
		s.Must(s.Mails.Complete(ctx, c.ID, "worker", 0, []campaigns.Outcome{{ID: b.Items[0].ID, Status: campaigns.StatusFailed, Reply: quote}}))
		for _, m := range claimed {
			s.Must(s.Outbox.Complete(ctx, outbox.Result{ID: m.ID, Status: outbox.StatusSent, Reply: quote, Raw: []byte("To: anna@example.com\r\n"), MessageID: "<x@y>", SHA256: "abc"}))
		}
		if found := sqldbtest.Traces(t, s.DB, "anna@example.com"); len(found) > 0 {
			t.Errorf("a result brought the address back in %v", found)
		}
		m, err := s.Outbox.Get(ctx, s.DB, notice)
		if err != nil || m.Status != outbox.StatusSent || m.SHA256 != "abc" {
			t.Errorf("the proof that a notice went is lost: %v %+v", err, m)
		}
	})
}

// notice queues a mandatory message to a person.
func (s *site) notice(sub *preferences.Subscriber) (id string) {
	s.t.Helper()
	ctx := context.Background()
	m := outbox.Message{ID: sqldb.NewID(), Class: gate.Notice, Kind: outbox.KindBlocks, Obligation: "payment", Basis: "contract", SubscriberID: sub.ID, Email: sub.Email, AddressKey: sub.EmailKey, Subject: "Pay",
		Content: []byte(`[{"type":"text","markdown":"Please pay."}]`), Status: outbox.StatusQueued, At: s.Clock.Now(), DueAt: s.Clock.Now(), CreatedAt: s.Clock.Now()}
	s.Must(s.DB.Tx(ctx, func(tx *sqldb.Tx) error { return s.Outbox.Insert(ctx, tx, m) }))
	return m.ID
}

// A confirmation and a withdrawal at the same moment: the withdrawal is never lost.
func TestConfirmAgainstUnsubscribeAll(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", func(in *preferences.TopicInput) { double := true; in.DoubleOptIn = &double })
		s.Clock.Run()
		for i := range 10 {
			sub := s.Person(fmt.Sprintf("p%d@example.com", i), nil)
			centre := s.link(tokens.Preferences, sub, "")
			s.Post(centre, form("topic", "news")).Want(okStatus)
			confirm := s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0])
			atOnce(func() { s.Post(confirm, nil).Want(okStatus) }, func() { s.Post(centre, form("do", pages.DoUnsubscribeAll)).Want(okStatus) })
			var confirmed, left time.Time
			events, err := s.People.Events(context.Background(), s.DB, sub.ID)
			s.Must(err)
			for _, e := range events {
				switch e.Action {
				case ledger.Confirmed:
					confirmed = e.At()
				case ledger.UnsubscribedAll:
					left = e.At()
				}
			}
			reason := s.decides(sub, "news", s.Clock.Now())
			if left.IsZero() || (reason == "allowed") != (confirmed.After(left)) {
				t.Errorf("confirmed %v, left %v: %s", confirmed, left, reason)
			}
		}
	})
}
