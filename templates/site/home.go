package site

import (
	"time"

	"assent/templates/site/ui"
)

// HomeView is the first page after the sign-in.
type HomeView struct {
	Page
	Now time.Time // of the engine, for the greeting
	// Steps are what to do first; the list is shown until all are done.
	Steps   []Step
	Running []Run
	Needs   []Need
	// LiveURL sends HomeRuns anew whenever it changes. Empty: not live.
	LiveURL   string
	Streams   []Stream
	Stats     []ui.Stat
	Growth    ui.Chart // consent by day or week; no points: nothing to draw yet
	GrowthURL string
}

// StepKey is one of the first steps.
type StepKey string

// The first steps, in their order.
const (
	StepBrand    StepKey = "brand"
	StepTopic    StepKey = "topic"
	StepForm     StepKey = "form"
	StepPeople   StepKey = "people"
	StepCampaign StepKey = "campaign"
	StepRelay    StepKey = "relay"
)

// Step is one of them.
type Step struct {
	Key  StepKey
	URL  string
	Done bool
}

// Run is a mailing that is under way.
type Run struct {
	Name, URL   string
	Status      string // as in the API
	Done, Total int
	Note        string // "paused: five refusals in a row"
	Speed       Speed
}

// Need is something that waits for this person.
type Need struct {
	Text, URL, Note string
	Tone            ui.Tone
	Icon            string
}

// Stream is the health of one of the two ways out.
type Stream struct {
	Key   string // marketing, transactional
	Relay string // host, or empty for the built-in mailbox
	Tone  ui.Tone
	State string // one sentence: "Sending normally." Empty: said by the tone
	// Facts are name and value pairs below it.
	Facts []ui.Stat
	URL   string
}

func (v HomeView) greeting() string {
	now := v.Now
	if zone, err := time.LoadLocation(v.Zone); err == nil {
		now = now.In(zone)
	}
	key := "site.home.evening"
	switch h := now.Hour(); {
	case h >= 5 && h < 12:
		key = "site.home.morning"
	case h >= 12 && h < 18:
		key = "site.home.afternoon"
	}
	return v.t(key, "name", v.User.Name)
}

func (v HomeView) stepsDone() int {
	n := 0
	for _, s := range v.Steps {
		if s.Done {
			n++
		}
	}
	return n
}

// next is the first step that is not done.
func (v HomeView) next() StepKey {
	for _, s := range v.Steps {
		if !s.Done {
			return s.Key
		}
	}
	return ""
}

// lead says in one sentence where things stand.
func (v HomeView) lead() string {
	switch {
	case v.next() != "":
		return v.t("site.home.lead_first")
	case len(v.Needs) > 0:
		return v.Locale.N("site.home.lead_needs", len(v.Needs))
	case len(v.Running) > 0:
		return v.Locale.N("site.home.lead_runs", len(v.Running))
	}
	return v.t("site.home.lead_calm")
}

func (v HomeView) streamState(s Stream) string {
	if s.State != "" {
		return s.State
	}
	switch s.Tone {
	case ui.Warn:
		return v.t("site.stream.warn")
	case ui.Bad:
		return v.t("site.stream.bad")
	}
	return v.t("site.stream.good")
}

func (v HomeView) streamBadge(s Stream) ui.Badge {
	switch s.Tone {
	case ui.Warn:
		return ui.Badge{Text: v.t("site.stream.badge_warn"), Tone: ui.Warn}
	case ui.Bad:
		return ui.Badge{Text: v.t("site.stream.badge_bad"), Tone: ui.Bad}
	}
	return ui.Badge{Text: v.t("site.stream.badge_good"), Tone: ui.Good}
}
