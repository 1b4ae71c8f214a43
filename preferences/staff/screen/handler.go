package screen

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// PageSize is how many lines a list shows.
const PageSize = 50

// Routes registers pages below the list of one entry of the navigation.
type Routes struct {
	e    *echo.Echo
	site *staff.Site
	base string
}

// At begins below the list of an entry.
func At(e *echo.Echo, s *staff.Site, nav string) Routes { return Routes{e, s, site.Path(nav)} }

// Get is a page for those who may act as one of the roles; without any, for everybody on the staff.
func (r Routes) Get(path string, h echo.HandlerFunc, roles ...access.Role) {
	r.e.GET(r.base+path, h, r.site.Guard(roles...))
}

// Post is a change, for those who may act as one of the roles.
func (r Routes) Post(path string, h echo.HandlerFunc, role access.Role, more ...access.Role) {
	r.e.POST(r.base+path, h, r.site.Guard(append(more, role)...))
}

// May says whether whoever asks may act as one of the roles.
func May(c echo.Context, roles ...access.Role) bool {
	return access.Has(staff.VisitorOf(c).User.Roles, roles...)
}

// Values are the fields of the form that was sent, the first of each name.
func Values(c echo.Context) map[string]string {
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

// Texts are the fields PREFIX.LANG that were filled in, by language.
func Texts(val map[string]string, prefix string, languages []string) map[string]string {
	out := map[string]string{}
	for _, tag := range languages {
		if v := val[prefix+"."+tag]; v != "" {
			out[tag] = v
		}
	}
	return out
}

// Options are the choices of a select that offers what is in a list, each by its key and with its name.
func Options[T any](list []T, of func(T) (key, name string)) (out []ui.Option) {
	for _, item := range list {
		key, name := of(item)
		out = append(out, ui.Option{Value: key, Label: name})
	}
	return out
}

// Address is a path with those parameters that are not empty.
func Address(path string, kv ...string) string {
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

func zone(p site.Page) *time.Location {
	at, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC
	}
	return at
}

// Moment reads the field of a wall clock in the zone of the page; empty is the zero time.
func Moment(p site.Page, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{local, local + ":05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone(p)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, problem.Invalid(field, "must be a date and a time")
}

// Clock is what [Moment] reads.
func Clock(p site.Page, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone(p)).Format(local)
}

// Mark is where a list that is sorted by time goes on: behind the row of an instant and a key.
func Mark(at time.Time, key string) string { return strconv.FormatInt(at.UnixMicro(), 10) + "-" + key }

// AfterMark reads a [Mark]; the instant is zero where there is none.
func AfterMark(mark string) (at time.Time, key string) {
	micros, key, _ := strings.Cut(mark, "-")
	if n, err := strconv.ParseInt(micros, 10, 64); err == nil {
		at = time.UnixMicro(n).UTC()
	}
	return at, key
}

// Paged cuts a list that was read one longer than a page, and says how it goes on: at path with the parameters to
// keep, after the key of its last line.
func Paged[T any](p site.Page, list []T, path, after string, key func(T) string, keep ...string) ([]T, ui.Pager) {
	pager := ui.Pager{Locale: p.Locale}
	if after != "" {
		pager.Previous = Address(path, keep...)
	}
	if len(list) > PageSize {
		list = list[:PageSize]
		pager.Next = Address(path, append(keep, "after", key(list[PageSize-1]))...)
	}
	return list, pager
}

// Did leads on and tells what was done, or why it could not be.
func Did(c echo.Context, s *staff.Site, err error, to, text string) error {
	if p, ok := problem.As(err); ok && p.Status < http.StatusInternalServerError && p.Status != http.StatusNotFound {
		return s.Done(c, to, ui.Bad, refusal(s.Language(c), p))
	}
	if err != nil {
		return err
	}
	return s.Done(c, to, ui.Good, text)
}

// refusal is a problem in one line: what is wrong as a whole, then each field that is.
func refusal(l *locale.Locale, p *problem.Problem) string {
	var parts []string
	if detail := p.Detail; len(p.Fields) == 0 || detail != p.Fields[0].Field+": "+p.Fields[0].Detail {
		parts = append(parts, site.Told(l, detail))
	}
	for _, f := range p.Fields {
		parts = append(parts, site.FieldName(l, f.Field)+": "+l.Said(f.Detail)+".")
	}
	return strings.Join(parts, " ")
}
