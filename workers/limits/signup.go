package limits

import (
	"context"
	"net/netip"
	"time"

	"github.com/redis/go-redis/v9"

	"assent/campaigns/pace"
)

// Signups keeps public forms from being used to bury somebody under confirmation mails (CVE-2026-22216). A zero rate
// does not limit.
type Signups struct {
	Address pace.Rate // by one address
	IP      pace.Rate // from one IP address; in IPv6 from one /64, which is one customer's
	Network pace.Rate // from one network: an IPv4 /24, an IPv6 /48
	Global  pace.Rate // in all

	limiter *Limiter
}

// NewSignups makes the limits that hold unless others are set: one mail to an address in a day, 20 sign-ups from an IP
// address, 100 from a network and 2,000 in all in an hour. While Redis is away each process keeps them by itself.
func NewSignups(client redis.UniversalClient) *Signups {
	return &Signups{
		Address: pace.Rate{N: 1, Per: 24 * time.Hour},
		IP:      pace.Rate{N: 20, Per: time.Hour},
		Network: pace.Rate{N: 100, Per: time.Hour},
		Global:  pace.Rate{N: 2000, Per: time.Hour},
		limiter: New(client, "signup", Local),
	}
}

// Allow says whether one more sign-up may go on, and counts it if so. The address comes as a fingerprint of its folded
// form (without what follows a plus sign), the IP address may be invalid where it is not known. A sign-up that one
// limit refuses is not counted under the others.
func (s *Signups) Allow(ctx context.Context, fingerprint string, ip netip.Addr) (ok bool, retryAfter time.Duration, err error) {
	limits := []Limit{
		{Key: "address:" + fingerprint, Rate: s.Address, Burst: s.Address.N},
		{Key: "global", Rate: s.Global, Burst: s.Global.N},
	}
	if host, network := Networks(ip); host.IsValid() {
		limits = append(limits,
			Limit{Key: "ip:" + host.String(), Rate: s.IP, Burst: s.IP.N},
			Limit{Key: "net:" + network.String(), Rate: s.Network, Burst: s.Network.N})
	}
	n, retryAfter, err := s.limiter.Take(ctx, 1, limits...)
	return n == 1, retryAfter, err
}

// Networks gives the smallest network that one customer has, and the one around it that one operator gives to
// neighbours. Both are invalid for an invalid address.
func Networks(ip netip.Addr) (host, around netip.Prefix) {
	ip = ip.Unmap().WithZone("")
	bits, wide := 32, 24
	if ip.Is6() {
		bits, wide = 64, 48
	}
	host, _ = ip.Prefix(bits)
	around, _ = ip.Prefix(wide)
	return host, around
}
