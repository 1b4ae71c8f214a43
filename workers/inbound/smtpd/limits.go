package smtpd

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bounds what others may ask of the server. Zero fields take the
// default. The machine's own addresses, where a relay may stand that passes all
// bounces on, are not counted by network, only in the whole.
type Limits struct {
	MessageBytes  int64         // default 10 MiB
	Recipients    int           // of one mail; default 10
	Connections   int           // at once; default 200
	PerNetwork    int           // at once from one address (IPv6: /64); default 20
	MailsPerSec   float64       // from one network; default 20
	Burst         int           // mails at once above that; default 500
	Idle          time.Duration // without a command, and for a whole mail; default 2 min
	Lifetime      time.Duration // of one connection; default 30 min
	UnknownBefore int           // refused recipients before the rest is refused unread; default 5
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.MessageBytes <= 0 {
		l.MessageBytes = 10 << 20
	}
	if l.MailsPerSec <= 0 {
		l.MailsPerSec = 20
	}
	if l.Idle <= 0 {
		l.Idle = 2 * time.Minute
	}
	if l.Lifetime <= 0 {
		l.Lifetime = 30 * time.Minute
	}
	def(&l.Recipients, 10)
	def(&l.Connections, 200)
	def(&l.PerNetwork, 20)
	def(&l.Burst, 500)
	def(&l.UnknownBefore, 5)
	return l
}

// network is what one counts as: an IPv4 address or an IPv6 /64. own tells the
// machine's own.
func network(a net.Addr) (n netip.Prefix, own bool) {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}, false
	}
	ip := ap.Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p, ip.IsLoopback()
}

// gate counts connections and mails by network.
type gate struct {
	limits Limits

	mu    sync.Mutex
	all   int
	conns map[netip.Prefix]int
	rates map[netip.Prefix]*rate.Limiter

	stopping bool
	busy     sync.WaitGroup // mails being read
}

func newGate(l Limits) *gate {
	return &gate{limits: l, conns: map[netip.Prefix]int{}, rates: map[netip.Prefix]*rate.Limiter{}}
}

// enter counts a connection in, or refuses it.
func (g *gate) enter(n netip.Prefix, own bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= g.limits.Connections || !own && g.conns[n] >= g.limits.PerNetwork {
		return false
	}
	g.all++
	g.conns[n]++
	return true
}

func (g *gate) leave(n netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.conns[n]--; g.conns[n] <= 0 {
		delete(g.conns, n)
	}
}

// maxNetworks bounds the memory for rates. Beyond it the oldest knowledge is
// thrown away as a whole, which forgives everybody once.
const maxNetworks = 10_000

// mail reports whether the network may send one more mail now.
func (g *gate) mail(n netip.Prefix, own bool, now time.Time) bool {
	if own {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.rates[n]
	if l == nil {
		if len(g.rates) >= maxNetworks {
			clear(g.rates)
		}
		l = rate.NewLimiter(rate.Limit(g.limits.MailsPerSec), g.limits.Burst)
		g.rates[n] = l
	}
	return l.AllowN(now, 1)
}

// begin counts a mail in that is being read, unless the server is stopping.
func (g *gate) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopping {
		g.busy.Add(1)
	}
	return !g.stopping
}

func (g *gate) end() { g.busy.Done() }

// drain lets no more mails begin and waits, at most so long, for those that
// have.
func (g *gate) drain(most time.Duration) {
	g.mu.Lock()
	g.stopping = true
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		g.busy.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(most):
	}
}

// listener refuses connections over the limits with 421, and ends those that
// live too long.
type listener struct {
	net.Listener
	gate *gate
}

const busy = "421 4.3.2 Too many connections, try again later\r\n"

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		n, own := network(c.RemoteAddr())
		if l.gate.enter(n, own) {
			counted := &conn{Conn: c, gate: l.gate, network: n}
			counted.end = time.AfterFunc(l.gate.limits.Lifetime, func() { _ = c.Close() })
			return counted, nil
		}
		// The write goes to an empty socket buffer and does not block.
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.Write([]byte(busy))
		_ = c.Close()
	}
}

// conn leaves the gate when it is closed.
type conn struct {
	net.Conn
	gate    *gate
	network netip.Prefix
	end     *time.Timer
	once    sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() {
		c.end.Stop()
		c.gate.leave(c.network)
	})
	return c.Conn.Close()
}
