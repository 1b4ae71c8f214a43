package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-msgauth/dmarc"
)

// DMARC checks the policy of a From domain and whether our mail can pass it:
// the return path's domain for SPF, a key of the From domain (keyed) for DKIM.
// Gmail and Yahoo ask it of everybody who sends 5,000 mails a day.
func DMARC(ctx context.Context, r Resolver, from, bounceDomain string, keyed bool) Check {
	name := "DMARC " + from
	record, where, err := policy(ctx, r, from)
	switch {
	case errors.Is(err, dmarc.ErrNoPolicy):
		return failf(name, fmt.Sprintf("publish a TXT record at _dmarc.%s: \"v=DMARC1; p=none; rua=mailto:…\"", organisation(from)), "there is no DMARC policy: large providers refuse or junk bulk mail without one")
	case err != nil && dmarc.IsTempFail(err):
		return unreachable(name, err)
	case err != nil:
		return failf(name, "mend the record at _dmarc."+where, "the record cannot be read: %v", err)
	}
	spf := Aligned(from, bounceDomain, record.SPFAlignment == dmarc.AlignmentStrict)
	asks := record.Policy
	if where != canonical(from) && record.SubdomainPolicy != "" {
		asks = record.SubdomainPolicy
	}
	switch {
	case !spf && !keyed:
		return failf(name, fmt.Sprintf("sign with a key of %s, or set ASSENT_BOUNCE_DOMAIN to a domain below %s", from, organisation(from)), "nothing aligns: the return path is at %s and no DKIM key of %s is known; p=%s", bounceDomain, from, asks)
	case !keyed:
		return warnf(name, "sign with a key of "+from+": forwarding breaks SPF", "only SPF aligns; p=%s", asks)
	case !spf:
		return warnf(name, fmt.Sprintf("set ASSENT_BOUNCE_DOMAIN to a domain below %s", organisation(from)), "only DKIM aligns, the return path is at %s; p=%s", bounceDomain, asks)
	case len(record.ReportURIAggregate) == 0:
		return warnf(name, "add rua=mailto:… to learn of mail that fails", "SPF and DKIM align; p=%s; no reports are asked for", asks)
	}
	return okf(name, "SPF and DKIM align; p=%s", asks)
}

// policy is the DMARC record that holds for a domain, its own or that of its
// organisation (RFC 7489 §6.6.3).
func policy(ctx context.Context, r Resolver, from string) (record *dmarc.Record, where string, err error) {
	opts := &dmarc.LookupOptions{LookupTXT: func(name string) ([]string, error) { return r.LookupTXT(ctx, name) }}
	for _, d := range []string{canonical(from), organisation(canonical(from))} {
		record, err = dmarc.LookupWithOptions(d, opts)
		if !errors.Is(err, dmarc.ErrNoPolicy) {
			return record, d, err
		}
	}
	return nil, "", dmarc.ErrNoPolicy
}
