package access

import (
	"fmt"
	"slices"
)

// Role is what a person on the staff is there for. One person may have several.
type Role string

// The roles.
const (
	Administrator  Role = "administrator"   // everything, and the only one who manages people, keys and settings
	Marketer       Role = "marketer"        // makes and sends campaigns, forms, segments, events
	Approver       Role = "approver"        // approves what somebody else made
	PrivacyOfficer Role = "privacy_officer" // consents, data requests, notices, policies, suppressions
	ReadOnly       Role = "read_only"       // sees, changes nothing
)

// Roles are all roles, the most powerful first.
var Roles = []Role{Administrator, Marketer, Approver, PrivacyOfficer, ReadOnly}

// ParseRoles reads role names; each must exist, none may be missing, doubles are
// dropped. The result is in the order of Roles.
func ParseRoles(names []string) ([]Role, error) {
	given := map[Role]bool{}
	for _, name := range names {
		if !slices.Contains(Roles, Role(name)) {
			return nil, fmt.Errorf("%q is not a role", name)
		}
		given[Role(name)] = true
	}
	if len(given) == 0 {
		return nil, fmt.Errorf("at least one role is needed")
	}
	var roles []Role
	for _, role := range Roles {
		if given[role] {
			roles = append(roles, role)
		}
	}
	return roles, nil
}

// Has says whether someone with the roles have may act as one of want. An
// administrator may act as anyone; with nothing wanted, anyone with a role may.
func Has(have []Role, want ...Role) bool {
	if len(want) == 0 {
		return len(have) > 0
	}
	return slices.ContainsFunc(have, func(r Role) bool {
		return r == Administrator || slices.Contains(want, r)
	})
}
