package inbound

import (
	"slices"
	"strings"

	"assent/preferences/tokens"
)

// head keeps the beginning of what is written to it.
type head struct{ b []byte }

// maxHead is how much of a test mail is kept; a real one is far smaller.
const maxHead = 256 << 10

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), maxHead-len(h.b))]...)
	return len(p), nil
}

// ofTest reports that a signed return path is that of a test mail: it names the mail in place of the person too.
func ofTest(c tokens.Claims) bool { return c.Subject != "" && c.Subject == c.Source }

// tried reports that one of the recipients is the return path of a test mail.
func (d Domain) tried(to []string) bool {
	return slices.ContainsFunc(to[:min(len(to), maxTo)], func(addr string) bool {
		a, ok := d.Address(addr)
		return ok && a.Purpose == tokens.Return && ofTest(a.Claims)
	})
}

// tried reads the mail as one that Assent sent to its own signed address to see what arrives. A bounce of such a mail comes to the same
// address, but has a Message-ID of its own.
func (c *mail) tried() (Event, bool) {
	if c.raw == nil {
		return Event{}, false
	}
	for _, claims := range c.returns {
		if id, _, ok := strings.Cut(bareID(c.m.Header.Get("Message-Id")), "@"); ok && ofTest(claims) && id == claims.Subject {
			return Event{Kind: TestMail, Proof: ByReturnPath, Claims: claims, Raw: c.raw.b, Text: c.summary()}, true
		}
	}
	return Event{}, false
}
