package staff

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff/accounts"
	"assent/templates/site"
)

func (s *Site) showPasskey(c echo.Context) error {
	return s.askPasskey(c, http.StatusOK, false)
}

func (s *Site) askPasskey(c echo.Context, status int, refused bool) error {
	options, step, err := s.Passkeys.BeginSignIn(c.Request().Context())
	if err != nil {
		return err
	}
	next := wanted(c)
	return Render(c, status, site.Passkey(site.PasskeyView{
		Entrance: s.entrance(c), Kind: "get", Action: pathPasskey, Step: step, Next: next, Options: string(options), Refused: refused,
		BackURL: pathSignIn + "?next=" + url.QueryEscape(next),
	}))
}

func (s *Site) passkey(c echo.Context) error {
	in, err := s.Passkeys.FinishSignIn(c.Request().Context(), c.FormValue("step"), []byte(c.FormValue("answer")), from(c))
	if errors.Is(err, accounts.ErrRefused) || errors.Is(err, accounts.ErrExpired) {
		return s.askPasskey(c, http.StatusUnprocessableEntity, true)
	}
	if err != nil {
		return err
	}
	return s.welcome(c, in, wanted(c))
}

// toProvider sends the browser to the identity provider.
func (s *Site) toProvider(c echo.Context) error {
	to, step, err := s.OIDC.Begin(c.Request().Context(), wanted(c))
	if err != nil {
		return err
	}
	c.SetCookie(s.cookie(cookieStep, step))
	return c.Redirect(http.StatusSeeOther, to)
}

// fromProvider takes the browser back from it.
func (s *Site) fromProvider(c echo.Context) error {
	step, err := c.Cookie(s.cookieName(cookieStep))
	if err != nil {
		return s.over(c)
	}
	s.drop(c, cookieStep)
	in, next, err := s.OIDC.Finish(c.Request().Context(), step.Value, c.QueryParam("state"), c.QueryParam("code"), from(c))
	switch {
	case errors.Is(err, accounts.ErrExpired):
		return s.over(c)
	case errors.Is(err, accounts.ErrRefused):
		return problem.Forbidden("The identity provider did not vouch for anybody who works here. Ask an administrator to add you with the address that you have there.")
	case err != nil:
		return err
	}
	return s.welcome(c, in, next)
}
