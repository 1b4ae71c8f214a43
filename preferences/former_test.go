package preferences_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Who moved and is then erased stays erased under every address that they had, and no address of theirs remains; an address that
// somebody else has by then is theirs (compliance 33, 34, promise 7).
func TestAnErasureReachesFormerAddresses(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		ctx := context.Background()
		w.Topic("news", nil)
		move := func(sub *preferences.Subscriber, email string) {
			t.Helper()
			if _, err := w.People.Update(ctx, campaignstest.Staff, sub.ID, preferences.Profile{Email: &email}); err != nil {
				t.Fatal(err)
			}
		}
		block := func(email, reason string) {
			t.Helper()
			if _, _, err := w.People.Suppress(ctx, campaignstest.Staff, email, reason, "", "test"); err != nil {
				t.Fatal(err)
			}
		}
		ann := w.Person("ann@first.example", nil)
		block("ann@first.example", preferences.SuppressedComplained)
		move(ann, "ann@second.example")
		move(ann, "ann@third.example")
		heir := w.Person("ann@second.example", nil) // the company gave the mailbox to somebody else
		block("ann@second.example", preferences.SuppressedManual)
		if _, err := w.People.Erase(ctx, campaignstest.Staff, ann.ID); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"ann@first.example", "ann@third.example"} {
			if found := sqldbtest.Traces(t, db, gone); len(found) > 0 {
				t.Errorf("%s is still in %v", gone, found)
			}
			if got := asks(w, w.Person(gone, nil), "news"); got != "deny erased" {
				t.Errorf("%s came back: %s", gone, got)
			}
		}
		if got := asks(w, heir, "news"); got != "deny suppressed" {
			t.Errorf("the next owner of an address: %s", got)
		}
	})
}

// Whoever comes under an address that somebody gave up is most often that person, so what they said against mail holds: for
// whoever the API or the staff enter, and for a form, where only its confirmation lifts it (compliance 33).
func TestWhoComesUnderAFormerAddressHasSaidNo(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		ctx, evidence := context.Background(), preferences.Evidence{Source: "test"}
		check := func(_ any, err error) { t.Helper(); w.Must(err) }
		w.Topic("news", nil)
		w.Topic("terms", func(in *preferences.TopicInput) { in.Basis = "legitimate_interests" })
		w.Topic("study", func(in *preferences.TopicInput) { in.Class, in.Basis = "research", "legitimate_interests" })
		_, err := (&partners.Store{DB: db, Now: w.Clock.Now}).Create(ctx, campaignstest.Staff, "shop", "Shop")
		w.Must(err)
		for name, no := range map[string]func(id string){
			"withdrawn":        func(id string) { w.Choose(&preferences.Subscriber{ID: id}, "terms", "withdraw") },
			"objected":         func(id string) { w.Choose(&preferences.Subscriber{ID: id}, "terms", "object") },
			"objected2":        func(id string) { check(w.People.Object(ctx, campaignstest.Staff, id, false, evidence)) },
			"unsubscribed_all": func(id string) { check(w.People.UnsubscribeAll(ctx, campaignstest.Staff, id, evidence)) },
			"restricted":       func(id string) { check(w.People.Restrict(ctx, campaignstest.Staff, id, evidence)) },
			"":                 func(string) {},
		} {
			w.Clock.Move(time.Minute)
			old := name + "x@old.example"
			was := w.Person(old, nil)
			no(was.ID)
			w.Clock.Move(time.Minute)
			now := name + "x@new.example"
			check(w.People.Update(ctx, campaignstest.Staff, was.ID, preferences.Profile{Email: &now}))
			w.Clock.Move(time.Minute)
			fresh := w.Person(old, nil)
			if fresh.ID == was.ID {
				t.Fatal("nobody was made")
			}
			want := "deny " + strings.TrimSuffix(name, "2")
			if name == "" {
				want = "allow allowed"
			}
			if got := asks(w, fresh, "terms"); got != want {
				t.Errorf("%s: %s", name, got)
			}
			events, err := w.People.Events(ctx, db, fresh.ID)
			w.Must(err)
			if name == "" && len(events) != 0 || name != "" && (len(events) == 0 || events[0].Source != "former address" || events[0].Actor != "system") {
				t.Errorf("%s: %+v", name, events)
			}
			if name != "withdrawn" && name != "unsubscribed_all" {
				continue
			}
			// What they agreed to before that they did not agree to since; what they agree to later counts.
			for _, then := range []struct {
				ago  time.Duration
				want string
			}{{time.Hour, "deny " + name}, {0, "allow allowed"}} {
				check(w.People.Consent(ctx, campaignstest.Staff, fresh.ID, preferences.ConsentInput{Topic: "terms", Action: "give", Evidence: preferences.Evidence{Source: "fair", Wording: "Yes", CollectedAt: w.Clock.Now().Add(-then.ago)}}))
				if got := asks(w, fresh, "terms"); got != then.want {
					t.Errorf("%s, given %v ago: %s", name, then.ago, got)
				}
			}
		}

		// A form asks first, also where its topic does without, and its confirmation counts.
		was := w.Person("form@old.example", nil)
		w.Choose(was, "news", "withdraw")
		now := "form@new.example"
		check(w.People.Update(ctx, campaignstest.Staff, was.ID, preferences.Profile{Email: &now}))
		w.Clock.Move(time.Minute)
		var in preferences.SignedUp
		w.Must(db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			in, err = w.People.SignUp(ctx, tx, preferences.SignUp{Email: "form@old.example", Source: "form:news", Topics: []preferences.SignUpTopic{{Key: "news", Wording: "Yes"}}, Evidence: preferences.Evidence{Source: "form"}})
			return err
		}))
		if got := asks(w, in.Subscriber, "news"); !in.Created || !in.Mailed || got != "deny unconfirmed" {
			t.Errorf("a form: %+v %s", in, got)
		}

		// A partner whom they spoke against, and market research.
		was = w.Person("more@old.example", nil)
		check(w.People.Consent(ctx, campaignstest.Staff, was.ID, preferences.ConsentInput{Partner: "shop", Action: "object", Evidence: evidence}))
		check(w.People.Object(ctx, campaignstest.Staff, was.ID, true, evidence))
		now = "more@new.example"
		check(w.People.Update(ctx, campaignstest.Staff, was.ID, preferences.Profile{Email: &now}))
		fresh := w.Person("more@old.example", nil)
		objected, err := w.People.PartnerObjections(ctx, db, fresh.ID)
		w.Must(err)
		if got := asks(w, fresh, "study"); got != "deny objected" || len(objected) != 1 || fresh.ObjectedAt != was.ObjectedAt {
			t.Errorf("research %s, partners %v", got, objected)
		}
		report, err := ledger.Verify(ctx, db, ledger.Options{})
		w.Must(err)
		if !report.OK() {
			t.Errorf("%+v", report)
		}
	})
}
