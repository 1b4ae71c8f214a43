package pages

import (
	"time"

	"github.com/a-h/templ"
)

// FieldShare is repeated for each partner that a registrant lets their details go to.
const FieldShare = "share"

// EventView is the public page at /events/{slug}.
type EventView struct {
	Page
	Name     string
	Lead     string
	Body     templ.Component // already made safe; nil: none
	StartsAt time.Time
	EndsAt   time.Time
	// EventZone is the IANA zone that the event takes place in.
	EventZone   string
	Place       string
	Online      bool
	CalendarURL string
	// Left is how many places there are; negative: no limit. With Waiting a full event takes a waiting list.
	Left              int
	Waiting           bool
	Over, Cancelled   bool
	RegistrationEnded bool

	Action   string // where registration posts; empty: none
	Values   map[string]string
	Errors   map[string]string
	Fields   []FormField
	Shares   []Share
	Consents []ConsentBox
	Wording  string
}

// Share is one partner that would like a registrant's details. It is asked for by itself and never ticked beforehand.
type Share struct {
	Partner, Name string
	// Wording is the exact text, naming what goes to whom and what for.
	Wording string
	Ticked  bool
}

// RegisteredView answers a registration.
type RegisteredView struct {
	Page
	Name    string
	Waiting bool // on the waiting list
	// ToConfirm tells that a mail has gone out whose link makes it certain.
	ToConfirm   bool
	CalendarURL string
	EventURL    string
}

func (v EventView) full() bool { return v.Left == 0 }

func (v EventView) open() bool {
	return v.Action != "" && !v.Over && !v.Cancelled && !v.RegistrationEnded && (!v.full() || v.Waiting)
}

// span is when it takes place, in the event's own zone.
func (v EventView) span() string {
	start := v.Locale.DateTime(v.StartsAt, v.EventZone)
	if v.EndsAt.IsZero() {
		return start
	}
	end, from := v.EndsAt, v.StartsAt
	if zone, err := time.LoadLocation(v.EventZone); err == nil {
		end, from = end.In(zone), from.In(zone)
	}
	if end.YearDay() == from.YearDay() && end.Year() == from.Year() {
		return v.t("pages.event.span_day", "day", v.Locale.Day(from), "from", v.Locale.Time(from), "to", v.Locale.Time(end), "zone", zoneLabel(v.EventZone))
	}
	return v.t("pages.event.span", "from", start, "to", v.Locale.DateTime(v.EndsAt, v.EventZone))
}

func (v EventView) spec(f FormField) fieldSpec {
	return SubscribeView{Errors: v.Errors, Values: v.Values}.spec(f)
}
