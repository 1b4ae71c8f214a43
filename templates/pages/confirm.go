package pages

import "time"

// ConfirmKind is what a link behind /c/{token} confirms.
type ConfirmKind string

// What can be confirmed.
const (
	ConfirmTopics   ConfirmKind = "topics"   // a sign-up, or topics added in the preference centre
	ConfirmAddress  ConfirmKind = "address"  // a changed address
	ConfirmExport   ConfirmKind = "export"   // a copy of one's data
	ConfirmErasure  ConfirmKind = "erasure"  // erasure of one's data
	ConfirmRequest  ConfirmKind = "request"  // any other data-rights request made on the public page
	ConfirmRegister ConfirmKind = "register" // registration for an event
	ConfirmCancel   ConfirmKind = "cancel"   // giving up one's place
)

// ConfirmView is the page with one button behind /c/{token}. Opening it confirms nothing.
type ConfirmView struct {
	Page
	Action string
	Email  string // shown masked
	Kind   ConfirmKind
	Topics []Topic
	// Wording is the exact text that was agreed to. Empty: not shown.
	Wording string
	Event   string // name of the event, for ConfirmRegister and ConfirmCancel
	// Until is when the link ends. Zero: never.
	Until time.Time
}

// ConfirmedView is its result.
type ConfirmedView struct {
	Page
	Email           string // shown masked
	Kind            ConfirmKind
	Topics          []Topic
	Event           string
	Due             time.Time // by when a request is answered
	JSONURL, CSVURL string    // the copy, for ConfirmExport
	PreferencesURL  string
	// Already tells that it had been confirmed before; nothing changed.
	Already bool
}

func (v ConfirmView) text(part string) string {
	return v.t(confirmKey(v.Kind, part), "brand", v.Brand.Name, "event", v.Event, "address", MaskAddress(v.Email))
}

func (v ConfirmedView) text(part string) string {
	due := ""
	if !v.Due.IsZero() {
		due = v.Locale.Date(v.Due)
	}
	return v.t(confirmKey(v.Kind, part), "brand", v.Brand.Name, "event", v.Event, "address", MaskAddress(v.Email), "date", due)
}

// confirmKey names a text of a kind; an unknown kind reads as the general request.
func confirmKey(k ConfirmKind, part string) string {
	switch k {
	case ConfirmTopics, ConfirmAddress, ConfirmExport, ConfirmErasure, ConfirmRegister, ConfirmCancel:
	default:
		k = ConfirmRequest
	}
	return "pages.confirm." + string(k) + "_" + part
}
