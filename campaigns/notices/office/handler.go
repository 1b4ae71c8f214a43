package office

import (
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Register serves the pages.
func (o *Office) Register(e *echo.Echo) {
	o.registerBroadcasts(screen.At(e, o.Site, site.NavNotices))
	o.registerLeads(screen.At(e, o.Site, site.NavNotices))
	o.registerNotices(screen.At(e, o.Site, site.NavNotices))
	o.registerPolicies(screen.At(e, o.Site, site.NavPolicies))
}

// page is the frame of a page, its times told in the site's zone.
func (o *Office) page(c echo.Context, nav string) site.Page {
	p := o.Site.Page(c, nav)
	if settings, err := o.People.Site.Get(c.Request().Context()); err == nil {
		p.Zone = settings.DefaultTimezone
	}
	return p
}

func actor(c echo.Context) audit.Actor { return staff.ActorOf(c) }

// did leads on and tells what was done, or why it could not be.
func (o *Office) did(c echo.Context, err error, to, key string, kv ...any) error {
	return screen.Did(c, o.Site, err, to, o.page(c, "").Locale.T(key, kv...))
}

// ask is a button that asks first; key has the texts KEY, KEY_ask and KEY_text.
func ask(p site.Page, key, action, icon string, tone ui.Tone, kv ...any) ui.Post {
	l := p.Locale
	return ui.Post{Label: l.T(key), Action: action, Icon: icon, Tone: tone, Back: l.T("site.dialog.back"), Ask: l.T(key + "_ask"), AskText: l.T(key+"_text", kv...)}
}
