package office

import (
	"context"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/campaigns/policies"
	"assent/preferences"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Office makes the pages. All fields are required.
type Office struct {
	DB         *sqldb.DB
	Now        func() time.Time
	Site       *staff.Site
	People     *preferences.Service
	Notices    *notices.Service
	Broadcasts *broadcasts.Service
	Policies   *policies.Store
	Brands     *brands.Store
	Segments   *segments.Store
	// Compose writes a notice that is not stored, for its preview.
	Compose func(ctx context.Context, m *outbox.Message) (outbox.Rendered, error)
	// Open takes a mail apart for the eye.
	Open func(raw []byte) (html, text string)
	Base string // public address
	// CountAtOnce is how many people are counted before a page comes; the figures of more come after it.
	CountAtOnce int
}

// CountAtOnce is as many as can be counted in a moment.
const CountAtOnce = 20_000

// Who may do what; administrators may do everything.
var (
	writers   = []access.Role{access.PrivacyOfficer}
	approvers = []access.Role{access.Approver}
	readers   = []access.Role{access.PrivacyOfficer, access.ReadOnly} // of what a mail to one person said
)

// allOf bounds what a select offers.
const allOf = 1000

func (o *Office) brandOptions(ctx context.Context) ([]ui.Option, error) {
	list, err := o.Brands.List(ctx, "", allOf)
	return screen.Options(list, func(b brands.Brand) (string, string) { return b.Key, b.Name }), err
}

// leadWords is a lead time as people read it.
func leadWords(l *locale.Locale, lead broadcasts.Lead) string {
	if lead.Months > 0 {
		return l.N("site.lead.months", lead.Months)
	}
	return l.N("site.lead.days", lead.Days)
}

// when is a time as people read it in the zone of the page.
func when(p site.Page, at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	return p.Locale.DateTime(at, p.Zone)
}

func broadcastURL(id string) string { return site.Path(site.NavNotices) + "/" + id }
