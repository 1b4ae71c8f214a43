package inbound

import (
	"context"
	"time"

	"assent/preferences/tokens"
	"assent/workers/inbound/dsn"
)

// Kind is what happened.
type Kind string

// The kinds of event.
const (
	Bounce      Kind = "bounce"      // could not be delivered; see Class
	Delayed     Kind = "delayed"     // not yet delivered: never suppresses
	Complaint   Kind = "complaint"   // reported as spam
	Unsubscribe Kind = "unsubscribe" // asked to stop
	AutoReply   Kind = "auto_reply"  // out of office, receipt, challenge: changes nothing
	TestMail    Kind = "test_mail"   // one that Assent sent to itself came back: changes nothing
	Unknown     Kind = "unknown"     // kept for people to look at: changes nothing
)

// Class says more about a bounce, and about an automatic answer.
type Class = dsn.Class

// The classes of bounces are those of package dsn. The others tell what sort of
// answer or report came.
const (
	Hard   = dsn.Hard
	Soft   = dsn.Soft
	Full   = dsn.Full
	Policy = dsn.Policy
	Spam   = dsn.Spam

	Vacation  Class = "vacation"  // out of office and other prepared answers
	Challenge Class = "challenge" // asks to prove that a person wrote
	Receipt   Class = "receipt"   // read or deleted unread
	NotSpam   Class = "not_spam"  // a report that takes a complaint back
)

// Proof is what vouches for an event. The empty one means that nothing does,
// and that the event must not change anything.
type Proof string

// The proofs.
const (
	ByReturnPath  Proof = "return_path" // our signed return path (VERP)
	ByUnsubscribe Proof = "unsubscribe" // our signed unsubscribe address or token
	ByWebhook     Proof = "webhook"     // the provider's signature or secret
)

// Event is one thing learned about one person's mail.
type Event struct {
	Kind  Kind
	Class Class
	Code  string // enhanced status code, "" if unknown
	Reply int    // SMTP reply code, 0 if unknown
	Text  string // what was said: plain text on one line, at most 500 bytes

	// Proof says what Claims or, for a webhook, Recipient and MessageID rest on.
	Proof  Proof
	Claims tokens.Claims

	// Recipient is the address named by the other side. With Proof ByWebhook
	// it may be looked up; otherwise it is for people to read.
	Recipient string
	// MessageID of the mail that this is about, without its angle brackets. It
	// is not signed. Whoever knows it has seen the mail.
	MessageID string

	Provider string // smtp, imap, file, postmark, ses, sendgrid, mailgun
	// ProviderEventID is the same when the same event arrives again.
	ProviderEventID string
	Agent           string // the mail software or reporter, where recognised
	At              time.Time

	Raw []byte `json:"-"` // of a test mail, its beginning
}

// Effect is what an event asks for.
type Effect string

// The effects.
const (
	None     Effect = "none"     // keep it
	Suppress Effect = "suppress" // hard bounce: no more mail to this address
	Count    Effect = "count"    // soft bounce: suppress after a run over days
	Brake    Effect = "brake"    // refusal by policy: hold the campaign, never the person
	Complain Effect = "complain" // no more marketing and research, notices go on
	Withdraw Effect = "withdraw" // the person asked to stop
)

// Effect is what the event does by its kind, class and proof.
func (e Event) Effect() Effect {
	if e.Proof == "" {
		return None
	}
	switch e.Kind {
	case Bounce:
		switch e.Class {
		case Hard:
			return Suppress
		case Policy, Spam:
			return Brake
		}
		return Count
	case Complaint:
		return Complain
	case Unsubscribe:
		return Withdraw
	}
	return None
}

// Sink takes the events of one mail or webhook call. It returns nil only when
// they are durable, and does nothing for a ProviderEventID it has seen. Events
// of a mail that it refuses come again.
type Sink interface {
	Apply(ctx context.Context, events []Event) error
}
