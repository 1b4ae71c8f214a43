package workers_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/recipients"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/workers/smtptest"
)

// Promise 2 at full speed (compliance 22): a campaign to 20,000 runs over two workers, and in its middle 500 people use their
// one-click link over HTTP.
func TestFiveHundredUnsubscribeInTheMiddleOfTwentyThousand(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const people, leaving, clients = 20_000, 500, 16
		r := newRig(t, db, smtptest.Options{})
		newEngine(t, r.World, setup{marketing: r.sink.Addr, transactional: r.sink.Addr, journals: t.TempDir()})
		topic := r.Topic("news", nil)
		subs := r.Crowd(people, "news")
		site := httptest.NewServer(r.site())
		defer site.Close()
		c := r.Campaign("news", nil)
		r.Schedule(c)
		for r.sink.Stats().Accepted < people/20 {
			time.Sleep(time.Millisecond)
		}
		h := campaignstest.NewHistory()
		var mu sync.Mutex
		acknowledged, inFlight := map[string]time.Time{}, map[string]int{}
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				for i := client; i < leaving; i += clients {
					p := subs[people-1-i*(people*9/10)/leaving] // from the last to those whose turn is near
					path := strings.TrimPrefix(r.Links.For(p.ID, topic.ID, c.ID, r.Clock.Now()).Unsubscribe, r.Links.Base)
					asked := time.Now()
					answer, err := http.Post(site.URL+path, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
					if err != nil {
						t.Error(err)
						return
					}
					at := time.Now()
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
					n, err := strconv.Atoi(answer.Header.Get("Assent-In-Flight"))
					if answer.StatusCode != http.StatusOK || err != nil {
						t.Errorf("one click: %s, in flight %v", answer.Status, err)
					}
					h.Add(client, campaignstest.Withdrew, p.Email, asked, at)
					mu.Lock()
					acknowledged[p.Email], inFlight[p.Email] = at, n
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		report := r.finished(c)
		late, spared, got := 0, 0, map[string]int{}
		for _, m := range r.sink.Transactions() {
			to := m.To[0]
			got[to]++
			h.Add(clients, campaignstest.Began, to, m.MailAt, m.MailAt)
			if at, ok := acknowledged[to]; ok && m.MailAt.After(at) {
				late++
			}
		}
		for to := range acknowledged {
			if got[to] == 0 {
				spared++
				if inFlight[to] != 0 {
					t.Errorf("%s: nothing was sent, yet %d were told to be in flight", to, inFlight[to])
				}
			}
		}
		for to, n := range got {
			if n > 1 {
				t.Errorf("%s got %d mails", to, n)
			}
		}
		if late != 0 {
			t.Errorf("%d mails began after an acknowledged unsubscribe", late)
		}
		if int64(spared) != report.Skipped["withdrawn"] || report.Sent+report.Skipped["withdrawn"] != people || len(got)+spared != people {
			t.Errorf("%d of %d who left were spared, %d people got a mail: %+v", spared, leaving, len(got), report)
		}
		if spared == 0 {
			t.Error("nobody left in the middle")
		}
		t.Logf("%d of %d who left were spared, %d mails began after their answer", spared, leaving, late)
		h.Check(t)
	})
}

// site is the pages for recipients.
func (r *rig) site() http.Handler {
	e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	desk := &rights.Service{DB: r.DB, Now: r.Clock.Now, Keys: r.Keys, People: r.People}
	(&recipients.Pages{DB: r.DB, Now: r.Clock.Now, Keys: r.Keys, People: r.People, Campaigns: r.Mails, Links: r.Links, Rights: desk}).Register(e)
	return e
}
