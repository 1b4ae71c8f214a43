package campaigns_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// What a test of texts is asked while its campaign goes out reads no more than those who took part, or a single row: with many
// deliveries nothing looks at them all. ASSENT_TEST_DELIVERIES says how many.
func TestFindingsAndWaitingReadNoMoreThanTheyMust(t *testing.T) {
	ctx, db := context.Background(), sqldbtest.SQLite(t)
	w := campaignstest.New(t, db)
	w.Topic("news", nil)
	track := true
	c := w.Campaign("news", func(d *campaigns.Draft) {
		d.TrackClicks, d.ABTest = &track, []byte(`{"share": 10, "wait": "1h", "measure": "clicks", "variants": [{"subject": "B"}]}`)
	})
	w.Schedule(c)
	w.SendAll(c)
	n := 20000
	if text := os.Getenv("ASSENT_TEST_DELIVERIES"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	// One in ten took part; the others wait for the winner.
	_, err := db.ExecContext(ctx, `WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < $1)
		INSERT INTO deliveries (id, campaign_id, subscriber_id, status, reason, at, decided_at, basis, evidence, facts, worker, variant, tested, tracked)
		SELECT 'd' || i, $2, 's' || i, CASE WHEN i % 10 = 0 THEN 'sent' ELSE 'deferred' END, CASE WHEN i % 10 = 0 THEN '' ELSE 'ab_test' END, $3, $3, 'consent', '', '', '',
			CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 2 ELSE 0 END, i % 10 = 0, i % 20 = 0 FROM g`, n, c.ID, sqldb.Micros(w.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'sending', planned = TRUE WHERE id = $1", c.ID); err != nil {
		t.Fatal(err)
	}
	c = get(t, w, c)
	for query, index := range map[string]string{
		campaigns.FindingsQuery: "COVERING INDEX deliveries_tested", campaigns.TestQuery: "deliveries_tested", campaigns.HeldQuery: "deliveries_deferred", campaigns.TrackedQuery: "deliveries_tracked",
	} {
		args := []any{c.ID, int64(0)}[:strings.Count(query, "$")]
		if strings.Contains(query, "due_at <= $1") {
			args = []any{int64(0), c.ID}
		}
		var plan []string
		for line := range strings.Lines(sqldbtest.Plan(t, db, query, args...)) {
			if strings.Contains(line, "deliveries") {
				plan = append(plan, line)
			}
		}
		if len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH") || !strings.Contains(plan[0], index) {
			t.Errorf("%s\nis read as %q", query, plan)
		}
	}
	took := func(what string, do func() error) {
		begin := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s with %d deliveries: %s", what, n, fmt.Sprint(time.Since(begin).Round(10*time.Microsecond)))
	}
	took("findings", func() error { _, err := w.Mails.Findings(ctx, db, c); return err })
	took("has work", func() error { _, err := w.Mails.HasWork(ctx, c); return err })
	took("clicks", func() error { _, err := w.Mails.Clicks(ctx, c); return err })
	took("report", func() error { _, err := w.Mails.Report(ctx, c); return err })
	took("claim of nobody", func() error { _, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 100); return err })
}
