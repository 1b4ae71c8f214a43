package mail

import (
	"strings"
	"time"
)

// EventStage is what a mail to somebody who registered says.
type EventStage uint8

// The stages of a registration.
const (
	EventRegistered EventStage = iota
	EventWaiting               // registered, on the waiting list
	EventPlaceFree             // came up from the waiting list
	EventReminder
	EventChanged
	EventCancelled
	EventDeregistered
	EventFollowUp // it is over
)

// EventMail goes to somebody who registered for an event.
type EventMail struct {
	Stage            EventStage
	Title, Place     string
	Starts           time.Time
	TimeZone         string // the event's own; empty is the reader's
	URL              string // the event's page or where it takes place online
	CancelURL        string // gives the place back
	CalendarAttached bool
	Note             Text     // what the organiser adds
	SharedWith       []string // names of those whom the registrant lets have their details
}

var eventStages = map[EventStage]string{
	EventRegistered: "registered", EventWaiting: "waiting", EventPlaceFree: "place_free", EventReminder: "reminder",
	EventChanged: "changed", EventCancelled: "cancelled", EventDeregistered: "deregistered",
	EventFollowUp: "follow_up",
}

func (v EventMail) compose(c *composer) {
	key := "mail.event." + eventStages[v.Stage] + "."
	c.title(c.t(key+"subject", "title", v.Title), v.Title)
	c.say(c.t("mail.hello"), c.t(key+"intro"))
	if len(v.Note.Nodes) > 0 {
		c.add(v.Note)
	}
	zone := v.TimeZone
	if zone == "" {
		zone = c.to.TimeZone
	}
	var f rows
	f.row(c.t("mail.event.when"), c.to.Locale.DateTime(v.Starts, zone))
	f.row(c.t("mail.event.where"), v.Place)
	c.table(f)
	over := v.Stage == EventCancelled || v.Stage == EventDeregistered || v.Stage == EventFollowUp
	if !over {
		c.button(c.t("mail.event.button"), v.URL)
		if v.CalendarAttached {
			c.say(c.t("mail.event.calendar"))
		}
		if len(v.SharedWith) > 0 {
			c.add(Linked(c.t("mail.event.shared", "partners", strings.Join(v.SharedWith, ", "))+" ", c.t("mail.event.stop_sharing"), v.CancelURL, ""))
		}
		if v.CancelURL != "" {
			c.add(Linked(c.t("mail.event.cannot")+" ", c.t("mail.event.give_back"), v.CancelURL, ""))
		}
	}
	c.service("mail.event.reason")
}
