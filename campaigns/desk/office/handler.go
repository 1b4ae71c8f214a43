package office

import (
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Register serves the pages.
func (o *Office) Register(e *echo.Echo) {
	o.registerRequests(e)
	o.registerImports(e)
	o.registerForms(e)
	o.registerEvents(e)
	o.registerWebhooks(e)
}

func (o *Office) at(e *echo.Echo, nav string) screen.Routes { return screen.At(e, o.Site, nav) }

// page is the frame of a page, its times told in the site's zone.
func (o *Office) page(c echo.Context, nav string) site.Page {
	p := o.Site.Page(c, nav)
	if settings, err := o.People.Site.Get(c.Request().Context()); err == nil {
		p.Zone = settings.DefaultTimezone
	}
	return p
}

func actor(c echo.Context) audit.Actor { return staff.ActorOf(c) }

func may(c echo.Context, roles ...access.Role) bool { return screen.May(c, roles...) }

// did leads on and tells what was done, or why it could not be.
func (o *Office) did(c echo.Context, err error, to, key string, kv ...any) error {
	return screen.Did(c, o.Site, err, to, o.page(c, "").Locale.T(key, kv...))
}

func personURL(id string) string { return site.Path(site.NavSubscribers) + "/" + id }

// ask is a button that asks first; its texts are KEY, KEY_ask and KEY_text.
func ask(p site.Page, key, action string, tone ui.Tone, kv ...any) ui.Post {
	l := p.Locale
	return ui.Post{Label: l.T(key), Action: action, Tone: tone, Back: l.T("site.dialog.back"), Ask: l.T(key+"_ask", kv...), AskText: l.T(key+"_text", kv...)}
}
