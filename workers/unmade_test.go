package workers_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"assent/campaigns"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/templates/locale"
	"assent/templates/mail"
	"assent/workers"
	"assent/workers/smtptest"
)

// A mail that cannot be made is not one that failed: it goes when what was wrong has passed, and if it does not pass, the
// campaign pauses and says why.
func TestAMailThatCannotBeMadeIsNotLost(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var asked, away atomic.Int64 // the first asks whether the campaign may be scheduled; then the event cannot be read away times
		r := newRig(t, db, smtptest.Options{}, func(e *workers.Engine) {
			e.Campaigns.Event = func(*locale.Locale) func(string) (mail.Event, bool) {
				return func(string) (mail.Event, bool) {
					n := asked.Add(1)
					return mail.Event{Title: "Fair"}, n == 1 || n > 1+away.Load()
				}
			}
		})
		r.Topic("news", nil)
		r.Crowd(20, "news")
		send := func(times int64) *campaigns.Campaign {
			c := r.Campaign("news", func(d *campaigns.Draft) { d.Blocks = []byte(`[{"type":"event","event":"fair"}]`) })
			asked.Store(0)
			away.Store(times)
			r.Schedule(c)
			return c
		}
		if got := r.finished(send(2)); got.Sent != 20 || got.Failed != 0 || asked.Load() < 4 {
			t.Errorf("after a moment: %+v", got)
		}
		c := send(1 << 40)
		got := r.until(c, "paused", func(got campaigns.Report) bool { return got.Status == campaigns.StatusPaused })
		if got.Failed != 0 || got.Sent != 0 || !strings.HasPrefix(got.StatusReason, "a mail cannot be made: ") {
			t.Errorf("%+v", got)
		}
	})
}
