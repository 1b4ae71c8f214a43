package feedback_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/workers/inbound"
	"assent/workers/inbound/smtpd"
)

const bounceDomain = "bounces.example.com"

// door is where mail comes in, up to what it changes.
func door(t *testing.T, w *campaignstest.World) *smtp.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &smtpd.Server{Parser: &inbound.Parser{Domain: inbound.Domain{Keys: w.Keys, Name: bounceDomain}}, Sink: inbound.NewGather(sink(w), 500, 2), Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c, err := smtp.Dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// hand returns the code of the answer to a mail, 250 if it is taken.
func hand(c *smtp.Client, to, mail string) (int, error) {
	_ = c.Reset()
	if err := errors.Join(c.Mail(""), c.Rcpt(to)); err != nil {
		return 0, err
	}
	data, err := c.Data()
	if err != nil {
		return 0, err
	}
	if _, err := data.Write([]byte(mail)); err != nil {
		return 0, err
	}
	err = data.Close()
	var no *textproto.Error
	if errors.As(err, &no) {
		return no.Code, nil
	}
	return 250, err
}

func hardBounce(n int) string {
	return fmt.Sprintf("From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\nMessage-ID: <%d@mx.example.net>\r\n\r\nHi. This is the qmail-send program at mx.example.net.\r\n\r\n<p@example.com>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n", n)
}

// On a full disk nothing is taken that cannot be kept: the other server is asked to come again, and what was answered 250 is there.
func TestAFullDiskTakesNothingThatItCannotKeep(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	w.Topic("news", nil)
	people := w.Crowd(300, "news")
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.SendAll(c)
	client := door(t, w)
	limit := func(pages int) {
		t.Helper()
		if _, err := w.DB.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // it is never less than there are
	taken, answer := 0, 0
	give := func() {
		t.Helper()
		var err error
		if answer, err = hand(client, w.Keys.SignLocal(tokens.Return, people[taken].ID, c.ID)+"@"+bounceDomain, hardBounce(taken)); err != nil {
			t.Fatal(err)
		}
	}
	for answer = 250; answer == 250 && taken < len(people); {
		if give(); answer == 250 {
			taken++
		}
	}
	if answer != 452 || taken == len(people) {
		t.Fatalf("answered %d after %d bounces", answer, taken)
	}
	count := func() (n int) {
		if err := w.DB.QueryRowContext(ctx, "SELECT count(*) FROM suppressions WHERE reason = 'bounced'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n < taken {
		t.Errorf("%d of %d that were taken are there", n, taken)
	}
	limit(1 << 30)
	if give(); answer != 250 || count() != taken+1 {
		t.Errorf("with room again: %d, %d of %d", answer, count(), taken+1)
	}
}

// Mails that come back quote ours and others' without folding them: a line may be as long as it likes, up to a megabyte.
func TestALongLineIsNoReasonToRefuse(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	w.Topic("news", nil)
	p := w.Person("p@example.com", nil)
	w.Give(p, "news")
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.SendAll(c)
	mail := hardBounce(1) + "\r\n--- Below this line is a copy of the message.\r\n\r\n<html>" + strings.Repeat("all on one line ", 50_000) + "</html>\r\n"
	answer, err := hand(door(t, w), w.Keys.SignLocal(tokens.Return, p.ID, c.ID)+"@"+bounceDomain, mail)
	if err != nil || answer != 250 {
		t.Fatal(answer, err)
	}
	if got := decided(t, w, p.Email, "notice", ""); got != "deny address_bounced" { // at once: it is applied when it is answered
		t.Error(got)
	}
}
