package mail

import "time"

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
}

var eventStages = map[EventStage]string{
	EventRegistered: "registered", EventWaiting: "waiting", EventPlaceFree: "place_free", EventReminder: "reminder",
	EventChanged: "changed", EventCancelled: "cancelled", EventDeregistered: "deregistered",
}

func (v EventMail) compose(c *composer) {
	key := "mail.event." + eventStages[v.Stage] + "."
	c.title(c.t(key+"subject", "title", v.Title), v.Title)
	c.say(c.t("mail.hello"), c.t(key+"intro"))
	zone := v.TimeZone
	if zone == "" {
		zone = c.to.TimeZone
	}
	var f rows
	f.row(c.t("mail.event.when"), c.to.Locale.DateTime(v.Starts, zone))
	f.row(c.t("mail.event.where"), v.Place)
	c.table(f)
	over := v.Stage == EventCancelled || v.Stage == EventDeregistered
	if !over {
		c.button(c.t("mail.event.button"), v.URL)
		if v.CalendarAttached {
			c.say(c.t("mail.event.calendar"))
		}
		if v.CancelURL != "" {
			c.add(Linked(c.t("mail.event.cannot")+" ", c.t("mail.event.give_back"), v.CancelURL, ""))
		}
	}
	c.service("mail.event.reason")
}
