package workers_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers"
	"assent/workers/feedback"
	"assent/workers/inbound"
	"assent/workers/smtptest"
)

// told gathers what the staff is told.
type told struct {
	mu   sync.Mutex
	list []campaigns.Alert
}

func (l *told) tell(_ context.Context, _ *sqldb.Tx, a campaigns.Alert) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, a)
	return nil
}

func (l *told) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, a := range l.list {
		out = append(out, strings.TrimSpace(a.Kind+" "+a.Level+" "+a.Domain))
	}
	return strings.Join(out, ", ")
}

// back hands a report about a mail that was really sent to the parser and the sink, as the inbound server does.
func (r *rig) back(l *told, what string, m smtptest.Transaction, n int) {
	r.T.Helper()
	report := "From: fbl@mx.example.net\r\nMessage-ID: <%[2]d@mx.example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\nOriginal-Mail-From: <%[1]s>\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n--b--\r\n"
	to := "fbl@mail.example.com"
	if what == campaigns.AlertBounces {
		report = "From: MAILER-DAEMON@mx.example.net\r\nMessage-ID: <%[2]d@mx.example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
		to = m.From
	}
	parser := &inbound.Parser{Domain: inbound.Domain{Keys: r.Keys, Name: "mail.example.com"}}
	events, err := parser.Parse(strings.NewReader(fmt.Sprintf(report, m.From, n)), inbound.Envelope{To: []string{to}, Known: true, Provider: "smtp", At: r.Clock.Now()})
	if err != nil {
		r.T.Fatal(err)
	}
	sink := &feedback.Sink{DB: r.DB, Now: r.Clock.Now, Log: slog.New(slog.DiscardHandler), People: r.People, Campaigns: r.Mails, Outbox: r.Outbox, Tell: l.tell}
	if err := sink.Apply(r.T.Context(), events); err != nil {
		r.T.Fatal(err)
	}
}

// until waits for something about the campaign's report.
func (r *rig) until(c *campaigns.Campaign, what string, is func(campaigns.Report) bool) campaigns.Report {
	r.T.Helper()
	var got campaigns.Report
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = r.Report(c); is(got) {
			return got
		}
	}
	r.T.Fatalf("never %s: %+v", what, got)
	return got
}

// Compliance 21: a complaint rate of 0.1 % is told, one of 0.3 % pauses; hard bounces are told at 2 % and pause at 5 %. Whoever resumes
// the campaign is not stopped again for what was known before.
func TestRatesAreToldAndThenPauseTheCampaign(t *testing.T) {
	for kind, n := range map[string]struct{ alert, stop int }{campaigns.AlertComplaints: {1, 3}, campaigns.AlertBounces: {12, 40}} {
		t.Run(kind, func(t *testing.T) {
			sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
				r := newRig(t, db, smtptest.Options{})
				r.Topic("news", nil)
				const now, later = 560, 340 // so that the rates stand still while the campaign goes on: some took a break until tomorrow
				tomorrow := r.Clock.Now().Add(24 * time.Hour)
				for _, p := range r.Crowd(now+later, "news")[now:] {
					if _, err := db.ExecContext(t.Context(), "UPDATE subscribers SET paused_until = $1 WHERE id = $2", sqldb.Micros(tomorrow), p.ID); err != nil {
						t.Fatal(err)
					}
				}
				c := r.Campaign("news", nil)
				r.Schedule(c)
				r.until(c, "partly sent", func(got campaigns.Report) bool { return got.Sent == now && got.Deferred == later })
				l, out := &told{}, r.sink.Messages()
				for i := range n.alert {
					r.back(l, kind, out[i], i)
				}
				if got := r.Report(c); got.Status != campaigns.StatusSending || l.String() != kind+" alert" {
					t.Fatalf("%s, told %q", got.Status, l)
				}
				for i := n.alert; i < n.stop; i++ {
					r.back(l, kind, out[i], i)
				}
				got := r.Report(c)
				if got.Status != campaigns.StatusPaused || !strings.HasPrefix(got.StatusReason, "too many "+kind+": ") || l.String() != kind+" alert, "+kind+" stop" {
					t.Fatalf("%s %q, told %q", got.Status, got.StatusReason, l)
				}
				if _, err := r.Mails.Resume(t.Context(), campaignstest.Staff, c.ID); err != nil {
					t.Fatal(err)
				}
				r.back(l, kind, out[n.stop], n.stop) // one more of before
				r.Clock.Move(25 * time.Hour)
				r.Mails.Kick(t.Context(), c.ID)
				if got := r.finished(c); got.Sent != now+later {
					t.Errorf("%+v", got)
				}
				alerts, err := r.Mails.Alerts(t.Context(), c.ID, time.Time{}, 10)
				if err != nil || len(alerts) != 2 {
					t.Errorf("%+v %v", alerts, err)
				}
			})
		})
	}
}

// The contract: five 5.7.x replies in a row pause a campaign. What had not begun by then, in the batches of all lanes, goes out
// when it is resumed (compliance 15, 25).
func TestFiveRefusalsByPolicyStopAllLanesAtOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var good atomic.Bool
		r := newRig(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
			if s.Verb == "." && !good.Load() {
				return smtptest.Reply{Text: "550 5.7.1 refused by policy"}
			}
			return smtptest.Reply{}
		}})
		r.Topic("news", nil)
		const people = 900
		r.Crowd(people, "news")
		c := r.Campaign("news", nil)
		r.Schedule(c)
		got := r.until(c, "paused", func(got campaigns.Report) bool { return got.Status == campaigns.StatusPaused && got.Claimed == 0 })
		// Each of eight lanes may have two mails under way, and have begun a batch before the pause is stored.
		if got.Failed < 5 || got.Failed > 100 || got.Bounced != 0 {
			t.Errorf("%+v", got)
		}
		good.Store(true)
		if _, err := r.Mails.Resume(t.Context(), campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		if end := r.finished(c); end.Sent != people-end.Failed || end.Failed != got.Failed {
			t.Errorf("%+v", end)
		}
	})
}

// A domain that puts off too much is held, by itself: other mail goes on, nobody is suppressed, and what waited goes out later.
func TestADomainThatPutsOffTooMuchIsHeld(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var asked atomic.Int64
		l := &told{}
		r := newRig(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
			if s.Verb == "RCPT" && strings.HasSuffix(s.To, "@slow.example") {
				asked.Add(1)
				return smtptest.Reply{Text: "451 4.7.1 Try again later"}
			}
			return smtptest.Reply{}
		}}, func(e *workers.Engine) { e.Tell = l.tell })
		r.Topic("news", nil)
		const slow = 1200
		for i := range slow {
			r.Give(r.Person(fmt.Sprintf("s%d@slow.example", i), nil), "news")
			if i%4 == 0 {
				r.Give(r.Person(fmt.Sprintf("q%d@quick.example", i), nil), "news")
			}
		}
		c := r.Campaign("news", nil)
		r.Schedule(c)
		got := r.until(c, "done with the quick ones", func(got campaigns.Report) bool { return got.Sent == slow/4 && got.Deferred == slow })
		if got.Status != campaigns.StatusSending || got.Failed != 0 {
			t.Errorf("%+v", got)
		}
		if n := asked.Load(); n >= slow { // eight connections may each have a batch under way when the domain is held
			t.Errorf("the domain was asked %d times", n)
		}
		held, err := r.Mails.HeldDomains(t.Context())
		if err != nil || len(held) != 1 || !held["slow.example"].After(r.Clock.Now().Add(10*time.Minute)) {
			t.Errorf("%v %v", held, err)
		}
		alerts, err := r.Mails.Alerts(t.Context(), c.ID, time.Time{}, 50)
		if err != nil || !strings.Contains(l.String(), "deferrals stop slow.example") || len(alerts) == 0 || alerts[0].Until.IsZero() && alerts[len(alerts)-1].Until.IsZero() {
			t.Errorf("told %q; %+v %v", l, alerts, err)
		}
		if got := decision(r, "s1@slow.example"); got != "allow" {
			t.Errorf("a person at the domain: %s", got)
		}
	})
}

// A sent mail's own return path, its list headers and a report that holds nothing else lead back to the right person and campaign.
func TestASentMailLeadsBackToItsPersonAndCampaign(t *testing.T) {
	r := newRig(t, sqldbtest.SQLite(t), smtptest.Options{})
	r.Topic("news", nil)
	people := map[string]string{}
	for _, name := range []string{"ann", "bob", "cas"} {
		p := r.Person(name+"@people.example", nil)
		people[p.Email] = p.ID
		r.Give(p, "news")
	}
	c := r.Campaign("news", nil)
	r.Schedule(c)
	r.finished(c)
	parser := &inbound.Parser{Domain: inbound.Domain{Keys: r.Keys, Name: "mail.example.com"}}
	for _, m := range r.sink.Messages() {
		id := people[m.To[0]]
		head, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(m.Data))).ReadMIMEHeader()
		if err != nil {
			t.Fatal(err)
		}
		list := head.Get("List-Unsubscribe")
		_, mailto, _ := strings.Cut(list, "<mailto:")
		mailto, _, _ = strings.Cut(mailto, ">")
		mailto, _, _ = strings.Cut(mailto, "?")
		_, token, _ := strings.Cut(list, "/u/")
		token, _, _ = strings.Cut(token, ">")
		for name, back := range map[string]struct {
			env  inbound.Envelope
			mail string
			kind inbound.Kind
		}{
			"return path":             {inbound.Envelope{To: []string{m.From}}, "From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program at x.example.\r\n\r\n<a@b.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n", inbound.Bounce},
			"mailto":                  {inbound.Envelope{From: "who@ever.example", To: []string{mailto}}, "From: who@ever.example\r\nSubject: hello\r\n\r\n\r\n", inbound.Unsubscribe},
			"the link's token":        {inbound.Envelope{From: "who@ever.example", To: []string{mailto}}, "From: who@ever.example\r\nSubject: unsubscribe " + token + "\r\n\r\n\r\n", inbound.Unsubscribe},
			"the mail in a complaint": {inbound.Envelope{To: []string{"fbl@mail.example.com"}}, "From: fbl@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=bb\r\n\r\n--bb\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n--bb\r\nContent-Type: message/rfc822\r\n\r\n" + redacted(m) + "\r\n--bb--\r\n", inbound.Complaint},
		} {
			back.env.Known, back.env.Provider, back.env.At = true, "smtp", time.Now()
			events, err := parser.Parse(strings.NewReader(back.mail), back.env)
			if err != nil || len(events) != 1 {
				t.Fatalf("%s: %v %v", name, events, err)
			}
			if e := events[0]; e.Kind != back.kind || e.Proof == "" || e.Claims.Subject != id || e.Claims.Source != c.ID {
				t.Errorf("%s of %s: %+v", name, m.To[0], e)
			}
		}
	}
}

// redacted is a mail as providers put it into reports: without any address of the person.
func redacted(m smtptest.Transaction) string {
	return strings.ReplaceAll(string(m.Data), m.To[0], "redacted@redacted.example")
}

func decision(r *rig, email string) string {
	r.T.Helper()
	d, err := r.People.Decide(r.T.Context(), preferences.Question{Email: email, Class: "marketing", Topic: "news"})
	if err != nil {
		r.T.Fatal(err)
	}
	return d.Outcome().String()
}
