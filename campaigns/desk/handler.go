package desk

import (
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// routes registers pages below the list of one entry of the navigation.
type routes struct{ screen.Routes }

func (d *Desk) at(e *echo.Echo, nav string) routes { return routes{screen.At(e, d.Site, nav)} }

// get is a page that everybody on the staff may see; getFor only those who may act as one of the roles.
func (r routes) get(path string, h echo.HandlerFunc) { r.Get(path, h) }

func (r routes) getFor(path string, h echo.HandlerFunc, roles ...access.Role) {
	r.Get(path, h, roles...)
}

// post is a change, for those who may act as one of the roles.
func (r routes) post(path string, h echo.HandlerFunc, roles ...access.Role) {
	r.Post(path, h, roles[0], roles[1:]...)
}

// Register serves the pages.
func (d *Desk) Register(e *echo.Echo) {
	d.registerTopics(e)
	d.registerBrands(e)
	d.registerPartners(e)
	d.registerSegments(e)
	d.registerSuppressions(e)
	d.registerSubscribers(e)
	d.registerCampaigns(e)
	d.registerReports(e)
	d.registerVariants(e)
	d.registerSettings(e)
}

// page is the frame of a page, its times told in the site's zone.
func (d *Desk) page(c echo.Context, nav string) site.Page {
	p := d.Site.Page(c, nav)
	if settings, err := d.People.Site.Get(c.Request().Context()); err == nil {
		p.Zone = settings.DefaultTimezone
	}
	return p
}

// What the screens of other packages need too.
var (
	may     = screen.May
	values  = screen.Values
	texts   = screen.Texts
	address = screen.Address
	moment  = screen.Moment
)

func actor(c echo.Context) audit.Actor { return staff.ActorOf(c) }

// did leads on and tells what was done, or why it could not be.
func (d *Desk) did(c echo.Context, err error, to, key string, kv ...any) error {
	return screen.Did(c, d.Site, err, to, d.page(c, "").Locale.T(key, kv...))
}

func remove(p site.Page, key, action string) *ui.Post {
	l := p.Locale
	return &ui.Post{Label: l.T("site.desk.delete"), Action: action, Icon: "trash", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.desk.delete_ask"), AskText: l.T(key)}
}
