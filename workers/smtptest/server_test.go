package smtptest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"assent/workers/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type peer struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, s *smtptest.Server) *peer {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return &peer{t, c, bufio.NewReader(c)}
}

func (p *peer) say(s string) { _, _ = io.WriteString(p, s) }

func (p *peer) want(codes ...string) {
	p.t.Helper()
	for _, code := range codes {
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				p.t.Fatalf("want %s, got %v", code, err)
			}
			if line[3] == '-' {
				continue
			}
			if !strings.HasPrefix(line, code) {
				p.t.Fatalf("want %s, got %q", code, line)
			}
			break
		}
	}
}

func (p *peer) gone() {
	p.t.Helper()
	if line, err := p.r.ReadString('\n'); err == nil {
		p.t.Fatalf("want a closed connection, got %q", line)
	}
}

func TestRecordsEnvelopeBytesAndRoundTrips(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{})
	p := dial(t, s)
	p.want("220")
	p.say("EHLO me\r\n")
	p.want("250")
	before := time.Now()
	p.say("MAIL FROM:<a@x.test> SIZE=10\r\nRCPT TO:<b@y.test>\r\nDATA\r\n")
	p.want("250", "250", "354")
	p.say("Subject: hi\r\n\r\n..dot\r\nend\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@y.test>\r\nDATA\r\n")
	p.want("250", "250", "250", "354")
	p.say(".\r\nQUIT\r\n")
	p.want("250", "221")

	got := s.Messages()
	if len(got) != 2 || string(got[0].Data) != "Subject: hi\r\n\r\n.dot\r\nend\r\n" || got[0].From != "a@x.test" || got[0].To[0] != "b@y.test" ||
		got[0].MailParams != "SIZE=10" || got[0].MailAt.Before(before) || got[1].From != "" || len(got[1].Data) != 0 || got[1].N != 2 {
		t.Errorf("recorded %+v", got)
	}
	if st := s.Stats(); st.RoundTrips != 4 || st.Accepted != 2 || st.Connections != 1 { // greeting, EHLO, two groups; nothing waits for QUIT
		t.Errorf("stats %+v", st)
	}
	if v := s.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestFindsTheFinalDotWhereverReadsFallApart(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{})
	p := dial(t, s)
	p.want("220")
	p.say("EHLO me\r\n")
	p.want("250")
	body := strings.Repeat("x", 200_000) + "\r\n.\r" + "y\r\n"
	for i := range 7 {
		p.say("MAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n")
		p.want("250", "250", "354")
		whole := body + ".\r\n"
		cut := len(whole) - i
		p.say(whole[:cut])
		time.Sleep(5 * time.Millisecond)
		p.say(whole[cut:])
		p.want("250")
	}
	for _, m := range s.Messages() {
		if len(m.Data) != len(body)-1 { // the dot before the bare CR is taken as stuffing
			t.Errorf("message of %d octets, want %d", len(m.Data), len(body)-1)
		}
	}
}

func TestNotesWhatWasNotOffered(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Extensions: []string{"8BITMIME"}})
	p := dial(t, s)
	p.want("220")
	p.say("EHLO me\r\n")
	p.want("250")
	p.say("MAIL FROM:<a@x> RET=HDRS\r\n")
	p.want("555")
	p.say("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n")
	p.want("250", "250")
	if v := fmt.Sprint(s.Violations()); !strings.Contains(v, "RET=HDRS") || !strings.Contains(v, "PIPELINING") {
		t.Error(v)
	}
}

func TestScriptDecidesEachReply(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply {
		switch {
		case st.Verb == "RCPT" && st.To == "no@y":
			return smtptest.Reply{Text: "550 5.1.1 unknown"}
		case st.Verb == "DATA" && st.Message == 2:
			return smtptest.Reply{DropIn: 5}
		}
		return smtptest.Reply{}
	}})
	p := dial(t, s)
	p.want("220")
	p.say("EHLO me\r\n")
	p.want("250")
	p.say("MAIL FROM:<>\r\nRCPT TO:<no@y>\r\nDATA\r\n")
	p.want("250", "550", "554")
	p.say("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nDATA\r\n")
	p.want("250", "250", "250", "354")
	p.say("123456789\r\n.\r\n")
	p.gone()
	if got := s.Transactions(); len(got) != 2 || got[1].Whole || len(s.Messages()) != 0 {
		t.Errorf("recorded %+v", got)
	}
}
