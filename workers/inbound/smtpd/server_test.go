package smtpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"assent/preferences/tokens"
	"assent/workers/inbound"
	"assent/workers/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	domain   = "bounce.example.org"
	anna     = "01956fd0-0000-7000-8000-00000000a11a"
	campaign = "01956fd0-0000-7000-8000-0000000000ca"
)

type sink struct {
	mu     sync.Mutex
	events []inbound.Event
	err    error
}

func (s *sink) Apply(_ context.Context, events []inbound.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.events = append(s.events, events...)
	return nil
}

func (s *sink) all() []inbound.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]inbound.Event(nil), s.events...)
}

type fixture struct {
	*Server
	sink *sink
	keys *tokens.Keyring
	addr string
}

// foreign makes connections look as if they came from elsewhere.
type foreign struct{ net.Listener }

type foreignConn struct{ net.Conn }

func (l foreign) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreignConn{c}, nil
}

func (foreignConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 5), Port: 2525}
}

func start(t *testing.T, change func(*Server), wrap func(net.Listener) net.Listener) *fixture {
	t.Helper()
	keys, err := tokens.Parse("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{sink: &sink{}, keys: keys}
	f.Server = &Server{Parser: &inbound.Parser{Domain: inbound.Domain{Keys: keys, Name: domain}}, Sink: f.sink}
	if change != nil {
		change(f.Server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	if wrap != nil {
		l = wrap(l)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return f
}

func (f *fixture) returnPath() string {
	return f.keys.SignLocal(tokens.Return, anna, campaign) + "@" + domain
}

func (f *fixture) client(t *testing.T) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Hello("mx.example.net"); err != nil {
		t.Fatal(err)
	}
	return c
}

const bounce = "From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\nMessage-ID: <1@mx.example.net>\r\n\r\n" +
	"Hi. This is the qmail-send program at mx.example.net.\r\n\r\n<anna@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n"

func send(c *smtp.Client, from, to, mail string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, mail); err != nil {
		return err
	}
	return w.Close()
}

func code(err error) int {
	var e *textproto.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestABounceAtASignedReturnPathIsDurableBefore250(t *testing.T) {
	f := start(t, nil, nil)
	c := f.client(t)
	if err := send(c, "", f.returnPath(), bounce); err != nil {
		t.Fatal(err)
	}
	got := f.sink.all()
	if len(got) != 1 || got[0].Kind != inbound.Bounce || got[0].Effect() != inbound.Suppress || got[0].Claims.Subject != anna || got[0].Provider != "smtp" || got[0].At.IsZero() {
		t.Fatalf("%+v", got)
	}
	if err := send(c, "", strings.ToUpper(f.returnPath()), bounce); err != nil {
		t.Errorf("folded case: %v", err)
	}
}

func TestWhatIsNotStoredIsAskedForAgain(t *testing.T) {
	f := start(t, nil, nil)
	f.sink.err = errors.New("disk full")
	c := f.client(t)
	err := send(c, "", f.returnPath(), bounce)
	if code(err) != 451 || strings.Contains(err.Error(), "disk full") {
		t.Errorf("%v", err)
	}
	f.sink.mu.Lock()
	f.sink.err = nil
	f.sink.mu.Unlock()
	if err := send(c, "", f.returnPath(), bounce); err != nil || len(f.sink.all()) != 1 {
		t.Errorf("again: %v", err)
	}
}

func TestOnlyOurOwnAddressesAreAccepted(t *testing.T) {
	f := start(t, func(s *Server) { s.Limits.UnknownBefore = 100 }, nil)
	signed := f.returnPath()
	forged := "r" + strings.Repeat("b", 62) + "a@" + domain
	c := f.client(t)
	for addr, want := range map[string]int{
		signed: 0, "fbl@" + domain: 0, "FBL@Bounce.Example.Org": 0,
		f.keys.SignLocal(tokens.Unsubscribe, anna, campaign) + "@" + domain: 0,
		f.keys.SignLocal(tokens.Click, anna, campaign) + "@" + domain:       550,
		forged: 550, "postmaster@" + domain: 550, "anna@example.net": 550, strings.Replace(signed, domain, "example.net", 1): 550,
		"fbl@" + domain + ".evil.example": 550, "fbl": 501, signed[:20] + "@" + domain: 550,
	} {
		if err := c.Reset(); err != nil {
			t.Fatal(err)
		}
		if err := c.Mail(""); err != nil {
			t.Fatal(err)
		}
		if got := code(c.Rcpt(addr)); got != want {
			t.Errorf("%s: %d, want %d", addr, got, want)
		}
	}
}

func TestGuessingIsCutShort(t *testing.T) {
	f := start(t, nil, nil)
	c := f.client(t)
	if err := c.Mail(""); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if got := code(c.Rcpt(fmt.Sprintf("a%d@%s", i, domain))); got != 550 {
			t.Fatalf("%d", got)
		}
	}
	if got := code(c.Rcpt(f.returnPath())); got != 421 {
		t.Errorf("%d after five guesses", got)
	}
}

func TestSizesAndCountsAreLimited(t *testing.T) {
	f := start(t, func(s *Server) {
		s.Limits = Limits{MessageBytes: 5000, Recipients: 2}
		s.Parser.Limits.Bytes = 1000 // what it needs of a mail comes long before the end
	}, nil)
	c := f.client(t)
	if err := send(c, "", f.returnPath(), bounce+strings.Repeat("x\r\n", 4000)); code(err) != 552 {
		t.Errorf("too large: %v", err)
	}
	c = f.client(t)
	if err := c.Mail(""); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 0, 452} {
		if got := code(c.Rcpt(f.returnPath())); got != want {
			t.Errorf("recipient %d: %d", i, got)
		}
	}
	c = f.client(t)
	if err := send(c, "", f.returnPath(), bounce+strings.Repeat("x", 6000)+"\r\n"); code(err) != 552 {
		t.Errorf("too large in one line: %v", err)
	}
	c = f.client(t)
	if err := c.Text.PrintfLine("NOOP %s", strings.Repeat("x", maxLine)); err == nil {
		if line, err := c.Text.ReadLine(); err == nil && strings.HasPrefix(line, "2") {
			t.Error("a command of a megabyte was read")
		}
	}
	if got := f.sink.all(); len(got) != 0 {
		t.Errorf("something of it counted: %+v", got)
	}
}

func TestAMailThatBreaksOffChangesNothing(t *testing.T) {
	f := start(t, nil, nil)
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	say := func(line string) {
		fmt.Fprintf(conn, "%s\r\n", line)
		for {
			l, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if len(l) < 4 || l[3] != '-' {
				return
			}
		}
	}
	_, _ = r.ReadString('\n')
	for _, line := range []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<" + f.returnPath() + ">", "DATA"} {
		say(line)
	}
	fmt.Fprint(conn, bounce)
	_ = conn.Close()
	time.Sleep(50 * time.Millisecond)
	if got := f.sink.all(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestBDATIsReadLikeDATA(t *testing.T) {
	f := start(t, nil, nil)
	for i, whole := range []bool{false, true} {
		// A client of its own for each: within one connection go-smtp 0.25.1
		// has a data race between a BDAT that was reset and the next one.
		c := f.client(t)
		if err := c.Mail(""); err != nil {
			t.Fatal(err)
		}
		if err := c.Rcpt(f.returnPath()); err != nil {
			t.Fatal(err)
		}
		half := len(bounce) / 2
		fmt.Fprintf(c.Text.W, "BDAT %d\r\n%s", half, bounce[:half])
		_ = c.Text.W.Flush()
		if _, _, err := c.Text.ReadResponse(250); err != nil {
			t.Fatal(err)
		}
		if !whole {
			if err := c.Reset(); err != nil {
				t.Fatal(err)
			}
		} else {
			fmt.Fprintf(c.Text.W, "BDAT %d LAST\r\n%s", len(bounce)-half, bounce[half:])
			_ = c.Text.W.Flush()
			if _, _, err := c.Text.ReadResponse(250); err != nil {
				t.Fatal(err)
			}
		}
		if got := f.sink.all(); len(got) != i {
			t.Errorf("whole %v: %+v", whole, got)
		}
	}
}

func TestConnectionsAreLimitedByNetworkAndInAll(t *testing.T) {
	f := start(t, func(s *Server) { s.Limits = Limits{PerNetwork: 2, Connections: 3} }, func(l net.Listener) net.Listener { return foreign{l} })
	f.client(t)
	f.client(t)
	if _, err := smtp.Dial(f.addr); code(err) != 421 {
		t.Errorf("third from one network: %v", err)
	}
	g := start(t, func(s *Server) { s.Limits = Limits{PerNetwork: 2, Connections: 3} }, nil)
	var last *smtp.Client
	for range 3 {
		last = g.client(t)
	}
	if _, err := smtp.Dial(g.addr); code(err) != 421 {
		t.Errorf("fourth in all: %v", err)
	}
	_ = last.Quit()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := smtp.Dial(g.addr); err == nil {
			_ = c.Close()
			return
		}
	}
	t.Error("a place that was left is not given again")
}

func TestMailsAreLimitedByRate(t *testing.T) {
	f := start(t, func(s *Server) { s.Limits = Limits{MailsPerSec: 0.001, Burst: 2} }, func(l net.Listener) net.Listener { return foreign{l} })
	c := f.client(t)
	for i, want := range []int{0, 0, 451} {
		if got := code(send(c, "", f.returnPath(), bounce)); got != want {
			t.Errorf("mail %d: %d, want %d", i, got, want)
		}
	}
}

func TestRatesDoNotGrowWithoutBound(t *testing.T) {
	g := newGate(Limits{}.withDefaults())
	for i := range 3 * maxNetworks {
		n, _ := network(&net.TCPAddr{IP: net.IPv4(203, byte(i>>16), byte(i>>8), byte(i))})
		g.mail(n, false, time.Now())
	}
	if len(g.rates) > maxNetworks {
		t.Errorf("%d networks are kept", len(g.rates))
	}
	a, _ := network(&net.TCPAddr{IP: net.ParseIP("2001:db8::1")})
	b, _ := network(&net.TCPAddr{IP: net.ParseIP("2001:db8::ffff")})
	if a != b {
		t.Error("addresses of one /64 count apart")
	}
}

func TestALongConnectionEnds(t *testing.T) {
	f := start(t, func(s *Server) { s.Limits.Lifetime = 100 * time.Millisecond }, nil)
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
}

func TestAMailUnderWayIsTakenBeforeTheServerStops(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{})
	slow := &slowSink{release: release, entered: entered}
	keys, err := tokens.Parse("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Parser: &inbound.Parser{Domain: inbound.Domain{Keys: keys, Name: domain}}, Sink: slow}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	f := &fixture{keys: keys, addr: l.Addr().String()}
	idle, c := f.client(t), f.client(t)
	sent := make(chan error, 1)
	go func() { sent <- send(c, "", f.returnPath(), bounce) }()
	<-entered
	cancel()
	select {
	case <-done:
		t.Fatal("stopped before the mail was taken")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-sent; err != nil {
		t.Errorf("the mail under way: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := idle.Noop(); err == nil {
		t.Error("an idle connection outlives the server")
	}
}

type slowSink struct{ release, entered chan struct{} }

func (s *slowSink) Apply(ctx context.Context, _ []inbound.Event) error {
	close(s.entered)
	<-s.release
	return ctx.Err()
}

func TestSTARTTLS(t *testing.T) {
	conf, _, err := smtptest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(s *Server) { s.TLS = conf }, nil)
	c := f.client(t)
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	if err := send(c, "", f.returnPath(), bounce); err != nil || len(f.sink.all()) != 1 {
		t.Errorf("%v", err)
	}
	plain := start(t, nil, nil).client(t)
	if ok, _ := plain.Extension("STARTTLS"); ok {
		t.Error("STARTTLS is offered without a certificate")
	}
}

func TestItRelaysNothingAndKnowsNoLogin(t *testing.T) {
	f := start(t, nil, nil)
	c := f.client(t)
	if ok, _ := c.Extension("AUTH"); ok {
		t.Error("AUTH is offered")
	}
	if err := c.Mail("news@example.org"); err != nil {
		t.Fatal(err)
	}
	if got := code(c.Rcpt("anna@example.net")); got != 550 {
		t.Errorf("relay: %d", got)
	}
}
