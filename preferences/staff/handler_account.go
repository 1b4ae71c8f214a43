package staff

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/secret"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// accountLog is how many lines of the security log a person's own page shows.
const accountLog = 10

func (s *Site) registerAccount(e *echo.Echo) {
	g := routes{e, []echo.MiddlewareFunc{s.SignedIn}}
	g.get(pathAccount, s.account)
	g.post(pathAccount+"/profile", s.setProfile)
	g.post(pathAccount+"/password", s.changePassword)
	g.post(pathAccount+"/email", s.askAddress)
	g.post(pathAccount+"/totp", s.beginTOTP)
	g.post(pathAccount+"/totp/confirm", s.confirmTOTP)
	g.post(pathAccount+"/totp/off", s.endTOTP)
	g.post(pathAccount+"/recovery-codes", s.renewCodes)
	g.post(pathAccount+"/sessions/end-others", s.endOthers)
	g.post(pathAccount+"/sessions/:id/end", s.endSession)
	if s.Passkeys != nil {
		g.post(pathAccount+"/passkeys", s.beginPasskey)
		g.post(pathAccount+"/passkeys/add", s.addPasskey)
		g.post(pathAccount+"/passkeys/:id/remove", s.removePasskey)
	}
}

func (s *Site) account(c echo.Context) error { return s.showAccount(c, http.StatusOK, "", nil) }

// showAccount shows the page, with what is wrong in one of its forms.
func (s *Site) showAccount(c echo.Context, status int, form string, wrong map[string]string) error {
	ctx, visitor := c.Request().Context(), VisitorOf(c)
	u := visitor.User
	v := site.AccountView{Page: s.Page(c, ""), Name: u.Name, Language: u.Locale, HasPassword: u.HasPassword, HasTOTP: u.HasTOTP, CanPasskey: s.Passkeys != nil, CanMail: s.Accounts.Mails(), Form: form, Errors: wrong}
	var err error
	if v.CodesLeft, err = s.Accounts.RecoveryCodesLeft(ctx, u.ID); err != nil {
		return err
	}
	sessions, err := s.Accounts.Sessions(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		v.Sessions = append(v.Sessions, site.SessionLine{ID: x.ID, IP: x.IP, UserAgent: x.UserAgent, Factors: x.Factors, Created: x.CreatedAt, Seen: x.SeenAt, Current: x.ID == visitor.Session.ID})
	}
	if s.Passkeys != nil {
		list, err := s.Passkeys.List(ctx, u.ID)
		if err != nil {
			return err
		}
		for _, p := range list {
			v.Passkeys = append(v.Passkeys, site.PasskeyLine{ID: p.ID, Name: p.Name, Created: p.CreatedAt, Used: p.UsedAt})
		}
	}
	log, err := s.Accounts.Security(ctx, u.ID, "", accountLog)
	if err != nil {
		return err
	}
	v.Log = securityLines(log)
	return Render(c, status, site.Account(v))
}

// wrong shows the account page again when err is about the input of one of its forms.
func (s *Site) wrong(c echo.Context, form string, err error) error {
	var slowed *accounts.SlowedError
	if errors.As(err, &slowed) {
		_, _, status := s.refusal(c, err)
		return s.showAccount(c, status, form, map[string]string{"password": s.language(c).N("site.signin.wait_seconds", int(slowed.Wait.Seconds()+1))})
	}
	if fields := Problems(c, err); fields != nil {
		return s.showAccount(c, http.StatusUnprocessableEntity, form, fields)
	}
	return err
}

func (s *Site) doneAccount(c echo.Context, key string) error {
	return s.Done(c, pathAccount, ui.Good, s.language(c).T("site.staff.account."+key))
}

func (s *Site) setProfile(c echo.Context) error {
	tag := c.FormValue("locale")
	if !spoken(tag) {
		return problem.Malformed("There is no such language.")
	}
	err := s.Accounts.SetProfile(c.Request().Context(), ActorOf(c), VisitorOf(c).User.ID, c.FormValue("name"), tag)
	if err != nil {
		return s.wrong(c, "profile", err)
	}
	return s.doneAccount(c, "profile_done")
}

// spoken says whether the pages of the staff are in a language; none is the browser's.
func spoken(tag string) bool { return slices.Contains([]string{"", "en", "nl"}, tag) }

func (s *Site) changePassword(c echo.Context) error {
	v := VisitorOf(c)
	token, err := s.Accounts.ChangePassword(c.Request().Context(), v.User, v.Session, c.FormValue("password"), c.FormValue("new_password"), from(c))
	if err != nil {
		return s.wrong(c, "password", err)
	}
	s.setSession(c, token, v.Session)
	return s.doneAccount(c, "password_done")
}

func (s *Site) beginTOTP(c echo.Context) error {
	step, seed, err := s.Accounts.BeginTOTP(c.Request().Context(), VisitorOf(c).User)
	if err != nil {
		return err
	}
	return s.showTOTP(c, http.StatusOK, step, seed, nil)
}

func (s *Site) showTOTP(c echo.Context, status int, step string, seed secret.Seed, wrong map[string]string) error {
	return Render(c, status, site.TOTPNew(site.TOTPView{Page: s.Page(c, ""), URL: seed.URL, Seed: seed.Text, Step: step, Errors: wrong}))
}

func (s *Site) confirmTOTP(c echo.Context) error {
	ctx, u, step := c.Request().Context(), VisitorOf(c).User, c.FormValue("step")
	codes, err := s.Accounts.ConfirmTOTP(ctx, u, step, c.FormValue("code"), from(c))
	if errors.Is(err, accounts.ErrExpired) {
		return c.Redirect(http.StatusSeeOther, pathAccount)
	}
	if wrong := Problems(c, err); wrong != nil {
		seed, err := s.Accounts.PendingTOTP(ctx, u, step)
		if err != nil {
			return err
		}
		return s.showTOTP(c, http.StatusUnprocessableEntity, step, seed, wrong)
	}
	if err != nil {
		return err
	}
	return s.showCodes(c, codes)
}

func (s *Site) showCodes(c echo.Context, codes []string) error {
	return Render(c, http.StatusOK, site.Codes(site.CodesView{Page: s.Page(c, ""), Codes: codes}))
}

func (s *Site) endTOTP(c echo.Context) error {
	if err := s.Accounts.DisableTOTP(c.Request().Context(), VisitorOf(c).User, c.FormValue("password"), from(c)); err != nil {
		return s.wrong(c, "second", err)
	}
	return s.doneAccount(c, "totp_off_done")
}

func (s *Site) renewCodes(c echo.Context) error {
	codes, err := s.Accounts.RenewRecoveryCodes(c.Request().Context(), VisitorOf(c).User, c.FormValue("password"), from(c))
	if err != nil {
		return s.wrong(c, "codes", err)
	}
	return s.showCodes(c, codes)
}

func (s *Site) endSession(c echo.Context) error {
	if err := s.Accounts.EndSession(c.Request().Context(), VisitorOf(c).User.ID, c.Param("id"), from(c)); err != nil {
		return err
	}
	return s.doneAccount(c, "ended")
}

func (s *Site) endOthers(c echo.Context) error {
	v := VisitorOf(c)
	if err := s.Accounts.EndOthers(c.Request().Context(), v.User.ID, v.Session.ID, from(c)); err != nil {
		return err
	}
	return s.doneAccount(c, "ended")
}

func (s *Site) beginPasskey(c echo.Context) error {
	options, step, err := s.Passkeys.BeginAdd(c.Request().Context(), VisitorOf(c).User, c.FormValue("password"), from(c))
	if err != nil {
		return s.wrong(c, "passkey", err)
	}
	return Render(c, http.StatusOK, site.Passkey(site.PasskeyView{
		Entrance: s.entrance(c), Kind: "create", Action: pathAccount + "/passkeys/add", Step: step, Options: string(options), BackURL: pathAccount,
	}))
}

func (s *Site) addPasskey(c echo.Context) error {
	err := s.Passkeys.FinishAdd(c.Request().Context(), VisitorOf(c).User, c.FormValue("step"), c.FormValue("name"), []byte(c.FormValue("answer")), from(c))
	if errors.Is(err, accounts.ErrExpired) {
		return c.Redirect(http.StatusSeeOther, pathAccount)
	}
	if err != nil {
		return s.wrong(c, "passkey", err)
	}
	return s.doneAccount(c, "passkey_added")
}

func (s *Site) removePasskey(c echo.Context) error {
	if err := s.Passkeys.Remove(c.Request().Context(), VisitorOf(c).User, c.Param("id"), from(c)); err != nil {
		return err
	}
	return s.doneAccount(c, "passkey_removed")
}
