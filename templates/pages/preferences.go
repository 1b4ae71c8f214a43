package pages

import (
	"strings"
	"time"
)

// Fields of the preference centre beyond those of the public contract (topic, pause_until, frequency, locale, timezone).
// FieldDo says which of its forms was sent; without it a POST saves.
const (
	FieldDo = "do"

	DoSave             = "save"
	DoUnsubscribeAll   = "unsubscribe_all"
	DoCorrect          = "correct" // first_name, last_name, email; empty ones stay as they are
	DoExport           = "export"
	DoRestrict         = "restrict"
	DoLiftRestriction  = "lift_restriction"
	DoObject           = "object"
	DoLiftObjection    = "lift_objection"
	DoObjectResearch   = "object_research"
	DoLiftResearch     = "lift_research_objection"
	DoErase            = "erase"
	FieldPauseDate     = "pause_date" // YYYY-MM-DD, read when pause_until is PauseDate
	PauseDate          = "date"
	FieldPartner       = "partner"        // repeated: partners that may stay
	FieldPartnersShown = "partners_shown" // "1": the form had the partner boxes
	FieldTracking      = "tracking"       // "1": measuring is fine
	FieldTrackingShown = "tracking_shown"
)

// PreferencesView is the preference centre behind /p/{token}.
type PreferencesView struct {
	Page
	Action string
	Email  string // shown masked
	Saved  *Saved
	// Errors are by field name.
	Errors map[string]string

	Groups      []TopicGroup
	PausedUntil time.Time // in the person's zone; zero: not paused
	Frequency   string    // each, weekly, monthly
	Chosen      string    // the chosen language tag
	Offered     []string  // language tags that can be chosen
	TimeZone    string    // the chosen IANA zone, empty if never chosen
	Partners    []Partner
	// Tracking is nil where nothing is measured, and then not asked.
	Tracking *bool

	Restricted, Objected, ObjectedResearch bool
	// Research tells whether there is research to object to.
	Research  bool
	Authority Authority
	Contact   string // where to complain to the company itself
	History   []Change
	WhyURL    string
	// ReceiptsURL leads to the proof of these choices.
	ReceiptsURL string
}

// TopicGroup is topics under one plain heading.
type TopicGroup struct {
	Name   string
	Topics []TopicChoice
}

// TopicChoice is one topic and where this person stands.
type TopicChoice struct {
	Topic
	On      bool
	Pending bool   // asked for, not yet confirmed from the mail
	Because string // "You signed up on 3 March 2026 at example.com." Empty: nothing is said
}

// Partner is someone else on whose behalf mail may come.
type Partner struct {
	Key, Name, Description string
	On                     bool
}

// Saved is what the last POST did.
type Saved struct {
	// Message is said first. Empty: "Your choices are saved."
	Message string
	// ToConfirm names topics that wait for the confirmation just mailed.
	ToConfirm []string
	InFlight  int
	Undo      *Undo
}

// Authority is the supervisory authority that takes complaints.
type Authority struct{ Name, Address, URL string }

// Change is one entry of a person's own history.
type Change struct {
	At   time.Time
	What string // "Newsletter: signed up"
	How  string // "through the form at example.com"
}

func (v PreferencesView) nothingOn() bool {
	for _, g := range v.Groups {
		for _, t := range g.Topics {
			if t.On || t.Pending {
				return false
			}
		}
	}
	return true
}

func (v PreferencesView) pausedDay() string {
	if v.PausedUntil.IsZero() {
		return ""
	}
	return v.PausedUntil.Format(time.DateOnly)
}

func (v PreferencesView) joined(names []string) string { return strings.Join(names, ", ") }

// described is the aria-describedby of a field: its hint and its error, if there are any.
func described(id string, hint bool, err string) string {
	var ids []string
	if hint {
		ids = append(ids, id+"-hint")
	}
	if err != "" {
		ids = append(ids, id+"-error")
	}
	return strings.Join(ids, " ")
}
