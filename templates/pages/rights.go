package pages

import (
	"slices"
	"time"
)

// RightsKinds are the data-rights requests that the public page offers, in its order.
var RightsKinds = []string{"access", "portability", "rectification", "erasure", "restriction", "objection", "complaint"}

// RightsView is the public page for data-rights requests. Fields: kind, email, message.
type RightsView struct {
	Page
	Action               string
	Kind, Email, Message string
	Errors               map[string]string
	Authority            Authority
	Contact              string
	PrivacyURL           string
}

// RightsSentView answers it, the same for everybody.
type RightsSentView struct {
	Page
}

// RightsStatusView tells the person how their request stands, behind a link of the kind rights.
type RightsStatusView struct {
	Page
	Email         string // shown masked
	Kind          string
	Status        string // one of rightsStates
	Number        string
	Received, Due time.Time
	// Extended tells that the answer takes longer, and why (GDPR 12(3)).
	Extended string
	// Answer is what the company said. Empty: nothing yet.
	Answer string
	// NewAddress is the one that the person still has to confirm, shown masked. Empty: none.
	NewAddress      string
	JSONURL, CSVURL string
	Steps           []Change
	Authority       Authority
}

var rightsStates = []string{"unconfirmed", "open", "in_progress", "done", "refused", "withdrawn"}

func (v RightsStatusView) state() string {
	if !slices.Contains(rightsStates, v.Status) {
		return v.Status
	}
	return v.t("pages.rights.state." + v.Status)
}

func (p Page) right(kind string) string {
	if !slices.Contains(RightsKinds, kind) {
		return kind
	}
	return p.t("rights." + kind)
}
