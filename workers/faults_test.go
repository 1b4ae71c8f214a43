package workers_test

import (
	"fmt"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences/sqldb"
	"assent/workers/smtptest"
)

// fault is one row of the matrix: what goes wrong in the middle of a campaign and a series of notices, and what may come of it.
type fault struct {
	name    string
	sqlite  bool // on SQLite
	servers bool // on PostgreSQL
	process bool // the engine is a process of its own, which hit kills
	redis   bool // the queue is a Redis of its own
	cluster bool // the PostgreSQL is one of its own
	before  func(f *field)
	hit     func(f *field)

	// Marketing goes out at most once and nobody is lost: everybody has one outcome, and at most so many are told as uncertain.
	uncertain int
	// Notices go out at least once with one Message-ID: at most so many may come again.
	repeated int
}

const (
	faultPeople  = 120
	faultNotices = 10
	// faultAt is how many mails of the campaign have come when it goes wrong, faultNotice how many notices where a moment matters.
	faultAt, faultNotice = 30, 4
	// patience is how long the engine waits for a relay: what stalls is told from what is slow on a busy machine.
	patience = 15 * time.Second
)

// Promise 3 as a table (compliance 23-25). Each fault hits a campaign and notices alike.
func TestEachFaultLosesNothingAndRepeatsNoMarketing(t *testing.T) {
	for _, c := range []fault{
		{name: "killed before the claim", sqlite: true, servers: true, process: true, hit: killedBeforeClaim},
		{name: "killed behind the claim", sqlite: true, servers: true, process: true, before: held("CONNECT", 1, 1), hit: killed},
		{name: "killed in DATA", sqlite: true, servers: true, process: true, before: held("DATA", faultAt, faultNotice), hit: killed, uncertain: 1, repeated: faultNotice},
		{name: "killed before the reply to the final dot", sqlite: true, servers: true, process: true, before: held(".", faultAt, faultNotice), hit: killed, uncertain: 1, repeated: faultNotice},
		{name: "killed between the relay's 250 and the commit", sqlite: true, servers: true, process: true, before: held("MAIL", faultAt, faultNotice), hit: killed, uncertain: 1, repeated: faultNotice},

		{name: "PostgreSQL crashes and comes back", cluster: true, hit: func(f *field) {
			f.cluster.Crash()
			time.Sleep(300 * time.Millisecond)
			f.cluster.Start()
		}},
		{name: "Redis stops and comes back empty", sqlite: true, redis: true, hit: func(f *field) {
			f.redis.Stop()
			time.Sleep(500 * time.Millisecond)
			f.redis.Restart()
		}},
		{name: "Redis is flushed", servers: true, redis: true, hit: func(f *field) { f.ok(f.redis.Flush()) }},
		{name: "Redis is replaced by another", servers: true, redis: true, hit: func(f *field) {
			f.redis.Stop()
			f.redis.Restart()
		}},

		{name: "the relay is gone for a while", sqlite: true, uncertain: faultLanes, repeated: faultLanes, hit: func(f *field) {
			f.marketing.close()
			f.transactional.close()
			time.Sleep(time.Second)
			f.marketing.open()
			f.transactional.open()
		}},
		{name: "the relay stalls at the final dot", sqlite: true, before: some(".", 3, smtptest.Reply{Stall: true}), uncertain: 3, repeated: 3},
		{name: "the relay stalls before it takes the message", servers: true, before: some("DATA", 3, smtptest.Reply{Stall: true})},
		{name: "the relay drops the connection in DATA", sqlite: true, servers: true, before: some("DATA", 5, smtptest.Reply{DropIn: 100}), uncertain: 5, repeated: 3},
		{name: "the relay drops the connection behind the final dot", sqlite: true, before: some(".", 3, smtptest.Reply{Drop: true}), uncertain: 3, repeated: 3},
		{name: "the relay says 421", servers: true, before: some("MAIL", 5, smtptest.Reply{Text: "421 4.3.2 closing", DropAfter: true})},
		{name: "the relay says 451", sqlite: true, before: some("RCPT", 20, smtptest.Reply{Text: "451 4.7.1 later"})},
		{name: "the relay is slow", sqlite: true, before: some(".", 60, smtptest.Reply{Delay: 100 * time.Millisecond})},

		{name: "the disk is full", sqlite: true, hit: diskFull},
		{name: "the clock jumps ahead", sqlite: true, hit: func(f *field) { f.Clock.Move(26 * time.Hour) }},
		{name: "the clock jumps back", servers: true, hit: func(f *field) { f.Clock.Move(-26 * time.Hour) }},
	} {
		engines := map[string]bool{"sqlite": c.sqlite, "postgres": c.servers, "own postgres": c.cluster}
		for engine, on := range engines {
			if on {
				t.Run(c.name+"/"+engine, func(t *testing.T) {
					t.Parallel()
					c.run(newField(t, c, engine))
				})
			}
		}
	}
}

func (c fault) run(f *field) {
	f.Topic("news", nil)
	f.Crowd(faultPeople, "news")
	f.campaign = f.Campaign("news", nil)
	if c.before != nil {
		c.before(f)
	}
	f.start()
	if c.process && c.before == nil {
		c.hit(f) // it has something to do only then
	} else {
		f.Schedule(f.campaign)
		f.post(faultNotices)
		if !c.process {
			f.until("mails are under way", func() bool { return f.marketing.accepted() >= faultAt })
		}
		if c.hit != nil {
			c.hit(f)
		}
	}
	f.post(2) // what is asked for afterwards goes as well
	f.settled(!c.process)
	c.count(f)
}

// count holds what the relays saw against what the engine tells.
func (c fault) count(f *field) {
	t, report := f.t, f.Report(f.campaign)
	whole, accepted := map[string]int{}, 0
	for _, m := range f.marketing.transactions() {
		if m.Whole && (m.Reply == "" || m.Accepted()) {
			whole[m.To[0]]++
		}
		if m.Accepted() {
			accepted++
		}
	}
	for to, n := range whole {
		if n > 1 {
			t.Errorf("marketing: %s was given the mail %d times", to, n)
		}
	}
	if report.Total != faultPeople || report.Sent+report.Uncertain != faultPeople || int64(accepted) < report.Sent || int64(accepted) > report.Sent+report.Uncertain {
		t.Errorf("marketing: somebody was lost: the relay took %d; %+v", accepted, report)
	}
	if report.Uncertain > int64(c.uncertain) {
		t.Errorf("marketing: %d are uncertain, at most %d may be", report.Uncertain, c.uncertain)
	}
	came, ids := map[string]int{}, map[string]string{}
	for _, m := range f.transactional.transactions() {
		if !m.Whole {
			continue
		}
		to, id := m.To[0], header(m.Data, "Message-ID")
		if ids[to] == "" {
			ids[to] = id
		}
		if id == "" || id != ids[to] {
			t.Errorf("notice: %s got the Message-IDs %q and %q", to, ids[to], id)
		}
		if m.Reply == "" || m.Accepted() {
			came[to]++
		}
	}
	repeated := 0
	for _, id := range f.notices {
		m, err := f.Outbox.Get(t.Context(), f.DB, id)
		f.ok(err)
		if m.Status != outbox.StatusSent || came[m.Email] == 0 || m.MessageID != ids[m.Email] {
			t.Errorf("notice: %s is %s and came %d times, as %q, told as %q", m.Email, m.Status, came[m.Email], ids[m.Email], m.MessageID)
		}
		repeated += max(came[m.Email]-1, 0)
	}
	if repeated > c.repeated {
		t.Errorf("notice: %d came again, at most %d may", repeated, c.repeated)
	}
	t.Logf("marketing: %d sent, %d uncertain, none twice; notices: %d, %d came again", report.Sent, report.Uncertain, len(f.notices), repeated)
}

// held stalls both relays for good at the nth time of a verb, and tells so.
func held(verb string, marketing, notices int) func(*field) {
	return func(f *field) {
		f.marketing.hold(verb, marketing)
		f.transactional.hold(verb, notices)
	}
}

// killed ends the process at the moment that its relays are held at, and starts another.
func killed(f *field) {
	<-f.marketing.reached
	<-f.transactional.reached
	f.kill()
	f.marketing.script(nil)
	f.transactional.script(nil)
	f.start()
}

// killedBeforeClaim kills the process while it waits to claim.
func killedBeforeClaim(f *field) {
	ctx := f.t.Context()
	f.ok(f.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		// Whoever would claim waits for this transaction: there is one writer, or its row is locked.
		now := f.Clock.Now()
		if _, err := tx.ExecContext(ctx, "UPDATE campaigns SET status = $1, scheduled_at = $2 WHERE id = $3", campaigns.StatusScheduled, sqldb.Micros(now), f.campaign.ID); err != nil {
			return err
		}
		for i := range faultNotices {
			if err := f.Outbox.Insert(ctx, tx, f.notice(i)); err != nil {
				return err
			}
		}
		time.Sleep(700 * time.Millisecond)
		f.kill()
		return nil
	}))
	f.start()
}

// some makes both relays answer so to a few of the mails that come when others have.
func some(verb string, n int, answer smtptest.Reply) func(*field) {
	return func(f *field) {
		f.marketing.answer(verb, faultAt, n, answer)
		f.transactional.answer(verb, faultNotice, min(n, 3), answer)
	}
}

// diskFull lets the database grow no more for a while.
func diskFull(f *field) {
	set := func(pages int) {
		var got int
		f.ok(f.DB.Writer().QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&got))
	}
	set(1) // it is never less than what there is
	f.t.Log("posting a notice says:", f.tryPost())
	time.Sleep(time.Second)
	set(1 << 30)
}
