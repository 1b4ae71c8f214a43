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

// TestMail is a mail that was sent to see what becomes of it.
type TestMail struct {
	Stream    string
	Raw       []byte
	Bulk      bool   // it is of the marketing stream
	Signed    bool   // Assent signed it
	Received  bool   // Raw is what a receiver got; else what was handed to the relay
	Local     bool   // links lead to this machine only, so that there is no HTTPS address
	MessageID string // that it was given, without angle brackets
}

func (t TestMail) name(what string) string {
	return strings.TrimSpace("test mail "+t.Stream) + ": " + what
}

// Mail checks a mail that went through the real relay: its sender, its signatures, their alignment with From, what they cover, and
// that the fields of one-click unsubscribe are on bulk mail and on no other.
func Mail(ctx context.Context, r Resolver, t TestMail) []Check {
	const again = "send it again and save it with all its headers"
	m, err := mail.ReadMessage(bytes.NewReader(t.Raw))
	if err != nil {
		return []Check{failf(t.name("content"), again, "cannot be read: %v", err)}
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil || len(m.Header["From"]) != 1 {
		return []Check{failf(t.name("From"), "set the brand's sender", "there are %d From fields that can be read: %v", len(m.Header["From"]), err)}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	out := []Check{t.sender(from.Address, domain)}
	if t.Signed || t.Received {
		out = append(out, t.signature(ctx, r, domain))
	} else {
		out = append(out, Check{Name: t.name("DKIM"), Status: Skip, Detail: "not signed here", WhatToDo: "if the relay signs, look in the mail that arrived for dkim=pass with d=" + domain})
	}
	return append(out, t.list(m.Header), t.identity(m.Header))
}

func (t TestMail) sender(address, domain string) Check {
	if !public(domain) {
		return warnf(t.name("From"), "give the brand a sender address of a domain of yours", "%s is of no domain that receivers know", address)
	}
	return okf(t.name("From"), "%s", address)
}

// identity looks for the Message-ID, by which bounces and complaints without our return path lead back to the mail.
func (t TestMail) identity(h mail.Header) Check {
	ids := h["Message-Id"]
	switch {
	case len(ids) != 1:
		return failf(t.name("Message-ID"), "look for what changes headers on the way", "%d Message-ID fields; there must be one", len(ids))
	case t.MessageID != "" && strings.Trim(strings.TrimSpace(ids[0]), "<>") != t.MessageID:
		return warnf(t.name("Message-ID"), "let the relay leave it as it is, or let it call our webhook about bounces", "the relay gave the mail another one: %s", ids[0])
	}
	return okf(t.name("Message-ID"), "%s", strings.TrimSpace(ids[0]))
}

// signature looks for one good signature of the From domain that covers what
// it must.
func (t TestMail) signature(ctx context.Context, r Resolver, domain string) Check {
	name := t.name("DKIM")
	found, err := dkim.VerifyWithOptions(bytes.NewReader(t.Raw), &dkim.VerifyOptions{
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
			if missing := uncovered(v.HeaderKeys, t.Bulk); len(missing) > 0 {
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

// list checks the fields of RFC 8058 as they arrived; mail that nobody can leave has none of them (compliance 24).
func (t TestMail) list(h mail.Header) Check {
	name := t.name("one-click unsubscribe")
	list, post := h["List-Unsubscribe"], h["List-Unsubscribe-Post"]
	if !t.Bulk {
		if len(list)+len(post)+len(h["List-Id"]) > 0 || strings.EqualFold(h.Get("Precedence"), "bulk") {
			return failf(t.name("list headers"), "look for what adds headers between us and the receiver, such as a relay's own unsubscribe link", "mail that must arrive carries headers of a list")
		}
		return okf(t.name("list headers"), "none, as it should be")
	}
	switch {
	case len(list) != 1 || len(post) != 1:
		return failf(name, "look for what adds or removes headers between us and the receiver", "%d List-Unsubscribe and %d List-Unsubscribe-Post fields; there must be one of each", len(list), len(post))
	case strings.TrimSpace(post[0]) != "List-Unsubscribe=One-Click":
		return failf(name, "look for what changes headers on the way", "List-Unsubscribe-Post is %q", post[0])
	case strings.Contains(list[0], "=?"):
		return failf(name, "let the relay leave the header as it is", "List-Unsubscribe is encoded: receivers do not read it")
	case !strings.Contains(list[0], "<mailto:"):
		return failf(name, "look for what changes headers on the way", "List-Unsubscribe has no mailto address: %s", list[0])
	case !strings.Contains(list[0], "<https://") && t.Local:
		return warnf(name, "serve the site over HTTPS and set BASE_URL to it before mail leaves the machine", "List-Unsubscribe has no HTTPS address: %s", list[0])
	case !strings.Contains(list[0], "<https://"):
		return failf(name, "serve the site over HTTPS and set BASE_URL to it", "List-Unsubscribe has no HTTPS address: %s", list[0])
	}
	return okf(name, "%s", list[0])
}
