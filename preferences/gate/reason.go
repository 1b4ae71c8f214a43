package gate

import "slices"

// Reason is a public code: it appears in the API, in reports and on the page
// that tells a recipient why a mail came. Codes are never renamed.
type Reason string

const (
	ReasonErased            Reason = "erased"
	ReasonAddressBounced    Reason = "address_bounced"
	ReasonAddressUnverified Reason = "address_unverified"
	ReasonRestricted        Reason = "restricted"
	ReasonMinor             Reason = "minor"
	ReasonSuppressed        Reason = "suppressed"
	ReasonComplained        Reason = "complained"
	ReasonObjected          Reason = "objected"
	ReasonUnsubscribedAll   Reason = "unsubscribed_all"
	ReasonPartnerOptedOut   Reason = "partner_opted_out"
	ReasonWithdrawn         Reason = "withdrawn"
	ReasonNoConsent         Reason = "no_consent"
	ReasonUnconfirmed       Reason = "unconfirmed"
	ReasonConsentExpired    Reason = "consent_expired"
	ReasonSoftOptInUnmet    Reason = "soft_opt_in_unmet"
	ReasonPaused            Reason = "paused"
	ReasonFrequencyCapped   Reason = "frequency_capped"
	ReasonQuietHours        Reason = "quiet_hours"
	ReasonAllowed           Reason = "allowed"
	ReasonUnknown           Reason = "unknown"
)

var reasons = []Reason{
	ReasonErased, ReasonAddressBounced, ReasonAddressUnverified, ReasonRestricted,
	ReasonMinor, ReasonSuppressed, ReasonComplained, ReasonObjected,
	ReasonUnsubscribedAll, ReasonPartnerOptedOut, ReasonWithdrawn, ReasonNoConsent,
	ReasonUnconfirmed, ReasonConsentExpired, ReasonSoftOptInUnmet, ReasonPaused,
	ReasonFrequencyCapped, ReasonQuietHours, ReasonAllowed, ReasonUnknown,
}

// Reasons lists every reason that a decision can give, in the order of the rows.
func Reasons() []Reason { return slices.Clone(reasons) }

// Known says whether r is one of the public codes.
func (r Reason) Known() bool { return slices.Contains(reasons, r) }
