package desk

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/names"
	"assent/preferences/partners"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerPartners(e *echo.Echo) {
	r := d.at(e, site.NavPartners)
	r.get("", d.partners)
	r.post("", d.addPartner, access.Marketer)
	r.get("/:key", d.partner)
	r.post("/:key", d.renamePartner, access.Marketer)
}

// paged cuts a list of which one more was asked for than is shown, and says where it goes on.
func paged[T any](p site.Page, list []T, path, after string, key func(T) string, keep ...string) ([]T, ui.Pager) {
	return screen.Paged(p, list, path, after, key, keep...)
}

func (d *Desk) partners(c echo.Context) error { return d.partnerList(c, http.StatusOK, nil, nil) }

func (d *Desk) partnerList(c echo.Context, status int, val, wrong map[string]string) error {
	ctx, after := c.Request().Context(), c.QueryParam("after")
	list, err := d.Partners.List(ctx, after, pageSize+1)
	if err != nil {
		return err
	}
	v := site.PartnersView{Page: d.page(c, site.NavPartners), Action: site.Path(site.NavPartners), Values: val, Errors: wrong}
	v.Write = may(c, access.Marketer)
	list, v.Pager = paged(v.Page, list, v.Action, after, func(p partners.Partner) string { return p.Key })
	for _, p := range list {
		row := site.PartnerRow{Key: p.Key, Name: p.Name, URL: v.Action + "/" + p.Key, Since: p.CreatedAt}
		if err := d.DB.QueryRowContext(ctx, "SELECT count(*) FROM partner_objections WHERE partner_key = $1", p.Key).Scan(&row.OptedOut); err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.Partners(v))
}

func (d *Desk) addPartner(c echo.Context) error {
	val := values(c)
	_, err := d.Partners.Create(c.Request().Context(), actor(c), cmp.Or(val["key"], names.KeyOf(val["name"])), strings.TrimSpace(val["name"]))
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.partnerList(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavPartners), "site.desk.saved")
}

func (d *Desk) partner(c echo.Context) error {
	p, err := partners.Get(c.Request().Context(), d.DB, c.Param("key"))
	if err != nil {
		return err
	}
	return d.partnerForm(c, http.StatusOK, p.Key, p.Name, nil)
}

func (d *Desk) partnerForm(c echo.Context, status int, key, name string, wrong map[string]string) error {
	v := site.PartnerFormView{Page: d.page(c, site.NavPartners), Record: site.Record{Errors: wrong, Locked: !may(c, access.Marketer)}, Action: site.Path(site.NavPartners) + "/" + key, Values: map[string]string{"key": key, "name": name}}
	return staff.Render(c, status, site.PartnerForm(v))
}

func (d *Desk) renamePartner(c echo.Context) error {
	key, name := c.Param("key"), strings.TrimSpace(c.FormValue("name"))
	_, err := d.Partners.Rename(c.Request().Context(), actor(c), key, name)
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.partnerForm(c, http.StatusUnprocessableEntity, key, name, wrong)
	}
	return d.did(c, err, site.Path(site.NavPartners), "site.desk.saved")
}
