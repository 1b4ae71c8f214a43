package main

import (
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/web"
	"assent/templates/locale"
	"assent/templates/pages"
)

// errorPage tells a person in a browser what went wrong: staff in the words of the problem, others in those of the pages.
func (a *app) errorPage(c echo.Context, p *problem.Problem) error {
	if a.site != nil && staff.Ours(c) {
		return a.site.ShowError(c, p)
	}
	v := pages.ErrorView{Page: pages.Page{Locale: locale.Accept(c.Request().Header.Get("Accept-Language"))}, Trouble: trouble(c.Request().URL.Path, p.Status), RequestID: web.RequestID(c)}
	return staff.Render(c, p.Status, pages.Error(v))
}

// linked are the pages that people reach by a link in a mail.
var linked = regexp.MustCompile(`^/(u|p|c|d|why|v)/`)

func trouble(path string, status int) pages.Trouble {
	switch status {
	case http.StatusNotFound:
		if linked.MatchString(path) {
			return pages.TroubleLink
		}
		return pages.TroubleNotFound
	case http.StatusMethodNotAllowed:
		return pages.TroubleMethod
	case http.StatusGone, http.StatusForbidden:
		if linked.MatchString(path) {
			return pages.TroubleExpired
		}
		return pages.TroubleClosed
	case http.StatusTooManyRequests:
		return pages.TroubleTooMany
	case http.StatusServiceUnavailable:
		return pages.TroubleBusy
	}
	if status < http.StatusInternalServerError {
		return pages.TroubleForm
	}
	return pages.TroubleBroken
}
