package transport

import "strings"

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

// Classify reads a reply by RFC 3463: 5.1.1 is a hard bounce, 5.2.2 a soft one, 5.7.x policy; without an enhanced code the basic code and
// the commonest wordings decide, and in doubt the person is not blamed. For the Status of a delivery report give StageRcpt and its class as
// code (400, 500).
func Classify(stage Stage, code int, enhanced, text string) Verdict {
	class, detail, known := strings.Cut(enhanced, ".")
	if !known || class == "" {
		class = string(rune('0' + code/100))
	}
	lower := strings.ToLower(text)
	switch class {
	case "2":
		return Accepted
	case "4":
		if code == 421 || strings.HasPrefix(detail, "7.") || detail == "3.2" || detail == "4.5" || contains(lower, throttling) {
			return Throttled
		}
		return Transient
	case "5":
	default:
		return Unknown
	}
	switch {
	case strings.HasPrefix(detail, "7."):
		return Policy
	case stage == StageMail || stage == StageConnect: // it is about the sender; the recipient has not been named
		return Policy
	}
	switch detail {
	case "1.7", "1.8", "1.9": // the sender's address
		return Policy
	case "1.0", "1.1", "1.2", "1.3", "1.6", "1.10": // RFC 7505 §4.2: 5.1.10 is a null MX
		return HardBounce
	case "2.1": // disabled
		return HardBounce
	}
	switch {
	case strings.HasPrefix(detail, "2."):
		return SoftBounce
	case strings.HasPrefix(detail, "3."), strings.HasPrefix(detail, "6."), strings.HasPrefix(detail, "5."):
		return Permanent
	case strings.HasPrefix(detail, "4."):
		return Permanent
	}
	switch {
	case code == 530 || code == 535 || code == 538 || code == 521 || code == 554 && stage != StageRcpt:
		return Policy
	case contains(lower, blocking):
		return Policy
	case code == 552 || contains(lower, full):
		return SoftBounce
	case stage == StageRcpt && (code == 550 || code == 551 || code == 553) && contains(lower, unknown):
		return HardBounce
	}
	return Permanent
}

var (
	throttling = []string{"too many", "rate limit", "ratelimit", "throttl", "try again more slowly", "deferred due to user complaints"}
	blocking   = []string{"spam", "blocked", "blacklist", "block list", "blocklist", "denylist", "policy", "reputation", "spf", "dkim", "dmarc",
		"relay access denied", "relaying denied", "not authenticated", "unauthenticated", "access denied", "banned"}
	full    = []string{"mailbox full", "mailbox is full", "over quota", "quota exceeded", "insufficient storage"}
	unknown = []string{"user unknown", "unknown user", "no such user", "no such recipient", "does not exist", "doesn't exist", "no mailbox",
		"mailbox not found", "mailbox unavailable", "recipient not found", "unknown recipient", "invalid recipient", "address unknown",
		"recipient rejected", "not a valid mailbox", "no longer", "unrouteable address"}
)

func contains(text string, any []string) bool {
	for _, s := range any {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
