package staff

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/secret"
	"assent/preferences/web"
)

const visitorKey = "staff.visitor"

// Visitor is the person who is signed in, and the session.
type Visitor struct {
	User    accounts.User
	Session accounts.Session
	token   string
}

// FormToken goes into each form of the person's pages as the field FieldToken,
// or into a request's header HeaderToken.
func (v *Visitor) FormToken() string { return secret.FormToken(v.token) }

// Where requests that change something carry their form token.
const (
	FieldToken  = "csrf"
	HeaderToken = "X-CSRF-Token"
)

// VisitorOf is the person whose session [Site.SignedIn] or [Site.Session] found, or nil.
func VisitorOf(c echo.Context) *Visitor {
	v, _ := c.Get(visitorKey).(*Visitor)
	return v
}

// Session finds out who is signed in and lets everybody pass.
func (s *Site) Session(next echo.HandlerFunc) echo.HandlerFunc {
	return web.Private(func(c echo.Context) error {
		// With "no-referrer" browsers would send "Origin: null" with our own forms too (Fetch §3.1).
		c.Response().Header().Set("Referrer-Policy", "same-origin")
		if err := s.load(c); err != nil {
			return err
		}
		return next(c)
	})
}

func (s *Site) load(c echo.Context) error {
	cookie, err := c.Cookie(s.cookieName(cookieSession))
	if err != nil {
		return nil
	}
	find := s.Accounts.Resume
	if byItself(c.Request()) {
		find = s.Accounts.Look
	}
	session, user, err := find(c.Request().Context(), cookie.Value)
	if errors.Is(err, accounts.ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Set(visitorKey, &Visitor{User: user, Session: session, token: cookie.Value})
	c.Set(actorKey, user.Actor(c.RealIP()))
	return nil
}

// byItself tells whether a page asks without anybody having done something: browsers open event streams with this header
// (HTML Living Standard §9.2.2) and do so again whenever one ends.
func byItself(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Accept") == "text/event-stream"
}

// SignedIn lets only people pass who are signed in, and from them only requests
// that their own pages made (compliance 62). Others are led to the sign-in page.
func (s *Site) SignedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return s.Session(func(c echo.Context) error {
		if VisitorOf(c) == nil {
			return s.toSignIn(c)
		}
		if err := s.checkForm(c); err != nil {
			return err
		}
		return next(c)
	})
}

// Guard is [Site.SignedIn] for those who may act as one of the roles; with none named,
// for everybody on the staff, of whom those who are read-only may change nothing.
func (s *Site) Guard(roles ...access.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return s.SignedIn(RequireRole(roles...)(next))
	}
}

// GuardUpload is [Site.Guard] for a form with a file that is read as it comes: whether the form is from a page of this site is
// left to the handler, which must give the field FieldToken, the first of the form, to [Site.CheckUpload] before it reads on.
func (s *Site) GuardUpload(roles ...access.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return s.Session(func(c echo.Context) error {
			if VisitorOf(c) == nil {
				return s.toSignIn(c)
			}
			return RequireRole(roles...)(next)(c)
		})
	}
}

// CheckUpload refuses a form that does not come from a page of this site.
func (s *Site) CheckUpload(c echo.Context, token string) error {
	v := VisitorOf(c)
	if v == nil || s.origins.Check(c.Request()) != nil || !secret.CheckFormToken(v.token, token) {
		return errForeign
	}
	return nil
}

// errForeign is a form that no page of this site made for this session.
var errForeign = problem.Forbidden("This form is too old or came from elsewhere. Load the page again and repeat what you did.")

// RequireRole lets only people pass who may act as one of the roles. It belongs
// behind [Site.SignedIn] and lets nobody pass without.
func RequireRole(roles ...access.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			v := VisitorOf(c)
			if v == nil {
				return problem.New(http.StatusUnauthorized, "Sign in first.")
			}
			if !access.Has(v.User.Roles, roles...) {
				return problem.Forbidden("Your role does not allow this. Ask an administrator.")
			}
			readOnly := !slices.ContainsFunc(v.User.Roles, func(r access.Role) bool { return r != access.ReadOnly })
			if readOnly && !safe(c) {
				return problem.Forbidden("You may look at everything and change nothing. Ask an administrator for another role.")
			}
			return next(c)
		}
	}
}

func safe(c echo.Context) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, c.Request().Method)
}

func (s *Site) toSignIn(c echo.Context) error {
	to := pathSignIn
	if safe(c) {
		if here := SafeNext(c.Request().URL.RequestURI(), ""); here != "" && here != "/" {
			to += "?next=" + url.QueryEscape(here)
		}
	}
	if c.Request().Header.Get("HX-Request") == "true" { // a part of a page must not become the sign-in page
		c.Response().Header().Set("HX-Redirect", pathSignIn)
		return c.NoContent(http.StatusUnauthorized)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// checkForm refuses a request that changes something unless it comes from a page of
// this site and carries the token of this session or, from somebody who is not
// signed in, of this browser.
func (s *Site) checkForm(c echo.Context) error {
	if safe(c) {
		return nil
	}
	if s.origins.Check(c.Request()) != nil {
		return errForeign
	}
	token := c.Request().Header.Get(HeaderToken)
	if token == "" {
		var large *http.MaxBytesError
		if _, err := c.FormParams(); errors.As(err, &large) {
			return problem.New(http.StatusRequestEntityTooLarge, "What you sent is too large. Take smaller files.")
		}
		token = c.FormValue(FieldToken)
	}
	bound := ""
	if v := VisitorOf(c); v != nil {
		bound = v.token
	} else if cookie, err := c.Cookie(s.cookieName(cookieForm)); err == nil {
		bound = cookie.Value
	}
	if !secret.CheckFormToken(bound, token) {
		return errForeign
	}
	return nil
}

// formToken is the token for a form of this page.
func (s *Site) formToken(c echo.Context) string {
	if v := VisitorOf(c); v != nil {
		return v.FormToken()
	}
	cookie, err := c.Cookie(s.cookieName(cookieForm))
	if err != nil || len(cookie.Value) < 20 {
		cookie = s.cookie(cookieForm, secret.NewToken())
		c.SetCookie(cookie)
	}
	return secret.FormToken(cookie.Value)
}

// enter puts a new session into the browser and ends the one that was there.
func (s *Site) enter(c echo.Context, in accounts.SignedIn) error {
	if old := VisitorOf(c); old != nil {
		if err := s.Accounts.SignOut(c.Request().Context(), old.token, from(c)); err != nil {
			return err
		}
	}
	s.setSession(c, in.Token, in.Session)
	s.drop(c, cookieStep)
	s.drop(c, cookieForm)
	return nil
}

func (s *Site) setSession(c echo.Context, token string, session accounts.Session) {
	cookie := s.cookie(cookieSession, token)
	cookie.MaxAge = int(session.ExpiresAt.Sub(s.Accounts.Now()).Seconds())
	c.SetCookie(cookie)
}

func (s *Site) drop(c echo.Context, name string) {
	if _, err := c.Cookie(s.cookieName(name)); err != nil {
		return
	}
	cookie := s.cookie(name, "")
	cookie.MaxAge = -1
	c.SetCookie(cookie)
}

func from(c echo.Context) accounts.From {
	return accounts.From{IP: c.RealIP(), UserAgent: c.Request().UserAgent()}
}
