package events

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"assent/preferences/sqldb"
)

const calendarType = "text/calendar; charset=utf-8; method=PUBLISH"

// calendarEntry is an event as a calendar file (RFC 5545). Later files with a higher Sequence replace earlier ones.
type calendarEntry struct {
	ID, Title, Place, URL string
	StartsAt, EndsAt      time.Time
	Sequence              int
	Stamp                 time.Time
	Cancelled             bool
}

func (c calendarEntry) text() string {
	cal := ics.NewCalendar()
	cal.SetProductId("-//Assent//Events//EN")
	cal.SetMethod(ics.MethodPublish)
	cal.SetCalscale("GREGORIAN")
	e := cal.AddEvent(c.ID + "@events.assent")
	e.SetDtStampTime(c.Stamp)
	e.SetStartAt(c.StartsAt)
	e.SetEndAt(c.EndsAt)
	e.SetSequence(c.Sequence)
	e.SetSummary(oneLine(c.Title))
	if c.Place != "" {
		e.SetLocation(oneLine(c.Place))
	}
	if c.URL != "" {
		e.SetURL(c.URL)
	}
	e.SetStatus(ics.ObjectStatusConfirmed)
	if c.Cancelled {
		e.SetStatus(ics.ObjectStatusCancelled)
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

// oneLine takes out what could begin a property of its own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// publicEntry is what anybody may put into a calendar: it does not tell where an online event takes place.
func (s *Store) publicEntry(e Event, lang string) calendarEntry {
	c := calendarEntry{ID: e.id, Title: e.Names.In(lang), Place: e.Place, URL: s.pageURL(e.Slug), StartsAt: e.StartsAt, EndsAt: e.EndsAt, Sequence: e.sequence, Stamp: e.CreatedAt, Cancelled: e.CancelledAt != nil}
	if !e.changedAt.IsZero() {
		c.Stamp = sqldb.Time(sqldb.Micros(e.changedAt))
	}
	return c
}
