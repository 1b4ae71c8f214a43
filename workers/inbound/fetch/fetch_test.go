package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"assent/preferences/tokens"
	"assent/workers/inbound"
	"assent/workers/smtptest"
)

const (
	anna     = "01956fd0-0000-7000-8000-00000000a11a"
	campaign = "01956fd0-0000-7000-8000-0000000000ca"
)

type sink struct {
	mu     sync.Mutex
	events []inbound.Event
	calls  []int // how many events each had
	err    error
	poison string // in the text of an event that cannot be applied
	before func() // before an answer
}

func (s *sink) Apply(_ context.Context, events []inbound.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, len(events))
	if s.before != nil {
		s.before()
	}
	for _, e := range events {
		if s.poison != "" && strings.Contains(e.Text, s.poison) {
			return errors.New("cannot be applied")
		}
	}
	if s.err == nil {
		s.events = append(s.events, events...)
	}
	return s.err
}

type server struct {
	addr  string
	user  *imapmemserver.User
	roots *x509.CertPool
	keys  *tokens.Keyring
}

// serve runs go-imap's in-memory server; wrap is what its listener goes through.
func serve(t *testing.T, caps imap.CapSet, implicit bool) *server {
	t.Helper()
	keys, err := tokens.Parse("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	conf, client, err := smtptest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{user: imapmemserver.NewUser("bounces", "pass word"), roots: client.RootCAs, keys: keys}
	if err := s.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem := imapmemserver.New()
	mem.AddUser(s.user)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: caps, TLSConfig: conf, InsecureAuth: !implicit && caps != nil, Logger: log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	if implicit {
		l = tls.NewListener(l, conf)
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

func (s *server) put(t *testing.T, mail string) {
	t.Helper()
	if _, err := s.user.Append("INBOX", literal{bytes.NewReader([]byte(mail))}, &imap.AppendOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (s *server) bounce(n int) string {
	return "Return-Path: <>\r\nDelivered-To: " + s.keys.SignLocal(tokens.Return, anna, campaign) + "@bounce.example.org\r\nFrom: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n" +
		fmt.Sprintf("Message-ID: <%d@mx.example.net>\r\n\r\n", n) + "Hi. This is the qmail-send program at mx.example.net.\r\n\r\n<anna@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n"
}

func (s *server) count(t *testing.T, folder string) (all, unseen int) {
	t.Helper()
	d, err := s.user.Status(folder, &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	if err != nil {
		t.Fatal(err)
	}
	return int(*d.NumMessages), int(*d.NumUnseen)
}

func (s *server) mailbox(t *testing.T, url string, to inbound.Sink) *Mailbox {
	t.Helper()
	m, err := New(strings.Replace(url, "HOST", "bounces:pass%20word@"+s.addr, 1), &inbound.Parser{Domain: inbound.Domain{Keys: s.keys, Name: "bounce.example.org"}}, to)
	if err != nil {
		t.Fatal(err)
	}
	m.TLS = &tls.Config{RootCAs: s.roots}
	return m
}

var (
	plain = imap.CapSet{imap.CapIMAP4rev1: {}}
	rich  = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}}
)

func TestUnseenMailsAreReadOnce(t *testing.T) {
	for name, c := range map[string]struct {
		caps     imap.CapSet
		implicit bool
		url      string
		moved    bool
	}{
		"implicit TLS":          {rich, true, "imaps://HOST/INBOX", false},
		"STARTTLS and moving":   {rich, false, "imap://HOST/?move=Done", true},
		"without TLS":           {rich, false, "imap://HOST/INBOX?tls=none&move=Done", true},
		"a server with no MOVE": {plain, true, "imaps://HOST/INBOX?move=Done", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.caps, c.implicit)
			got := &sink{}
			m := s.mailbox(t, c.url, got)
			for i := range 3 {
				s.put(t, s.bounce(i))
			}
			s.put(t, " \r\n") // cannot be read, and must not come again for ever
			n, err := m.Once(t.Context())
			if err != nil || n != 4 || len(got.events) != 3 {
				t.Fatalf("%d mails, %d events: %v", n, len(got.events), err)
			}
			if e := got.events[0]; e.Effect() != inbound.Suppress || e.Claims.Subject != anna || e.Provider != "imap" || e.At.IsZero() {
				t.Errorf("%+v", e)
			}
			all, unseen := s.count(t, "INBOX")
			if unseen != 0 || (all == 0) != c.moved {
				t.Errorf("INBOX holds %d, %d unseen", all, unseen)
			}
			if c.moved {
				if all, unseen := s.count(t, "Done"); all != 4 || unseen != 0 {
					t.Errorf("Done holds %d, %d unseen", all, unseen)
				}
			}
			if n, err := m.Once(t.Context()); n != 0 || err != nil || len(got.events) != 3 {
				t.Errorf("again: %d mails: %v", n, err)
			}
		})
	}
}

func TestAMailIsSeenOnlyWhenItsEventsAreDurable(t *testing.T) {
	s := serve(t, rich, true)
	got := &sink{err: errors.New("disk full")}
	m := s.mailbox(t, "imaps://HOST/INBOX?move=Done", got)
	s.put(t, s.bounce(1))
	if n, err := m.Once(t.Context()); err == nil || n != 0 {
		t.Fatalf("%d mails: %v", n, err)
	}
	if all, unseen := s.count(t, "INBOX"); all != 1 || unseen != 1 {
		t.Fatalf("INBOX holds %d, %d unseen", all, unseen)
	}
	got.err = nil
	if n, err := m.Once(t.Context()); err != nil || n != 1 || len(got.events) != 1 {
		t.Errorf("%d mails: %v", n, err)
	}
}

// Many mails cost few calls, and none of a set is marked before all of it is durable.
func TestMailsAreAppliedInSets(t *testing.T) {
	s := serve(t, rich, true)
	const mails = 2*maxSet + 7
	for i := range mails {
		s.put(t, s.bounce(i))
	}
	got, seen := &sink{}, []int{}
	got.before = func() {
		_, unseen := s.count(t, "INBOX")
		seen = append(seen, mails-unseen)
	}
	m := s.mailbox(t, "imaps://HOST/INBOX", got)
	if n, err := m.Once(t.Context()); n != mails || err != nil {
		t.Fatalf("%d mails: %v", n, err)
	}
	if want := []int{maxSet, maxSet, 7}; !slices.Equal(got.calls, want) {
		t.Errorf("calls of %v events, want %v", got.calls, want)
	}
	if want := []int{0, maxSet, 2 * maxSet}; !slices.Equal(seen, want) {
		t.Errorf("before each call %v mails were marked as seen, want %v", seen, want)
	}
	ids := map[string]bool{}
	for _, e := range got.events {
		ids[e.ProviderEventID] = true
	}
	if _, unseen := s.count(t, "INBOX"); len(ids) != mails || unseen != 0 {
		t.Errorf("%d mails were applied, %d are unseen", len(ids), unseen)
	}
}

// One mail that cannot be applied stays, and delays none of its set or of those after it.
func TestAMailThatCannotBeAppliedDelaysNoOther(t *testing.T) {
	s := serve(t, rich, true)
	got := &sink{poison: "the odd one"}
	m := s.mailbox(t, "imaps://HOST/INBOX?move=Done", got)
	for i := range maxSet + 3 {
		mail := s.bounce(i)
		if i == 5 {
			mail = strings.Replace(mail, "Sorry", "the odd one", 1)
		}
		s.put(t, mail)
	}
	if n, err := m.Once(t.Context()); err == nil || n != maxSet+2 || len(got.events) != maxSet+2 {
		t.Fatalf("%d mails, %d events: %v", n, len(got.events), err)
	}
	if all, unseen := s.count(t, "INBOX"); all != 1 || unseen != 1 {
		t.Errorf("INBOX holds %d, %d unseen", all, unseen)
	}
	got.poison = ""
	if n, err := m.Once(t.Context()); err != nil || n != 1 || len(got.events) != maxSet+3 {
		t.Errorf("later %d mails, %d events: %v", n, len(got.events), err)
	}
}

func TestAnUntrustedCertificateIsRefused(t *testing.T) {
	for _, url := range []string{"imaps://HOST/", "imap://HOST/"} {
		s := serve(t, rich, strings.HasPrefix(url, "imaps"))
		m := s.mailbox(t, url, &sink{})
		m.TLS = nil
		if _, err := m.Once(t.Context()); err == nil {
			t.Errorf("%s: signed in", url)
		}
	}
}

func TestAServerThatSaysNothingDoesNotHoldUs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"imaps", "imap"} {
		m, err := New(scheme+"://a:b@"+l.Addr().String()+"/", &inbound.Parser{}, &sink{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		_, err = m.Once(ctx)
		cancel()
		if err == nil || time.Since(start) > 20*time.Second {
			t.Errorf("%s: %v after %s", scheme, err, time.Since(start))
		}
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{
		"", "http://a:b@host/", "imaps://host/", "imaps://a@host/", "imaps://a:b@/", "imaps://a:b@host/?every=1s", "imaps://a:b@host/?x=1", "imap://a:b@host/?tls=none", "imaps://a:b@127.0.0.1/?tls=none",
		"imaps://a:b@host/INBOX?move=INBOX", "imaps://a:sec%ret@host/",
	} {
		_, err := New(bad, nil, nil)
		if err == nil {
			t.Errorf("%q was taken", bad)
		} else if strings.Contains(err.Error(), "ret@") {
			t.Errorf("%q: the error tells the password: %v", bad, err)
		}
	}
	s, err := parseURL("imaps://us%40er:p%3Aw@mail.example.org/Bounces/New?every=30s&move=Done")
	if err != nil || s.address != "mail.example.org:993" || s.user != "us@er" || s.password != "p:w" || s.folder != "Bounces/New" || s.every != 30*time.Second || s.moveTo != "Done" {
		t.Errorf("%+v %v", s, err)
	}
}

func TestACheckChangesNothing(t *testing.T) {
	s := serve(t, rich, true)
	m := s.mailbox(t, "imaps://HOST/INBOX?move=Done", &sink{})
	s.put(t, s.bounce(1))
	if n, err := m.Check(t.Context()); n != 1 || err != nil {
		t.Errorf("%d wait: %v", n, err)
	}
	if all, unseen := s.count(t, "INBOX"); all != 1 || unseen != 1 {
		t.Errorf("INBOX holds %d, %d unseen", all, unseen)
	}
	if _, err := s.user.Status("Done", &imap.StatusOptions{NumMessages: true}); err == nil {
		t.Error("a folder was made")
	}
	if name := m.Name(); strings.Contains(name, "pass") || strings.Contains(name, "bounces") || !strings.HasSuffix(name, "/INBOX") {
		t.Error(name)
	}
	m.source.password = "wrong"
	if _, err := m.Check(t.Context()); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
}
