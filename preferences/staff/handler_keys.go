package staff

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (s *Site) registerKeys(e *echo.Echo) {
	g := routes{e, []echo.MiddlewareFunc{s.Guard(access.Administrator)}}
	list := site.Path(site.NavKeys)
	g.get(list, s.keys)
	g.post(list, s.addKey)
	g.get(list+"/new", s.newKey)
	g.post(list+"/:id/revoke", s.revokeKey)
}

func (s *Site) keys(c echo.Context) error {
	list, err := s.Keys.List(c.Request().Context())
	if err != nil {
		return err
	}
	v := site.KeysView{Page: s.Page(c, site.NavKeys)}
	for _, k := range list {
		v.Keys = append(v.Keys, site.KeyLine{ID: k.ID, Name: k.Name, Person: k.UserName, Scopes: scopeNames(k.Scopes), Created: k.CreatedAt, Used: k.LastUsedAt, Revoked: k.RevokedAt, Fixed: k.Fixed})
	}
	return Render(c, http.StatusOK, site.Keys(v))
}

func scopeNames(scopes []access.Scope) []string {
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return names
}

func (s *Site) newKey(c echo.Context) error {
	return s.showNewKey(c, http.StatusOK, keys.New{}, nil)
}

func (s *Site) showNewKey(c echo.Context, status int, n keys.New, wrong map[string]string) error {
	users, err := s.Accounts.List(c.Request().Context())
	if err != nil {
		return err
	}
	v := site.KeyNewView{Page: s.Page(c, site.NavKeys), Name: n.Name, Person: n.UserID, Scopes: scopeNames(n.Scopes), Offered: scopeNames(access.Scopes), Errors: wrong}
	for _, u := range users {
		if !u.Disabled() {
			v.People = append(v.People, ui.Option{Value: u.ID, Label: u.Name})
		}
	}
	return Render(c, status, site.KeyNew(v))
}

func (s *Site) addKey(c echo.Context) error {
	n := keys.New{Name: c.FormValue("name"), UserID: c.FormValue("user")}
	for _, name := range c.Request().Form["scope"] {
		n.Scopes = append(n.Scopes, access.Scope(name))
	}
	key, value, err := s.Keys.Add(c.Request().Context(), ActorOf(c), n)
	if wrong := Problems(c, err); wrong != nil {
		return s.showNewKey(c, http.StatusUnprocessableEntity, n, wrong)
	}
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, site.KeyMade(site.KeyMadeView{Page: s.Page(c, site.NavKeys), Name: key.Name, Value: value}))
}

func (s *Site) revokeKey(c echo.Context) error {
	if err := s.Keys.Revoke(c.Request().Context(), ActorOf(c), c.Param("id")); err != nil {
		return err
	}
	return s.Done(c, site.Path(site.NavKeys), ui.Good, s.language(c).T("site.staff.keys.revoke_done"))
}
