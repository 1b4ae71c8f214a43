package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/edits"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/templates/locale"
	"assent/templates/site"
)

// script tells whether the editor's script asks, which wants an [site.EditAnswer].
func script(c echo.Context) bool {
	return strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMEApplicationJSON)
}

func (d *Desk) addCampaign(c echo.Context) error {
	f, do, _ := readForm(c)
	if !keep(do) {
		return d.editor(c, http.StatusOK, nil, edits.Edit{}, f, nil)
	}
	ctx := c.Request().Context()
	if script(c) {
		return d.begin(c, f)
	}
	m, err := d.Campaigns.Create(ctx, actor(c), f.draft())
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.editor(c, http.StatusUnprocessableEntity, nil, edits.Edit{}, f, wrong)
	}
	if err != nil {
		return err
	}
	return d.did(c, nil, after(do, m.ID, 1), "site.editor.created")
}

// begin makes a campaign of the first that is typed, which may be less than a campaign needs: the rest is kept beside it.
func (d *Desk) begin(c echo.Context, f typed) error {
	ctx := c.Request().Context()
	start := f.draft()
	blank := d.page(c, "").Locale.T("site.campaigns.new")
	for _, text := range []**string{&start.Name, &start.Subject} {
		if strings.TrimSpace(**text) == "" {
			*text = &blank
		}
	}
	m, err := d.Campaigns.Create(ctx, actor(c), start)
	if staff.Problems(c, err) != nil { // nothing but what everybody may have
		empty := ""
		m, err = d.Campaigns.Create(ctx, actor(c), campaigns.Draft{Name: &blank, Topic: start.Topic, Segment: &empty, Subject: &blank, Blocks: json.RawMessage(`[{"type":"divider"}]`)})
	}
	if err != nil {
		return err
	}
	return d.revise(c, m, f, campaigns.AnyVersion)
}

func after(do, id string, text int) string {
	if do == "stay" || do == "force" {
		return textURL(id, text) + "/edit"
	}
	return campaignURL(id)
}

func (d *Desk) editCampaign(c echo.Context) error {
	ctx := c.Request().Context()
	m, text, err := d.withText(c)
	if err != nil {
		return err
	}
	if m.Status != campaigns.StatusDraft {
		return d.did(c, campaigns.ErrNotDraft, campaignURL(m.ID), "")
	}
	e, err := edits.Get(ctx, d.DB, m.ID)
	if err != nil {
		return err
	}
	pending, err := unfinished(e)
	if err != nil {
		return err
	}
	if pending != nil && pending.Text != text && pending.Text <= arms(m) { // first what was begun
		return c.Redirect(http.StatusSeeOther, textURL(m.ID, pending.Text)+"/edit")
	}
	if pending != nil && pending.Text == text {
		return d.editor(c, http.StatusOK, m, e, *pending, nil)
	}
	f, err := d.formOf(ctx, m, text)
	if err != nil {
		return err
	}
	return d.editor(c, http.StatusOK, m, e, f, nil)
}

func (d *Desk) changeCampaign(c echo.Context) error {
	ctx := c.Request().Context()
	f, do, version := readForm(c)
	m, _, err := d.withText(c)
	if err != nil {
		return err
	}
	if script(c) {
		return d.revise(c, m, f, version)
	}
	form, err := json.Marshal(f)
	if err != nil {
		return err
	}
	changed, e, wrong, err := d.Campaigns.Revise(ctx, actor(c), m.ID, campaigns.Revision{Draft: f.draftOf(m), Form: form, Version: version})
	switch p, _ := problem.As(err); {
	case errors.Is(err, campaigns.ErrEdited):
		return d.editor(c, http.StatusConflict, m, e, f, nil)
	case p != nil && p.Status == http.StatusConflict: // it is no draft any more
		return d.editor(c, http.StatusUnprocessableEntity, m, e, f, staff.Problems(c, err))
	case err != nil:
		return err
	case !keep(do):
		return d.editor(c, http.StatusOK, changed, e, f, nil)
	case wrong != nil:
		return d.editor(c, http.StatusUnprocessableEntity, changed, e, f, ofText(f.Text, staff.Problems(c, wrong)))
	}
	return d.did(c, nil, after(do, m.ID, f.Text), "site.desk.saved")
}

// revise keeps what the script of the editor sends and answers it.
func (d *Desk) revise(c echo.Context, m *campaigns.Campaign, f typed, version int64) error {
	ctx := c.Request().Context()
	p := d.page(c, site.NavCampaigns)
	form, err := json.Marshal(f)
	if err != nil {
		return err
	}
	m, e, wrong, err := d.Campaigns.Revise(ctx, actor(c), m.ID, campaigns.Revision{Draft: f.draftOf(m), Form: form, Version: version})
	if errors.Is(err, campaigns.ErrEdited) {
		return c.JSON(http.StatusConflict, site.EditAnswer{State: "conflict", Text: who(p.Locale, e)})
	}
	if bad, ok := problem.As(err); ok {
		return c.JSON(bad.Status, site.EditAnswer{State: "failed", Text: p.Locale.T("site.build.say.failed") + " " + site.Told(p.Locale, bad.Detail)})
	}
	if err != nil {
		return err
	}
	here := textURL(m.ID, f.Text)
	answer := site.EditAnswer{State: "saved", Text: d.saved(p, m, e), Version: strconv.FormatInt(e.Version, 10), Action: here + "/edit", Frame: here + "/frame", Errors: map[string]string{}}
	faults := ofText(f.Text, problemsOf(p.Locale, wrong))
	if wrong != nil {
		answer.State = "kept"
	}
	for field, text := range faults {
		if path, name := spot(field); path != "" {
			field = "b." + path + "." + name
		}
		answer.Errors[field] = text
	}
	panel, err := d.panel(ctx, p, m, f.Text, faults)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := site.EditChecks(p, panel).Render(ctx, &html); err != nil {
		return err
	}
	answer.Panel = html.String()
	return c.JSON(http.StatusOK, answer)
}

// problemsOf are the faults of an input by field, whatever its status.
func problemsOf(l *locale.Locale, err error) map[string]string {
	if p, ok := problem.As(err); ok {
		return staff.Faults(l, p)
	}
	return nil
}

func (d *Desk) discard(c echo.Context) error {
	err := d.Campaigns.Discard(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, textURL(c.Param("id"), textOf(c))+"/edit", "site.desk.saved")
}

func (d *Desk) deleteCampaign(c echo.Context) error {
	err := d.Campaigns.Delete(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, site.Path(site.NavCampaigns), "site.desk.deleted")
}
