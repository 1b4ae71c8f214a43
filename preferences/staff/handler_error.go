package staff

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/web"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Ours says whether the request is for a page of the staff.
func Ours(c echo.Context) bool {
	path := c.Request().URL.Path
	return path == site.Base || strings.HasPrefix(path, site.Base+"/")
}

// ShowError tells a member of the staff what went wrong.
func (s *Site) ShowError(c echo.Context, p *problem.Problem) error {
	l := s.language(c)
	v := site.MessageView{Entrance: site.Entrance{Locale: l, Offset: s.Offset}, Text: site.Told(l, p.Detail)}
	kind := "wrong"
	switch {
	case p.Status == http.StatusForbidden, p.Status == http.StatusUnauthorized:
		kind = "forbidden"
	case p.Status == http.StatusNotFound:
		kind = "missing"
	case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusTooManyRequests:
		kind = "busy"
	case p.Status >= http.StatusInternalServerError:
		kind = "broken"
	}
	v.Title = v.Locale.T("site.staff.error." + kind)
	if p.Status >= http.StatusInternalServerError {
		v.Text += " " + v.Locale.T("site.staff.error.id", "id", web.RequestID(c))
	}
	v.Action = ui.Link{Label: v.Locale.T("site.staff.error.home"), URL: site.Base}
	return Render(c, p.Status, site.Message(v))
}
