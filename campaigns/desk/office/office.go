package office

import (
	"context"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/events"
	"assent/preferences"
	"assent/preferences/forms"
	"assent/preferences/imports"
	"assent/preferences/partners"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/preferences/webhooks"
	"assent/templates/locale"
	"assent/templates/site/ui"
)

// Office makes the pages. All fields are required.
type Office struct {
	DB       *sqldb.DB
	Now      func() time.Time
	Site     *staff.Site
	People   *preferences.Service
	Brands   *brands.Store
	Partners *partners.Store
	Rights   *rights.Service
	Forms    *forms.Store
	Imports  *imports.Store
	Events   *events.Store
	Hooks    *webhooks.Store
	Base     string // public address, without a slash at the end
	// Ending is closed when the process ends, so that no page is watched any more. It may be nil.
	Ending <-chan struct{}
}

const (
	timelineShown = 100  // moments on a page
	allOf         = 1000 // what a select offers at most
)

// topics are those in use, by key and with their names; gone are in it too if they are among keep.
func (o *Office) topics(ctx context.Context, l *locale.Locale, keep ...string) ([]ui.Option, error) {
	list, err := o.People.Topics(ctx, o.DB)
	kept := map[string]bool{}
	for _, key := range keep {
		kept[key] = true
	}
	var out []ui.Option
	for _, t := range list {
		if t.ArchivedAt == nil || kept[t.Key] {
			out = append(out, ui.Option{Value: t.Key, Label: t.Name(l.Tag(), l.Language())})
		}
	}
	return out, err
}

func (o *Office) brands(ctx context.Context) ([]ui.Option, error) {
	list, err := o.Brands.List(ctx, "", allOf)
	return screen.Options(list, func(b brands.Brand) (string, string) { return b.Key, b.Name }), err
}

func (o *Office) partners(ctx context.Context) ([]ui.Option, error) {
	list, err := o.Partners.List(ctx, "", allOf)
	return screen.Options(list, func(p partners.Partner) (string, string) { return p.Key, p.Name }), err
}
