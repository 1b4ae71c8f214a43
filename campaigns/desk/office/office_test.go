package office_test

import (
	"context"
	"testing"

	"assent/campaigns/brands"
	"assent/campaigns/campaignstest"
	"assent/campaigns/desk"
	"assent/campaigns/desk/office"
	"assent/campaigns/events"
	"assent/preferences/forms"
	"assent/preferences/imports"
	"assent/preferences/partners"
	"assent/preferences/rights"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/stafftest"
	"assent/preferences/webhooks"
)

var ctx = context.Background()

const script = `"><script>alert(1)</script>{{ first_name }}`

type house struct {
	*stafftest.House
	*campaignstest.World
	office *office.Office
	rights *rights.Service
}

func build(t testing.TB, db *sqldb.DB) *house {
	w := campaignstest.New(t, db)
	h := &house{House: stafftest.New(t, db, w.Clock.Now), World: w}
	h.rights = &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People}
	h.office = &office.Office{DB: db, Now: w.Clock.Now, Site: h.Site, People: w.People, Brands: &brands.Store{DB: db, Now: w.Clock.Now}, Partners: &partners.Store{DB: db, Now: w.Clock.Now}, Rights: h.rights,
		Forms:   &forms.Store{DB: db, Now: w.Clock.Now, People: w.People},
		Imports: &imports.Store{DB: db, Now: w.Clock.Now, People: w.People, Dir: t.TempDir()},
		Events:  &events.Store{DB: db, Now: w.Clock.Now, People: w.People, Outbox: w.Outbox, Keys: w.Keys, Base: "https://mail.example.com", Site: w.People.Site},
		Hooks:   &webhooks.Store{DB: db, Now: w.Clock.Now}, Base: "https://mail.example.com"}
	w.People.Forget = append(w.People.Forget, h.rights.Forget, h.office.Forms.Forget, h.office.Imports.Forget, h.office.Events.Forget)
	t.Cleanup(func() { h.office.Forms.Close(); h.office.Imports.Close() })
	h.office.Register(h.Echo)
	(&desk.Desk{DB: db, Now: w.Clock.Now, Site: h.Site, People: w.People, Campaigns: w.Mails, Brands: h.office.Brands, Partners: h.office.Partners, Segments: &segments.Store{DB: db, Now: w.Clock.Now},
		Base: h.office.Base, Rights: h.rights}).Register(h.Echo)
	return h
}

func exercise(t *testing.T, f func(t *testing.T, h *house)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { f(t, build(t, db)) })
}
