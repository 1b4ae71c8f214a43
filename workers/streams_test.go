package workers_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/campaignstest"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

// streams is a rig whose transactional mail has a relay of its own.
type streams struct {
	*rig
	own *smtptest.Server
}

func newStreams(t *testing.T, db *sqldb.DB, marketing, own smtptest.Options) *streams {
	t.Helper()
	s := &streams{own: smtptest.Serve(t, own)}
	host, port, _ := net.SplitHostPort(s.own.Addr)
	n, _ := strconv.Atoi(port)
	relay, err := transport.NewSMTP(transport.Relay{Host: host, Port: n, Connections: 4}, transport.Options{Stream: gate.StreamTransactional})
	if err != nil {
		t.Fatal(err)
	}
	s.rig = newRig(t, db, marketing, func(e *workers.Engine) { e.Transactional = relay })
	return s
}

// notice posts one and returns it.
func (r *rig) notice(to string) *outbox.Message {
	r.T.Helper()
	s := &notices.Service{DB: r.DB, Now: r.Clock.Now, Outbox: r.Outbox, People: r.People}
	made, err := s.Create(context.Background(), campaignstest.Staff, notices.Input{To: notices.Recipient{Email: to}, Obligation: "security", Basis: "contract", Subject: "Your password",
		Blocks: []byte(`[{"type":"text","markdown":"It was changed."}]`)})
	if err != nil {
		r.T.Fatal(err)
	}
	return &made[0]
}

// ended waits until a notice has come to an end.
func (s *streams) ended(m *outbox.Message, within time.Duration) *outbox.Message {
	s.T.Helper()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		now, err := s.Outbox.Get(context.Background(), s.DB, m.ID)
		if err != nil {
			s.T.Fatal(err)
		}
		if now.Status == outbox.StatusSent || now.Status == outbox.StatusBounced || now.Status == outbox.StatusUnserved || time.Now().After(end) {
			return now
		}
	}
}

func (s *streams) crowd(n int) {
	s.T.Helper()
	s.Topic("news", nil)
	s.Crowd(n, "news")
}

// A block for policy and complaints on the marketing stream pause the campaign, and neither stop nor suppress anybody's notices.
func TestTroubleOfMarketingDoesNotTouchNotices(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s := newStreams(t, db, smtptest.Options{Script: func(at smtptest.Step) smtptest.Reply {
			if at.Verb == "RCPT" {
				return smtptest.Reply{Text: "550 5.7.1 blocked for policy"}
			}
			return smtptest.Reply{}
		}}, smtptest.Options{})
		s.crowd(40)
		c := s.Campaign("news", nil)
		s.Schedule(c)
		for end := time.Now().Add(time.Minute); s.Report(c).Status != campaigns.StatusPaused; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("compliance 15, 25: the campaign is not paused: %+v", s.Report(c))
			}
		}
		if _, _, err := s.People.Suppress(context.Background(), campaignstest.Staff, "p1@example.com", preferences.SuppressedComplained, "", "feedback loop"); err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			if m := s.ended(s.notice(fmt.Sprintf("p%d@example.com", i)), time.Minute); m.Status != outbox.StatusSent {
				t.Fatalf("the notice to p%d is %s %s", i, m.Status, m.Reason)
			}
		}
		if n := len(s.own.Messages()); n != 40 {
			t.Errorf("%d notices came", n)
		}
		var suppressed int
		if err := db.QueryRowContext(context.Background(), "SELECT count(*) FROM suppressions").Scan(&suppressed); err != nil || suppressed != 1 {
			t.Errorf("%d are suppressed, %v", suppressed, err)
		}
	})
}

// A marketing relay that hangs, with a campaign for many, does not delay a notice.
func TestAHangingMarketingRelayDoesNotDelayNotices(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		hangs, release := make(chan struct{}, 300), make(chan struct{})
		s := newStreams(t, db, smtptest.Options{Script: func(at smtptest.Step) smtptest.Reply {
			if at.Verb == "." {
				hangs <- struct{}{}
				<-release
			}
			return smtptest.Reply{}
		}}, smtptest.Options{})
		t.Cleanup(func() { close(release) })
		s.crowd(300)
		s.Schedule(s.Campaign("news", nil))
		<-hangs
		for i := range 10 {
			if m := s.ended(s.notice(fmt.Sprintf("p%d@example.com", i)), time.Minute); m.Status != outbox.StatusSent {
				t.Fatalf("%+v", m)
			}
		}
		if sent := len(s.sink.Messages()); sent > 0 {
			t.Errorf("%d of the campaign were out already: nothing was in the way", sent)
		}
	})
}

// Each stream has its own relay and From; a notice never leaves by the relay of marketing.
func TestStreamsHaveTheirOwnRelayAndFrom(t *testing.T) {
	s := newStreams(t, sqldbtest.SQLite(t), smtptest.Options{}, smtptest.Options{})
	from := "notices@example.com"
	if _, err := (&brands.Store{DB: s.DB, Now: s.Clock.Now}).Update(context.Background(), campaignstest.Staff, brands.Default, func(b *brands.Brand) { b.NoticeFromEmail = from }); err != nil {
		t.Fatal(err)
	}
	s.crowd(5)
	c := s.Campaign("news", nil)
	s.Schedule(c)
	s.finished(c)
	for i := range 5 {
		s.ended(s.notice(fmt.Sprintf("p%d@example.com", i)), time.Minute)
	}
	if len(s.own.Messages()) != 5 || len(s.sink.Messages()) != 5 {
		t.Fatalf("%d notices, %d of the campaign", len(s.own.Messages()), len(s.sink.Messages()))
	}
	for _, m := range s.own.Messages() {
		if !strings.Contains(string(m.Data), "<"+from+">") || strings.Contains(string(m.Data), "\r\nList-") {
			t.Errorf("a notice: %s", m.Data)
		}
	}
	for _, m := range s.sink.Messages() {
		head, _, _ := strings.Cut(string(m.Data), "\r\n\r\n")
		if strings.Contains(head, from) {
			t.Errorf("a campaign's mail comes from %s", from)
		}
	}
}

// A test mail proves the way of its campaign by taking it: relay and From of marketing, to those alone whom staff named, blocked
// addresses left out. It is no delivery, has no list headers of its own (compliance 24), and the other relay never sees it.
func TestATestMailTakesTheWayOfItsCampaign(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s := newStreams(t, db, smtptest.Options{}, smtptest.Options{})
		brand, err := (&brands.Store{DB: s.DB, Now: s.Clock.Now}).Update(ctx, campaignstest.Staff, brands.Default, func(b *brands.Brand) { b.NoticeFromEmail = "notices@example.com" })
		if err != nil {
			t.Fatal(err)
		}
		s.crowd(5)
		if _, _, err := s.People.Suppress(ctx, campaignstest.Staff, "blocked@example.com", preferences.SuppressedManual, "", "test"); err != nil {
			t.Fatal(err)
		}
		c := s.Campaign("news", nil)
		ids, err := s.Mails.SendTest(ctx, campaignstest.Staff, c.ID, []string{"maker@example.com", "p1@example.com", "blocked@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{outbox.StatusSent, outbox.StatusSent, outbox.StatusUnserved} {
			if m := s.ended(&outbox.Message{ID: ids[i]}, time.Minute); m.Status != want {
				t.Errorf("the mail to %s is %s %s, want %s", m.Email, m.Status, m.Reason, want)
			}
		}
		if n := len(s.own.Messages()); n != 0 {
			t.Errorf("%d left by the relay of notices", n)
		}
		got := s.sink.Messages()
		slices.SortFunc(got, func(a, b smtptest.Transaction) int { return strings.Compare(a.To[0], b.To[0]) }) // two leave at once
		if len(got) != 2 || got[0].To[0] != "maker@example.com" || got[1].To[0] != "p1@example.com" {
			t.Fatalf("the marketing relay got %d", len(got))
		}
		for _, m := range got {
			head, _, _ := strings.Cut(string(m.Data), "\r\n\r\n")
			if !strings.Contains(head, "<"+brand.FromEmail+">") || strings.Contains(head, "notices@") || strings.Contains(head, "\r\nList-") {
				t.Errorf("its head: %s", head)
			}
		}
		var deliveries int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries").Scan(&deliveries); err != nil || deliveries != 0 {
			t.Errorf("%d deliveries, %v", deliveries, err)
		}
		s.Schedule(c)
		if report := s.finished(c); report.Sent != 5 || len(s.sink.Messages()) != 7 {
			t.Errorf("%+v", report)
		}
	})
}

// When its own relay is away a notice waits, does not take the other one, and goes when the relay is back.
func TestANoticeWaitsForItsOwnRelay(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var down atomic.Bool
		down.Store(true)
		s := newStreams(t, db, smtptest.Options{}, smtptest.Options{Script: func(at smtptest.Step) smtptest.Reply {
			return smtptest.Reply{Drop: at.Verb == "CONNECT" && down.Load()}
		}})
		m := s.notice("anna@example.com")
		s.settles(m, outbox.StatusDeferred, 0)
		down.Store(false)
		if now := s.ended(m, time.Minute); now.Status != outbox.StatusSent || now.Attempts < 2 {
			t.Errorf("%s after %d tries", now.Status, now.Attempts)
		}
		if n := len(s.sink.Messages()); n != 0 {
			t.Errorf("%d went by the other relay", n)
		}
	})
}

// Compliance 15: a mail that the relay puts off is tried for four days, that of a broadcast until what it announces takes effect;
// then the person is unserved, with the reason.
func TestHowLongANoticeIsTried(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s := newStreams(t, db, smtptest.Options{}, smtptest.Options{Script: func(at smtptest.Step) smtptest.Reply {
			if at.Verb == "RCPT" {
				return smtptest.Reply{Text: "451 4.2.1 later"}
			}
			return smtptest.Reply{}
		}})
		single, of := s.notice("single@example.com"), s.notice("broadcast@example.com")
		day := 24 * time.Hour
		if _, err := db.ExecContext(context.Background(), "UPDATE messages SET give_up_at = $1 WHERE id = $2", sqldb.Micros(of.CreatedAt.Add(40*day)), of.ID); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after         time.Duration
			single, other string
		}{{0, outbox.StatusDeferred, outbox.StatusDeferred}, {4*day - time.Hour, outbox.StatusDeferred, outbox.StatusDeferred}, {5 * day, outbox.StatusUnserved, outbox.StatusDeferred},
			{40*day - time.Hour, outbox.StatusUnserved, outbox.StatusDeferred}, {41 * day, outbox.StatusUnserved, outbox.StatusUnserved}} {
			s.Clock.Move(single.CreatedAt.Add(step.after).Sub(s.Clock.Now()))
			for m, want := range map[*outbox.Message]string{single: step.single, of: step.other} {
				s.settles(m, want, step.after)
			}
		}
	})
}

// settles waits until a message was tried at or after an instant and has a status.
func (s *streams) settles(m *outbox.Message, want string, after time.Duration) {
	s.T.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		now, err := s.Outbox.Get(context.Background(), s.DB, m.ID)
		if err != nil {
			s.T.Fatal(err)
		}
		fresh := now.Attempts > 0 && (now.At.Sub(m.CreatedAt) >= after || now.Status == outbox.StatusUnserved)
		if fresh && now.Status == want && (want != outbox.StatusUnserved || now.Reason == "gave_up") {
			return
		}
		if time.Now().After(end) || fresh && now.Status != want && now.Status != outbox.StatusSending && now.Status != outbox.StatusQueued {
			s.T.Fatalf("after %v it is %s %s since %v, want %s", after, now.Status, now.Reason, now.At.Sub(m.CreatedAt), want)
		}
	}
}
