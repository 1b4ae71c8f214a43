package policies

import (
	"context"
	"regexp"
	"time"

	"assent/campaigns/prose"
	"assent/preferences/names"
	"assent/preferences/problem"
)

// LeadTime tells whether the announcement of a version has met its lead time, and when it did or, as far as is known, will:
// the earliest instant at which the version may take effect. The zero time means that nothing was announced.
type LeadTime interface {
	LeadTime(ctx context.Context, slug, version string) (met bool, at time.Time, err error)
}

// Status is where a version stands.
type Status string

// The statuses.
const (
	Drafted    Status = "draft"      // its author works on it: nobody else sees it, and it takes no effect
	Pending    Status = "pending"    // affects rights, and its announcement has not met its lead time
	Scheduled  Status = "scheduled"  // takes effect at a known time
	Current    Status = "current"    // in effect
	Superseded Status = "superseded" // was in effect
)

// Policy is a kind of text with its versions, such as the privacy policy.
type Policy struct {
	Slug      string      `json:"slug"`
	Names     names.Texts `json:"names"`
	Current   string      `json:"current,omitempty"` // the version in effect
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
	Versions  []Version   `json:"versions,omitempty"` // the latest first

	id string
}

// Version is one text of a policy.
type Version struct {
	Version       string      `json:"version"`
	Status        Status      `json:"status"`
	EffectiveAt   time.Time   `json:"effective_at"`          // as its author wants it
	TakesEffectAt *time.Time  `json:"takes_effect_at"`       // as it comes, null while that is not known
	AffectsRights bool        `json:"affects_rights"`        //
	AnnouncedAt   *time.Time  `json:"announced_at,omitzero"` // its text stands from then on
	Draft         bool        `json:"draft,omitempty"`
	Bodies        names.Texts `json:"bodies,omitempty"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`

	id         string
	inEffectAt time.Time // stored: it has taken effect
}

// Fixed tells whether the version can no longer be changed.
func (v Version) Fixed() bool {
	return v.AnnouncedAt != nil || v.Status == Current || v.Status == Superseded
}

// Draft is what its author says of a version.
type Draft struct {
	Version       string
	EffectiveAt   time.Time
	AffectsRights bool
	Bodies        names.Texts
	Hidden        bool // a draft: it waits until it is published or announced
}

var (
	// ErrNotFound is a slug that no policy has.
	ErrNotFound = problem.NotFound("policy")
	// ErrNoVersion is a version that a policy does not have.
	ErrNoVersion = problem.NotFound("version of the policy")

	versionForm = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?$`)
)

const (
	maxBody = 256 << 10
	// changesPath is the address of the comparison, which no version may be called.
	changesPath = "changes"
)

func (d Draft) check() error {
	var c problem.Collector
	switch {
	case d.Version == "":
		c.Require("version", "")
	case !versionForm.MatchString(d.Version) || d.Version == changesPath:
		c.Add("version", "must be 1 to 32 letters, digits, dots, - or _, such as 2.1 or 2026-05")
	}
	if d.EffectiveAt.IsZero() {
		c.Require("effective_at", "")
	}
	d.Bodies.CheckBodies(&c, "bodies", maxBody)
	prose.CheckTexts(&c, "bodies", d.Bodies)
	return c.Err()
}

// Public is the policy as everybody may see it: without drafts.
func (p Policy) Public() Policy {
	versions := make([]Version, 0, len(p.Versions))
	for _, v := range p.Versions {
		if !v.Draft {
			versions = append(versions, v)
		}
	}
	p.Versions = versions
	return p
}

// settle fills in the statuses of the versions of one policy, given when each takes effect (the zero time while unknown),
// and puts the latest first.
func settle(versions []Version, takes map[string]time.Time, now time.Time) (current string) {
	var latest *Version
	for i := range versions {
		v := &versions[i]
		at := takes[v.id]
		switch {
		case v.Draft:
			v.Status = Drafted
			continue
		case at.IsZero():
			v.Status = Pending
			continue
		case at.After(now):
			v.Status = Scheduled
		default:
			v.Status = Superseded
			if latest == nil || at.After(*latest.TakesEffectAt) || at.Equal(*latest.TakesEffectAt) && v.id > latest.id {
				latest = v
			}
		}
		v.TakesEffectAt = &at
	}
	if latest != nil {
		latest.Status = Current
		current = latest.Version
	}
	return current
}
