package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/workers/smtptest"
	"assent/workers/transport"
)

func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	server, client, err := smtptest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

func TestSecuresAndAuthenticates(t *testing.T) {
	server, client := certificate(t)
	for name, c := range map[string]struct {
		implicit bool
		tls      string
		version  string
	}{"starttls": {false, "mandatory", "TLS 1.3"}, "smtps": {true, "mandatory", "TLS 1.3"}, "plain on loopback": {false, "none", ""}} {
		t.Run(name, func(t *testing.T) {
			s := smtptest.Serve(t, smtptest.Options{TLS: server, Implicit: c.implicit, Users: map[string]string{"me": "s3cret pass"}})
			r := relayTo(s)
			r.Implicit, r.TLS, r.User, r.Password = c.implicit, c.tls, "me", "s3cret pass"
			tr := openRelay(t, r, transport.Options{TLS: client})
			b := batch(t, 3)
			b.Lease = func(int) time.Time { return time.Now().Add(time.Minute) }
			res := tr.SendBatch(context.Background(), b)
			if got := states(res); got != "sent sent sent" {
				t.Fatalf("%s %+v", got, res)
			}
			for i, m := range s.Messages() {
				if (m.TLS != 0) != (c.version != "") || m.User != "me" || res[i].TLS != c.version || string(m.Data) != string(b.Messages[i].Data) {
					t.Errorf("%+v, evidence %+v", m, res[i])
				}
			}
			if st := s.Stats(); st.Connections != 1 {
				t.Errorf("%d connections", st.Connections)
			}
		})
	}
}

func TestNoPlaintextFallbackAndNoCredentialsInErrors(t *testing.T) {
	server, client := certificate(t)
	const password = "s3cret-pass"
	for name, c := range map[string]struct {
		opts  smtptest.Options
		tls   string
		roots *tls.Config
		want  string
	}{
		"no STARTTLS":          {smtptest.Options{}, "mandatory", client, "STARTTLS"},
		"untrusted":            {smtptest.Options{TLS: server}, "mandatory", nil, "certificate"},
		"no AUTH":              {smtptest.Options{TLS: server}, "mandatory", client, "AUTH"},
		"wrong password":       {smtptest.Options{TLS: server, Users: map[string]string{"me": "other"}}, "mandatory", client, "535"},
		"STARTTLS refused":     {smtptest.Options{TLS: server, Script: on("STARTTLS", "454 4.7.0 not now")}, "mandatory", client, "454"},
		"opportunistic broken": {smtptest.Options{TLS: server, Script: on("STARTTLS", "454 4.7.0 not now")}, "opportunistic", client, "454"},
		"greeting":             {smtptest.Options{Script: on("CONNECT", "554 5.7.1 "+base64.StdEncoding.EncodeToString([]byte(password)))}, "mandatory", client, "[hidden]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := smtptest.Serve(t, c.opts)
			r := relayTo(s)
			r.TLS, r.User, r.Password = c.tls, "me", password
			tr := openRelay(t, r, transport.Options{TLS: c.roots, Dial: 2 * time.Second})
			res := tr.SendBatch(context.Background(), batch(t, 2))
			if got := states(res); got != "not begun not begun" {
				t.Errorf("%s %+v", got, res)
			}
			err := res[0].Err
			var relay *transport.RelayError
			if !errors.As(err, &relay) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.Addr) {
				t.Errorf("error: %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte(password)))) {
				t.Errorf("the error tells the password: %v", err)
			}
			if n := len(s.Transactions()); n != 0 {
				t.Errorf("%d transactions", n)
			}
		})
	}
}

func on(verb, text string) func(smtptest.Step) smtptest.Reply {
	return func(s smtptest.Step) smtptest.Reply {
		if s.Verb == verb {
			return smtptest.Reply{Text: text}
		}
		return smtptest.Reply{}
	}
}

func TestUsesWhatIsOfferedAndNothingElse(t *testing.T) {
	send := func(ext []string, from, to, data string) (transport.Result, *smtptest.Server) {
		s := smtptest.Serve(t, smtptest.Options{Extensions: ext})
		m := outgoing(t, 1)
		m.From, m.To, m.Data = from, to, []byte(data)
		return transport.Send(context.Background(), open(t, s, quick), m), s
	}
	all := []string{"PIPELINING", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN"}
	for _, c := range []struct {
		name           string
		ext            []string
		from, to, data string
		state          transport.State
		enhanced       string
		mail, rcpt     string
	}{
		{"all", all, "b@x.test", "p@y.test", text, transport.Sent, "2.0.0", "SIZE=73 RET=HDRS ENVID=id-1", "NOTIFY=FAILURE,DELAY ORCPT=rfc822;p@y.test"},
		{"nothing", []string{"HELP"}, "b@x.test", "p@y.test", text, transport.Sent, "2.0.0", "", ""},
		{"xtext", all, "", "p+tag=1@y.test", text, transport.Sent, "2.0.0", "SIZE=73 RET=HDRS ENVID=id-1", "NOTIFY=FAILURE,DELAY ORCPT=rfc822;p+2Btag+3D1@y.test"},
		{"utf8", all, "b@x.test", "jörg@y.test", text, transport.Sent, "2.0.0", "SIZE=73 SMTPUTF8 RET=HDRS ENVID=id-1", "NOTIFY=FAILURE,DELAY"},
		{"no utf8", []string{"PIPELINING"}, "b@x.test", "jörg@y.test", text, transport.Rejected, "5.6.7", "", ""},
		{"A-label", []string{"PIPELINING"}, "b@x.test", "p@bücher.test", text, transport.Sent, "2.0.0", "", ""},
		{"8-bit", []string{"8BITMIME"}, "b@x.test", "p@y.test", "Subject: x\r\n\r\nö\r\n", transport.Sent, "2.0.0", "BODY=8BITMIME", ""},
		{"no 8-bit", []string{"SIZE"}, "b@x.test", "p@y.test", "Subject: x\r\n\r\nö\r\n", transport.Rejected, "5.6.3", "", ""},
		{"too large", all, "b@x.test", "p@y.test", strings.Repeat("123456\r\n", 200), transport.Rejected, "5.3.4", "", ""},
		{"bare LF", all, "b@x.test", "p@y.test", "Subject: x\r\n\r\na\n.\nMAIL FROM:<e@x>\r\n", transport.Rejected, "5.6.0", "", ""},
		{"bare CR", all, "b@x.test", "p@y.test", "Subject: x\r\n\r\na\rb\r\n", transport.Rejected, "5.6.0", "", ""},
		{"long line", all, "b@x.test", "p@y.test", strings.Repeat("x", 999) + "\r\n", transport.Rejected, "5.6.0", "", ""},
		{"smuggled parameter", all, "b@x.test", `"a@b> ORCPT=x"@t.test`, text, transport.Rejected, "5.1.3", "", ""},
		{"smuggled command", all, "b@x.test", "a@b>\r\nRCPT TO:<c@d.test", text, transport.Rejected, "5.1.3", "", ""},
		{"smuggled in domain", all, "b@x.test", "a@b.test>\r\nDATA", text, transport.Rejected, "5.1.2", "", ""},
		{"line separator", all, "b@x.test", "a\u2028b@y.test", text, transport.Rejected, "5.1.3", "", ""},
		{"no recipient", all, "b@x.test", "", text, transport.Rejected, "5.1.3", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, s := send(c.ext, c.from, c.to, c.data)
			if r.State != c.state || c.enhanced != "2.0.0" && r.Enhanced != c.enhanced {
				t.Fatalf("%+v", r)
			}
			if v := s.Violations(); len(v) > 0 {
				t.Error(v)
			}
			got := s.Transactions()
			if c.state != transport.Sent {
				if len(got) != 0 || r.Verdict() != transport.Permanent || !strings.HasPrefix(r.Said(), c.enhanced+" ") { // compliance 13: recorded as 5.6.7
					t.Errorf("%+v %v %q", got, r.Verdict(), r.Said())
				}
				return
			}
			if got[0].MailParams != c.mail || got[0].RcptParams[0] != c.rcpt || string(got[0].Data) != c.data {
				t.Errorf("%+v", got[0])
			}
			if c.name == "A-label" && got[0].To[0] != "p@xn--bcher-kva.test" {
				t.Error(got[0].To)
			}
		})
	}
}

func TestConnectionsAreKeptBoundedAndReplacedWhenStale(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply {
		if st.Verb == "." {
			return smtptest.Reply{Delay: 5 * time.Millisecond}
		}
		return smtptest.Reply{}
	}})
	tr := open(t, s, transport.Options{Idle: time.Hour})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 3 {
				if r := transport.Send(context.Background(), tr, outgoing(t, 10*i+n)); r.State != transport.Sent {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	all.Wait()
	if n := s.Stats().Connections; n > 2 {
		t.Errorf("%d connections, at most 2 were allowed", n)
	}
	before := s.Stats().Connections
	s.DropConnections()
	time.Sleep(20 * time.Millisecond)
	if r := transport.Send(context.Background(), tr, outgoing(t, 100)); r.State != transport.Sent {
		t.Errorf("after the relay closed: %+v", r)
	}
	if n := s.Stats().Connections - before; n != 1 {
		t.Errorf("%d new connections after the relay closed", n)
	}
	tr, before = open(t, s, transport.Options{Idle: 10 * time.Millisecond}), s.Stats().Connections
	for n := range 2 {
		if r := transport.Send(context.Background(), tr, outgoing(t, 101+n)); r.State != transport.Sent {
			t.Errorf("after the idle time: %+v", r)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if n := s.Stats().Connections - before; n != 2 {
		t.Errorf("%d new connections, want one for each time", n)
	}
}

func TestARelayThatLosesWhatIsPipelinedIsSpokenToMoreSlowly(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply {
		if st.Verb == "MAIL" && st.Message > 1 && st.Conn == 1 {
			return smtptest.Reply{Text: "554 5.5.0 SMTP protocol synchronization error", DropAfter: true}
		}
		return smtptest.Reply{}
	}})
	tr := open(t, s, quick)
	res := tr.SendBatch(context.Background(), batch(t, 5))
	if got := states(res); got != "sent sent sent sent sent" {
		t.Errorf("%s %+v", got, res)
	}
	st := s.Stats()
	if st.Connections != 2 || st.RoundTrips != 3+2+2*4 { // greeting, EHLO, first group; the same but the group; four messages at two each
		t.Errorf("%d round trips", st.RoundTrips)
	}
}

func TestRoundTripsPerMessage(t *testing.T) {
	for name, c := range map[string]struct {
		ext  []string
		want int64
	}{"pipelined over messages": {nil, 101}, "lockstep": {modes["lockstep"], 400}} {
		t.Run(name, func(t *testing.T) {
			s := smtptest.Serve(t, smtptest.Options{Extensions: c.ext})
			tr := open(t, s, quick)
			tr.SendBatch(context.Background(), batch(t, 100))
			if got := s.Stats().RoundTrips - 2; got != c.want {
				t.Errorf("%d round trips for 100 messages, want %d", got, c.want)
			}
		})
	}
}

func TestCloseCutsOffWhatDoesNotEnd(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply { return smtptest.Reply{Stall: st.Verb == "."} }})
	tr, err := transport.NewSMTP(relayTo(s), transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan []transport.Result)
	go func() { done <- tr.SendBatch(context.Background(), batch(t, 2)) }()
	for len(s.Transactions()) < 1 || !s.Transactions()[0].Whole {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := tr.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := states(<-done); got != "uncertain@end failed@mail" && got != "uncertain@end failed@connect" {
		t.Error(got)
	}
	if r := transport.Send(context.Background(), tr, outgoing(t, 1)); !errors.Is(r.Err, transport.ErrClosed) {
		t.Errorf("%+v", r)
	}
}

func TestADeadRelayIsNamed(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	addr := l.Addr().String()
	_ = l.Close()
	tr := openRelay(t, relayTo(&smtptest.Server{Addr: addr}), transport.Options{})
	r := transport.Send(context.Background(), tr, outgoing(t, 1))
	if r.State != transport.NotBegun || r.Err == nil || !strings.Contains(r.Err.Error(), addr) {
		t.Errorf("%+v", r)
	}
}

func TestClassifiesReplies(t *testing.T) {
	for _, c := range []struct {
		stage transport.Stage
		code  int
		text  string
		want  transport.Verdict
	}{
		{transport.StageEnd, 250, "2.0.0 ok", transport.Accepted},
		{transport.StageRcpt, 550, "5.1.1 no such user", transport.HardBounce},
		{transport.StageRcpt, 550, "5.1.10 null MX", transport.HardBounce},
		{transport.StageRcpt, 550, "No such user here", transport.HardBounce},
		{transport.StageRcpt, 552, "5.2.2 mailbox full", transport.SoftBounce},
		{transport.StageRcpt, 550, "5.7.1 user unknown", transport.Policy},
		{transport.StageEnd, 550, "5.7.515 access denied, sender not authenticated", transport.Policy},
		{transport.StageEnd, 554, "message looks like spam", transport.Policy},
		{transport.StageMail, 550, "5.1.1 whatever", transport.Policy},
		{transport.StageRcpt, 553, "5.1.8 sender address", transport.Policy},
		{transport.StageRcpt, 550, "mail from 192.0.2.1 blocked, user unknown", transport.Policy},
		{transport.StageEnd, 552, "5.3.4 too big", transport.Permanent},
		{transport.StageRcpt, 550, "go away", transport.Permanent},
		{transport.StageRcpt, 450, "4.2.1 greylisted", transport.Transient},
		{transport.StageMail, 421, "4.3.2 closing", transport.Throttled},
		{transport.StageRcpt, 451, "4.7.0 try again later", transport.Throttled},
		{transport.StageRcpt, 452, "too many recipients this hour", transport.Throttled},
		// As bounces are read: in other languages, with the code in the text, by what words say beside a code.
		{transport.StageRcpt, 550, "Benutzer unbekannt", transport.HardBounce},
		{transport.StageRcpt, 550, "no such thing (#5.1.1)", transport.HardBounce},
		{transport.StageRcpt, 550, "5.1.1 mailbox is full", transport.SoftBounce},
		{transport.StageRcpt, 550, "5.1.1 Sender address rejected", transport.Policy},
		{transport.StageRcpt, 550, "spam@example.net: no such user", transport.HardBounce},
		{transport.StageRcpt, 550, "5.2.1 receiving mail at a rate that is too high", transport.SoftBounce},
		{transport.StageRcpt, 550, "Rejected", transport.Permanent},
		{transport.StageEnd, 552, "message size exceeds fixed maximum message size", transport.Permanent},
		{transport.StageEnd, 550, "5.6.0 content rejected: attachment", transport.Policy},
		{transport.StageEnd, 550, "no such user", transport.Permanent},
		{transport.StageEnd, 550, "5.1.1 no such user", transport.HardBounce},
	} {
		enhanced := ""
		if w, _, _ := strings.Cut(c.text, " "); strings.Count(w, ".") == 2 {
			enhanced = w
		}
		if got := transport.Classify(c.stage, c.code, enhanced, c.text); got != c.want {
			t.Errorf("%v %d %s: %v, want %v", c.stage, c.code, c.text, got, c.want)
		}
	}
}

func TestKeepsToItsRate(t *testing.T) {
	for mode, ext := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var taken atomic.Int32
			s := smtptest.Serve(t, smtptest.Options{Extensions: ext, Script: func(at smtptest.Step) smtptest.Reply {
				if at.Verb == "." && taken.Add(1) == 40+2 {
					cancel()
				}
				return smtptest.Reply{}
			}})
			r := relayTo(s)
			r.Rate = 100
			tr := openRelay(t, r, transport.Options{})
			start := time.Now()
			res := tr.SendBatch(context.Background(), batch(t, 40))
			if took := time.Since(start); took < 280*time.Millisecond { // ten at once, then one each 10 ms
				t.Errorf("40 messages at 100/s took %v", took)
			}
			for _, r := range res {
				if r.State != transport.Sent {
					t.Errorf("%+v", r)
				}
			}
			if got := states(tr.SendBatch(ctx, batch(t, 40))); !strings.HasPrefix(got, "sent sent") || !strings.HasSuffix(got, "not begun") {
				t.Error(got)
			}
		})
	}
}

func TestARelayThatTurnsEverybodyAwayIsNotHammered(t *testing.T) {
	for verb, want := range map[string]string{"MAIL": "deferred@mail:421 deferred@mail:421 not begun not begun", "CONNECT": "not begun not begun not begun not begun"} {
		t.Run(verb, func(t *testing.T) {
			s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply {
				if st.Verb == verb {
					return smtptest.Reply{Text: "421 4.7.0 too many connections", DropAfter: true}
				}
				return smtptest.Reply{}
			}})
			res := open(t, s, quick).SendBatch(context.Background(), batch(t, 4))
			if got := states(res); got != want {
				t.Errorf("%s %+v", got, res)
			}
			if err := res[3].Err; err == nil || !strings.Contains(err.Error(), "421") || !strings.Contains(err.Error(), s.Addr) {
				t.Errorf("no reason: %v", err)
			}
			if n := s.Stats().Connections; n > 2 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestADialIsCutShortWithItsContext(t *testing.T) {
	s := smtptest.Serve(t, smtptest.Options{Script: func(st smtptest.Step) smtptest.Reply { return smtptest.Reply{Stall: st.Verb == "EHLO"} }})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	r := open(t, s, transport.Options{}).SendBatch(ctx, batch(t, 1))[0]
	if r.State != transport.NotBegun || r.Err == nil || time.Since(start) > 20*time.Second { // of the 30 that a dial may take
		t.Errorf("%+v after %v", r, time.Since(start))
	}
}

func TestProbeTellsWhatARelayOffers(t *testing.T) {
	server, client := certificate(t)
	s := smtptest.Serve(t, smtptest.Options{TLS: server, Extensions: []string{"PIPELINING", "DSN"}})
	r := relayTo(s)
	r.TLS = "mandatory"
	ext, version, err := openRelay(t, r, transport.Options{TLS: client}).Probe(context.Background())
	if got := strings.Join(ext, " "); err != nil || got != "PIPELINING DSN" || version != "TLS 1.3" {
		t.Error(got, version, err)
	}
}
