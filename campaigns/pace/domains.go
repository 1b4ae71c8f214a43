package pace

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Domains limits how fast mail goes to each recipient domain: "gmail.com=20/s,outlook.com=100/m,*=5/s".
// The star stands for each domain that is not named, every one with a limit of its own. The zero Domains limits nothing.
type Domains struct {
	named map[string]Rate
	other Rate
}

// ParseDomains reads domain=rate pairs with commas between them. Domains may be in either form of an international name.
func ParseDomains(text string) (Domains, error) {
	d := Domains{named: map[string]Rate{}}
	for _, part := range strings.Split(text, ",") {
		domain, rate, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Domains{}, fmt.Errorf("%q: want domain=rate, such as gmail.com=20/s", part)
		}
		r, err := ParseRate(rate)
		if err != nil {
			return Domains{}, fmt.Errorf("%q: %w", part, err)
		}
		if domain == "*" {
			if !d.other.IsZero() {
				return Domains{}, fmt.Errorf("%q stands twice", domain)
			}
			d.other = r
			continue
		}
		name, err := idna.Lookup.ToASCII(domain)
		if err != nil || !strings.Contains(name, ".") {
			return Domains{}, fmt.Errorf("%q is not a domain; want one such as gmail.com, or * for all others", domain)
		}
		if _, ok := d.named[name]; ok {
			return Domains{}, fmt.Errorf("%q stands twice", domain)
		}
		d.named[name] = r
	}
	return d, nil
}

// IsZero says whether no domain is limited.
func (d Domains) IsZero() bool { return len(d.named) == 0 && d.other.IsZero() }

// For is the rate for one recipient domain, given in lower case as its A-label; the zero Rate where none applies.
func (d Domains) For(domain string) Rate {
	if r, ok := d.named[domain]; ok {
		return r
	}
	return d.other
}

// String is the form that ParseDomains reads, the domains in order and the star last; empty for the zero Domains.
func (d Domains) String() string {
	var parts []string
	for domain, rate := range d.named {
		parts = append(parts, domain+"="+rate.String())
	}
	slices.Sort(parts)
	if !d.other.IsZero() {
		parts = append(parts, "*="+d.other.String())
	}
	return strings.Join(parts, ",")
}
