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
}

// Who may do what; administrators may do everything.
var (
	writers   = []access.Role{access.PrivacyOfficer}
	approvers = []access.Role{access.Approver}
	readers   = []access.Role{access.PrivacyOfficer, access.ReadOnly} // of what a mail to one person said
)

// allOf bounds what a select offers.
const allOf = 1000

// languages are those in which texts are asked for, the site's own first.
func (o *Office) languages(ctx context.Context) []string {
	settings, err := o.People.Site.Get(ctx)
	first := locale.Get(settings.DefaultLocale).Language()
	if err != nil || first == "" {
		first = "en"
	}
	out := []string{first}
	for _, tag := range locale.Languages() {
		if tag != first {
			out = append(out, tag)
		}
	}
	return out
}

func (o *Office) brandOptions(ctx context.Context) ([]ui.Option, error) {
	list, err := o.Brands.List(ctx, "", allOf)
	var out []ui.Option
	for _, b := range list {
		out = append(out, ui.Option{Value: b.Key, Label: b.Name})
	}
	return out, err
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
