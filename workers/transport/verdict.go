package transport

import (
	"slices"
	"strings"

	"assent/workers/inbound/dsn"
)

// Verdict is what a reply means for the person, the campaign and the next attempt.
type Verdict uint8

const (
	Unknown    Verdict = iota // no reply
	Accepted                  // 2xx
	Transient                 // try again later
	Throttled                 // try again later, and more slowly
	HardBounce                // the address does not exist: suppress it
	SoftBounce                // the mailbox exists but takes nothing now: never suppress at once
	Policy                    // the relay or provider objects to us: pause, suppress nobody
	Permanent                 // this message will never be taken, for a reason that says nothing about the address
)

func (v Verdict) String() string {
	return [...]string{"unknown", "accepted", "transient", "throttled", "hard bounce", "soft bounce", "policy", "permanent"}[v]
}

// Verdict reads the result's reply.
func (r Result) Verdict() Verdict {
	if r.Code == 0 && r.Enhanced != "" {
		return Permanent // our own refusal
	}
	return Classify(r.Stage, r.Code, r.Enhanced, r.Reply)
}

// Classify reads a reply as package dsn reads what bounces say, so that a refusal means the same whether it comes at once or later; what
// is known here besides is how far the transaction had come, and that this relay asks to go more slowly. In doubt the person is not blamed.
func Classify(stage Stage, code int, enhanced, text string) Verdict {
	class, detail, known := strings.Cut(enhanced, ".")
	if !known || class == "" {
		class = string(rune('0' + code/100))
	}
	switch class {
	case "2":
		return Accepted
	case "4":
		if code == 421 || strings.HasPrefix(detail, "7.") || detail == "3.2" || detail == "4.5" || slowDown(text) {
			return Throttled
		}
		return Transient
	case "5":
	default:
		return Unknown
	}
	if stage == StageMail || stage == StageConnect { // it is about the sender; the recipient has not been named
		return Policy
	}
	m := dsn.Judge(code, enhanced, text)
	switch {
	case strings.HasPrefix(m.Status, "4"): // the text speaks of a passing trouble, the reply says no for good
		return Permanent
	case m.Class == dsn.Hard && (stage == StageRcpt || strings.HasPrefix(m.Status, "5.1.") || strings.HasPrefix(m.Status, "5.2.")):
		return HardBounce // words behind the whole message do not say by themselves that the address is wrong
	case m.Class == dsn.Full, m.Class == dsn.Soft && strings.HasPrefix(m.Status, "5.2."):
		return SoftBounce
	case m.Sender:
		return Policy
	case code == 530 || code == 535 || code == 538 || code == 521 || code == 554 && stage != StageRcpt && !known: // it is about us
		return Policy
	}
	return Permanent
}

// slowDown reports that the relay asks for fewer mails at a time.
func slowDown(text string) bool {
	return contains(strings.ToLower(text), []string{"too many", "rate limit", "ratelimit", "throttl", "try again more slowly", "deferred due to user complaints"})
}

func contains(text string, any []string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return strings.Contains(text, s) })
}
