package main

import (
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
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
	v := pages.ErrorView{Trouble: trouble(c.Request().URL.Path, p.Status), RequestID: web.RequestID(c)}
	l := locale.Accept(c.Request().Header.Get("Accept-Language"))
	if want := c.QueryParam("lang"); want != "" {
		l = locale.Get(want)
	}
	var err error
	if v.Page, err = a.frame(c, l); err != nil { // the database may be what is wrong
		v.Page = pages.Page{Locale: l}
	}
	v.Page.Public = false
	for _, tag := range locale.Languages() {
		v.Page.Languages = append(v.Page.Languages, pages.Language{Tag: tag, URL: "?lang=" + tag, Current: tag == l.Language()})
	}
	if brand, err := brands.Get(c.Request().Context(), a.db, brands.Default); err == nil {
		v.Contact = brand.ReplyTo
	}
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
	case http.StatusBadRequest:
		if linked.MatchString(path) {
			return pages.TroubleMethod
		}
		return pages.TroubleForm
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
