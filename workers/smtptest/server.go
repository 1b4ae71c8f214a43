package smtptest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultExtensions are offered when [Options] names none.
var DefaultExtensions = []string{"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 52428800"}

// Options say how a server behaves. The zero value listens on a free loopback port, offers [DefaultExtensions] and accepts everything.
type Options struct {
	Addr       string            // 127.0.0.1:0 if empty
	Extensions []string          // EHLO lines but STARTTLS and AUTH, which TLS and Users add; nil is DefaultExtensions
	TLS        *tls.Config       // offers STARTTLS
	Implicit   bool              // TLS from the first octet
	Users      map[string]string // offers AUTH and demands it
	CountOnly  bool              // keeps no message and no transaction: a sink
	Script     func(Step) Reply  // asked before each reply; nil accepts everything
}

// Step is the moment a script is asked about. Verb is the command in capitals, or CONNECT for the greeting and "." for the end of a message.
type Step struct {
	Conn, Message int // counted from 1: the connection of this server, the MAIL command of this connection
	Verb, Line    string
	From, To      string // of the transaction; in RCPT the recipient being named
}

// Reply is what a script wants instead of the usual reply. The zero Reply changes nothing.
type Reply struct {
	Text      string        // such as "550 5.1.1 no such user"; empty is the usual reply
	Delay     time.Duration // before it
	Stall     bool          // no reply, ever; the connection stays open
	Drop      bool          // closes the connection without a reply
	DropAfter bool          // closes the connection behind the reply
	Reset     bool          // whichever closes does so with a TCP reset
	DropIn    int           // in DATA: closes after that many octets of the message
}

// Transaction is one MAIL command that was accepted, and what became of it.
type Transaction struct {
	Conn, N    int
	From       string
	MailParams string
	To         []string
	RcptParams []string
	MailAt     time.Time // when the MAIL command was read
	EndAt      time.Time // when the message was whole
	TLS        uint16    // version, 0 without
	User       string    // who had authenticated
	Data       []byte    // the message without dot-stuffing, as far as it came
	Whole      bool      // the final dot came
	Reply      string    // to the message; empty if none was sent
}

// Accepted tells whether the message was answered with 250.
func (t Transaction) Accepted() bool { return t.Whole && strings.HasPrefix(t.Reply, "2") }

// Stats counts since the start.
type Stats struct {
	Connections, Transactions, Accepted, Bytes int64
	RoundTrips                                 int64 // how often the sender had to wait for replies
}

// Server is a running listener.
type Server struct {
	Addr string

	opts     Options
	offered  map[string]bool
	listener net.Listener
	closing  chan struct{}
	done     sync.WaitGroup

	connections, transactions, accepted, bytes, roundTrips atomic.Int64

	mu         sync.Mutex
	conns      map[net.Conn]struct{}
	log        []*Transaction
	violations []string
}

// Start listens and serves until Close.
func Start(o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Extensions == nil {
		o.Extensions = DefaultExtensions
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("smtptest: %w", err)
	}
	s := &Server{
		Addr: l.Addr().String(), opts: o, listener: l, closing: make(chan struct{}), offered: map[string]bool{},
		conns: map[net.Conn]struct{}{},
	}
	for _, e := range o.Extensions {
		s.offered[strings.ToUpper(strings.Fields(e)[0])] = true
	}
	s.done.Add(1)
	go s.accept()
	return s, nil
}

// TB is what [Serve] needs of a test.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Serve starts a server that the test closes at its end.
func Serve(t TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	t.Cleanup(s.Close)
	return s
}

func (s *Server) accept() {
	defer s.done.Done()
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(5 * time.Millisecond)
			continue
		}
		s.mu.Lock()
		s.conns[raw] = struct{}{}
		s.mu.Unlock()
		n := int(s.connections.Add(1))
		s.done.Add(1)
		go func() {
			defer s.done.Done()
			serve(s, raw, n)
			_ = raw.Close()
			s.mu.Lock()
			delete(s.conns, raw)
			s.mu.Unlock()
		}()
	}
}

// Close stops listening, closes all connections and waits for them.
func (s *Server) Close() {
	select {
	case <-s.closing:
		return
	default:
		close(s.closing)
	}
	_ = s.listener.Close()
	s.DropConnections()
	s.done.Wait()
}

// DropConnections closes every open connection, as a relay that restarts does; it goes on listening.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.connections.Load(), Transactions: s.transactions.Load(), Accepted: s.accepted.Load(),
		Bytes: s.bytes.Load(), RoundTrips: s.roundTrips.Load(),
	}
}

// Transactions returns copies of all transactions in the order of their MAIL commands.
func (s *Server) Transactions() []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Transaction, len(s.log))
	for i, t := range s.log {
		out[i] = *t
	}
	return out
}

// Messages returns the transactions that were answered with 250.
func (s *Server) Messages() []Transaction {
	var out []Transaction
	for _, t := range s.Transactions() {
		if t.Accepted() {
			out = append(out, t)
		}
	}
	return out
}

// Violations lists what senders did against the protocol or without its being offered.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

func (s *Server) violated(format string, args ...any) {
	s.mu.Lock()
	if len(s.violations) < 1000 {
		s.violations = append(s.violations, fmt.Sprintf(format, args...))
	}
	s.mu.Unlock()
}

func (s *Server) update(t *Transaction, change func(*Transaction)) {
	if t == nil {
		return
	}
	s.mu.Lock()
	change(t)
	s.mu.Unlock()
}
