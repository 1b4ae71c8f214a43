package arf

import (
	"strings"

	"assent/workers/inbound/parts"
)

// Type is the kind of feedback (RFC 5965 §3.1 and the IANA registry).
type Type string

// The registered types, and Other for the rest.
const (
	Abuse         Type = "abuse"
	Fraud         Type = "fraud"
	Virus         Type = "virus"
	NotSpam       Type = "not-spam"
	OptOut        Type = "opt-out"
	OptOutList    Type = "opt-out-list"
	AuthFailure   Type = "auth-failure"
	DMARC         Type = "dmarc"
	Miscellaneous Type = "miscategorized"
	Other         Type = "other"
)

// Report is one complaint, every field of it hearsay.
type Report struct {
	Type      Type
	Reporter  string       // the program or provider that reports
	Recipient string       // Original-Rcpt-To, often redacted
	MailFrom  string       // Original-Mail-From: our return path, if it was kept
	Original  parts.Header // of the message complained about
	Embedded  bool         // Original is there
}

const maxField = 320

// Parse reads the message as a complaint; ok is false if it is none.
func Parse(m *parts.Message) (r Report, ok bool) {
	r.Original, r.Embedded = m.Original()
	p, found := m.Find("message/feedback-report")
	switch {
	case found:
		h := parts.ParseHeader(skipEmpty(p.Body))
		r.Type = typeOf(h.Get("Feedback-Type"))
		r.Reporter = parts.Plain(h.Get("User-Agent"), maxField)
		r.Recipient = bare(first(h, "Original-Rcpt-To", "Removal-Recipient"))
		r.MailFrom = bare(h.Get("Original-Mail-From"))
	case m.Report == "feedback-report":
		// The machine's part was lost on the way; the rest says enough.
		r.Type = Abuse
	case r.Embedded && forwarded(m, r.Original):
		r.Type = Abuse
	default:
		return Report{}, false
	}
	r.complete(m)
	return r, true
}

// Forwarded reads a mail to the address for complaints that is no report but
// embeds another mail: somebody's abuse desk passes it on.
func Forwarded(m *parts.Message) (r Report, ok bool) {
	r.Type = Abuse
	if r.Original, r.Embedded = m.Original(); !r.Embedded {
		return Report{}, false
	}
	r.complete(m)
	return r, true
}

// complete fills in what the report itself did not say.
func (r *Report) complete(m *parts.Message) {
	if r.Reporter == "" {
		r.Reporter = parts.Plain(m.Header.Text("From"), maxField)
	}
	if r.Recipient == "" && r.Embedded {
		r.Recipient = bare(first(r.Original, "X-HmXmrOriginalRecipient", "X-Original-To", "Delivered-To", "To"))
	}
}

// forwarded recognises the reports that embed the mail and nothing else.
func forwarded(m *parts.Message, original parts.Header) bool {
	if original.Has("X-HmXmrOriginalRecipient") { // Microsoft's junk mail reporting
		return true
	}
	subject := strings.ToLower(m.Header.Text("Subject"))
	for _, s := range []string{"complaint about message", "abuse report", "email abuse", "spam report", "feedback loop", "fbl report", "[fbl]"} {
		if strings.Contains(subject, s) {
			return true
		}
	}
	return m.Header.Has("X-Report-Type") || m.Header.Has("X-LOOP") && strings.Contains(subject, "spam")
}

func typeOf(v string) Type {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(v)), ";")
	switch t := Type(strings.TrimSpace(word)); t {
	case Abuse, Fraud, Virus, NotSpam, OptOut, OptOutList, AuthFailure, DMARC, Miscellaneous:
		return t
	case "", "complaint", "spam":
		return Abuse
	case "not_spam", "notspam":
		return NotSpam
	case "auth_failure":
		return AuthFailure
	}
	return Other
}

func first(h parts.Header, names ...string) string {
	for _, n := range names {
		if v := h.Get(n); v != "" {
			return v
		}
	}
	return ""
}

// bare is the address in v without brackets, name and type; "" if it is
// redacted to something that is no address.
func bare(v string) string {
	if typ, rest, ok := strings.Cut(v, ";"); ok && !strings.Contains(typ, "@") {
		v = rest
	}
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		v, _, _ = strings.Cut(v[i+1:], ">")
	}
	v = strings.TrimSpace(v)
	if strings.Count(v, "@") != 1 || strings.ContainsAny(v, " \t,") || strings.HasPrefix(v, "@") || strings.HasSuffix(v, "@") {
		return ""
	}
	return parts.Plain(v, maxField)
}

func skipEmpty(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n' || b[0] == ' ') {
		b = b[1:]
	}
	return b
}
