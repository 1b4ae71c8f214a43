package preferences_test

import (
	"context"
	"fmt"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Compliance 22: whoever is withdrawn with many others in the middle of a campaign gets none of its mails that has not begun, whether it
// was claimed already or not; the others get theirs.
func TestManyWhoAreWithdrawnGetNoMailOfARunningCampaign(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		leaving := map[string]bool{}
		var ids []string
		for i := range 30 {
			p := w.Person(fmt.Sprintf("p%02d@example.com", i), nil)
			w.Give(p, "news")
			if i%2 == 0 {
				ids, leaving[p.ID] = append(ids, p.ID), true
			}
		}
		c := w.Campaign("news", nil)
		w.Schedule(c)
		first, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 10)
		if err != nil || len(first.Items) != 10 {
			t.Fatal(len(first.Items), err)
		}
		var claimed []string
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			var n int64
			n, _, claimed, err = w.People.WithdrawPeople(ctx, tx, campaignstest.Staff, ids, "news", preferences.Evidence{Source: "test"})
			if n != 15 {
				t.Errorf("%d are withdrawn", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(claimed) != 5 {
			t.Errorf("%d claimed mails are told", len(claimed))
		}
		var wrong int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE status = 'claimed' AND (revoked_at IS NOT NULL) <> (subscriber_id "+db.Dialect().In(1)+")", db.Dialect().List(ids)).Scan(&wrong); err != nil || wrong != 0 {
			t.Errorf("%d claims are wrong, %v", wrong, err)
		}
		rest := 0
		for {
			b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range b.Items {
				if leaving[item.Person.ID] {
					t.Errorf("%s was claimed after that", item.Person.Email)
				}
			}
			if rest += len(b.Items); b.Idle || len(b.Items) == 0 {
				break
			}
		}
		if rest != 10 {
			t.Errorf("%d others were claimed", rest)
		}
	})
}
