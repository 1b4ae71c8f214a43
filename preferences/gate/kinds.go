package gate

// Fact is a yes-or-no fact that may be unknown. The zero value is Unknown,
// which denies wherever the row that reads it could deny.
type Fact uint8

const (
	Unknown Fact = iota
	No
	Yes
)

// Is turns something that is known into a fact.
func Is(b bool) Fact {
	if b {
		return Yes
	}
	return No
}

func (f Fact) String() string { return name(factNames[:], uint8(f)) }

var factNames = [...]string{"unknown", "no", "yes"}

// Class is what a message is for. It decides which rows apply.
type Class uint8

const (
	_         Class = iota
	Marketing       // advertising, newsletters, offers, invitations
	Research        // surveys and market research, apart from marketing
	Service         // asked for by this person: a download, a confirmation, an answer
	Notice          // mandatory: contract, payment, account, terms, security
)

var classNames = [...]string{"", "marketing", "research", "service", "notice"}

func (c Class) String() string { return name(classNames[:], uint8(c)) }

// ParseClass reads the public name of a class.
func ParseClass(s string) (Class, bool) {
	i, ok := find(classNames[:], s)
	return Class(i), ok
}

// Stream is the way out that messages of this class take, "" for no class.
func (c Class) Stream() Stream {
	switch c {
	case Marketing, Research:
		return StreamMarketing
	case Service, Notice:
		return StreamTransactional
	}
	return ""
}

// Stream is a way out with its own queue, relay, sender and reputation.
type Stream string

const (
	StreamMarketing     Stream = "marketing"
	StreamTransactional Stream = "transactional"
)

// Basis is the legal basis that a message relies on: GDPR art. 6(1), or for
// marketing to own customers the soft opt-in of ePrivacy art. 13(2).
type Basis uint8

const (
	_ Basis = iota
	Consent
	SoftOptIn
	LegitimateInterests
	Contract
	LegalObligation
	VitalInterests
	PublicTask
)

var basisNames = [...]string{"", "consent", "soft_opt_in", "legitimate_interests",
	"contract", "legal_obligation", "vital_interests", "public_task"}

func (b Basis) String() string { return name(basisNames[:], uint8(b)) }

// ParseBasis reads the public name of a legal basis.
func ParseBasis(s string) (Basis, bool) {
	i, ok := find(basisNames[:], s)
	return Basis(i), ok
}

// carries says whether the basis can support messages of this class at all:
// no contract or legal obligation makes advertising mandatory, and the soft
// opt-in covers nothing but direct marketing.
func (b Basis) carries(c Class) bool {
	switch b {
	case Consent, LegitimateInterests:
		return true
	case SoftOptIn:
		return c == Marketing
	}
	return false
}

// State is where a person stands on the topic of a message. A topic never
// touched is StateNone; the zero value is not known and denies.
type State uint8

const (
	_ State = iota
	StateNone
	StatePending
	StateGiven
	StateWithdrawn
	StateObjected
	StateExpired
)

var stateNames = [...]string{"", "none", "pending", "given", "withdrawn", "objected", "expired"}

func (s State) String() string { return name(stateNames[:], uint8(s)) }

// ParseState reads the public name of a state; "none" is a topic never touched.
func ParseState(s string) (State, bool) {
	i, ok := find(stateNames[:], s)
	return State(i), ok
}

func name(names []string, i uint8) string {
	if int(i) < len(names) && names[i] != "" {
		return names[i]
	}
	return "unknown"
}

func find(names []string, s string) (uint8, bool) {
	for i, n := range names {
		if n == s && n != "" {
			return uint8(i), true
		}
	}
	return 0, false
}
