package doctor

import (
	"bytes"
	"context"
	"errors"
	"net/mail"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// signedFields must be covered by the DKIM signature of a bulk mail: RFC 8058
// §4 for the first two, RFC 6376 §5.4 for the rest.
var signedFields = []string{"List-Unsubscribe", "List-Unsubscribe-Post", "From", "To", "Subject", "Date", "Message-ID"}

// maxSignatures bounds the signatures of one mail that are checked.
const maxSignatures = 5

// Mail checks a mail as a receiver got it: its signatures, their alignment with
// From, what they cover, and, for bulk mail, the fields of one-click
// unsubscribe. It is meant for a test mail that went through the real relay.
func Mail(ctx context.Context, r Resolver, raw []byte, bulk bool) []Check {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return []Check{failf("test mail", "send it again and save it with all its headers", "cannot be read: %v", err)}
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil {
		return []Check{failf("test mail", "set the brand's sender", "From cannot be read: %v", err)}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	out := []Check{signature(ctx, r, raw, domain, bulk)}
	if bulk {
		out = append(out, oneClick(m.Header))
	}
	return out
}

// signature looks for one good signature of the From domain that covers what
// it must.
func signature(ctx context.Context, r Resolver, raw []byte, domain string, bulk bool) Check {
	const name = "test mail: DKIM"
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT:        func(n string) ([]string, error) { return r.LookupTXT(ctx, n) },
		MaxVerifications: maxSignatures,
	})
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) {
		return failf(name, "send it again and save it with all its headers", "signatures cannot be checked: %v", err)
	}
	if len(found) == 0 {
		return failf(name, "let the relay sign with a key of "+domain, "the mail is not signed")
	}
	var why error
	for _, v := range found {
		switch {
		case v.Err != nil:
			why = v.Err
		case !Aligned(domain, v.Domain, false):
			why = errors.New("a good signature is of " + v.Domain + ", From is at " + domain)
		default:
			if missing := uncovered(v.HeaderKeys, bulk); len(missing) > 0 {
				return failf(name, "let the signer cover them too", "the signature of %s does not cover %s", v.Domain, strings.Join(missing, ", "))
			}
			return okf(name, "signed by %s", v.Domain)
		}
	}
	return failf(name, "compare the key in the name service with the signer's, and look for what changes mails on the way", "no signature holds: %v", why)
}

func uncovered(covered []string, bulk bool) []string {
	fields := signedFields
	if !bulk {
		fields = fields[2:]
	}
	var missing []string
	for _, f := range fields {
		found := false
		for _, c := range covered {
			found = found || strings.EqualFold(strings.TrimSpace(c), f)
		}
		if !found {
			missing = append(missing, f)
		}
	}
	return missing
}

// oneClick checks the fields of RFC 8058 as they arrived.
func oneClick(h mail.Header) Check {
	const name = "test mail: one-click unsubscribe"
	list, post := h["List-Unsubscribe"], h["List-Unsubscribe-Post"]
	switch {
	case len(list) != 1 || len(post) != 1:
		return failf(name, "look for what adds or removes headers between us and the receiver", "%d List-Unsubscribe and %d List-Unsubscribe-Post fields; there must be one of each", len(list), len(post))
	case strings.TrimSpace(post[0]) != "List-Unsubscribe=One-Click":
		return failf(name, "look for what changes headers on the way", "List-Unsubscribe-Post is %q", post[0])
	case strings.Contains(list[0], "=?"):
		return failf(name, "let the relay leave the header as it is", "List-Unsubscribe is encoded: receivers do not read it")
	case !strings.Contains(list[0], "<https://"):
		return failf(name, "serve the site over HTTPS and set BASE_URL to it", "List-Unsubscribe has no HTTPS address: %s", list[0])
	}
	return okf(name, "%s", list[0])
}
