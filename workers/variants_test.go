package workers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
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

const triedPeople = 120

// triedTest has a second text with a subject and blocks of its own.
const triedTest = `{"share": 40, "wait": "10m", "measure": %q, "variants": [{"subject": "The second subject", "blocks": [{"type": "text", "markdown": "Words of the second."}]}]}`

// tested makes people who get the news, and a campaign of two texts that are tried on some of them.
func tested(w *campaignstest.World, measure string, change func(*campaigns.Draft)) ([]*preferences.Subscriber, *campaigns.Campaign) {
	w.T.Helper()
	w.Topic("news", nil)
	var people []*preferences.Subscriber
	for i := range triedPeople {
		p := w.Person(fmt.Sprintf("p%d@example.com", i), nil)
		w.Give(p, "news")
		people = append(people, p)
	}
	subject := "The first subject"
	return people, w.Campaign("news", func(d *campaigns.Draft) {
		d.Subject, d.Blocks, d.ABTest = &subject, []byte(`[{"type": "text", "markdown": "Words of the first."}]`), json.RawMessage(fmt.Sprintf(triedTest, measure))
		if change != nil {
			change(d)
		}
	})
}

// part is what is recorded about one person's mail.
type part struct {
	id, status, reason string
	variant            int
	tested             bool
}

func parts(w *campaignstest.World, c *campaigns.Campaign) map[string]part {
	w.T.Helper()
	out := map[string]part{}
	for row := range sqldb.Rows(context.Background(), w.DB, "SELECT s.email, s.id, d.status, d.reason, d.variant, d.tested FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id WHERE d.campaign_id = $1", c.ID) {
		var email string
		var p part
		if err := row.Scan(&email, &p.id, &p.status, &p.reason, &p.variant, &p.tested); err != nil {
			w.T.Fatal(err)
		}
		out[email] = p
	}
	return out
}

// variantOf is the text that a mail has, in its subject and in both of its parts alike.
func variantOf(t testing.TB, data []byte) int {
	t.Helper()
	for n, name := range []string{"first", "second"} {
		if strings.Contains(string(data), "\r\nSubject: The "+name+" subject\r\n") {
			if got := strings.Count(string(data), "Words of the "+name+"."); got != 2 {
				t.Errorf("the words of the %s text are %d times in its mail:\n%s", name, got, data)
			}
			return n + 1
		}
	}
	t.Fatalf("a mail has no subject of the test:\n%s", data)
	return 0
}

// arrived holds what came to the relay against what is recorded: nobody twice, and each the text that is recorded.
func arrived(w *campaignstest.World, c *campaigns.Campaign, mails []smtptest.Transaction) map[string]int {
	w.T.Helper()
	recorded, got := parts(w, c), map[string]int{}
	for _, m := range mails {
		to := m.To[0]
		if got[to] != 0 {
			w.T.Errorf("%s got two mails", to)
		}
		got[to] = variantOf(w.T, m.Data)
		if p := recorded[to]; p.variant != got[to] || (p.status != campaigns.StatusSent && p.status != campaigns.StatusUncertain) {
			w.T.Errorf("%s got text %d, and recorded is %+v", to, got[to], p)
		}
	}
	for email, p := range recorded {
		if p.status == campaigns.StatusSent && got[email] == 0 {
			w.T.Errorf("%s is recorded as sent and got nothing", email)
		}
	}
	return got
}

func (r *rig) waits(c *campaigns.Campaign) campaigns.Report {
	r.T.Helper()
	return r.until(c, "does everybody have the test's mail or wait", func(x campaigns.Report) bool {
		return x.Sent > 20 && x.Deferred > 20 && x.Sent+x.Deferred == triedPeople
	})
}

// still fails if the campaign moves within a time, or keeps the engine busy.
func (r *rig) still(c *campaigns.Campaign, status string) {
	r.T.Helper()
	before, steps := r.Report(c), r.sink.Stats()
	for range 10 {
		time.Sleep(150 * time.Millisecond)
		stored, err := r.Mails.Get(context.Background(), r.DB, c.ID)
		if err != nil {
			r.T.Fatal(err)
		}
		if work, err := r.Mails.HasWork(context.Background(), stored); err != nil || work && status == campaigns.StatusSending {
			r.T.Fatalf("a campaign that only waits keeps the engine busy: %v %v", work, err)
		}
	}
	after := r.Report(c)
	if after.Status != status || after.Sent != before.Sent || after.Deferred != before.Deferred || r.sink.Stats().Transactions != steps.Transactions {
		r.T.Fatalf("while it waits it went from %+v to %+v", before, after)
	}
}

func TestTheRestOfATestWaitsAndGetsTheWinner(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{})
		people, c := tested(r.World, campaigns.MeasureUnsubscribes, nil)
		r.Schedule(c)
		first := r.waits(c)
		r.still(c, campaigns.StatusSending)
		// Most who got the first text leave, and three who wait: what they say counts, not when they were looked at (compliance 22).
		recorded, left, gone := parts(r.World, c), 0, map[string]bool{}
		for _, p := range people {
			switch at := recorded[p.Email]; {
			case at.variant == 1 && left < 12:
				left++
				if err := r.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
					_, err := r.Mails.Note(t.Context(), tx, r.Clock.Now(), c.ID, p.ID, campaigns.CountUnsubscribed)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			case at.status == campaigns.StatusDeferred && len(gone) < 3:
				if at.reason != campaigns.ReasonTest {
					t.Errorf("%s waits because of %q", p.Email, at.reason)
				}
				gone[p.Email] = true
				if got := r.Withdraw(p, "news"); got.InFlight != 0 {
					t.Errorf("a mail that waits counts as in flight: %+v", got)
				}
			}
		}
		if _, err := r.Mails.Pause(t.Context(), campaignstest.Staff, c.ID, "by hand"); err != nil {
			t.Fatal(err)
		}
		r.Clock.Move(15 * time.Minute)
		r.still(c, campaigns.StatusPaused)
		if _, err := r.Mails.Resume(t.Context(), campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		report := r.finished(c)
		if report.Sent != triedPeople-3 || report.Skipped["withdrawn"] != 3 || report.Deferred != 0 || report.Total != triedPeople {
			t.Errorf("%+v", report)
		}
		got := arrived(r.World, c, r.sink.Messages())
		for email, p := range parts(r.World, c) {
			if gone[email] && (got[email] != 0 || p.status != campaigns.StatusSkipped) {
				t.Errorf("%s withdrew while they waited and got text %d: %+v", email, got[email], p)
			}
			if was := recorded[email]; was.status == campaigns.StatusSent && (p.variant != was.variant || !p.tested) {
				t.Errorf("%s: what was recorded changed from %+v to %+v", email, was, p)
			}
			if !p.tested && !gone[email] && got[email] != 2 {
				t.Errorf("%s is of the rest and got text %d, not the winner", email, got[email])
			}
		}
		if f := report.ABTest; f == nil || f.Tried[0].Sent+f.Tried[1].Sent != first.Sent || f.Best != 2 {
			t.Errorf("the findings count others than those who took part: %+v", f)
		}
	})
}

// A campaign that waits for a winner can be cancelled, and its time can run out: then nobody of the rest gets it.
func TestWhatWaitsForAWinnerEndsWithTheCampaign(t *testing.T) {
	for reason, end := range map[string]func(r *rig, c *campaigns.Campaign){
		campaigns.ReasonCancelled: func(r *rig, c *campaigns.Campaign) {
			if _, err := r.Mails.Cancel(context.Background(), campaignstest.Staff, c.ID); err != nil {
				r.T.Fatal(err)
			}
		},
		campaigns.ReasonExpired: func(r *rig, c *campaigns.Campaign) {
			r.Clock.Move(3 * time.Hour) // the test would be over as well
			r.finished(c)
		},
	} {
		t.Run(reason, func(t *testing.T) {
			sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
				r := newRig(t, db, smtptest.Options{})
				expires := "2h"
				_, c := tested(r.World, campaigns.MeasureUnsubscribes, func(d *campaigns.Draft) { d.ExpiresAfter = &expires })
				r.Schedule(c)
				first := r.waits(c)
				end(r, c)
				r.until(c, "is nobody held any more", func(x campaigns.Report) bool { return x.Deferred == 0 })
				time.Sleep(time.Second) // two looks of the reconciler
				report := r.Report(c)
				if report.Sent != first.Sent || report.Skipped[reason] != first.Deferred || report.Deferred != 0 || report.Total != triedPeople {
					t.Errorf("%+v and then %+v", first, report)
				}
				stored, err := r.Mails.Get(t.Context(), r.DB, c.ID)
				if err != nil || stored.ABState.Winner != 0 {
					t.Errorf("a winner was chosen for nobody: %+v, %v", stored.ABState, err)
				}
				if got := arrived(r.World, c, r.sink.Messages()); int64(len(got)) != first.Sent {
					t.Errorf("%d mails arrived", len(got))
				}
			})
		})
	}
}

// Promise 3: a worker that dies while a text is tried, and again while the winner goes out, sends nobody a second text.
func TestATestOutlivesKilledWorkers(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			f := newField(t, fault{process: true}, engine)
			_, c := tested(f.World, campaigns.MeasureHand, nil)
			f.Schedule(c)
			upto := func(n int) {
				t.Helper()
				f.until(fmt.Sprintf("are %d mails there", n), func() bool { return f.marketing.accepted() >= n })
				f.kill()
				f.start()
			}
			f.start()
			upto(15)
			f.until("does everybody have the test's mail or wait", func() bool {
				r := f.Report(c)
				return r.Claimed == 0 && r.Sent+r.Uncertain+r.Deferred == triedPeople && r.Sent > 20 && allHeld(f.World, c)
			})
			tried := f.marketing.accepted()
			f.kill() // while it waits
			f.start()
			time.Sleep(time.Second)
			if n := f.marketing.accepted(); n != tried {
				t.Fatalf("%d mails left while there is no winner", n-tried)
			}
			if _, err := f.Mails.ChooseWinner(t.Context(), campaignstest.Staff, c.ID, 2); err != nil {
				t.Fatal(err)
			}
			upto(tried + 15)
			f.until("does it end", func() bool { return f.Report(c).Status == campaigns.StatusFinished })
			report := f.Report(c)
			if report.Sent+report.Uncertain != triedPeople || report.Uncertain > 3 {
				t.Errorf("%+v", report)
			}
			var mails []smtptest.Transaction
			for _, m := range f.marketing.transactions() {
				if m.Whole {
					mails = append(mails, m)
				}
			}
			got := arrived(f.World, c, mails)
			for email, p := range parts(f.World, c) {
				if !p.tested && p.variant != 2 || got[email] == 0 && p.status != campaigns.StatusUncertain {
					t.Errorf("%s of the rest got text %d: %+v", email, got[email], p)
				}
			}
		})
	}
}

// allHeld tells whether all that is deferred waits for the winner.
func allHeld(w *campaignstest.World, c *campaigns.Campaign) bool {
	for _, p := range parts(w, c) {
		if p.status == campaigns.StatusDeferred && p.reason != campaigns.ReasonTest {
			return false
		}
	}
	return true
}

var countedLink = regexp.MustCompile(`https://mail\.example\.com(/k/[A-Za-z0-9_-]+)`)

// unfolded is a mail's text without the line ends of quoted-printable.
func unfolded(data []byte) string {
	return strings.ReplaceAll(strings.ReplaceAll(string(data), "=\r\n", ""), "=3D", "=")
}

// Compliance 43: links of people who did not agree are as they were written, and nothing of them is counted, whatever they do.
func TestClicksThroughTheEngineAreThoseOfPeopleWhoAgree(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{})
		r.Topic("news", nil)
		agree := func(p *preferences.Subscriber, on bool) {
			if err := r.People.SetTracking(t.Context(), campaignstest.Staff, p.ID, on, preferences.Evidence{Source: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		people := map[string]*preferences.Subscriber{}
		for i := range 40 {
			p := r.Person(fmt.Sprintf("p%d@example.com", i), nil)
			r.Give(p, "news")
			if people[p.Email] = p; i%2 == 0 {
				agree(p, true)
			}
		}
		track := true
		c := r.Campaign("news", func(d *campaigns.Draft) { d.TrackClicks = &track })
		r.Schedule(c)
		r.finished(c)
		paths := map[string]string{}
		for _, m := range r.sink.Messages() {
			to, text := m.To[0], unfolded(m.Data)
			links := countedLink.FindAllStringSubmatch(text, -1)
			p, err := r.People.Subscriber(t.Context(), r.DB, people[to].ID)
			if err != nil {
				t.Fatal(err)
			}
			if p.TrackingAt.IsZero() {
				if len(links) != 0 || !strings.Contains(text, `href="https://example.com/news"`) {
					t.Errorf("%s did not agree and has %d counted links", to, len(links))
				}
				continue
			}
			if len(links) == 0 || strings.Contains(text, `href="https://example.com/news"`) {
				t.Fatalf("%s agreed and has %d counted links", to, len(links))
			}
			paths[to] = links[0][1]
		}
		if len(paths) != 20 {
			t.Fatalf("%d of 20 mails have counted links", len(paths))
		}
		site := r.site()
		click := func(path string) {
			t.Helper()
			req := httptest.NewRequest("GET", path, nil)
			req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
			rec := httptest.NewRecorder()
			site.ServeHTTP(rec, req)
			if rec.Code != 302 || rec.Header().Get("Location") != "https://example.com/news" {
				t.Fatalf("a click leads with %d to %q", rec.Code, rec.Header().Get("Location"))
			}
		}
		r.Clock.Move(time.Minute)
		marks := func() (n int) {
			t.Helper()
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM click_marks WHERE link_id <> ''").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		// Who agrees only after the mail was written is not counted for it, nor who takes it back before they click.
		var link string
		if err := db.QueryRowContext(t.Context(), "SELECT id FROM campaign_links WHERE campaign_id = $1", c.ID).Scan(&link); err != nil {
			t.Fatal(err)
		}
		late := people["p1@example.com"]
		forged := strings.TrimPrefix(r.Links.Click(late.ID, link, c.ID, r.Clock.Now()), r.Links.Base)
		click(forged)
		agree(late, true)
		click(forged)
		agree(people["p0@example.com"], false)
		click(paths["p0@example.com"])
		if _, err := r.People.Restrict(t.Context(), campaignstest.Staff, people["p2@example.com"].ID, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		click(paths["p2@example.com"])
		if n := marks(); n != 0 {
			t.Fatalf("%d clicks are counted of people who did not agree to it", n)
		}
		n := 0
		for email, path := range paths {
			if email == "p0@example.com" || email == "p2@example.com" {
				continue
			}
			if n++; n == 10 { // nine clicked: a number of them is not told
				if k := r.Report(c).Clicks; k.People != nil || k.Links[0].People != nil {
					t.Errorf("fewer than ten are told: %+v", k)
				}
			}
			click(path)
			click(path)
		}
		if k := r.Report(c).Clicks; marks() != 18 || k.People == nil || *k.People != 18 || k.Tracked != 20 {
			t.Errorf("%d marks, %+v", marks(), k)
		}
	})
}
