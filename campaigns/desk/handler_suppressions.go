package desk

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerSuppressions(e *echo.Echo) {
	r := d.at(e, site.NavSuppressions)
	r.get("", d.suppressions)
	r.post("", d.suppress, access.Marketer, access.PrivacyOfficer)
	r.post("/lift", d.unsuppress, access.PrivacyOfficer)
	r.getFor("/export.csv", d.suppressionFile, access.Marketer, access.PrivacyOfficer)
	r.post("/import", d.suppressFile, access.Marketer, access.PrivacyOfficer)
}

func (d *Desk) suppressions(c echo.Context) error {
	return d.suppressionList(c, http.StatusOK, nil, nil)
}

func (d *Desk) suppressionList(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavSuppressions)
	v := site.SuppressionsView{Page: d.page(c, site.NavSuppressions), Action: path, Values: val, Errors: wrong}
	v.Search, v.Chosen, v.Write = strings.TrimSpace(c.QueryParam("q")), map[string]string{"reason": c.QueryParam("reason")}, may(c, access.Marketer, access.PrivacyOfficer)
	if v.Write {
		v.ExportURL, v.ImportAction = address(path+"/export.csv", "reason", v.Chosen["reason"]), path+"/import"
	}
	after := c.QueryParam("after")
	at, id := screen.AfterMark(after)
	list, err := d.People.Suppressions(ctx, v.Search, v.Chosen["reason"], at, id, pageSize+1)
	if _, ok := problem.As(err); ok { // half an address finds nobody
		list, err = nil, nil
	}
	if err != nil {
		return err
	}
	key := func(s preferences.Suppression) string { return screen.Mark(s.CreatedAt, s.ID) }
	list, v.Pager = paged(v.Page, list, path, after, key, "q", v.Search, "reason", v.Chosen["reason"])
	for _, s := range list {
		row := site.SuppressionRow{Email: s.Email, Reason: s.Reason, Note: s.Note, At: s.CreatedAt}
		if sub, err := d.People.SubscriberByKey(ctx, d.DB, s.AddressKey); err == nil {
			row.PersonURL = personURL(sub.ID)
		}
		if may(c, access.PrivacyOfficer) {
			row.Lift = d.lift(v.Page, s, path)
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.Suppressions(v))
}

// lift offers to take a block away; it is asked why first.
func (d *Desk) lift(p site.Page, s preferences.Suppression, back string) *ui.Post {
	return &ui.Post{Label: p.Locale.T("site.desk.lift"), Action: site.Path(site.NavSuppressions) + "/lift",
		Fields: []ui.Hidden{{Name: "email", Value: s.Email}, {Name: "reason", Value: s.Reason}, {Name: "back", Value: back}}}
}

func (d *Desk) suppress(c echo.Context) error {
	val := values(c)
	_, added, err := d.People.Suppress(c.Request().Context(), actor(c), val["email"], preferences.SuppressedManual, strings.TrimSpace(val["note"]), "staff")
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.suppressionList(c, http.StatusUnprocessableEntity, val, wrong)
	}
	key := "site.desk.blocked"
	if !added {
		key = "site.desk.blocked_before"
	}
	return d.did(c, err, site.Path(site.NavSuppressions), key)
}

// unsuppress lifts a block, for a reason that is kept in the audit log. The button of the list asks for it first.
func (d *Desk) unsuppress(c echo.Context) error {
	val := values(c)
	note, path := strings.TrimSpace(val["note"]), site.Path(site.NavSuppressions)
	back := staff.SafeNext(val["back"], path)
	if note == "" {
		v := site.LiftView{Page: d.page(c, site.NavSuppressions), Action: path + "/lift", Back: back, Email: val["email"], Reason: val["reason"]}
		status := http.StatusOK
		if _, asked := val["note"]; asked {
			v.Missing, status = v.Locale.T("site.lift.missing"), http.StatusUnprocessableEntity
		}
		return staff.Render(c, status, site.Lift(v))
	}
	_, err := d.People.Unsuppress(c.Request().Context(), actor(c), val["email"], val["reason"], note)
	return d.did(c, err, back, "site.desk.lifted")
}

// suppressionFile is the list as CSV.
func (d *Desk) suppressionFile(c echo.Context) error {
	reason := c.QueryParam("reason")
	if reason != "" && reason != preferences.SuppressedManual && reason != preferences.SuppressedBounced && reason != preferences.SuppressedComplained {
		return problem.NotFound("file")
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="suppressions.csv"`)
	return d.People.ExportSuppressions(c.Request().Context(), c.Response(), reason)
}

// suppressFile blocks the addresses of a file.
func (d *Desk) suppressFile(c echo.Context) error {
	file, err := c.FormFile("file")
	if err != nil {
		return d.suppressionList(c, http.StatusUnprocessableEntity, nil, map[string]string{"file": d.page(c, "").Locale.T("site.suppressions.file_missing")})
	}
	in, err := file.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := d.People.ImportSuppressions(c.Request().Context(), actor(c), in, c.FormValue("file_reason"), "import by staff")
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.suppressionList(c, http.StatusUnprocessableEntity, nil, wrong)
	}
	return d.did(c, err, site.Path(site.NavSuppressions), "site.suppressions.imported", "added", out.Added, "known", out.Known, "wrong", out.Wrong)
}
