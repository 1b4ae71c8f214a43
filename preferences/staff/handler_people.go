package staff

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// logLines is how many lines of the security log a page shows.
const logLines = 50

func (s *Site) registerPeople(e *echo.Echo) {
	g := routes{e, []echo.MiddlewareFunc{s.Guard(access.Administrator)}}
	people := site.Path(site.NavPeople)
	g.get(people, s.people)
	g.post(people, s.addPerson)
	g.get(people+"/new", s.newPerson)
	g.get(people+"/:id", s.person)
	g.post(people+"/:id/roles", s.setRoles)
	g.post(people+"/:id/link", s.newLink)
	g.post(people+"/:id/email", s.setAddress)
	g.post(people+"/:id/disable", s.disable)
	g.post(people+"/:id/enable", s.enable)
	g.post(people+"/:id/reset-second", s.resetSecond)
	g.get(pathSecurity, s.security)
}

func (s *Site) people(c echo.Context) error {
	ctx := c.Request().Context()
	users, err := s.Accounts.List(ctx)
	if err != nil {
		return err
	}
	second, err := s.Accounts.WithPasskeys(ctx)
	if err != nil {
		return err
	}
	v := site.PeopleView{Page: s.Page(c, site.NavPeople)}
	for _, u := range users {
		v.People = append(v.People, s.personOf(c, u, second[u.ID]))
	}
	return Render(c, http.StatusOK, site.People(v))
}

func (s *Site) personOf(c echo.Context, u accounts.User, passkey bool) site.Person {
	p := site.Person{ID: u.ID, Name: u.Name, Email: u.Email, Second: u.HasTOTP || passkey, SignedIn: u.SignedInAt, Disabled: u.Disabled(), Self: u.ID == VisitorOf(c).User.ID}
	for _, role := range u.Roles {
		p.Roles = append(p.Roles, string(role))
	}
	return p
}

func (s *Site) newPerson(c echo.Context) error {
	return Render(c, http.StatusOK, site.PersonNew(site.PersonNewView{Page: s.Page(c, site.NavPeople), Roles: []string{string(access.Marketer)}}))
}

func (s *Site) addPerson(c echo.Context) error {
	n := accounts.NewUser{Name: c.FormValue("name"), Email: c.FormValue("email"), Roles: formRoles(c), Locale: c.FormValue("locale")}
	if !spoken(n.Locale) {
		return problem.Malformed("There is no such language.")
	}
	u, err := s.Accounts.Add(c.Request().Context(), ActorOf(c), n)
	if wrong := Problems(c, err); wrong != nil {
		v := site.PersonNewView{Page: s.Page(c, site.NavPeople), Name: n.Name, Email: n.Email, Language: n.Locale, Roles: c.Request().Form["role"], Errors: wrong}
		return Render(c, http.StatusUnprocessableEntity, site.PersonNew(v))
	}
	if err != nil {
		return err
	}
	return s.showLink(c, u)
}

// showLink makes a password link, which is mailed, and shows it, this once.
func (s *Site) showLink(c echo.Context, u accounts.User) error {
	token, err := s.Accounts.PasswordLink(c.Request().Context(), ActorOf(c), u.ID)
	if err != nil {
		return err
	}
	v := site.LinkView{Page: s.Page(c, site.NavPeople), Name: u.Name, Link: PasswordURL(s.Base, token)}
	if s.Accounts.Mails() {
		v.Mailed = u.Email
	}
	return Render(c, http.StatusOK, site.LinkOnce(v))
}

func formRoles(c echo.Context) []access.Role {
	var roles []access.Role
	for _, name := range c.Request().Form["role"] {
		roles = append(roles, access.Role(name))
	}
	return roles
}

// one is the person in the address.
func (s *Site) one(c echo.Context) (accounts.User, error) {
	u, err := s.Accounts.Get(c.Request().Context(), c.Param("id"))
	if errors.Is(err, accounts.ErrNotFound) {
		return u, problem.NotFound("person")
	}
	return u, err
}

func (s *Site) person(c echo.Context) error { return s.showPerson(c, http.StatusOK, nil) }

func (s *Site) showPerson(c echo.Context, status int, wrong map[string]string) error {
	ctx := c.Request().Context()
	u, err := s.one(c)
	if err != nil {
		return err
	}
	second, err := s.Accounts.WithPasskeys(ctx)
	if err != nil {
		return err
	}
	log, err := s.Accounts.Security(ctx, u.ID, "", logLines)
	if err != nil {
		return err
	}
	v := site.PersonView{Page: s.Page(c, site.NavPeople), Person: s.personOf(c, u, second[u.ID]), Errors: wrong, Log: securityLines(log)}
	return Render(c, status, site.PersonPage(v))
}

func (s *Site) setRoles(c echo.Context) error {
	if _, err := c.FormParams(); err != nil {
		return err
	}
	err := s.Accounts.SetRoles(c.Request().Context(), ActorOf(c), c.Param("id"), formRoles(c))
	if wrong := Problems(c, err); wrong != nil {
		return s.showPerson(c, http.StatusUnprocessableEntity, wrong)
	}
	if err != nil {
		return err
	}
	return s.toPerson(c, "roles_done")
}

// toPerson leads back to a person's page, telling what was done.
func (s *Site) toPerson(c echo.Context, done string) error {
	u, err := s.one(c)
	if err != nil {
		return err
	}
	return s.Done(c, site.Path(site.NavPeople)+"/"+url.PathEscape(u.ID), ui.Good, s.language(c).T("site.staff.people."+done, "name", u.Name))
}

func (s *Site) newLink(c echo.Context) error {
	u, err := s.one(c)
	if err != nil {
		return err
	}
	return s.showLink(c, u)
}

func (s *Site) disable(c echo.Context) error {
	if err := s.Accounts.Disable(c.Request().Context(), ActorOf(c), c.Param("id")); err != nil {
		return err
	}
	return s.toPerson(c, "disabled_done")
}

func (s *Site) enable(c echo.Context) error {
	if err := s.Accounts.Enable(c.Request().Context(), ActorOf(c), c.Param("id")); err != nil {
		return err
	}
	return s.toPerson(c, "enabled")
}

func (s *Site) resetSecond(c echo.Context) error {
	u, err := s.one(c)
	if err != nil {
		return err
	}
	if err := s.Accounts.ResetSecond(c.Request().Context(), ActorOf(c), u.ID); err != nil {
		return err
	}
	return s.toPerson(c, "reset_done")
}

func (s *Site) security(c echo.Context) error {
	entries, err := s.Accounts.Security(c.Request().Context(), "", c.QueryParam("before"), logLines+1)
	if err != nil {
		return err
	}
	v := site.SecurityView{Page: s.Page(c, site.NavPeople)}
	if len(entries) > logLines {
		entries = entries[:logLines]
		v.Older = pathSecurity + "?before=" + url.QueryEscape(entries[logLines-1].ID)
	}
	v.Lines = securityLines(entries)
	return Render(c, http.StatusOK, site.Security(v))
}

func securityLines(entries []accounts.Entry) []site.SecurityLine {
	lines := make([]site.SecurityLine, len(entries))
	for i, e := range entries {
		lines[i] = site.SecurityLine{At: e.At, Name: e.UserName, Event: string(e.Event), IP: e.IP, UserAgent: e.UserAgent, Details: e.Detail}
		if e.UserID != "" {
			lines[i].UserURL = site.Path(site.NavPeople) + "/" + url.PathEscape(e.UserID)
		}
	}
	return lines
}
