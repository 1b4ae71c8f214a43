package transport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assent/preferences/gate"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

func TestNothingLeavesWithoutItsPermit(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{})
	tr := open(t, s, transport.Options{Stream: gate.StreamTransactional})
	other := open(t, s, transport.Options{Stream: gate.StreamMarketing})
	b := batch(t, 4)
	b.Messages[0].Permit = gate.Permit{}
	b.Messages[1].ID = "id-2"
	b.Messages[2].ID = ""
	res := tr.SendBatch(context.Background(), b)
	for i, r := range res[:3] {
		if r.State != transport.NotBegun || !errors.Is(r.Err, transport.ErrPermit) {
			t.Errorf("message %d: %+v", i, r)
		}
	}
	if res[3].State != transport.Sent || len(s.Transactions()) != 1 {
		t.Errorf("the rightful one: %+v, %d transactions", res[3], len(s.Transactions()))
	}
	if r := transport.Send(context.Background(), other, b.Messages[3]); !errors.Is(r.Err, transport.ErrStream) || r.State != transport.NotBegun {
		t.Errorf("another stream: %+v", r)
	}
}

func TestALeaseIsAskedBeforeEachMailFromAndItsNoIsFinal(t *testing.T) {
	for mode, ext := range modes {
		t.Run(mode, func(t *testing.T) {
			s := smtptest.Serve(t, smtptest.Options{Extensions: ext})
			tr := open(t, s, quick)
			b := batch(t, 6)
			asked := map[int]time.Time{}
			b.Lease = func(i int) time.Time {
				asked[i] = time.Now()
				if i%2 == 1 {
					return time.Time{}
				}
				return time.Now().Add(time.Minute)
			}
			res := tr.SendBatch(context.Background(), b)
			if got := states(res); got != "sent not begun sent not begun sent not begun" {
				t.Error(got)
			}
			for i, m := range s.Transactions() {
				if m.To[0] != b.Messages[2*i].To || m.MailAt.Before(asked[2*i]) {
					t.Errorf("MAIL FROM for %s before its lease was asked for", m.To)
				}
				if string(m.Data) != string(b.Messages[2*i].Data) {
					t.Errorf("%s got %q", m.To, m.Data)
				}
			}
			if len(asked) != 6 {
				t.Errorf("asked for %d leases", len(asked))
			}
		})
	}
}

// A relay that stops reading holds our write up. MAIL FROM of the next message must not sit behind it until its lease is over.
func TestALeaseThatEndsInAHeldUpWriteIsAskedForAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	secondMail := make(chan time.Time, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		fmt.Fprint(c, "220 hi\r\n")
		mails := 0
		for {
			line, err := r.ReadString('\n')
			switch {
			case err != nil:
				return
			case strings.HasPrefix(line, "EHLO"):
				fmt.Fprint(c, "250-hi\r\n250 PIPELINING\r\n")
			case strings.HasPrefix(line, "DATA"):
				fmt.Fprint(c, "354 go\r\n")
				if mails == 1 {
					time.Sleep(600 * time.Millisecond) // reads nothing
				}
				for line != ".\r\n" {
					if line, err = r.ReadString('\n'); err != nil {
						return
					}
				}
				fmt.Fprint(c, "250 ok\r\n")
			default:
				if strings.HasPrefix(line, "MAIL") {
					if mails++; mails == 2 {
						secondMail <- time.Now()
					}
				}
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	tr := openRelay(t, relayTo(&smtptest.Server{Addr: l.Addr().String()}), transport.Options{})
	b := batch(t, 2)
	b.Messages[0].Data = []byte("Subject: long\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 600_000))
	var asks atomic.Int32
	var last time.Time
	b.Lease = func(i int) time.Time {
		if i == 1 {
			asks.Add(1)
			last = time.Now()
		}
		return time.Now().Add(200 * time.Millisecond)
	}
	res := tr.SendBatch(context.Background(), b)
	if got := states(res); got != "sent sent" {
		t.Fatalf("%s: %+v", got, res)
	}
	if at := <-secondMail; asks.Load() < 2 || at.Before(last) || res[1].MailAt.Before(last) {
		t.Errorf("asked %d times, last %v, MAIL FROM at %v", asks.Load(), last, at)
	}
}

func TestTheJournalKnowsBeforeEachFinalDotAndAfterEachReply(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply {
		if st.Verb == "." && st.To == "p1@people.test" {
			return smtptest.Reply{Text: "554 5.6.0 no"}
		}
		return smtptest.Reply{}
	}})
	tr := open(t, s, quick)
	b := batch(t, 3)
	j := &journal{}
	b.Journal = j
	tr.SendBatch(context.Background(), b)
	if got := strings.Join(j.notes, " "); got != "id-0 id-0=250 id-1 id-1=554 id-2 id-2=250" {
		t.Error(got)
	}
}

func TestWithoutAJournalEntryNoFinalDot(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{})
	tr := open(t, s, quick)
	b := batch(t, 4)
	b.Journal = &journal{fail: 4} // the notes of the third message
	res := tr.SendBatch(context.Background(), b)
	if got := states(res); got != "sent sent failed@data not begun" {
		t.Errorf("%s %+v", got, res)
	}
	for _, r := range res[2:] {
		if r.Err == nil || !strings.Contains(r.Err.Error(), "disk full") {
			t.Errorf("no reason: %+v", r)
		}
	}
	if n := len(s.Messages()); n != 2 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestCancellingFinishesWhatHasBegun(t *testing.T) {
	for mode, ext := range modes {
		t.Run(mode, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s := smtptest.Serve(t, smtptest.Options{Extensions: ext, Script: func(st smtptest.Step) smtptest.Reply {
				if st.Verb == "DATA" && st.To == "p1@people.test" {
					cancel()
					return smtptest.Reply{Delay: 50 * time.Millisecond}
				}
				return smtptest.Reply{}
			}})
			tr := open(t, s, transport.Options{})
			res := tr.SendBatch(ctx, batch(t, 4))
			if got := states(res); got != "sent sent not begun not begun" {
				t.Error(got)
			}
			if n := len(s.Transactions()); n != 2 {
				t.Errorf("%d transactions", n)
			}
			if !errors.Is(res[3].Err, context.Canceled) {
				t.Errorf("no reason: %+v", res[3])
			}
		})
	}
}
