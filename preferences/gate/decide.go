package gate

import "time"

// Decide applies the rows to the facts as of now, in order; the first row that
// applies decides. It never fails: what cannot be decided is denied with
// ReasonUnknown, and so is a zero now.
//
// For service mail and notices only rows 1 to 9 exist, most of them as
// permissions, and the basis is not read: such messages are refused before the
// gate if they name no request or no obligation.
func Decide(f Facts, now time.Time) Decision {
	d := Decision{class: f.Class, basis: f.Basis, evidence: f.Evidence}
	d.outcome, d.reason, d.until = decide(&f, now)
	return d
}

func decide(f *Facts, now time.Time) (Outcome, Reason, time.Time) {
	var never time.Time
	if now.IsZero() {
		return Deny, ReasonUnknown, never
	}
	var reason Reason
	switch f.Class {
	case Marketing, Research:
		if reason = person(f); reason == "" {
			reason = topic(f, now)
		}
		if reason == "" {
			return timing(f, now)
		}
	case Service:
		reason = first(
			row{f.Bounced, ReasonAddressBounced}, // 2
			row{f.Suppressed, ReasonSuppressed},  // 6
		)
	case Notice:
		// Row 2 alone: opt-outs, complaints and pauses do not stop what must
		// be said, and who cannot be reached is unserved.
		reason = first(row{f.Bounced, ReasonAddressBounced})
	default:
		reason = ReasonUnknown
	}
	if reason != "" {
		return Deny, reason, never
	}
	return Allow, ReasonAllowed, never // 18
}

// person is rows 1 to 10, for marketing and research.
func person(f *Facts) Reason {
	research := No // an objection to research says nothing about marketing
	if f.Class == Research {
		research = f.ObjectedResearch
	}
	return first(
		row{f.Erased, ReasonErased},                   // 1, GDPR 17
		row{f.Bounced, ReasonAddressBounced},          // 2
		row{f.Unverified, ReasonAddressUnverified},    // 3, GDPR 16
		row{f.Restricted, ReasonRestricted},           // 4, GDPR 18
		row{f.Minor, ReasonMinor},                     // 5, GDPR 8
		row{f.Suppressed, ReasonSuppressed},           // 6
		row{f.Complained, ReasonComplained},           // 7
		row{f.ObjectedDirect, ReasonObjected},         // 8, GDPR 21(2)-(3)
		row{research, ReasonObjected},                 // 8, GDPR 21(1)
		row{f.UnsubscribedAll, ReasonUnsubscribedAll}, // 9
		row{f.PartnerOptedOut, ReasonPartnerOptedOut}, // 10
	)
}

// topic is rows 11 to 14, for marketing and research.
//
// An objection to the topic is told as such on every basis, so rows 12 and 13
// stand aside for it. Pending and expired deny on every basis, not only on
// consent: a sign-up that nobody confirmed gets nothing, and must not turn a
// withdrawal into permission where the topic needs no consent.
func topic(f *Facts, now time.Time) Reason {
	switch f.State {
	case StateWithdrawn:
		return ReasonWithdrawn // 11, GDPR 7(3)
	case StateNone, StatePending, StateGiven, StateObjected, StateExpired:
	default:
		return ReasonUnknown
	}
	if !f.Basis.carries(f.Class) {
		return ReasonUnknown
	}
	switch f.State {
	case StateObjected:
		return ReasonObjected // 14, GDPR 21
	case StatePending:
		return ReasonUnconfirmed // 12
	case StateExpired:
		return ReasonConsentExpired // 12
	case StateNone:
		if f.Basis == Consent {
			return ReasonNoConsent // 12
		}
	}
	if f.Basis == SoftOptIn { // 13, ePrivacy 13(2)
		for _, met := range [...]Fact{f.Customer, f.SimilarGoods, f.OptOutOffered} {
			switch met {
			case Yes:
			case No:
				return ReasonSoftOptInUnmet
			default:
				return ReasonUnknown
			}
		}
	}
	if !f.ConsentExpires.IsZero() && !now.Before(f.ConsentExpires) {
		return ReasonConsentExpired // 12 and 13, CASL 10
	}
	return ""
}

// timing is rows 15 to 17, and 18. A hit defers until its own end; the rows
// behind it are read when the message is decided on again.
func timing(f *Facts, now time.Time) (Outcome, Reason, time.Time) {
	for _, w := range [...]struct {
		until  time.Time
		reason Reason
	}{
		{f.PausedUntil, ReasonPaused},          // 15
		{f.CappedUntil, ReasonFrequencyCapped}, // 16
		{f.QuietUntil, ReasonQuietHours},       // 17
	} {
		if !w.until.After(now) {
			continue
		}
		if !f.CampaignExpires.IsZero() && !w.until.Before(f.CampaignExpires) {
			return Deny, w.reason, time.Time{}
		}
		return Defer, w.reason, w.until
	}
	return Allow, ReasonAllowed, time.Time{} // 18
}

type row struct {
	fact   Fact
	reason Reason
}

// first returns the reason of the first row whose fact is not a plain No, and
// "" when all are No.
func first(rows ...row) Reason {
	for _, r := range rows {
		switch r.fact {
		case No:
		case Yes:
			return r.reason
		default:
			return ReasonUnknown
		}
	}
	return ""
}
