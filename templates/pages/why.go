package pages

import "time"

// WhyView is the page behind /why/{token}: why one mail came.
type WhyView struct {
	Page
	Email   string // shown masked
	Subject string
	SentAt  time.Time // zero: not sent yet
	Topic   Topic     // empty for service mail and notices
	// Class is marketing, research, service or notice. Basis is a legal basis as in the API.
	Class, Basis string
	// Obligation is that of a notice, such as privacy_change.
	Obligation string
	// Request is what a service mail answers: "Your download of …".
	Request string
	Consent *ConsentView
	// Partner names whom it was sent for. Empty: nobody else.
	Partner string
	// Outcome and Reason are the decision as stored; Reason is a public reason code.
	Outcome, Reason string
	DecidedAt       time.Time
	PreferencesURL  string
	UnsubscribeURL  string
}

// ConsentView is what was agreed to, as the ledger has it.
type ConsentView struct {
	GivenAt, ConfirmedAt time.Time // zero: not known, not confirmed
	Source               string    // free text: "sign-up form Newsletter"
	URL                  string    // where, as text
	Wording, Version     string
	// CustomerSince is for the soft opt-in.
	CustomerSince time.Time
}

var classes = map[string]bool{"marketing": true, "research": true, "service": true, "notice": true}
var bases = map[string]bool{"consent": true, "contract": true, "legal_obligation": true, "vital_interests": true, "public_task": true, "legitimate_interests": true, "soft_opt_in": true}
var obligations = map[string]bool{"contract": true, "account": true, "payment": true, "terms_change": true, "privacy_change": true, "service_change": true, "security": true, "legal": true}
var outcomes = map[string]bool{"allow": true, "deny": true, "defer": true}

// word is the text of a value of a fixed list, or the value itself if it is none of them.
func (v WhyView) word(list map[string]bool, prefix, value string) string {
	if !list[value] {
		return value
	}
	return v.t(prefix+value, "brand", v.Brand.Name, "topic", v.Topic.Name)
}

func (v WhyView) reason() string {
	if key := "reasons." + v.Reason; v.Locale.Has(key) {
		return v.t(key)
	}
	return v.Reason
}

// short is the answer in one sentence.
func (v WhyView) short() string {
	switch {
	case v.Class == "notice":
		return v.t("pages.why.short_notice", "brand", v.Brand.Name)
	case v.Class == "service":
		return v.t("pages.why.short_service", "brand", v.Brand.Name)
	case v.Basis == "soft_opt_in":
		return v.t("pages.why.short_customer", "brand", v.Brand.Name, "topic", v.Topic.Name)
	case v.Basis == "legitimate_interests":
		return v.t("pages.why.short_interest", "brand", v.Brand.Name, "topic", v.Topic.Name)
	case v.Consent != nil && !v.Consent.GivenAt.IsZero():
		return v.t("pages.why.short_consent", "topic", v.Topic.Name, "date", v.Locale.Date(v.Consent.GivenAt))
	}
	return v.t("pages.why.short_topic", "topic", v.Topic.Name)
}
