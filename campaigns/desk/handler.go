package desk

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// routes registers pages below the list of one entry of the navigation.
type routes struct {
	e    *echo.Echo
	site *staff.Site
	base string
}

func (d *Desk) at(e *echo.Echo, nav string) routes { return routes{e, d.Site, site.Path(nav)} }

// get is a page that everybody on the staff may see; getFor only those who may act as one of the roles.
func (r routes) get(path string, h echo.HandlerFunc) { r.e.GET(r.base+path, h, r.site.Guard()) }

func (r routes) getFor(path string, h echo.HandlerFunc, roles ...access.Role) {
	r.e.GET(r.base+path, h, r.site.Guard(roles...))
}

// post is a change, for those who may act as one of the roles.
func (r routes) post(path string, h echo.HandlerFunc, roles ...access.Role) {
	r.e.POST(r.base+path, h, r.site.Guard(roles...))
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

func may(c echo.Context, roles ...access.Role) bool {
	return access.Has(staff.VisitorOf(c).User.Roles, roles...)
}

func actor(c echo.Context) audit.Actor { return staff.ActorOf(c) }

// did leads on and tells what was done, or why it could not be.
func (d *Desk) did(c echo.Context, err error, to, key string, kv ...any) error {
	if p, ok := problem.As(err); ok && p.Status < http.StatusInternalServerError && p.Status != http.StatusNotFound {
		text := p.Detail
		for _, f := range p.Fields {
			text += " " + f.Field + " " + f.Detail + "."
		}
		return d.Site.Done(c, to, ui.Bad, text)
	}
	if err != nil {
		return err
	}
	return d.Site.Done(c, to, ui.Good, d.page(c, "").Locale.T(key, kv...))
}

// values are the fields of the form that was sent.
func values(c echo.Context) map[string]string {
	out := map[string]string{}
	form, err := c.FormParams()
	if err != nil {
		return out
	}
	for name, list := range form {
		if len(list) > 0 {
			out[name] = list[0]
		}
	}
	return out
}

// texts are the fields PREFIX.LANG that were filled in, by language.
func texts(val map[string]string, prefix string, languages []string) map[string]string {
	out := map[string]string{}
	for _, tag := range languages {
		if v := val[prefix+"."+tag]; v != "" {
			out[tag] = v
		}
	}
	return out
}

// address is a path with those parameters that are not empty.
func address(path string, kv ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			q.Set(kv[i], kv[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

const local = "2006-01-02T15:04"

// moment reads the field of a wall clock in the zone of the page; empty is the zero time.
func moment(p site.Page, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	for _, layout := range []string{local, local + ":05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, problem.Invalid(field, "must be a date and a time")
}

func remove(p site.Page, key, action string) *ui.Post {
	l := p.Locale
	return &ui.Post{Label: l.T("site.desk.delete"), Action: action, Icon: "trash", Tone: ui.Bad, Ask: l.T("site.desk.delete_ask"), AskText: l.T(key)}
}
