package campaigns_test

import (
	"context"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/pace"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Where the plan stands is what Reserve goes by: days on which nothing was sent do not count.
func TestWhereTheWarmUpStands(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		plan, err := pace.ParseWarmup("30,100")
		if err != nil {
			t.Fatal(err)
		}
		stands := func(day, sent, quota int, limited bool) {
			t.Helper()
			d, s, q, l, err := w.Mails.Warming(ctx, plan)
			if err != nil || d != day || s != sent || q != quota || l != limited {
				t.Errorf("day %d, %d of %d, %v, %v; want day %d, %d of %d, %v", d, s, q, l, err, day, sent, quota, limited)
			}
		}
		stands(1, 0, 30, true)
		if n, _, err := w.Mails.Reserve(ctx, plan, 12); err != nil || n != 12 {
			t.Fatal(n, err)
		}
		stands(1, 12, 30, true)
		w.Clock.Move(72 * time.Hour)
		stands(2, 0, 100, true)
		if _, _, err := w.Mails.Reserve(ctx, plan, 7); err != nil {
			t.Fatal(err)
		}
		w.Clock.Move(24 * time.Hour)
		stands(3, 0, 0, false)
	})
}
