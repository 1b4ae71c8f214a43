package desk

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/sheet"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
)

func (d *Desk) registerCampaigns(e *echo.Echo) {
	r := d.at(e, site.NavCampaigns)
	makers := []access.Role{access.Marketer}
	r.get("", d.campaigns)
	r.getFor("/new", d.newCampaign, makers...)
	r.post("", d.addCampaign, makers...)
	r.getFor("/readers", d.readers, makers...)
	r.get("/:id", d.campaign)
	r.get("/:id/live", d.live)
	r.get("/:id/frame", d.frame)
	r.get("/:id/preview", d.preview)
	r.get("/:id/people", d.people)
	r.get("/:id/deliveries", d.deliveries)
	r.get("/:id/deliveries.csv", d.deliveriesCSV)
	r.getFor("/:id/edit", d.editCampaign, makers...)
	r.post("/:id/edit", d.changeCampaign, makers...)
	r.post("/:id/discard", d.discard, makers...)
	r.post("/:id/delete", d.deleteCampaign, makers...)
	r.post("/:id/test", d.test, access.Marketer, access.Approver)
	r.post("/:id/copy", d.copyCampaign, makers...)
	r.post("/:id/submit", d.submit, makers...)
	r.post("/:id/approve", d.approve, access.Approver)
	r.post("/:id/refuse", d.refuse, access.Approver)
	r.post("/:id/schedule", d.schedule, access.Marketer, access.Approver)
	r.post("/:id/draft", d.unschedule, access.Marketer, access.Approver)
	r.post("/:id/pause", d.pause, access.Marketer, access.Approver)
	r.post("/:id/resume", d.resume, access.Marketer, access.Approver)
	r.post("/:id/cancel", d.cancel, access.Marketer, access.Approver)
}

func (d *Desk) campaigns(c echo.Context) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavCampaigns)
	v := site.CampaignsView{Page: d.page(c, site.NavCampaigns)}
	v.Write, v.Chosen = may(c, access.Marketer), map[string]string{"status": c.QueryParam("status")}
	before := c.QueryParam("after")
	at, id := screen.AfterMark(before)
	list, err := d.Campaigns.List(ctx, v.Chosen["status"], at, id, pageSize+1)
	if err != nil {
		return err
	}
	key := func(m *campaigns.Campaign) string { return screen.Mark(m.CreatedAt, m.ID) }
	list, v.Pager = paged(v.Page, list, path, before, key, "status", v.Chosen["status"])
	names, err := d.topicNames(ctx, v.Locale.Tag(), v.Locale.Language())
	if err != nil {
		return err
	}
	var begun []*campaigns.Campaign
	for _, m := range list {
		if !m.StartedAt.IsZero() {
			begun = append(begun, m)
		}
	}
	reports, err := d.Campaigns.Reports(ctx, begun)
	if err != nil {
		return err
	}
	for _, m := range list {
		row := site.CampaignRow{Name: m.Name, URL: campaignURL(m.ID), Topic: names[m.TopicID], Status: m.Status, At: m.UpdatedAt}
		switch {
		case !m.FinishedAt.IsZero():
			row.At = m.FinishedAt
		case m.Status == campaigns.StatusScheduled:
			row.At = m.ScheduledAt
		}
		if r, ok := reports[m.ID]; ok {
			row.Sent, row.Total = int(r.Sent), int(r.Total)
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.Campaigns(v))
}

// people are those of the audience whom the gate answers about with one reason.
func (d *Desk) people(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	here := campaignURL(m.ID)
	v := site.DeliveriesView{Page: d.page(c, site.NavCampaigns), Campaign: m.Name, CampaignURL: here, ListURL: here + "/people"}
	reason, ok := reasonFrom(c.QueryParam("reason"))
	if !ok {
		reason = "allowed"
	}
	v.Chosen, v.Reasons = map[string]string{"reason": string(reason)}, []string{string(reason)}
	l := lookingOf(c)
	list, look, err := d.Campaigns.PeopleFor(ctx, m, reason, l.after, l.limit(), d.most(l))
	if err != nil {
		return err
	}
	list, v.Pager, v.Further = looked(v.Page, l, list, look, v.ListURL, func(s *preferences.Subscriber) string { return s.ID }, "reason", string(reason))
	for _, s := range list {
		v.Rows = append(v.Rows, site.DeliveryRow{Email: s.Email, PersonURL: personURL(s.ID), Reason: string(reason), At: d.Now()})
	}
	return staff.Render(c, http.StatusOK, site.Deliveries(v))
}

func (d *Desk) deliveries(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	here, status, l := campaignURL(m.ID), c.QueryParam("status"), lookingOf(c)
	v := site.DeliveriesView{Page: d.page(c, site.NavCampaigns), Campaign: m.Name, CampaignURL: here, ListURL: here + "/deliveries"}
	v.Chosen, v.ExportURL = map[string]string{"status": status}, here+"/deliveries.csv"
	list, look, err := d.Campaigns.FindDeliveries(ctx, m.ID, status, l.after, l.limit(), d.most(l))
	if err != nil {
		return err
	}
	list, v.Pager, v.Further = looked(v.Page, l, list, look, v.ListURL, func(x campaigns.Delivery) string { return x.SubscriberID }, "status", status)
	for _, x := range list {
		row := site.DeliveryRow{Email: x.Email, Status: x.Status, Reason: x.Reason, Reply: x.Reply, At: x.At}
		if x.Email != "" {
			row.PersonURL = personURL(x.SubscriberID)
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.Deliveries(v))
}

// deliveriesCSV streams every delivery, its cells safe to open in a spreadsheet.
func (d *Desk) deliveriesCSV(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	list, err := d.Campaigns.Deliveries(ctx, m.ID, "", "", allOf)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="deliveries-`+m.ID+`.csv"`)
	out := sheet.NewWriter(c.Response())
	if err := out.Row("email", "subscriber_id", "status", "reason", "at", "reply"); err != nil {
		return err
	}
	for len(list) > 0 {
		for _, x := range list {
			if err := out.Row(x.Email, x.SubscriberID, x.Status, x.Reason, x.At.Format(time.RFC3339), x.Reply); err != nil {
				return err
			}
		}
		if list, err = d.Campaigns.Deliveries(ctx, m.ID, "", list[len(list)-1].SubscriberID, allOf); err != nil {
			return err
		}
	}
	return out.Flush()
}
