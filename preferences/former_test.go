package preferences_test

import (
	"context"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/preferences"
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
