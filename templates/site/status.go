package site

import (
	"assent/templates/locale"
	"assent/templates/site/ui"
)

// badge is the word of a value of a fixed list with its tone; a value that is none of them is shown as it is.
func badge(l *locale.Locale, prefix, value string, tones map[string]ui.Tone) ui.Badge {
	tone, known := tones[value]
	if !known {
		return ui.Badge{Text: value}
	}
	return ui.Badge{Text: l.T(prefix + value), Tone: tone}
}

var campaignTones = map[string]ui.Tone{
	"draft": ui.Plain, "in_review": ui.Info, "scheduled": ui.Info, "sending": ui.Good, "paused": ui.Warn, "finished": ui.Plain, "cancelled": ui.Plain,
}

// CampaignStatus is the badge of a campaign or a broadcast.
func CampaignStatus(l *locale.Locale, status string) ui.Badge {
	return badge(l, "site.status.", status, campaignTones)
}

var deliveryTones = map[string]ui.Tone{
	"claimed": ui.Info, "sent": ui.Good, "deferred": ui.Warn, "bounced": ui.Bad, "skipped": ui.Plain, "failed": ui.Bad, "uncertain": ui.Warn,
	"queued": ui.Info, "sending": ui.Info, "unserved": ui.Bad, "accepted": ui.Good, "pending": ui.Info,
}

// DeliveryStatus is the badge of one delivery or one notice.
func DeliveryStatus(l *locale.Locale, status string) ui.Badge {
	return badge(l, "site.delivery.", status, deliveryTones)
}

var consentTones = map[string]ui.Tone{
	"pending": ui.Warn, "given": ui.Good, "withdrawn": ui.Plain, "objected": ui.Bad, "expired": ui.Plain, "none": ui.Plain,
}

// ConsentState is the badge of where a person stands on a topic; empty is none.
func ConsentState(l *locale.Locale, state string) ui.Badge {
	if state == "" {
		state = "none"
	}
	return badge(l, "site.consent.", state, consentTones)
}

var outcomeTones = map[string]ui.Tone{"allow": ui.Good, "deny": ui.Bad, "defer": ui.Warn}

// Outcome is the badge of a decision.
func Outcome(l *locale.Locale, outcome string) ui.Badge {
	return badge(l, "site.outcome.", outcome, outcomeTones)
}

// reasonWords are the public reason codes as the staff reads them.
func reason(l *locale.Locale, code string) string {
	if key := "site.reason." + code; l.Has(key) {
		return l.T(key)
	}
	return code
}

var streamTones = map[string]ui.Tone{"marketing": ui.Info, "transactional": ui.Plain}

// StreamBadge names a stream.
func StreamBadge(l *locale.Locale, stream string) ui.Badge {
	return badge(l, "site.stream.short_", stream, streamTones)
}

// word is the text of a value of a fixed list, or the value.
func word(l *locale.Locale, prefix, value string) string {
	if key := prefix + value; value != "" && l.Has(key) {
		return l.T(key)
	}
	return value
}
