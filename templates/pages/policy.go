package pages

import (
	"time"

	"github.com/a-h/templ"
)

// PolicyView is one version of a policy, at /policies/{slug} or /policies/{slug}/{version}.
type PolicyView struct {
	Page
	Name, Version string
	EffectiveAt   time.Time
	Body          templ.Component // already made safe
	// State is in_force, coming or archived.
	State    string
	Versions []PolicyVersion // newest first
	// CurrentURL leads to the version in force from any other one.
	CurrentURL string
}

// PolicyVersion is one line of the archive.
type PolicyVersion struct {
	Version, URL string
	EffectiveAt  time.Time
	State        string
	// ChangesURL shows what changed since the version before it. Empty for the first.
	ChangesURL string
	Current    bool // the one on this page
}

// DiffView shows what changed between two versions, word by word.
type DiffView struct {
	Page
	Name      string
	From, To  PolicyVersion
	Parts     []DiffPart
	PolicyURL string
}

// DiffPart is one paragraph or heading of the later text with what went and what came.
type DiffPart struct {
	Heading bool
	Runs    []DiffRun
}

// DiffRun is words that stayed, came or went.
type DiffRun struct {
	Op   DiffOp
	Text string
}

// DiffOp is what happened to words.
type DiffOp int8

// The operations.
const (
	Same    DiffOp = 0
	Added   DiffOp = 1
	Removed DiffOp = -1
)

func (v DiffView) changed() int {
	n := 0
	for _, p := range v.Parts {
		for _, r := range p.Runs {
			if r.Op != Same {
				n++
				break
			}
		}
	}
	return n
}

// state is the text of a state with its day.
func (p Page) policyState(state string, at time.Time) string {
	day := at
	if zone, err := time.LoadLocation(p.Zone); err == nil {
		day = at.In(zone)
	}
	switch state {
	case "coming":
		return p.t("pages.policy.coming", "date", p.Locale.Date(day))
	case "archived":
		return p.t("pages.policy.archived", "date", p.Locale.Date(day))
	}
	return p.t("pages.policy.in_force", "date", p.Locale.Date(day))
}
