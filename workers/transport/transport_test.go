package transport_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"assent/preferences/gate"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

func TestMain(m *testing.M) {
	if ext := os.Getenv(sinkEnv); ext != "" {
		runSink(ext)
		return
	}
	goleak.VerifyTestMain(m)
}

func permit(tb testing.TB, id string) gate.Permit {
	tb.Helper()
	f := gate.Facts{
		Class: gate.Notice, Basis: gate.Contract, Erased: gate.No, Bounced: gate.No, Unverified: gate.No, Restricted: gate.No, Minor: gate.No,
		Suppressed: gate.No, Complained: gate.No, ObjectedDirect: gate.No, ObjectedResearch: gate.No, UnsubscribedAll: gate.No,
		PartnerOptedOut: gate.No,
	}
	p, ok := gate.Decide(f, time.Now()).Permit(id, gate.StreamTransactional)
	if !ok {
		tb.Fatal("the gate gave no permit")
	}
	return p
}

const text = "From: <a@brand.test>\r\nSubject: hello\r\n\r\n.a line with a dot\r\nand another\r\n"

func outgoing(tb testing.TB, n int) transport.Outgoing {
	id := "id-" + strconv.Itoa(n)
	return transport.Outgoing{
		Permit: permit(tb, id), ID: id, From: "bounce@brand.test", To: fmt.Sprintf("p%d@people.test", n),
		Data: []byte(text + strconv.Itoa(n) + "\r\n"),
	}
}

func batch(tb testing.TB, n int) transport.Batch {
	var b transport.Batch
	for i := range n {
		b.Messages = append(b.Messages, outgoing(tb, i))
	}
	return b
}

// quick are options for tests in which relays do not answer.
var quick = transport.Options{Dial: 2 * time.Second, Command: 2 * time.Second, Final: 2 * time.Second}

func relayTo(s *smtptest.Server) transport.Relay {
	host, port, _ := net.SplitHostPort(s.Addr)
	n, _ := strconv.Atoi(port)
	return transport.Relay{Host: host, Port: n, Connections: 2}
}

func open(tb testing.TB, s *smtptest.Server, o transport.Options) *transport.SMTP {
	tb.Helper()
	return openRelay(tb, relayTo(s), o)
}

func openRelay(tb testing.TB, r transport.Relay, o transport.Options) *transport.SMTP {
	tb.Helper()
	t, err := transport.NewSMTP(r, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			tb.Error(err)
		}
	})
	return t
}

// modes are the ways in which a batch can go over a connection.
var modes = map[string][]string{
	"lockstep":  {"8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES"},
	"pipelined": nil,
}

// states writes results short: "sent sent rejected@rcpt".
func states(res []transport.Result) string {
	var out []string
	for _, r := range res {
		s := r.State.String()
		if r.State != transport.Sent && r.State != transport.NotBegun {
			s += "@" + r.Stage.String()
			if r.Code > 0 {
				s += ":" + strconv.Itoa(r.Code)
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// journal is a [transport.Journal] that keeps what it is told, in order.
type journal struct {
	mu    sync.Mutex
	notes []string
	fail  int // from which note on
}

func (j *journal) Note(replied string, code int, finishing string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail > 0 && len(j.notes)+1 >= j.fail {
		return fmt.Errorf("disk full")
	}
	if replied != "" {
		j.notes = append(j.notes, fmt.Sprintf("%s=%d", replied, code))
	}
	if finishing != "" {
		j.notes = append(j.notes, finishing)
	}
	return nil
}
