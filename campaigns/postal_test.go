package campaigns_test

import (
	"context"
	"testing"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/campaignstest"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// No marketing goes to a real relay without the sender's postal address: 15 USC 7704, compliance 40.
func TestMarketingNeedsAPostalAddressBeforeARealRelay(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		store := &brands.Store{DB: db, Now: w.Clock.Now}
		live := func(postal string) {
			t.Helper()
			if _, err := store.Update(ctx, campaignstest.Staff, brands.Default, func(b *brands.Brand) { b.PostalAddress = postal }); err != nil {
				t.Fatal(err)
			}
		}
		at := w.Clock.Now().AddDate(0, 0, 1)
		schedule := func() (*campaigns.Campaign, error) {
			return w.Mails.Schedule(ctx, campaignstest.Staff, w.Campaign("news", nil).ID, campaigns.Schedule{At: at})
		}
		live("")
		if _, err := schedule(); err != nil {
			t.Errorf("the built-in mailbox wants a postal address: %v", err)
		}
		w.Mails.RealRelay = true
		_, err := schedule()
		if p, ok := problem.As(err); !ok || p.Status != 422 || len(p.Fields) != 1 || p.Fields[0].Field != "brand" {
			t.Errorf("without a postal address: %v", err)
		}
		live("Street 1, 1234 AB Town")
		if _, err := schedule(); err != nil {
			t.Errorf("with a postal address: %v", err)
		}
	})
}
