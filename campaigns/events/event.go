package events

import (
	"context"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/prose"
	"assent/preferences"
	"assent/preferences/names"
	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Event is something that people register for.
type Event struct {
	Slug          string      `json:"slug"`
	Names         names.Texts `json:"names"`
	Descriptions  names.Texts `json:"descriptions,omitempty"` // Markdown
	StartsAt      time.Time   `json:"starts_at"`
	EndsAt        time.Time   `json:"ends_at"`
	Timezone      string      `json:"timezone"`
	Place         string      `json:"place,omitempty"`
	URL           string      `json:"url,omitempty"`      // where it takes place online; told to those who registered
	Capacity      *int        `json:"capacity,omitempty"` // nil: no limit
	Partners      []string    `json:"partners"`           // keys of those who would like to have registrants' details
	Brand         string      `json:"brand,omitempty"`
	ReminderHours int         `json:"reminder_hours"`      // before it begins; 0: no reminder
	FollowUp      names.Texts `json:"follow_up,omitempty"` // Markdown
	CancelledAt   *time.Time  `json:"cancelled_at,omitzero"`
	Registered    int         `json:"registered"` // places taken
	Waiting       int         `json:"waiting"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`

	id        string
	sequence  int
	changedAt time.Time
}

// ErrNotFound is a slug that no event has.
var ErrNotFound = problem.NotFound("event")

const (
	defaultReminder = 24
	maxReminder     = 24 * 28
	maxCapacity     = 1_000_000
	maxPartners     = 20
	maxText         = 64 << 10
	maxSpan         = 366 * 24 * time.Hour
)

// Full tells whether a new registration has to wait.
func (e Event) Full() bool { return e.Capacity != nil && e.Registered >= *e.Capacity }

// Open tells whether registrations are taken.
func (e Event) Open(now time.Time) bool { return e.CancelledAt == nil && now.Before(e.EndsAt) }

// check returns everything that is wrong with e.
func (e Event) check(ctx context.Context, q sqldb.Querier) error {
	var c problem.Collector
	names.CheckKey(&c, "slug", e.Slug)
	e.Names.Check(&c, "names")
	for field, texts := range map[string]names.Texts{"descriptions": e.Descriptions, "follow_up": e.FollowUp} {
		if len(texts) > 0 {
			texts.CheckBodies(&c, field, maxText)
		}
	}
	prose.CheckTexts(&c, "descriptions", e.Descriptions)
	for tag, text := range e.FollowUp {
		if _, err := content.Markdown(text); err != nil {
			c.Add("follow_up."+tag, "%s", err)
		}
	}
	e.checkTimes(&c)
	names.CheckOptionalLine(&c, "place", e.Place)
	if e.URL != "" {
		names.CheckLink(&c, "url", e.URL)
	}
	if e.Capacity != nil && (*e.Capacity < 1 || *e.Capacity > maxCapacity) {
		c.Add("capacity", "must be from 1 to %d; leave it out for no limit", maxCapacity)
	}
	if e.ReminderHours < 0 || e.ReminderHours > maxReminder {
		c.Add("reminder_hours", "must be from 0, which is none, to %d", maxReminder)
	}
	if err := e.checkKnown(ctx, q, &c); err != nil {
		return err
	}
	return c.Err()
}

func (e Event) checkTimes(c *problem.Collector) {
	if e.StartsAt.IsZero() {
		c.Require("starts_at", "")
	}
	switch {
	case e.EndsAt.IsZero():
		c.Require("ends_at", "")
	case !e.EndsAt.After(e.StartsAt):
		c.Add("ends_at", "must be after starts_at")
	case e.EndsAt.Sub(e.StartsAt) > maxSpan:
		c.Add("ends_at", "must be at most a year after starts_at")
	}
	if e.Timezone == "" {
		c.Require("timezone", "")
	} else if _, err := preferences.LoadZone(e.Timezone); err != nil {
		c.Add("timezone", "must be a zone such as Europe/Amsterdam")
	}
}

// checkKnown notes partners and a brand that nobody has made.
func (e Event) checkKnown(ctx context.Context, q sqldb.Querier, c *problem.Collector) error {
	if len(e.Partners) > maxPartners {
		c.Add("partners", "must be at most %d", maxPartners)
		return nil
	}
	var keys []string
	seen := map[string]bool{}
	for _, key := range e.Partners {
		if seen[key] {
			c.Add("partners", "names %q twice", key)
		}
		if seen[key] = true; names.IsKey(key) {
			keys = append(keys, key)
		}
	}
	found, err := partners.Names(ctx, q, keys)
	if err != nil {
		return err
	}
	for key := range seen {
		if _, ok := found[key]; !ok {
			c.Add("partners", "there is no partner %q", key)
		}
	}
	if e.Brand != "" {
		if _, err := brands.Get(ctx, q, e.Brand); err == brands.ErrNotFound {
			c.Add("brand", "there is no brand %q", e.Brand)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// toldApart tells whether those who registered must hear of the change from before to e.
func (e Event) toldApart(before Event) bool {
	return !e.StartsAt.Equal(before.StartsAt) || !e.EndsAt.Equal(before.EndsAt) || e.Timezone != before.Timezone ||
		e.Place != before.Place || e.URL != before.URL || (e.CancelledAt == nil) != (before.CancelledAt == nil)
}
