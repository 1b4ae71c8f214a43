package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"assent/preferences/sqldb"
	"assent/workers/inbound"
)

// Server takes mail in. Parser and Sink are required.
type Server struct {
	Parser *inbound.Parser
	Sink   inbound.Sink
	TLS    *tls.Config // offers STARTTLS when set
	Limits Limits
	Log    *slog.Logger
	Now    func() time.Time
}

// shutdownTime is how long mails under way may take when the server stops.
const shutdownTime = 10 * time.Second

// maxLine is the longest line that is read. Mails that come back have far longer ones than RFC 5321 §4.5.3.1.6 allows.
const maxLine = 1 << 20

// Serve takes connections from l until ctx ends, then lets mails under way come
// to their end. It always closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	limits := s.Limits.withDefaults()
	g := newGate(limits)
	log := s.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	now := s.Now
	if now == nil {
		now = time.Now
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		n, own := network(c.Conn().RemoteAddr())
		return &session{s: s, ctx: ctx, gate: g, limits: limits, network: n, own: own, log: log, now: now}, nil
	}))
	srv.Domain = s.Parser.Domain.Name
	srv.MaxMessageBytes = limits.MessageBytes
	srv.MaxLineLength = maxLine
	srv.MaxRecipients = limits.Recipients
	srv.ReadTimeout = limits.Idle
	srv.WriteTimeout = limits.Idle
	srv.EnableSMTPUTF8 = true
	srv.TLSConfig = s.TLS
	srv.ErrorLog = errorLog{log}

	done := make(chan struct{})
	running := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = l.Close()
		g.drain(shutdownTime)
		_ = srv.Close()
	})
	err := srv.Serve(&listener{Listener: l, gate: g})
	if !running() {
		<-done
		return nil
	}
	_ = srv.Close()
	return err
}

// session is one client's connection.
type session struct {
	s       *Server
	ctx     context.Context // of Serve, as go-smtp hands in none
	gate    *gate
	limits  Limits
	network netip.Prefix
	own     bool
	log     *slog.Logger
	now     func() time.Time

	unknown int

	// With BDAT go-smtp reads a mail beside the commands that follow it.
	mu   sync.Mutex
	from string
	to   []string
	busy bool // counted by the gate until the answer is written
}

func refuse(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

var (
	errRate    = refuse(451, smtp.EnhancedCode{4, 7, 1}, "Too many mails, try again later")
	errUnknown = refuse(550, smtp.EnhancedCode{5, 1, 1}, "No such address here")
	errGuess   = refuse(421, smtp.EnhancedCode{4, 7, 0}, "Too many unknown recipients")
	errLater   = refuse(451, smtp.EnhancedCode{4, 3, 0}, "Not stored, try again later")
	errFull    = refuse(452, smtp.EnhancedCode{4, 3, 1}, "No room to store it, try again later")
	errBroken  = refuse(554, smtp.EnhancedCode{5, 6, 0}, "Mail cannot be read")
)

// Reset forgets the mail under way. It is called after the answer to a mail.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to = "", nil
	if s.busy {
		s.busy = false
		s.gate.end()
	}
}

// Logout ends the session.
func (s *session) Logout() error {
	s.Reset()
	return nil
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.gate.mail(s.network, s.own, time.Now()) {
		return errRate
	}
	s.Reset()
	s.mu.Lock()
	s.from = from
	s.mu.Unlock()
	return nil
}

// Rcpt accepts our own addresses only. What is not one is refused alike,
// whether forged, mistyped or somebody else's.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.unknown >= s.limits.UnknownBefore {
		return errGuess
	}
	if _, ok := s.s.Parser.Domain.Address(to); !ok {
		s.unknown++
		return errUnknown
	}
	s.mu.Lock()
	s.to = append(s.to, to)
	s.mu.Unlock()
	return nil
}

// Data reads the mail and makes its events durable. Only then is it ours.
func (s *session) Data(r io.Reader) error {
	if !s.gate.begin() {
		return errLater
	}
	s.mu.Lock()
	s.busy = true
	env := inbound.Envelope{From: s.from, To: s.to, Known: true, At: s.now().UTC().Truncate(time.Microsecond), Provider: "smtp"}
	s.mu.Unlock()
	events, err := s.s.Parser.Parse(r, env)
	// The mail must be whole and within its size before any of it counts.
	if _, rest := io.Copy(io.Discard, r); rest != nil {
		return rest
	}
	switch {
	case errors.Is(err, inbound.ErrBroken):
		s.log.Warn("inbound mail cannot be read", "network", s.network, "err", err)
		return errBroken
	case err != nil:
		return err
	case len(events) == 0:
		return nil
	}
	if err := s.s.Sink.Apply(context.WithoutCancel(s.ctx), events); err != nil {
		s.log.Error("inbound mail not stored", "network", s.network, "kind", events[0].Kind, "err", err)
		if sqldb.IsFull(err) {
			return errFull
		}
		return errLater
	}
	return nil
}

// errorLog passes go-smtp's own complaints on.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Printf(format string, v ...any) {
	l.log.Debug("inbound smtp", "err", strings.TrimSpace(fmt.Sprintf(format, v...)))
}

func (l errorLog) Println(v ...any) {
	l.log.Debug("inbound smtp", "err", strings.TrimSpace(fmt.Sprintln(v...)))
}
