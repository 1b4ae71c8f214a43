package policies_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"assent/campaigns/policies"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// A draft is its author's: it takes no effect, and the public does not see it, until it is published or announced.
func TestADraftIsNobodyElsesAndHoldsNothing(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		w := newWorld(t, db)
		w.privacy()
		w.version("1", start.Add(-time.Hour), false, "The first.").Want(http.StatusCreated)
		draft := func(name string, rights bool) {
			t.Helper()
			w.API("POST", "/policies/privacy/versions", object{"version": name, "effective_at": start.Add(-time.Minute), "affects_rights": rights, "draft": true, "bodies": object{"en": "Secret plans."}}).Want(http.StatusCreated)
		}
		draft("2", false)
		draft("3", true)
		w.lead["privacy/3"] = start.Add(-time.Minute)
		if got := w.statuses(); !strings.Contains(got, "2 draft") || !strings.Contains(got, "3 draft") || w.current() != "1" {
			t.Fatalf("%s, current %s", got, w.current())
		}
		if took, err := w.store.Settle(ctx); err != nil || len(took) != 1 || took[0].Version != "1" {
			t.Errorf("%v %v", took, err)
		}
		for _, path := range []string{"/policies/privacy/2", "/policies/privacy/changes?from=1&to=2"} {
			w.Get(path).Want(http.StatusNotFound)
		}
		if body := w.Get("/policies/privacy").Want(http.StatusOK).Body; strings.Contains(body, "/policies/privacy/2") {
			t.Error("the archive shows a draft")
		}
		if _, err := w.store.ChangeVersion(ctx, audit.System("test"), "privacy", "2", func(d *policies.Draft) { d.Hidden = false }); err != nil {
			t.Fatal(err)
		}
		if w.current() != "2" {
			t.Errorf("published, and yet %s", w.statuses())
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			return policies.Announce(ctx, tx, w.now, audit.System("test"), "privacy", "3")
		}); err != nil {
			t.Fatal(err)
		}
		if w.current() != "3" {
			t.Errorf("announced in time, and yet %s", w.statuses())
		}
	})
}
