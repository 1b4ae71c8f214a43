package desk

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/live"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) campaign(c echo.Context) error { return d.show(c, http.StatusOK, nil, nil, nil) }

// show is the page of one campaign, with the forms as they were sent and what was wrong with them.
func (d *Desk) show(c echo.Context, status int, val, unscheduled, untested map[string]string) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	here := campaignURL(m.ID)
	page := d.page(c, site.NavCampaigns)
	v := site.CampaignView{Page: page, Name: m.Name, Status: m.Status, StatusReason: page.Locale.Said(m.StatusReason), Subject: m.Subject, Preheader: m.Preheader, Segment: d.segmentName(ctx, m.Segment), Excluded: d.segmentNames(ctx, m.ExcludeSegments),
		Brand: d.brandName(ctx, m.Brand), ScheduledAt: m.ScheduledAt, StartedAt: m.StartedAt, FinishedAt: m.FinishedAt, ExpiresAt: m.ExpiresAt, LocalTime: strings.Replace(m.LocalTime, "T", " ", 1), Window: m.Window, PreviewURL: here + "/frame", DeliveriesURL: here + "/deliveries"}
	l := v.Locale
	if v.Alerts, err = d.alerts(ctx, v.Page, m.ID); err != nil {
		return err
	}
	if m.Rate > 0 {
		v.Rate = l.T("site.editor.per_hour", "n", m.Rate)
	}
	names, err := d.topicNames(ctx, l.Tag(), l.Language())
	if err != nil {
		return err
	}
	v.Topic = names[m.TopicID]
	if people, err := d.Site.Accounts.List(ctx); err == nil {
		for _, u := range people {
			if u.ID == m.Author || "user:"+u.ID == m.Author {
				v.Author = u.Name
			}
		}
	}
	if !m.ApprovedAt.IsZero() {
		v.Approver = l.T("site.review.by", "name", m.ApprovedName, "at", l.DateTime(m.ApprovedAt, v.Zone))
	}
	var report campaigns.Report // of a campaign that has not begun there is none
	if !m.StartedAt.IsZero() {
		if report, err = d.Campaigns.Report(ctx, m); err != nil {
			return err
		}
		v.Report = reportOf(report, here)
		if err := d.figures(c, m, report, &v); err != nil {
			return err
		}
	}
	if m.StartedAt.IsZero() && m.Status != campaigns.StatusCancelled {
		if v.Audience, err = d.audience(c, m); err != nil {
			return err
		}
		if v.Checks, err = d.checks(ctx, v.Page, m, v.Audience); err != nil {
			return err
		}
	}
	d.allow(c, m, &v, val, unscheduled, untested)
	if d.Live != nil && d.lively(m) {
		v.LiveURL = here + "/live?state=" + m.Status
	}
	if m.Status == campaigns.StatusSending {
		v.Speed.PerSecond, v.Speed.Left = live.Pace(d.Now().Sub(m.StartedAt), report.Sent, report.Done(), live.Waiting(report))
	}
	return staff.Render(c, status, site.Campaign(v))
}

// allow puts on the page what this person may do with the campaign now.
func (d *Desk) allow(c echo.Context, m *campaigns.Campaign, v *site.CampaignView, val, unscheduled, untested map[string]string) {
	l, here := v.Locale, campaignURL(m.ID)
	maker, approver := may(c, access.Marketer), may(c, access.Approver)
	post := func(key, path string, tone ui.Tone) {
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.editor." + key), Action: here + "/" + path, Tone: tone})
	}
	form := func() {
		v.Schedule = &site.ScheduleForm{Action: here + "/schedule", At: val["at"], LocalTime: val["local_time"], Window: cmp.Or(val["window"], m.Window), Rate: val["rate"], Errors: unscheduled}
	}
	if maker && m.Status == campaigns.StatusDraft {
		v.Links = append(v.Links, ui.Link{Label: l.T("site.editor.edit"), URL: here + "/edit"}, ui.Link{Label: l.T("site.ab.link_to"), URL: here + "/variants"})
		v.Links = append(v.Links, textLinks(l, m)...)
		tone := ui.Plain
		if settings, err := d.People.Site.Get(c.Request().Context()); err == nil && settings.ReviewRequired {
			tone = ui.Good
		} else {
			form()
		}
		post("submit", "submit", tone)
	}
	if m.Status == campaigns.StatusInReview {
		other := !m.WrittenBy(actor(c).Person())
		if approver && other && m.ApprovedAt.IsZero() {
			post("approve", "approve", ui.Good)
			v.RefuseAction = here + "/refuse"
		}
		if approver && other || maker && !m.ApprovedAt.IsZero() {
			form()
		}
		if approver || maker {
			post("back_to_draft", "draft", ui.Plain)
		}
	}
	if maker {
		again := ui.Post{Label: l.T("site.now.copy"), Action: here + "/copy", Icon: "copy"}
		if m.Status == campaigns.StatusFinished || m.Status == campaigns.StatusCancelled {
			again.Tone = ui.Good // what is left to do with it
		}
		v.Posts = append(v.Posts, again)
	}
	v.Links = append(v.Links, ui.Link{Label: l.T("site.editor.look"), URL: here + "/preview"})
	if !m.StartedAt.IsZero() {
		v.Links = append(v.Links, ui.Link{Label: l.T("site.report.csv"), URL: here + "/report.csv", Icon: "download"}, ui.Link{Label: l.T("site.editor.csv"), URL: here + "/deliveries.csv", Icon: "download"})
	}
	if !maker && !approver {
		return
	}
	if m.StartedAt.IsZero() && m.Status != campaigns.StatusCancelled {
		v.Test = &site.TestForm{Action: here + "/test", To: cmp.Or(val["to"], staff.VisitorOf(c).User.Email), Errors: untested}
	}
	switch m.Status {
	case campaigns.StatusScheduled:
		if m.StartedAt.IsZero() {
			post("back_to_draft", "draft", ui.Plain)
		}
		post("pause", "pause", ui.Plain)
	case campaigns.StatusSending:
		post("pause", "pause", ui.Good)
	case campaigns.StatusPaused:
		post("resume", "resume", ui.Good)
	}
	switch m.Status {
	case campaigns.StatusScheduled, campaigns.StatusSending, campaigns.StatusPaused:
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.editor.cancel"), Action: here + "/cancel", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.editor.cancel_ask"), AskText: l.T("site.editor.cancel_text")})
	}
}

// counts are figures by reason, the most first.
func counts(by map[string]int64, url func(reason string) string) []site.Count {
	var out []site.Count
	for reason, n := range by {
		out = append(out, site.Count{Reason: reason, N: int(n), URL: url(reason)})
	}
	slices.SortFunc(out, func(a, b site.Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason)) })
	return out
}

func reportOf(r campaigns.Report, here string) *site.ReportView {
	v := &site.ReportView{Total: int(r.Total), Sent: int(r.Sent), Claimed: int(r.Claimed), Deferred: int(r.Deferred), Failed: int(r.Failed), Uncertain: int(r.Uncertain),
		Bounced: int(r.Bounced), Complained: int(r.Complained), Unsubscribed: int(r.Unsubscribed)}
	v.Skipped = counts(r.Skipped, func(string) string { return here + "/deliveries?status=skipped" })
	waiting := v.Total - v.Sent - v.Claimed - v.Deferred - v.Failed - v.Uncertain
	for _, s := range v.Skipped {
		waiting -= s.N
	}
	v.Waiting = max(0, waiting)
	return v
}

// explaining is how far the explanation of an audience came, as the address of its next part carries it.
type explaining struct {
	campaigns.Explanation
	After string `json:"after"`
}

// audience explains who would get a campaign and who would not, as far as it comes in a moment. A larger audience is explained in
// parts, each by a request of its own.
func (d *Desk) audience(c echo.Context, m *campaigns.Campaign) (*site.AudienceView, error) {
	ctx, text := c.Request().Context(), c.QueryParam("count")
	most, done, err := d.part(ctx, text != "")
	if err != nil {
		return nil, err
	}
	defer done()
	var e explaining
	if json.Unmarshal([]byte(text), &e) != nil || !sqldb.IsID(e.After) {
		e = explaining{}
	}
	look, err := d.Campaigns.ExplainOn(ctx, m, &e.Explanation, e.After, most)
	if err != nil {
		return nil, err
	}
	list := func(reason string) string { return address(campaignURL(m.ID)+"/people", "reason", reason) }
	v := &site.AudienceView{Total: int(e.Total), Allowed: int(e.Allowed), At: d.Now(), ByReason: counts(e.ByReason, list)}
	if !look.End {
		e.After = look.At
		text, _ := json.Marshal(e) // numbers and texts always encode
		v.NextURL = address(campaignURL(m.ID), "count", string(text))
	}
	return v, nil
}

func (d *Desk) test(c echo.Context) error {
	val := values(c)
	to := strings.FieldsFunc(val["to"], func(r rune) bool { return strings.ContainsRune(", ;\r\n\t", r) })
	_, err := d.Campaigns.SendTest(c.Request().Context(), actor(c), c.Param("id"), to)
	if wrong := staff.Problems(c, err); wrong != nil {
		for field, text := range wrong {
			if strings.HasPrefix(field, "to[") {
				wrong = map[string]string{"to": text}
				break
			}
		}
		return d.show(c, http.StatusUnprocessableEntity, val, nil, wrong)
	}
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.tested")
}

func (d *Desk) submit(c echo.Context) error {
	_, err := d.Campaigns.Submit(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.submitted")
}

// schedule lets a draft go; what is in review only another person who approves lets go.
func (d *Desk) schedule(c echo.Context) error {
	ctx, val, id := c.Request().Context(), values(c), c.Param("id")
	m, err := d.Campaigns.Get(ctx, d.DB, id)
	if err != nil {
		return err
	}
	switch m.Status {
	case campaigns.StatusInReview:
		if m.ApprovedAt.IsZero() && (!may(c, access.Approver) || m.WrittenBy(actor(c).Person())) {
			return problem.Forbidden("Another person who approves campaigns lets this one go.")
		}
	case campaigns.StatusDraft:
		if !may(c, access.Marketer) {
			return problem.Forbidden("Only a marketer schedules a draft.")
		}
	}
	when := campaigns.Schedule{LocalTime: val["local_time"], Window: strings.TrimSpace(val["window"])}
	when.At, err = moment(d.page(c, site.NavCampaigns), "at", val["at"])
	if text := strings.TrimSpace(val["rate"]); err == nil && text != "" {
		if when.Rate, err = strconv.Atoi(text); err != nil || when.Rate < 1 {
			err = problem.Invalid("rate", "must be a number of mails an hour")
		}
	}
	if err == nil {
		err = when.Check()
	}
	if open := m.Status == campaigns.StatusDraft || m.Status == campaigns.StatusInReview; err == nil && open && when.At.IsZero() && when.LocalTime == "" && val["now"] == "" {
		return d.askNow(c, m, val)
	}
	if err == nil {
		_, err = d.Campaigns.Schedule(ctx, actor(c), id, when)
	}
	if wrong := staff.Problems(c, err); wrong != nil && wrong[""] == "" { // what is wrong with no field is told above the page
		return d.show(c, http.StatusUnprocessableEntity, val, wrong, nil)
	}
	return d.did(c, err, campaignURL(id), "site.editor.scheduled")
}

// askNow asks before a campaign without a day begins at once.
func (d *Desk) askNow(c echo.Context, m *campaigns.Campaign, val map[string]string) error {
	v := site.SendNowView{Page: d.page(c, site.NavCampaigns), Name: m.Name, Action: campaignURL(m.ID) + "/schedule", Back: campaignURL(m.ID), Window: strings.TrimSpace(val["window"]), Rate: strings.TrimSpace(val["rate"])}
	audience, err := d.audience(c, m)
	if err != nil {
		return err
	}
	if audience.NextURL == "" { // counted to the end
		v.People = &audience.Allowed
	}
	return staff.Render(c, http.StatusOK, site.SendNow(v))
}

// copyCampaign begins a draft with what another campaign says.
func (d *Desk) copyCampaign(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	name := d.page(c, site.NavCampaigns).Locale.T("site.now.copy_of", "name", m.Name)
	made, err := d.Campaigns.Copy(ctx, actor(c), m.ID, strings.ToValidUTF8(name[:min(len(name), 255)], ""))
	if err != nil {
		return d.did(c, err, campaignURL(m.ID), "")
	}
	return d.did(c, nil, campaignURL(made.ID)+"/edit", "site.now.copied")
}

func (d *Desk) approve(c echo.Context) error {
	_, err := d.Campaigns.Approve(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.review.approved")
}

func (d *Desk) refuse(c echo.Context) error {
	_, err := d.Campaigns.Refuse(c.Request().Context(), actor(c), c.Param("id"), c.FormValue("reason"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.review.refused")
}

func (d *Desk) unschedule(c echo.Context) error {
	_, err := d.Campaigns.Unschedule(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.returned")
}

func (d *Desk) pause(c echo.Context) error {
	_, err := d.Campaigns.Pause(c.Request().Context(), actor(c), c.Param("id"), "by hand")
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.paused")
}

func (d *Desk) resume(c echo.Context) error {
	_, err := d.Campaigns.Resume(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.resumed")
}

func (d *Desk) cancel(c echo.Context) error {
	_, err := d.Campaigns.Cancel(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, campaignURL(c.Param("id")), "site.editor.cancelled")
}
