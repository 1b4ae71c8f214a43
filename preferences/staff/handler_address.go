package staff

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff/accounts"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// askAddress mails a link to the address that the person wants to sign in with.
func (s *Site) askAddress(c echo.Context) error {
	email := c.FormValue("email")
	if err := s.Accounts.AskEmail(c.Request().Context(), VisitorOf(c).User, email, c.FormValue("password"), from(c)); err != nil {
		return s.wrong(c, "email", err)
	}
	return s.Done(c, pathAccount, ui.Good, s.language(c).T("site.staff.address.asked", "email", email))
}

// showAddress asks for a press: programs that look at the links of a mail change nothing.
func (s *Site) showAddress(c echo.Context) error {
	_, email, err := s.Accounts.EmailLink(c.Request().Context(), c.Param("token"))
	if errors.Is(err, accounts.ErrExpired) {
		return s.over(c)
	}
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, site.ConfirmAddress(site.AddressView{Entrance: s.entrance(c), Action: c.Request().URL.Path, Email: email}))
}

func (s *Site) confirmAddress(c echo.Context) error {
	err := s.Accounts.ConfirmEmail(c.Request().Context(), c.Param("token"), from(c))
	if errors.Is(err, accounts.ErrExpired) || Problems(c, err) != nil { // somebody else has taken the address meanwhile
		return s.over(c)
	}
	if err != nil {
		return err
	}
	to := pathSignIn
	if VisitorOf(c) != nil {
		to = pathAccount
	}
	return s.Done(c, to, ui.Good, s.language(c).T("site.staff.address.done"))
}

// setAddress gives a colleague another address.
func (s *Site) setAddress(c echo.Context) error {
	err := s.Accounts.SetEmail(c.Request().Context(), ActorOf(c), c.Param("id"), c.FormValue("email"))
	if wrong := Problems(c, err); wrong != nil {
		return s.showPerson(c, http.StatusUnprocessableEntity, wrong)
	}
	if err != nil {
		return err
	}
	return s.toPerson(c, "address_done")
}
