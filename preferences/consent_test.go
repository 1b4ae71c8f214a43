package preferences_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
)

// asks is what the gate answers about marketing on a topic: "allow allowed", "deny withdrawn" …
func asks(w *campaignstest.World, sub *preferences.Subscriber, topic string) string {
	w.T.Helper()
	t, err := w.People.Topic(context.Background(), w.DB, topic)
	if err != nil {
		w.T.Fatal(err)
	}
	d, err := w.People.Decide(context.Background(), preferences.Question{Email: sub.Email, Class: t.Class, Topic: topic})
	if err != nil {
		w.T.Fatal(err)
	}
	return d.Outcome().String() + " " + string(d.Reason())
}

func choose(w *campaignstest.World, sub *preferences.Subscriber, in preferences.ConsentInput) preferences.Recorded {
	w.T.Helper()
	if in.Source == "" {
		in.Source = "test"
	}
	if in.Action == preferences.ActionGive && in.Wording == "" {
		in.Wording = "Yes, mail me."
	}
	r, err := w.People.Consent(context.Background(), campaignstest.Staff, sub.ID, in)
	if err != nil {
		w.T.Fatal(err)
	}
	return r
}

func expect(w *campaignstest.World, sub *preferences.Subscriber, topic, want, when string) {
	w.T.Helper()
	if got := asks(w, sub, topic); got != want {
		w.T.Errorf("%s: the gate says %q, want %q", when, got, want)
	}
}

func double(in *preferences.TopicInput) { yes := true; in.DoubleOptIn = &yes }

// Compliance 28, 69 and the contract's readings of a pending sign-up.
func TestDoubleOptInWaitsForThePersonAndNeverDowngrades(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", double)
		w.Topic("offers", double)
		p := w.Person("p@example.com", nil)
		expect(w, p, "news", "deny no_consent", "before")
		if r := choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive}); r.State != preferences.StatePending {
			t.Fatal(r.State)
		}
		choose(w, p, preferences.ConsentInput{Topic: "offers", Action: preferences.ActionGive})
		choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive})
		expect(w, p, "news", "deny unconfirmed", "pending")
		var mails int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE kind = $1", preferences.MailConfirmSignup).Scan(&mails); err != nil || mails != 1 {
			t.Fatalf("%d confirmation mails, %v", mails, err)
		}
		link := tokens.Claims{Subject: p.ID, Issued: w.Clock.Now()}
		for range 2 { // a second click changes nothing
			if _, err := w.People.Confirm(ctx, link, preferences.Evidence{Source: "page"}); err != nil {
				t.Fatal(err)
			}
			expect(w, p, "news", "allow allowed", "confirmed")
			expect(w, p, "offers", "allow allowed", "confirmed with the same link")
		}
		if r := choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive}); r.State != preferences.StateGiven {
			t.Errorf("a new sign-up made a given consent %s", r.State)
		}
		w.Clock.Move(time.Hour)
		w.Withdraw(p, "news")
		expect(w, p, "news", "deny withdrawn", "withdrawn")
		w.Clock.Move(time.Hour)
		choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive})
		expect(w, p, "news", "deny unconfirmed", "signed up again after a withdrawal")
		w.Clock.Move(8 * 24 * time.Hour)
		if _, err := w.People.Confirm(ctx, link, preferences.Evidence{Source: "page"}); err == nil {
			t.Error("a confirmation link lives for ever")
		}
	})
}

// Promise 6, compliance 47 and the contract: what lifts a refusal, and what does not.
func TestOnlyALaterAgreementLiftsARefusalAndOnlyItsOwnTopic(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Topic("offers", nil)
		w.Topic("survey", func(in *preferences.TopicInput) { in.Class, in.Basis = "research", "legitimate_interests" })
		p := w.Person("p@example.com", nil)
		w.Give(p, "news", "offers")
		expect(w, p, "survey", "allow allowed", "legitimate interests need no consent")
		w.Clock.Move(time.Hour)
		left := w.Clock.Now()
		if _, err := w.People.UnsubscribeAll(ctx, campaignstest.Staff, p.ID, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		for _, topic := range []string{"news", "offers", "survey"} {
			expect(w, p, topic, "deny unsubscribed_all", "after unsubscribing from all")
		}
		give := func(at time.Time) {
			choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive, Confirmed: true, Evidence: preferences.Evidence{CollectedAt: at, URL: "https://example.com"}})
		}
		w.Clock.Move(time.Hour)
		give(left.Add(-time.Minute))
		expect(w, p, "news", "deny unsubscribed_all", "after an older agreement")
		give(left.Add(time.Minute))
		expect(w, p, "news", "allow allowed", "after a later agreement")
		expect(w, p, "offers", "deny withdrawn", "another topic after it")
		expect(w, p, "survey", "deny withdrawn", "research after it")

		if _, err := w.People.Object(ctx, campaignstest.Staff, p.ID, false, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Move(time.Hour)
		give(w.Clock.Now())
		expect(w, p, "news", "deny objected", "compliance 36: an agreement after a general objection")
		if _, err := w.People.LiftObjection(ctx, campaignstest.Staff, p.ID, false, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		expect(w, p, "news", "allow allowed", "after the objection was lifted")
		choose(w, p, preferences.ConsentInput{Topic: "news", Action: preferences.ActionObject})
		expect(w, p, "news", "deny objected", "after objecting to the topic")
	})
}

// Compliance 30, 35, 38, 41 and the gate's rows on real facts.
func TestEachFactReachesTheGate(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Topic("related", func(in *preferences.TopicInput) {
			similar := true
			in.Basis, in.SimilarGoods = "soft_opt_in", &similar
		})
		text := func(s string) *string { return &s }
		n := 0
		somebody := func(change func(*preferences.Profile)) *preferences.Subscriber {
			n++
			p := w.Person(fmt.Sprintf("p%d@example.com", n), change)
			w.Give(p, "news")
			return p
		}
		child := somebody(func(p *preferences.Profile) { p.BirthDate, p.Country = text("2014-01-01"), text("NL") })
		expect(w, child, "news", "deny minor", "a child")

		restricted := somebody(nil)
		if _, err := w.People.Restrict(ctx, campaignstest.Staff, restricted.ID, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		expect(w, restricted, "news", "deny restricted", "restricted")
		if _, err := w.People.LiftRestriction(ctx, campaignstest.Staff, restricted.ID, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		expect(w, restricted, "news", "allow allowed", "no longer restricted")

		moved := somebody(nil)
		if _, _, err := w.People.Suppress(ctx, campaignstest.Staff, moved.Email, preferences.SuppressedComplained, "", "test"); err != nil {
			t.Fatal(err)
		}
		changed, err := w.People.Update(ctx, campaignstest.Staff, moved.ID, preferences.Profile{Email: text("moved@example.com")})
		if err != nil {
			t.Fatal(err)
		}
		expect(w, changed, "news", "deny address_unverified", "compliance 33: a changed address")
		if _, err := w.People.Confirm(ctx, tokens.Claims{Subject: moved.ID, Issued: w.Clock.Now()}, preferences.Evidence{Source: "page"}); err != nil {
			t.Fatal(err)
		}
		expect(w, changed, "news", "deny complained", "compliance 33: the complaint follows the person")

		stranger, customer := somebody(nil), somebody(func(p *preferences.Profile) {
			p.CustomerSince = &preferences.Date{Time: w.Clock.Now().AddDate(-1, 0, 0)}
		})
		for _, p := range []*preferences.Subscriber{stranger, customer} {
			expect(w, p, "related", "deny soft_opt_in_unmet", "soft opt-in without the offer of an opt-out")
			choose(w, p, preferences.ConsentInput{Topic: "related", Action: preferences.ActionGive, Evidence: preferences.Evidence{OptOutOffered: true}})
		}
		expect(w, stranger, "related", "deny soft_opt_in_unmet", "soft opt-in of somebody who never bought")
		expect(w, customer, "related", "allow allowed", "soft opt-in with all its conditions")

		canadian := somebody(func(p *preferences.Profile) {
			p.Country, p.CustomerSince = text("CA"), &preferences.Date{Time: w.Clock.Now()}
		})
		choose(w, canadian, preferences.ConsentInput{Topic: "related", Action: preferences.ActionGive, Evidence: preferences.Evidence{OptOutOffered: true}})
		expect(w, canadian, "related", "allow allowed", "compliance 41: within two years of a purchase")

		paused := somebody(nil)
		if err := w.People.Pause(ctx, campaignstest.Staff, paused.ID, w.Clock.Now().Add(30*24*time.Hour), preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		expect(w, paused, "news", "defer paused", "paused")
		erased := somebody(nil)
		if _, err := w.People.Erase(ctx, campaignstest.Staff, erased.ID); err != nil {
			t.Fatal(err)
		}
		expect(w, erased, "news", "deny erased", "erased")
		back := w.Person(erased.Email, nil)
		w.Give(back, "news")
		expect(w, back, "news", "deny erased", "promise 7: brought back")

		w.Clock.Move(31 * 24 * time.Hour)
		expect(w, paused, "news", "allow allowed", "after the pause")
		w.Clock.Move(2 * 366 * 24 * time.Hour)
		expect(w, canadian, "related", "deny consent_expired", "compliance 41: after two years")
	})
}

func TestTheFrequencyCapCountsOverAllCampaignsAndTheirOwnChoiceCountsToo(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Topic("offers", nil)
		w.People.Site.Started.FrequencyCap = gate.Cap{Count: 2, Window: 7 * 24 * time.Hour}
		p, weekly := w.Person("p@example.com", nil), w.Person("weekly@example.com", nil)
		w.Give(p, "news", "offers")
		w.Give(weekly, "news", "offers")
		if err := w.People.SetFrequency(ctx, campaignstest.Staff, weekly.ID, preferences.FrequencyWeekly, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		send := func(topic string) int {
			w.Clock.Move(time.Hour)
			c := w.Campaign(topic, nil)
			w.Schedule(c)
			return len(w.SendAll(c))
		}
		if a, b, c := send("news"), send("offers"), send("news"); a != 2 || b != 1 || c != 0 {
			t.Errorf("sent %d, %d, %d; want 2, then only the one who wants each mail, then nobody", a, b, c)
		}
		expect(w, p, "news", "defer frequency_capped", "over the site's cap")
		expect(w, weekly, "news", "defer frequency_capped", "over their own choice")
	})
}

func TestBadChoicesNameTheFieldAndChangeNothing(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	w.Topic("news", nil)
	p := w.Person("p@example.com", nil)
	future := w.Clock.Now().Add(time.Hour)
	for field, in := range map[string]preferences.ConsentInput{
		"topic":        {Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "x", Wording: "w"}},
		"action":       {Topic: "news", Action: "maybe", Evidence: preferences.Evidence{Source: "x"}},
		"source":       {Topic: "news", Action: preferences.ActionWithdraw},
		"wording":      {Topic: "news", Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "x"}},
		"collected_at": {Topic: "news", Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "x", Wording: "w", CollectedAt: future}},
		"url":          {Topic: "news", Action: preferences.ActionGive, Confirmed: true, Evidence: preferences.Evidence{Source: "x", Wording: "w", CollectedAt: w.Clock.Now()}},
		"partner":      {Partner: "nobody", Action: preferences.ActionObject, Evidence: preferences.Evidence{Source: "x"}},
	} {
		_, err := w.People.Consent(context.Background(), campaignstest.Staff, p.ID, in)
		if pr, ok := problem.As(err); !ok || pr.Status != 422 || pr.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if events, err := w.People.Events(context.Background(), w.DB, p.ID); err != nil || len(events) != 0 {
		t.Errorf("%d events were recorded (%v)", len(events), err)
	}
}

// Races: give against withdraw, in any order, leaves the state that the ledger's last word gives, and both are in it.
func TestGiveAgainstWithdrawLeavesOneOfTheTwoAndBothInTheLedger(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Clock.Run()
		w.Topic("news", nil)
		for round := range 10 {
			p := w.Person(fmt.Sprintf("p%d@example.com", round), nil)
			w.Give(p, "news")
			var wg sync.WaitGroup
			for _, action := range []string{preferences.ActionWithdraw, preferences.ActionGive} {
				wg.Go(func() {
					_, err := w.People.Consent(ctx, campaignstest.Staff, p.ID, preferences.ConsentInput{Topic: "news", Action: action, Evidence: preferences.Evidence{Source: "race", Wording: "w"}})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			events, err := w.People.Events(ctx, db, p.ID)
			if err != nil || len(events) != 3 {
				t.Fatalf("%d events, %v", len(events), err)
			}
			states, err := w.People.Consents(ctx, db, p.ID)
			if err != nil || len(states) != 1 || states[0].State != events[2].State {
				t.Fatalf("the state is %v, the last event %s", states, events[2].State)
			}
		}
	})
}

func TestACountryIsOneThatExists(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	for country, good := range map[string]bool{"NL": true, "nl": true, "XX": false, "EU": false, "NLD": false, "Holland": false} {
		p, _, err := w.People.Upsert(context.Background(), campaignstest.Staff, preferences.Profile{Email: new("c@example.com"), Country: &country}, "test")
		bad, refused := problem.As(err)
		if good && (err != nil || p.Country != "NL") || !good && (!refused || bad.Fields[0].Field != "country") {
			t.Errorf("%s: %v, %v", country, p, err)
		}
	}
}

// Compliance 18: an address with a line break in it or behind it is refused, not mended.
func TestAnAddressWithALineBreakIsRefused(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	for _, bad := range []string{"a@example.com\r\n", "\na@example.com", "a@example.com\u2028", "a@example.com\t"} {
		if _, _, err := w.People.Upsert(context.Background(), campaignstest.Staff, preferences.Profile{Email: &bad}, "test"); err == nil {
			t.Errorf("%q passes as an address", bad)
		}
		if _, _, err := w.People.Suppress(context.Background(), campaignstest.Staff, bad, preferences.SuppressedManual, "", "test"); err == nil {
			t.Errorf("%q is suppressed", bad)
		}
	}
}

// Compliance 18: the name of a topic goes into List-Id, so it is one line.
func TestTheNameOfATopicIsOneLine(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	for _, bad := range []string{"a\r\nBcc: x@example.com", "a\nb", "a\u2028b", "a\x00b"} {
		_, err := w.People.CreateTopic(ctx, campaignstest.Staff, preferences.TopicInput{Key: "news", Class: "marketing", Basis: "consent", Names: map[string]string{"en": bad}})
		if pr, ok := problem.As(err); !ok || pr.Status != 422 || pr.Fields[0].Field != "names.en" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The contract: 201, or 200 when the address exists. Several at once make one person and none is refused.
func TestOnePersonIsMadeByManyAtOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		for round := range 5 {
			email := fmt.Sprintf("p%d@example.com", round)
			var mu sync.Mutex
			var wait sync.WaitGroup
			ids, made := map[string]bool{}, 0
			for range 8 {
				wait.Go(func() {
					sub, created, err := w.People.Upsert(context.Background(), campaignstest.Staff, preferences.Profile{Email: &email}, "test")
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
						return
					}
					ids[sub.ID] = true
					if created {
						made++
					}
				})
			}
			if wait.Wait(); len(ids) != 1 || made != 1 {
				t.Errorf("%d people, %d of them new", len(ids), made)
			}
		}
	})
}

// The contract: errors name the field. A moment that is none is one.
func TestADateThatIsNoneIsOneOfTheCallersTexts(t *testing.T) {
	var in struct {
		At preferences.Date `json:"collected_at"`
	}
	var bad *time.ParseError
	if err := json.Unmarshal([]byte(`{"collected_at": "yesterday"}`), &in); !errors.As(err, &bad) || bad.Value != "yesterday" {
		t.Errorf("%v: web.Decode finds the field of a time by its text", err)
	}
	for _, good := range []string{"2026-05-01", "2026-05-01T09:00:00+02:00", ""} {
		if err := json.Unmarshal([]byte(`{"collected_at": "`+good+`"}`), &in); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
