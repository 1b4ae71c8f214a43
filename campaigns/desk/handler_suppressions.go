package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerSuppressions(e *echo.Echo) {
	r := d.at(e, site.NavSuppressions)
	r.get("", d.suppressions)
	r.post("", d.suppress, access.Marketer, access.PrivacyOfficer)
	r.post("/lift", d.unsuppress, access.PrivacyOfficer)
}

func (d *Desk) suppressions(c echo.Context) error {
	return d.suppressionList(c, http.StatusOK, nil, nil)
}

func (d *Desk) suppressionList(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavSuppressions)
	v := site.SuppressionsView{Page: d.page(c, site.NavSuppressions), Action: path, Values: val, Errors: wrong}
	v.Search, v.Chosen, v.Write = strings.TrimSpace(c.QueryParam("q")), map[string]string{"reason": c.QueryParam("reason")}, may(c, access.Marketer, access.PrivacyOfficer)
	var at time.Time
	after := c.QueryParam("after")
	micros, id, _ := strings.Cut(after, "-")
	if n, err := strconv.ParseInt(micros, 10, 64); err == nil {
		at = time.UnixMicro(n).UTC()
	}
	list, err := d.People.Suppressions(ctx, v.Search, v.Chosen["reason"], at, id, pageSize+1)
	if _, ok := problem.As(err); ok { // half an address finds nobody
		list, err = nil, nil
	}
	if err != nil {
		return err
	}
	key := func(s preferences.Suppression) string {
		return strconv.FormatInt(s.CreatedAt.UnixMicro(), 10) + "-" + s.ID
	}
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

// lift offers to take a block away.
func (d *Desk) lift(p site.Page, s preferences.Suppression, back string) *ui.Post {
	l := p.Locale
	return &ui.Post{Label: l.T("site.desk.lift"), Action: site.Path(site.NavSuppressions) + "/lift", Ask: l.T("site.desk.lift_ask"), AskText: l.T("site.desk.lift_text", "email", s.Email),
		Fields: []ui.Hidden{{Name: "email", Value: s.Email}, {Name: "reason", Value: s.Reason}, {Name: "back", Value: back}}}
}

func (d *Desk) suppress(c echo.Context) error {
	val := values(c)
	_, added, err := d.People.Suppress(c.Request().Context(), actor(c), val["email"], preferences.SuppressedManual, strings.TrimSpace(val["note"]), "staff")
	if wrong := staff.Problems(err); wrong != nil {
		return d.suppressionList(c, http.StatusUnprocessableEntity, val, wrong)
	}
	key := "site.desk.blocked"
	if !added {
		key = "site.desk.blocked_before"
	}
	return d.did(c, err, site.Path(site.NavSuppressions), key)
}

func (d *Desk) unsuppress(c echo.Context) error {
	val := values(c)
	note := strings.TrimSpace(val["note"])
	if note == "" {
		note = "by hand"
	}
	_, err := d.People.Unsuppress(c.Request().Context(), actor(c), val["email"], val["reason"], note)
	return d.did(c, err, staff.SafeNext(val["back"], site.Path(site.NavSuppressions)), "site.desk.lifted")
}
