package pages

import (
	"strings"
	"time"
)

// ReceiptsView is the page behind /p/{token}/receipts: what a person agreed to or refused, with the words that they saw. It says what
// the file behind JSONURL says.
type ReceiptsView struct {
	Page
	Email          string // shown masked
	Receipts       []Receipt
	JSONURL        string
	PreferencesURL string
	Controller     string // who answers for it
	Contact        string // their address
}

// Receipt is the record of one topic.
type Receipt struct {
	Number string // of the record in the file
	Topic  Topic
	// Basis is a legal basis as in the API; State is pending, given, withdrawn, objected or expired.
	Basis, State string
	// Data are kinds of data, from the keys of receipts.data.
	Data []string
	// Partner names who else takes part. Empty: nobody.
	Partner   string
	NoticeURL string // privacy notice that stood at the time
	Events    []ReceiptEvent
}

// ReceiptEvent is one choice about the topic, the words with which it was made beside it.
type ReceiptEvent struct {
	Change
	Wording, Version string
}

// state is the state as people read it.
func (v ReceiptsView) state(state string) string {
	if key := "receipts.state." + state; v.Locale.Has(key) {
		return v.t(key)
	}
	return state
}

func (v ReceiptsView) basis(basis string) string {
	if !bases[basis] {
		return basis
	}
	return v.t("pages.basis."+basis, "brand", v.Brand.Name)
}

func (v ReceiptsView) data(kinds []string) string {
	var words []string
	for _, kind := range kinds {
		if key := "receipts.data." + kind; v.Locale.Has(key) {
			words = append(words, v.t(key))
		}
	}
	return strings.Join(words, ", ")
}

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
