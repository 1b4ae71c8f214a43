// Package desk serves the screens on which marketers and officers do their
// work: what is offered, to whom, what is sent, and what came of it. The pages
// work without a script; every change is a form with the token of the person's
// pages.
package desk

import (
	"context"
	"strings"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/events"
	"assent/campaigns/live"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/partners"
	"assent/preferences/rights"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/preferences/together"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Desk makes the pages. All fields but Live, Rights and Patience are required.
type Desk struct {
	DB        *sqldb.DB
	Now       func() time.Time
	Site      *staff.Site
	People    *preferences.Service
	Campaigns *campaigns.Service
	Brands    *brands.Store
	Partners  *partners.Store
	Segments  *segments.Store
	Together  *together.Store
	Live      *live.Hub   // nil: pages do not renew themselves
	Base      string      // public address
	Fixed     [][2]string // settings of the environment, for the page that shows them
	Rights    *rights.Service
	Patience  time.Duration // how long a page looks for what it shows before it comes without; 0: 40 ms
}

// pageSize is how many lines a list shows; allOf bounds what a select offers.
const (
	pageSize = screen.PageSize
	allOf    = 1000
)

func (d *Desk) brandOptions(ctx context.Context) ([]ui.Option, error) {
	list, err := d.Brands.List(ctx, "", allOf)
	return screen.Options(list, func(b brands.Brand) (string, string) { return b.Key, b.Name }), err
}

func (d *Desk) partnerOptions(ctx context.Context) ([]ui.Option, error) {
	list, err := d.Partners.List(ctx, "", allOf)
	return screen.Options(list, func(p partners.Partner) (string, string) { return p.Key, p.Name }), err
}

func (d *Desk) segmentOptions(ctx context.Context) ([]ui.Option, error) {
	list, err := d.Segments.List(ctx, "", allOf)
	return screen.Options(list, func(s segments.Segment) (string, string) { return s.Key, s.Name }), err
}

// topicOptions are the topics that are in use, by key.
func (d *Desk) topicOptions(ctx context.Context, l *locale.Locale) ([]ui.Option, error) {
	list, err := d.People.Topics(ctx, d.DB)
	var out []ui.Option
	for _, t := range list {
		if t.ArchivedAt == nil {
			out = append(out, ui.Option{Value: t.Key, Label: t.Name(l.Tag(), l.Language())})
		}
	}
	return out, err
}

// eventsOver is how many events that are over can still be chosen, such as to tell how one was.
const eventsOver = 20

// eventOptions are the events by slug: those to come, the next first, then those that were, the last first.
func (d *Desk) eventOptions(ctx context.Context, p site.Page) ([]ui.Option, error) {
	store := &events.Store{DB: d.DB, Now: d.Now}
	coming, err := store.Coming(ctx, time.Time{}, "", allOf)
	if err != nil {
		return nil, err
	}
	over, err := store.Past(ctx, time.Time{}, "", eventsOver)
	var out []ui.Option
	for i, e := range append(coming, over...) {
		if e.CancelledAt != nil {
			continue
		}
		at := e.StartsAt
		if zone, err := time.LoadLocation(e.Timezone); err == nil {
			at = at.In(zone)
		}
		label := e.Names.In(p.Locale.Tag()) + " · " + p.Locale.Date(at)
		if i >= len(coming) {
			label = p.Locale.T("site.pick.over", "event", label)
		}
		out = append(out, ui.Option{Value: e.Slug, Label: label})
	}
	return out, err
}

// reasonFrom is a reason of the gate that an address names, if it is spelt like one.
func reasonFrom(s string) (gate.Reason, bool) {
	if s == "" || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "", false
	}
	return gate.Reason(s), true
}

// brandName is what a brand is called; its key, should it be gone.
func (d *Desk) brandName(ctx context.Context, key string) string {
	if b, err := brands.Get(ctx, d.DB, key); key != "" && err == nil {
		return b.Name
	}
	return key
}

// segmentName is what a segment is called; its key, should it be gone.
func (d *Desk) segmentName(ctx context.Context, key string) string {
	if s, err := segments.Get(ctx, d.DB, key); key != "" && err == nil {
		return s.Name
	}
	return key
}

func (d *Desk) segmentNames(ctx context.Context, keys []string) []string {
	var out []string
	for _, key := range keys {
		out = append(out, d.segmentName(ctx, key))
	}
	return out
}
