package desk

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/together"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func togetherURL(id string) string { return site.Path(site.NavSubscribers) + "/together/" + id }

// together does one thing with the people who are ticked, or with all whom the filter finds. It is worked off beside the pages.
func (d *Desk) together(c echo.Context) error {
	val := values(c)
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	r := together.Request{Action: val["do"], Tag: val["tag"], Topic: val["of"], Note: val["note"], Filter: filtered(c), Everybody: val["all"] != ""}
	r.Filter.IDs = form["id"]
	j, err := d.Together.Create(c.Request().Context(), actor(c), r)
	if wrong := staff.Problems(c, err); wrong != nil {
		if text, ok := wrong["topic"]; ok { // the filter has a field of that name
			wrong["of"] = text
		}
		return d.list(c, http.StatusUnprocessableEntity, site.BulkForm{Values: val, Errors: wrong})
	}
	if err != nil {
		return err
	}
	d.Together.Kick()
	return c.Redirect(http.StatusSeeOther, togetherURL(j.ID))
}

// jobs are what was done with many people, the newest first.
func (d *Desk) jobs(c echo.Context) error {
	path, before := site.Path(site.NavSubscribers)+"/together", c.QueryParam("after")
	v := site.JobsView{Page: d.page(c, site.NavSubscribers)}
	list, err := d.Together.List(c.Request().Context(), before, pageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = paged(v.Page, list, path, before, func(j *together.Job) string { return j.ID })
	names, err := d.topicNames(c.Request().Context(), v.Locale.Tag(), v.Locale.Language())
	if err != nil {
		return err
	}
	for _, j := range list {
		v.Rows = append(v.Rows, d.jobRow(j, names))
	}
	return staff.Render(c, http.StatusOK, site.Jobs(v))
}

func (d *Desk) jobRow(j *together.Job, topics map[string]string) site.JobRow {
	row := site.JobRow{URL: togetherURL(j.ID), Action: j.Action, Tag: j.Tag, By: j.By, Status: j.Status, People: int(j.People), Changed: int(j.Changed), At: j.CreatedAt}
	if j.Action == together.Withdraw {
		row.Tag = j.Topic
		if name := topics[j.Topic]; name != "" {
			row.Tag = name
		}
	}
	return row
}

// job is the page of one of them, which follows it while it runs.
func (d *Desk) job(c echo.Context) error {
	ctx := c.Request().Context()
	j, err := d.Together.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	here := togetherURL(j.ID)
	page := d.page(c, site.NavSubscribers)
	names, err := d.topicNames(ctx, page.Locale.Tag(), page.Locale.Language())
	if err != nil {
		return err
	}
	v := site.JobView{Page: page, JobRow: d.jobRow(j, names), Topic: names[j.Filter.Topic], Note: j.Note, Open: j.Open(), Restored: int(j.Restored), Kept: int(j.Kept), FinishedAt: j.FinishedAt, Skipped: counts(j.Skipped, func(string) string { return "" })}
	l := v.Locale
	if key := j.Filter.Status; key != "" {
		v.Standing = l.T("site.person." + key)
	}
	if mayUndo(c, j) {
		if j.Undoable(d.Now()) {
			v.Posts = append(v.Posts, ui.Post{Label: l.T("site.together.undo"), Action: here + "/undo", Icon: "undo", Back: l.T("site.dialog.back"), Ask: l.T("site.together.undo_ask"), AskText: l.T("site.together.undo_text")})
		}
	}
	if may(c, access.Marketer, access.PrivacyOfficer) && (j.Status == together.StatusQueued || j.Status == together.StatusRunning) {
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.together.cancel"), Action: here + "/cancel", Tone: ui.Bad})
	}
	return staff.Render(c, http.StatusOK, site.Job(v))
}

// mayUndo says who may take a job back: of blocks it is an officer, as it is of one.
func mayUndo(c echo.Context, j *together.Job) bool {
	if j.Action == together.Suppress {
		return may(c, access.PrivacyOfficer)
	}
	return may(c, access.Marketer, access.PrivacyOfficer)
}

func (d *Desk) cancelJob(c echo.Context) error {
	_, err := d.Together.Cancel(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, togetherURL(c.Param("id")), "site.together.cancelled")
}

func (d *Desk) undoJob(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	j, err := d.Together.Get(ctx, d.DB, id)
	if err != nil {
		return err
	}
	if !mayUndo(c, j) {
		return problem.Forbidden("Only a privacy officer lifts blocks.")
	}
	if _, err = d.Together.Undo(ctx, actor(c), id); err == nil {
		d.Together.Kick()
	}
	return d.did(c, err, togetherURL(id), "site.together.undoing")
}
