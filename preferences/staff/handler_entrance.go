package staff

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff/accounts"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Register serves the pages of this package.
func (s *Site) Register(e *echo.Echo) {
	s.pages = func() (paths []string) {
		for _, r := range e.Routes() {
			if r.Method == http.MethodGet {
				paths = append(paths, r.Path)
			}
		}
		return paths
	}
	open := routes{e, []echo.MiddlewareFunc{s.Session, s.formed}}
	open.get(pathSetUp+":token", s.showSetUp)
	open.post(pathSetUp+":token", s.setUp)
	open.get(pathSignIn, s.showSignIn)
	open.post(pathSignIn, s.signIn)
	open.post(pathSecond, s.second)
	open.get(pathPassword+":token", s.showPassword)
	open.post(pathPassword+":token", s.choosePassword)
	open.get(pathAddress+":token", s.showAddress)
	open.post(pathAddress+":token", s.confirmAddress)
	if s.Passkeys != nil {
		open.get(pathPasskey, s.showPasskey)
		open.post(pathPasskey, s.passkey)
	}
	if s.OIDC != nil {
		open.get(pathOIDC, s.toProvider)
		open.get(pathOIDC+"/back", s.fromProvider)
	}
	e.POST(pathSignOut, s.signOut, s.SignedIn)
	s.registerAccount(e)
	s.registerPeople(e)
	s.registerKeys(e)
	s.registerAudit(e)
}

// formed refuses forms that this site did not make.
func (s *Site) formed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.checkForm(c); err != nil {
			return err
		}
		return next(c)
	}
}

func (s *Site) showSetUp(c echo.Context) error {
	err := s.Accounts.SetUpOpen(c.Request().Context(), c.Param("token"))
	if errors.Is(err, accounts.ErrExpired) {
		return s.over(c)
	}
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, site.SetUp(site.SetUpView{Entrance: s.entrance(c), Action: c.Request().URL.Path}))
}

func (s *Site) setUp(c echo.Context) error {
	n := accounts.NewUser{Name: c.FormValue("name"), Email: c.FormValue("email"), Password: c.FormValue("password")}
	in, err := s.Accounts.SetUp(c.Request().Context(), c.Param("token"), n, from(c))
	if errors.Is(err, accounts.ErrExpired) {
		return s.over(c)
	}
	if wrong := Problems(c, err); wrong != nil {
		return Render(c, http.StatusUnprocessableEntity, site.SetUp(site.SetUpView{Entrance: s.entrance(c), Action: c.Request().URL.Path, Name: n.Name, Email: n.Email, Errors: wrong}))
	}
	if err != nil {
		return err
	}
	if err := s.enter(c, in); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, site.Base)
}

// over says that a link was used, has expired or never was.
func (s *Site) over(c echo.Context) error {
	v := site.MessageView{Entrance: s.entrance(c)}
	v.Title, v.Text = v.Locale.T("site.staff.link.over"), v.Locale.T("site.staff.link.over_text")
	v.Action = ui.Link{Label: v.Locale.T("site.staff.link.sign_in"), URL: pathSignIn}
	return Render(c, http.StatusGone, site.Message(v))
}

// where a person wants to go after signing in.
func wanted(c echo.Context) string { return SafeNext(c.FormValue("next"), site.Base) }

func (s *Site) signInView(c echo.Context) site.SignInView {
	next := wanted(c)
	v := site.SignInView{Entrance: s.entrance(c), Action: pathSignIn, Next: next, Email: c.FormValue("email")}
	query := "?next=" + url.QueryEscape(next)
	if s.Passkeys != nil {
		v.PasskeyURL = pathPasskey + query
	}
	if s.OIDC != nil {
		v.OIDC = []ui.Link{{Label: v.Locale.T("site.staff.oidc", "name", s.OIDC.Name()), URL: pathOIDC + query}}
	}
	if f := s.flashed(c); f != nil {
		v.Notice = f.Text
	}
	return v
}

func (s *Site) showSignIn(c echo.Context) error {
	if VisitorOf(c) != nil {
		return c.Redirect(http.StatusSeeOther, wanted(c))
	}
	v := s.signInView(c)
	v.Email = "" // an address in a link is nobody's own typing
	return Render(c, http.StatusOK, site.SignIn(v))
}

func (s *Site) signIn(c echo.Context) error {
	in, err := s.Accounts.SignIn(c.Request().Context(), c.FormValue("email"), c.FormValue("password"), from(c))
	if refused, wait, status := s.refusal(c, err); status != 0 {
		v := s.signInView(c)
		v.Refused, v.Wait = refused, wait
		return Render(c, status, site.SignIn(v))
	}
	if err != nil {
		return err
	}
	if in.Second != "" {
		return Render(c, http.StatusOK, site.Second(s.secondView(c, in.Second)))
	}
	return s.welcome(c, in, wanted(c))
}

func (s *Site) secondView(c echo.Context, step string) site.SecondView {
	return site.SecondView{Entrance: s.entrance(c), Action: pathSecond, Step: step, Next: wanted(c), CancelURL: pathSignIn}
}

func (s *Site) second(c echo.Context) error {
	step := c.FormValue("step")
	in, err := s.Accounts.SecondFactor(c.Request().Context(), step, c.FormValue("code"), from(c))
	if errors.Is(err, accounts.ErrExpired) {
		return c.Redirect(http.StatusSeeOther, pathSignIn+"?next="+url.QueryEscape(wanted(c)))
	}
	if refused, wait, status := s.refusal(c, err); status != 0 {
		v := s.secondView(c, step)
		v.Refused, v.Wait = refused, wait
		return Render(c, status, site.Second(v))
	}
	if err != nil {
		return err
	}
	return s.welcome(c, in, wanted(c))
}

// refusal says how a sign-in that did not work is told; status is 0 for other errors and for none.
func (s *Site) refusal(c echo.Context, err error) (refused bool, wait time.Duration, status int) {
	var slowed *accounts.SlowedError
	switch {
	case errors.As(err, &slowed):
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(slowed.Wait.Seconds()+1)))
		return true, slowed.Wait, http.StatusTooManyRequests
	case errors.Is(err, accounts.ErrRefused):
		return true, 0, http.StatusUnprocessableEntity
	}
	return false, 0, 0
}

func (s *Site) welcome(c echo.Context, in accounts.SignedIn, next string) error {
	if err := s.enter(c, in); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, SafeNext(next, site.Base))
}

func (s *Site) signOut(c echo.Context) error {
	v := VisitorOf(c)
	if err := s.Accounts.SignOut(c.Request().Context(), v.token, from(c)); err != nil {
		return err
	}
	s.drop(c, cookieSession)
	return s.Done(c, pathSignIn, ui.Good, s.language(c).T("site.staff.signed_out"))
}

func (s *Site) showPassword(c echo.Context) error {
	u, err := s.Accounts.LinkOwner(c.Request().Context(), c.Param("token"))
	if errors.Is(err, accounts.ErrExpired) {
		return s.over(c)
	}
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, site.ChoosePassword(site.PasswordView{Entrance: s.entrance(c), Action: c.Request().URL.Path, Email: u.Email}))
}

func (s *Site) choosePassword(c echo.Context) error {
	ctx, token := c.Request().Context(), c.Param("token")
	err := s.Accounts.UseLink(ctx, token, c.FormValue("password"), from(c))
	if wrong := Problems(c, err); wrong != nil {
		u, err := s.Accounts.LinkOwner(ctx, token)
		if err != nil {
			return err
		}
		return Render(c, http.StatusUnprocessableEntity, site.ChoosePassword(site.PasswordView{Entrance: s.entrance(c), Action: c.Request().URL.Path, Email: u.Email, Errors: wrong}))
	}
	if errors.Is(err, accounts.ErrExpired) {
		return s.over(c)
	}
	if err != nil {
		return err
	}
	return s.Done(c, pathSignIn, ui.Good, s.language(c).T("site.staff.password_set"))
}

// RoleNames are a person's roles in words.
func RoleNames[R ~string](l *locale.Locale, roles []R) string {
	text := ""
	for i, role := range roles {
		if i > 0 {
			text += ", "
		}
		text += l.T("site.staff.role." + string(role))
	}
	return text
}
