package desk

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/preferences/names"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

func (d *Desk) registerBrands(e *echo.Echo) {
	r := d.at(e, site.NavBrands)
	r.get("", d.brands)
	r.getFor("/new", d.newBrand, access.Marketer)
	r.post("", d.addBrand, access.Marketer)
	r.get("/:key", d.brand)
	r.post("/:key", d.changeBrand, access.Marketer)
}

func (d *Desk) brands(c echo.Context) error {
	after := c.QueryParam("after")
	list, err := d.Brands.List(c.Request().Context(), after, pageSize+1)
	if err != nil {
		return err
	}
	v := site.BrandsView{Page: d.page(c, site.NavBrands)}
	v.Write = may(c, access.Marketer)
	list, v.Pager = paged(v.Page, list, site.Path(site.NavBrands), after, func(b brands.Brand) string { return b.Key })
	for _, b := range list {
		v.Rows = append(v.Rows, site.BrandRow{Key: b.Key, URL: site.Path(site.NavBrands) + "/" + b.Key, Name: b.Name, From: b.FromEmail, Complete: b.PostalAddress != ""})
	}
	return staff.Render(c, http.StatusOK, site.Brands(v))
}

func (d *Desk) newBrand(c echo.Context) error {
	return d.brandForm(c, http.StatusOK, true, map[string]string{}, nil)
}

func (d *Desk) brandForm(c echo.Context, status int, fresh bool, val, wrong map[string]string) error {
	v := site.BrandFormView{Page: d.page(c, site.NavBrands), Record: site.Record{New: fresh, Errors: wrong, Locked: !may(c, access.Marketer)}, Action: site.Path(site.NavBrands), Values: val}
	if !fresh {
		v.Action += "/" + val["key"]
	}
	return staff.Render(c, status, site.BrandForm(v))
}

// fill writes the fields of the form over a brand.
func fill(b *brands.Brand, val map[string]string) {
	b.Name, b.FromName, b.FromEmail, b.NoticeFromEmail = val["name"], val["from_name"], val["from_email"], val["notice_from_email"]
	b.ReplyTo, b.PostalAddress, b.LogoURL, b.Color = val["reply_to"], val["postal_address"], val["logo_url"], val["color"]
}

func (d *Desk) addBrand(c echo.Context) error {
	val := values(c)
	b := brands.Brand{Key: cmp.Or(val["key"], names.KeyOf(val["name"]))}
	fill(&b, val)
	_, err := d.Brands.Create(c.Request().Context(), actor(c), b)
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.brandForm(c, http.StatusUnprocessableEntity, true, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavBrands), "site.desk.saved")
}

func (d *Desk) brand(c echo.Context) error {
	b, err := brands.Get(c.Request().Context(), d.DB, c.Param("key"))
	if err != nil {
		return err
	}
	return d.brandForm(c, http.StatusOK, false, map[string]string{"key": b.Key, "name": b.Name, "from_name": b.FromName, "from_email": b.FromEmail, "notice_from_email": b.NoticeFromEmail,
		"reply_to": b.ReplyTo, "postal_address": b.PostalAddress, "logo_url": b.LogoURL, "color": b.Color}, nil)
}

func (d *Desk) changeBrand(c echo.Context) error {
	val := values(c)
	val["key"] = c.Param("key")
	_, err := d.Brands.Update(c.Request().Context(), actor(c), val["key"], func(b *brands.Brand) { fill(b, val) })
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.brandForm(c, http.StatusUnprocessableEntity, false, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavBrands), "site.desk.saved")
}
