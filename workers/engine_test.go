package workers_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/outbox"
	"assent/campaigns/pace"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers"
	"assent/workers/limits"
	"assent/workers/queue"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

// rig is an engine on a real queue in front of a real SMTP listener.
type rig struct {
	*campaignstest.World
	engine *workers.Engine
	sink   *smtptest.Server
}

func newRig(t *testing.T, db *sqldb.DB, o smtptest.Options, change ...func(*workers.Engine)) *rig {
	t.Helper()
	w := campaignstest.New(t, db)
	w.Clock.Run()
	r := &rig{World: w, sink: smtptest.Serve(t, o)}
	r.engine = newEngine(t, w, setup{marketing: r.sink.Addr, transactional: r.sink.Addr, journals: t.TempDir(), change: change})
	return r
}

// setup is what an engine of a test stands between.
type setup struct {
	redis                    string // empty: embedded
	marketing, transactional string // addresses of relays
	connections              int    // 0: 8
	patience                 transport.Options
	journals                 string
	change                   []func(*workers.Engine)
}

// newEngine starts an engine on a domain until the test ends.
func newEngine(t *testing.T, w *campaignstest.World, s setup) *workers.Engine {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if os.Getenv("ASSENT_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	q, err := queue.Open(s.redis, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	relay := func(addr string, stream gate.Stream) transport.Transport {
		host, port, _ := net.SplitHostPort(addr)
		n, _ := strconv.Atoi(port)
		o := s.patience
		o.Stream = stream
		to, err := transport.NewSMTP(transport.Relay{Host: host, Port: n, Connections: cmp.Or(s.connections, 8)}, o)
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	hints := &workers.Hints{Queue: q, Log: log, Lanes: min(4, cmp.Or(s.connections, 4))}
	w.Outbox.Nudge, w.Mails.Kick = hints.Nudge, hints.Campaign
	e := &workers.Engine{
		ID: sqldb.NewID(), Host: "test", DB: w.DB, Log: log, Queue: q, Campaigns: w.Mails, People: w.People, Outbox: w.Outbox, Links: w.Links,
		Composer: &outbox.Composer{DB: w.DB, Views: campaigns.Views(w.People, w.Links), Composed: map[string]outbox.Composed{outbox.KindTrial: w.Mails.ComposeTest},
			Locale: func(context.Context) string { return "en" }},
		Marketing: relay(s.marketing, gate.StreamMarketing), Transactional: relay(s.transactional, gate.StreamTransactional), Journals: s.journals,
	}
	for _, f := range s.change {
		f(e)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(context.Background()) })
	return e
}

// finished waits until a campaign is over.
func (r *rig) finished(c *campaigns.Campaign) campaigns.Report {
	r.T.Helper()
	for range 3600 {
		if report := r.Report(c); report.Status == campaigns.StatusFinished {
			return report
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.T.Fatalf("the campaign does not end: %+v", r.Report(c))
	return campaigns.Report{}
}

func TestACampaignReachesEverybodyOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{})
		r.Topic("news", nil)
		r.Crowd(250, "news")
		c := r.Campaign("news", nil)
		r.Schedule(c)
		if report := r.finished(c); report.Sent != 250 || report.Total != 250 {
			t.Fatalf("%+v", report)
		}
		got := map[string]int{}
		for _, m := range r.sink.Messages() {
			got[m.To[0]]++
			for _, header := range []string{"\r\nList-Unsubscribe: <https://mail.example.com/u/", "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "\r\nPrecedence: bulk\r\n"} {
				if strings.Count(string(m.Data), header) != 1 {
					t.Fatalf("compliance 1, 9: %q is not once in\n%s", header, m.Data)
				}
			}
		}
		for address, n := range got {
			if n != 1 {
				t.Errorf("%s got %d mails", address, n)
			}
		}
		if len(got) != 250 {
			t.Errorf("%d people got the mail", len(got))
		}
		if v := r.sink.Violations(); len(v) > 0 {
			t.Errorf("SMTP violations: %v", v)
		}
	})
}

// Compliance 15: a 5.1.1 suppresses, the relay's words are kept with the delivery, and the campaign does not stand still for it.
func TestAddressesThatDoNotExistHoldNobodyUp(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const reply = "550 5.1.1 no such user"
		r := newRig(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
			if s.Verb == "RCPT" && strings.HasPrefix(s.To, "gone") {
				return smtptest.Reply{Text: reply}
			}
			return smtptest.Reply{}
		}})
		r.Topic("news", nil)
		for i := range 20 {
			r.Give(r.Person(fmt.Sprintf("gone%d@example.com", i), nil), "news")
			r.Give(r.Person(fmt.Sprintf("here%d@example.com", i), nil), "news")
		}
		c, began := r.Campaign("news", nil), time.Now()
		r.Schedule(c)
		report := r.finished(c)
		if took := time.Since(began); took > 25*campaigns.LeaseTime {
			t.Errorf("it took %v: each bounce waits for its own claim", took)
		}
		if report.Sent != 20 || report.Bounced != 20 || report.Failed != 20 {
			t.Errorf("%+v", report)
		}
		list, err := r.Mails.Deliveries(t.Context(), c.ID, campaigns.StatusBounced, "", 100)
		if err != nil || len(list) != 20 {
			t.Fatalf("%d bounced, %v", len(list), err)
		}
		for _, d := range list {
			blocks, err := r.People.Suppressions(t.Context(), d.Email, "", time.Time{}, "", 10)
			for end := time.Now().Add(time.Minute); err == nil && len(blocks) == 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				blocks, err = r.People.Suppressions(t.Context(), d.Email, "", time.Time{}, "", 10) // it follows the outcome
			}
			if d.Reply != reply || err != nil || len(blocks) != 1 || blocks[0].Reason != preferences.SuppressedBounced {
				t.Fatalf("%s: %q, %v, %v", d.Email, d.Reply, blocks, err)
			}
		}
	})
}

// Promise 2: after its response no mail for that person begins, also in the middle of a running campaign (compliance 22).
func TestNoMailBeginsAfterAnAcknowledgedUnsubscribe(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
			if s.Verb == "." {
				return smtptest.Reply{Delay: 30 * time.Millisecond} // so that it takes a while
			}
			return smtptest.Reply{}
		}})
		r.Topic("news", nil)
		const people, leaving = 800, 80
		subs := r.Crowd(people, "news")
		c := r.Campaign("news", nil)
		r.Schedule(c)
		for len(r.sink.Messages()) < 10 {
			time.Sleep(time.Millisecond)
		}
		var mu sync.Mutex
		acknowledged, inFlight := map[string]time.Time{}, map[string]int{}
		var wg sync.WaitGroup
		for lane := range 4 {
			wg.Go(func() {
				for i := lane; i < leaving; i += 4 {
					p := subs[people-1-i*people/leaving]
					out := r.Withdraw(p, "news")
					at := time.Now()
					mu.Lock()
					acknowledged[p.Email], inFlight[p.Email] = at, out.InFlight
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		report := r.finished(c)
		late, got := 0, map[string]int{}
		for _, m := range r.sink.Transactions() {
			to := m.To[0]
			got[to]++
			if at, ok := acknowledged[to]; ok && m.MailAt.After(at) {
				late++
			}
		}
		if late != 0 {
			t.Errorf("%d mails began after an acknowledged unsubscribe", late)
		}
		var spared int
		for address := range acknowledged {
			if got[address] == 0 {
				spared++
				if inFlight[address] != 0 {
					t.Errorf("%s: nothing was sent, yet %d were counted in flight", address, inFlight[address])
				}
			}
		}
		if spared == 0 || int64(spared) != report.Skipped["withdrawn"] || report.Sent+report.Skipped["withdrawn"] != people {
			t.Errorf("%d of %d who left were spared; %+v", spared, leaving, report)
		}
	})
}

func TestTransactionalMailKeepsItsMessageIDThroughEveryTry(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var mu sync.Mutex
		tries := 0
		r := newRig(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
			if s.Verb != "." {
				return smtptest.Reply{}
			}
			mu.Lock()
			defer mu.Unlock()
			if tries++; tries <= 2 {
				return smtptest.Reply{Drop: true} // the whole mail was handed over, the answer is lost
			}
			return smtptest.Reply{}
		}})
		r.Topic("news", func(in *preferences.TopicInput) { double := true; in.DoubleOptIn = &double })
		p := r.Person("p@example.com", nil)
		if _, err := r.People.Consent(context.Background(), campaignstest.Staff, p.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive,
			Evidence: preferences.Evidence{Source: "form", Wording: "Yes"}}); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(2 * time.Minute); len(r.sink.Messages()) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		}
		ids := map[string]bool{}
		for _, m := range r.sink.Transactions() {
			_, rest, _ := strings.Cut(string(m.Data), "\r\nMessage-ID: ")
			id, _, _ := strings.Cut(rest, "\r\n")
			ids[id] = true
		}
		if len(r.sink.Transactions()) != 3 || len(ids) != 1 || len(r.sink.Messages()) != 1 {
			t.Fatalf("%d tries, ids %v", len(r.sink.Transactions()), ids)
		}
	})
}

func TestAWarmUpHoldsEachDayToItsNumber(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		plan, err := pace.ParseWarmup("30")
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, db, smtptest.Options{}, func(e *workers.Engine) { e.Pacing.Warmup = plan })
		r.Topic("news", nil)
		r.Crowd(70, "news")
		c := r.Campaign("news", nil)
		r.Schedule(c)
		r.until(c, "is the first day's number out", func(x campaigns.Report) bool { return x.Sent >= 30 })
		time.Sleep(300 * time.Millisecond)
		if n := len(r.sink.Messages()); n != 30 {
			t.Fatalf("%d mails on the first day of a plan of 30", n)
		}
		r.Clock.Move(24 * time.Hour)
		r.Mails.Kick(context.Background(), c.ID)
		r.until(c, "has everybody the mail after the plan", func(x campaigns.Report) bool { return x.Sent == 70 })
	})
}

func TestARecipientDomainGetsNoMoreThanItsRate(t *testing.T) {
	limit, err := pace.ParseDomains("slow.example=10/s")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, sqldbtest.SQLite(t), smtptest.Options{}, func(e *workers.Engine) {
		e.Pacing.Domains, e.Pacing.Limiter = limit, limits.New(e.Queue.Redis(), "test", limits.Closed)
	})
	r.Topic("news", nil)
	for i := range 30 {
		r.Give(r.Person(fmt.Sprintf("p%d@slow.example", i), nil), "news")
		r.Give(r.Person(fmt.Sprintf("p%d@fast.example", i), nil), "news")
	}
	c := r.Campaign("news", nil)
	r.Schedule(c)
	r.finished(c)
	var first, last, fast time.Time
	for _, m := range r.sink.Messages() {
		if strings.HasSuffix(m.To[0], "@fast.example") {
			fast = m.MailAt
			continue
		}
		if first.IsZero() {
			first = m.MailAt
		}
		last = m.MailAt
	}
	if n := len(r.sink.Messages()); n != 60 || last.Sub(first) < 2*time.Second || !fast.Before(last) {
		t.Fatalf("%d mails; the slow domain's within %v", n, last.Sub(first))
	}
}

// The contract: rate=N/s. A slow one is kept and not undercut: the queue wakes lanes only every second.
func TestASlowRateIsReached(t *testing.T) {
	r := newRig(t, sqldbtest.SQLite(t), smtptest.Options{}, func(e *workers.Engine) {
		e.Pacing.Relay, e.Pacing.Limiter = pace.Rate{N: 5, Per: time.Second}, limits.New(e.Queue.Redis(), "test", limits.Closed)
	})
	r.Topic("news", nil)
	r.Crowd(16, "news")
	c := r.Campaign("news", nil)
	r.Schedule(c)
	r.finished(c)
	out := r.sink.Messages()
	var gaps []time.Duration
	for i, m := range out[1:] {
		gaps = append(gaps, m.MailAt.Sub(out[i].MailAt))
	}
	slices.Sort(gaps) // a machine that stands still for a moment makes one long
	if took, gap := out[len(out)-1].MailAt.Sub(out[0].MailAt), gaps[len(gaps)/2]; took < 2500*time.Millisecond || gap > 600*time.Millisecond {
		t.Errorf("%d mails at 5/s within %v, one each %v", len(out), took, gap)
	}
}
