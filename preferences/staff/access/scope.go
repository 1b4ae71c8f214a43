package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is one thing that an API key may do.
type Scope string

// The scopes. Writing a thing includes reading it; Full is everything; Read
// is reading everything.
const (
	Full Scope = "full"
	Read Scope = "read"

	SubscribersRead  Scope = "subscribers:read" // with their consents, decisions and timeline
	SubscribersWrite Scope = "subscribers:write"
	TopicsRead       Scope = "topics:read"
	TopicsWrite      Scope = "topics:write"
	SuppressionsRead Scope = "suppressions:read"
	// SuppressionsWrite lets a key block addresses and lift blocks.
	SuppressionsWrite Scope = "suppressions:write"
	SegmentsRead      Scope = "segments:read"
	SegmentsWrite     Scope = "segments:write"
	FormsRead         Scope = "forms:read"
	FormsWrite        Scope = "forms:write"
	ImportsRead       Scope = "imports:read"
	ImportsWrite      Scope = "imports:write"
	CampaignsRead     Scope = "campaigns:read" // with their audience, deliveries and report
	CampaignsWrite    Scope = "campaigns:write"
	NoticesRead       Scope = "notices:read" // with broadcasts and coverage
	NoticesWrite      Scope = "notices:write"
	PoliciesRead      Scope = "policies:read"
	PoliciesWrite     Scope = "policies:write"
	BrandsRead        Scope = "brands:read"
	BrandsWrite       Scope = "brands:write"
	PartnersRead      Scope = "partners:read"
	PartnersWrite     Scope = "partners:write"
	EventsRead        Scope = "events:read"
	EventsWrite       Scope = "events:write"
	RequestsRead      Scope = "requests:read" // data requests
	RequestsWrite     Scope = "requests:write"
	WebhooksRead      Scope = "webhooks:read" // outgoing webhooks
	WebhooksWrite     Scope = "webhooks:write"
	AuditRead         Scope = "audit:read"
)

// Scopes are all scopes.
var Scopes = []Scope{
	Full, Read,
	SubscribersRead, SubscribersWrite, TopicsRead, TopicsWrite, SuppressionsRead, SuppressionsWrite,
	SegmentsRead, SegmentsWrite, FormsRead, FormsWrite, ImportsRead, ImportsWrite,
	CampaignsRead, CampaignsWrite, NoticesRead, NoticesWrite, PoliciesRead, PoliciesWrite,
	BrandsRead, BrandsWrite, PartnersRead, PartnersWrite, EventsRead, EventsWrite,
	RequestsRead, RequestsWrite, WebhooksRead, WebhooksWrite, AuditRead,
}

// Allows says whether a key with the scopes have may do what want names. An
// unknown or empty want is allowed to nobody.
func Allows(have []Scope, want Scope) bool {
	if !slices.Contains(Scopes, want) {
		return false
	}
	thing, reads := strings.CutSuffix(string(want), ":read")
	for _, scope := range have {
		switch {
		case scope == Full, scope == want:
			return true
		case reads && (scope == Read || scope == Scope(thing+":write")):
			return true
		}
	}
	return false
}

// ParseScopes reads scope names; each must exist and none may be missing. The
// result is in the order of Scopes, without doubles.
func ParseScopes(names []string) ([]Scope, error) {
	given := map[Scope]bool{}
	for _, name := range names {
		if !slices.Contains(Scopes, Scope(name)) {
			return nil, fmt.Errorf("%q is not a scope", name)
		}
		given[Scope(name)] = true
	}
	if len(given) == 0 {
		return nil, fmt.Errorf("at least one scope is needed")
	}
	var scopes []Scope
	for _, scope := range Scopes {
		if given[scope] {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}
