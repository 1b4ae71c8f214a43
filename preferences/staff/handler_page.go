package staff

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// routes registers pages that share middleware. It is no echo.Group, which would
// answer every other address below its prefix too.
type routes struct {
	echo *echo.Echo
	with []echo.MiddlewareFunc
}

func (r routes) get(path string, h echo.HandlerFunc)  { r.echo.GET(path, h, r.with...) }
func (r routes) post(path string, h echo.HandlerFunc) { r.echo.POST(path, h, r.with...) }

// Render answers with a page. It is rendered whole before the first byte leaves, so
// that an error still becomes an error page.
func Render(c echo.Context, status int, page templ.Component) error {
	var buf bytes.Buffer
	if err := page.Render(c.Request().Context(), &buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// Page is the frame of a page for the person who is signed in; current is the
// entry of the navigation that it belongs to. It belongs behind [Site.SignedIn].
func (s *Site) Page(c echo.Context, current string) site.Page {
	v := VisitorOf(c)
	l := s.language(c)
	p := site.Page{
		Locale: l, User: site.User{Name: v.User.Name, Email: v.User.Email, Role: RoleNames(l, v.User.Roles)},
		Current: current, CSRF: v.FormToken(), Offset: s.Offset, Flash: s.flashed(c),
	}
	var counts map[string]string
	if s.Counts != nil {
		counts = s.Counts(c.Request().Context(), p, v)
	}
	p.Nav = site.Nav(l, s.mayOpen(v.User.Roles), counts)
	return p
}

// entrance is the frame of a page for somebody who is not signed in.
func (s *Site) entrance(c echo.Context) site.Entrance {
	return site.Entrance{Locale: s.language(c), CSRF: s.formToken(c), Offset: s.Offset}
}

// Language is the one that the person who is signed in reads.
func (s *Site) Language(c echo.Context) *locale.Locale { return s.language(c) }

// language is the one that the person has chosen, or else the browser's.
func (s *Site) language(c echo.Context) *locale.Locale { return language(c) }

func language(c echo.Context) *locale.Locale {
	if v := VisitorOf(c); v != nil && v.User.Locale != "" {
		return locale.Get(v.User.Locale)
	}
	return locale.Accept(c.Request().Header.Get("Accept-Language"))
}

// Done tells on the next page what was done and leads there.
func (s *Site) Done(c echo.Context, to string, tone ui.Tone, text string) error {
	cookie := s.cookie(cookieFlash, base64.RawURLEncoding.EncodeToString([]byte(string(tone)+"|"+text)))
	cookie.MaxAge = 60
	c.SetCookie(cookie)
	return c.Redirect(http.StatusSeeOther, to)
}

func (s *Site) flashed(c echo.Context) *site.Flash {
	cookie, err := c.Cookie(s.cookieName(cookieFlash))
	if err != nil {
		return nil
	}
	s.drop(c, cookieFlash)
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	tone, text, ok := strings.Cut(string(raw), "|")
	if err != nil || !ok {
		return nil
	}
	switch ui.Tone(tone) {
	case ui.Plain, ui.Good, ui.Warn, ui.Bad, ui.Info:
		return &site.Flash{Text: text, Tone: ui.Tone(tone)}
	}
	return nil
}

// Problems are the parts of a problem by field, for a form to show again in the language of whoever sent it; nil when err is no
// problem of the input.
func Problems(c echo.Context, err error) map[string]string {
	p, ok := problem.As(err)
	if !ok || p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusConflict {
		return nil
	}
	return Faults(language(c), p)
}

// Faults are the parts of a problem by field, in a language.
func Faults(l *locale.Locale, p *problem.Problem) map[string]string {
	faults := map[string]string{}
	for _, f := range p.Fields {
		faults[f.Field] = l.Said(f.Detail)
	}
	if len(faults) == 0 {
		faults[""] = l.Said(p.Detail)
	}
	return faults
}

// Frame answers with a bare mail for a frame on a page of this host: in a sandbox, under its own policy.
func Frame(c echo.Context, html string) error {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", site.FramePolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	return c.HTML(http.StatusOK, html)
}

// FrameText is [Frame] for a text, which is shown as it is.
func FrameText(c echo.Context, text string) error {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", site.FramePolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	return c.String(http.StatusOK, text)
}
