package gate

import "time"

// Outcome is what a decision says. The zero value is Deny.
type Outcome uint8

const (
	Deny Outcome = iota
	Allow
	Defer // not now: decide again at Decision.Until
)

var outcomeNames = [...]string{"deny", "allow", "defer"}

func (o Outcome) String() string { return name(outcomeNames[:], uint8(o)) }

// Decision is the gate's answer. Only Decide makes one that allows; the zero
// Decision denies.
type Decision struct {
	outcome  Outcome
	class    Class
	basis    Basis
	reason   Reason
	evidence string
	until    time.Time
}

func (d Decision) Outcome() Outcome { return d.outcome }

// Allowed says whether the message may go now.
func (d Decision) Allowed() bool { return d.outcome == Allow }

// Reason is the public code of the row that decided.
func (d Decision) Reason() Reason {
	if d.reason == "" {
		return ReasonUnknown
	}
	return d.reason
}

// Class is the class of the message that was decided on.
func (d Decision) Class() Class { return d.class }

// Basis is the legal basis that the facts claimed, zero if none.
func (d Decision) Basis() Basis { return d.basis }

// Evidence is the event that the decision rests on, "" if none was given.
func (d Decision) Evidence() string { return d.evidence }

// Until is when to decide again: set when the outcome is Defer, else zero.
func (d Decision) Until() time.Time { return d.until }

// Permit turns an allowing decision into the proof that a transport demands for
// one delivery. It is refused for any other decision, for an empty delivery id,
// and for a stream that is not the one of the decision's class: marketing never
// leaves by the transactional relay.
func (d Decision) Permit(deliveryID string, stream Stream) (Permit, bool) {
	if d.outcome != Allow || deliveryID == "" || stream == "" || stream != d.class.Stream() {
		return Permit{}, false
	}
	return Permit{deliveryID: deliveryID, stream: stream, class: d.class}, true
}

// TrialPermit lets a service mail leave by the marketing stream: the one in
// which a campaign is shown to colleagues who asked for it, and which shows the
// way of that stream, its relay, sender and signature, only by taking it. No
// other class gets one, so that marketing itself needs its own rows.
func (d Decision) TrialPermit(deliveryID string) (Permit, bool) {
	if d.outcome != Allow || deliveryID == "" || d.class != Service {
		return Permit{}, false
	}
	return Permit{deliveryID: deliveryID, stream: StreamMarketing, class: Service}, true
}

// Permit proves that the gate allowed one delivery. Only Decision.Permit and
// Decision.TrialPermit make one; the zero Permit is not valid and transports refuse it.
type Permit struct {
	deliveryID string
	stream     Stream
	class      Class
}

// Valid is false for the zero Permit.
func (p Permit) Valid() bool { return p.deliveryID != "" }

func (p Permit) DeliveryID() string { return p.deliveryID }

func (p Permit) Stream() Stream { return p.stream }

func (p Permit) Class() Class { return p.class }
