package access

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAllows(t *testing.T) {
	for _, c := range []struct {
		have []Scope
		want Scope
		ok   bool
	}{
		{nil, Read, false},
		{[]Scope{Full}, Full, true},
		{[]Scope{Full}, CampaignsWrite, true},
		{[]Scope{Full}, "", false},
		{[]Scope{Full}, "campaigns:erase", false},
		{[]Scope{""}, "", false},
		{[]Scope{Read}, SubscribersRead, true},
		{[]Scope{Read}, Read, true},
		{[]Scope{Read}, SubscribersWrite, false},
		{[]Scope{Read}, Full, false},
		{[]Scope{SubscribersWrite}, SubscribersRead, true},
		{[]Scope{SubscribersRead}, SubscribersWrite, false},
		{[]Scope{SubscribersWrite}, CampaignsRead, false},
		{[]Scope{SubscribersWrite, NoticesWrite}, NoticesWrite, true},
		{[]Scope{SubscribersRead}, Read, false},
	} {
		if got := Allows(c.have, c.want); got != c.ok {
			t.Errorf("Allows(%v, %q) = %v", c.have, c.want, got)
		}
	}
}

func TestNoScopeButFullWritesAnotherThing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := rapid.SliceOf(rapid.SampledFrom(Scopes)).Draw(t, "have")
		want := rapid.SampledFrom(Scopes).Draw(t, "want")
		if strings.HasSuffix(string(want), ":write") && Allows(have, want) &&
			!slices.Contains(have, Full) && !slices.Contains(have, want) {
			t.Fatalf("%v allows %q", have, want)
		}
	})
}

func TestParseScopes(t *testing.T) {
	got, err := ParseScopes([]string{"notices:write", "read", "read"})
	if diff := cmp.Diff([]Scope{Read, NoticesWrite}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range [][]string{nil, {""}, {"root"}, {"full", "x"}} {
		if got, err := ParseScopes(bad); err == nil {
			t.Errorf("ParseScopes(%q) = %v", bad, got)
		}
	}
}

func TestRoles(t *testing.T) {
	got, err := ParseRoles([]string{"approver", "marketer", "approver"})
	if diff := cmp.Diff([]Role{Marketer, Approver}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range [][]string{nil, {"root"}, {"marketer", ""}} {
		if got, err := ParseRoles(bad); err == nil {
			t.Errorf("ParseRoles(%q) = %v", bad, got)
		}
	}
	for _, c := range []struct {
		have, want []Role
		ok         bool
	}{
		{nil, nil, false},
		{nil, []Role{ReadOnly}, false},
		{[]Role{ReadOnly}, nil, true},
		{[]Role{ReadOnly}, []Role{Marketer}, false},
		{[]Role{Marketer, Approver}, []Role{Approver}, true},
		{[]Role{Approver}, []Role{Marketer, PrivacyOfficer}, false},
		{[]Role{Administrator}, []Role{PrivacyOfficer}, true},
	} {
		if got := Has(c.have, c.want...); got != c.ok {
			t.Errorf("Has(%v, %v) = %v", c.have, c.want, got)
		}
	}
}
