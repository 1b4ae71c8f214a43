package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"assent/preferences/gate"
)

// Relay is a mail server that takes our mail.
type Relay struct {
	Host           string // name or IP address
	Port           int
	User, Password string
	Implicit       bool    // TLS from the first octet (smtps)
	TLS            string  // "mandatory", "opportunistic" or "none"; empty is mandatory, on the loopback interface opportunistic
	Connections    int     // kept at most; 0 is a default
	Rate           float64 // messages per second of this process; 0 is no limit
}

// Options are what else a transport may be told. Zero durations are defaults.
type Options struct {
	Stream  gate.Stream // the only one served; empty is any
	Hello   string      // our name in EHLO; empty is the host's
	TLS     *tls.Config // trusted roots and the like; nil is the system's
	Dial    time.Duration
	Command time.Duration // for the reply to a command, RFC 5321 §4.5.3.2
	Final   time.Duration // for the reply to the final dot; too short makes what was accepted uncertain
	Idle    time.Duration // how long an unused connection is kept
	NoDSN   bool          // asks for no delivery status notifications where the relay offers them
}

// DefaultConnections is how many connections are kept when the relay's settings name no number.
func DefaultConnections() int { return max(8, 4*runtime.NumCPU()) }

// Pipelining levels, from the slowest to the fastest.
const (
	lockstep     int32 = iota // one command at a time
	transactions              // MAIL, RCPT and DATA in one write
	messages                  // these behind the body of the message before
)

// SMTP is a transport to one relay.
type SMTP struct {
	relay     Relay
	opts      Options
	addr      string
	limiter   *rate.Limiter
	slots     chan struct{}
	level     atomic.Int32 // the most that this relay has proved to bear
	suspicion atomic.Int32 // pipelined groups lost in a row

	mu     sync.Mutex
	idle   []*conn
	active map[*conn]struct{}
	closed bool
}

var _ Transport = (*SMTP)(nil)

// NewSMTP makes a transport to the relay. It does not connect yet.
func NewSMTP(r Relay, o Options) (*SMTP, error) {
	if r.Host == "" || r.Port < 1 || r.Port > 65535 {
		return nil, fmt.Errorf("transport: relay %q has no valid host and port", r.Host)
	}
	switch r.TLS {
	case "":
		r.TLS = "mandatory"
		if Loopback(r.Host) {
			r.TLS = "opportunistic"
		}
	case "mandatory", "opportunistic", "none":
	default:
		return nil, fmt.Errorf("transport: relay %s: unknown tls %q", r.Host, r.TLS)
	}
	if r.Connections == 0 {
		r.Connections = DefaultConnections()
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&o.Dial, 30 * time.Second}, {&o.Command, time.Minute}, {&o.Final, 5 * time.Minute}, {&o.Idle, 20 * time.Second}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	t := &SMTP{
		relay: r, opts: o, addr: net.JoinHostPort(r.Host, strconv.Itoa(r.Port)),
		slots: make(chan struct{}, r.Connections), active: map[*conn]struct{}{},
	}
	t.level.Store(messages)
	if r.Rate > 0 {
		t.limiter = rate.NewLimiter(rate.Limit(r.Rate), max(1, int(r.Rate/10)))
	}
	return t, nil
}

// Loopback tells whether the host is this machine.
func Loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// Connections is how many batches go at once.
func (t *SMTP) Connections() int { return cap(t.slots) }

// Name is the relay's host and port.
func (t *SMTP) Name() string { return t.addr }

// Probe connects, secures and authenticates, and tells with what: the extensions that the relay offers and the TLS version.
func (t *SMTP) Probe(ctx context.Context) (extensions []string, tlsVersion string, err error) {
	c, err := t.dial(ctx)
	if err != nil {
		return nil, "", err
	}
	defer c.quit()
	for _, e := range []string{"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "AUTH"} {
		if ok, _ := c.client.Extension(e); ok {
			extensions = append(extensions, e)
		}
	}
	return extensions, c.tls, nil
}

// RelayError is a failure to reach, secure or be let in by a relay. It names the relay and never its credentials.
type RelayError struct {
	Relay string
	Err   error
	text  string
}

func (e *RelayError) Error() string { return "relay " + e.Relay + ": " + e.text }
func (e *RelayError) Unwrap() error { return e.Err }

func (t *SMTP) failed(err error) error {
	text := err.Error()
	for _, secret := range secrets(t.relay.User, t.relay.Password) {
		text = strings.ReplaceAll(text, secret, "[hidden]")
	}
	return &RelayError{Relay: t.addr, Err: err, text: text}
}
