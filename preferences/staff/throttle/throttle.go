package throttle

import (
	"net/netip"
	"sync"
	"time"
)

// Rate is an allowance: Burst at once, then one every Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limiter counts attempts by key. The zero value is not usable; see New.
type Limiter struct {
	rate Rate
	most int
	mu   sync.Mutex
	full map[string]time.Time // when the allowance of a key is whole again
}

// New makes a limiter that remembers at most `most` keys; when it is full the
// keys that are closest to being whole again are forgotten first.
func New(rate Rate, most int) *Limiter {
	return &Limiter{rate: rate, most: most, full: make(map[string]time.Time)}
}

// Take uses one attempt of key at time now. When none is left it says how long to
// wait for the next.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.rate.Every)
	if over := full.Sub(now) - time.Duration(l.rate.Burst)*l.rate.Every; over > 0 {
		return over, false
	}
	if _, known := l.full[key]; !known && len(l.full) >= l.most {
		l.shrink(now)
	}
	l.full[key] = full
	return 0, true
}

// Forgive gives key its whole allowance back, as after a success.
func (l *Limiter) Forgive(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.full, key)
}

// shrink forgets the keys that are whole again and, if that is too few, those
// nearest to it, until a tenth is free.
func (l *Limiter) shrink(now time.Time) {
	for horizon := now; len(l.full) > l.most-max(1, l.most/10); horizon = horizon.Add(l.rate.Every) {
		for key, full := range l.full {
			if !full.After(horizon) {
				delete(l.full, key)
			}
		}
	}
}

// Caller is the part of an address that one party controls: all of an IPv4
// address, the first 64 bits of an IPv6 address. What is no address is its own caller.
func Caller(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
