package workers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/smtptest"
)

// Who wants a mail a week at most gets the next one by itself once the week is over, and is told of in the report of a
// campaign that does not wait so long (the gate's row 16).
func TestAMailAWeekAtMostComesByItselfWhenTheWeekIsOver(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{})
		ctx := context.Background()
		r.Topic("news", nil)
		for _, email := range []string{"weekly@example.com", "each@example.com"} {
			p := r.Person(email, nil)
			r.Give(p, "news")
			if strings.HasPrefix(email, "weekly") {
				if err := r.People.SetFrequency(ctx, campaignstest.Staff, p.ID, preferences.FrequencyWeekly, preferences.Evidence{Source: "test"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		first := r.Campaign("news", nil)
		r.Schedule(first)
		if report := r.finished(first); report.Sent != 2 {
			t.Fatalf("%+v", report)
		}
		r.Clock.Move(24 * time.Hour)
		second, short := r.Campaign("news", nil), "48h"
		expiring := r.Campaign("news", func(d *campaigns.Draft) { d.ExpiresAfter = &short })
		r.Schedule(second)
		r.Schedule(expiring)
		if report := r.finished(expiring); report.Sent != 1 || report.Skipped["frequency_capped"] != 1 {
			t.Errorf("a campaign that ends before the week is over: %+v", report)
		}
		if report := r.until(second, "does one wait for the week", func(x campaigns.Report) bool { return x.Sent == 1 && x.Deferred == 1 }); report.Status != campaigns.StatusSending {
			t.Fatalf("within the week: %+v", report)
		}
		r.Clock.Move(6*24*time.Hour + time.Minute)
		if report := r.finished(second); report.Sent != 2 {
			t.Errorf("after the week: %+v", report)
		}
		n := 0
		for _, m := range r.sink.Messages() {
			if m.To[0] == "weekly@example.com" {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d mails in two weeks", n)
		}
	})
}
