package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Returned is the mailbox that returned mail is fetched from, and how the visits to it went.
type Returned struct {
	Name  string // host and folder
	Check func(ctx context.Context) (waiting int, err error)
	Good  time.Time // the last visit without a fault, zero before it
	Fails int       // visits since then
	Fault string    // of the last of them
}

// returnedFails is how many visits in a row may fail before it is said.
const returnedFails = 3

// Mailbox signs in to the mailbox of returned mail as the workers do.
func Mailbox(ctx context.Context, r Returned) Check {
	name := "mailbox of returned mail " + r.Name
	waiting, err := r.Check(ctx)
	switch {
	case err != nil:
		return failf(name, "check host, user, password and folder in ASSENT_IMAP_URL, and that the server lets programs sign in", "%v", err)
	case r.Fails >= returnedFails:
		return failf(name, "read the workers' log; the mailbox itself answers now", "%d visits in a row failed, the last: %s", r.Fails, r.Fault)
	case r.Good.IsZero():
		return okf(name, "answers, %d mails wait; no worker has read it yet", waiting)
	}
	return okf(name, "answers, %d mails wait; last read at %s", waiting, r.Good.UTC().Format(time.RFC3339))
}

// NoCertificate tells why there is no certificate though there should be.
func NoCertificate(err error) Check {
	const name = "inbound certificate"
	return failf(name, "check ASSENT_INBOUND_TLS_CERT and ASSENT_INBOUND_TLS_KEY", "%v", err)
}

// Certificate checks what the inbound server shows to mail servers that ask for STARTTLS. Few of them refuse a bad one, but some do
// (RFC 8461).
func Certificate(pair *tls.Certificate, host string, now func() time.Time) Check {
	const name = "inbound certificate"
	leaf := pair.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return failf(name, "write the certificate again", "it cannot be read: %v", err)
		}
	}
	left := leaf.NotAfter.Sub(now())
	detail := fmt.Sprintf("for %d more days", int(left.Hours()/24))
	switch {
	case left <= 0:
		return failf(name, "renew it; it is read again without a restart", "it ended on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	case left < soon:
		return warnf(name, "renew it; it is read again without a restart", "%s", detail)
	case leaf.VerifyHostname(host) != nil:
		return warnf(name, "have one made for "+host+", or let the MX record name what it is for", "%s, not for %s", detail, host)
	}
	return okf(name, "%s", detail)
}
