package desk

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/live"
	"assent/templates/site"
)

// lively tells whether a campaign changes by itself now.
func (d *Desk) lively(m *campaigns.Campaign) bool {
	switch m.Status {
	case campaigns.StatusSending, campaigns.StatusPaused:
		return true
	case campaigns.StatusScheduled:
		return !m.ScheduledAt.After(d.Now())
	}
	return false
}

// live sends the progress of a campaign to its page, and has the page read anew when its state is another one.
func (d *Desk) live(c echo.Context) error {
	m, err := d.Campaigns.Get(c.Request().Context(), d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	state := c.QueryParam("state") // of the page that asks
	if d.Live == nil || !d.lively(m) && state == m.Status {
		return c.NoContent(http.StatusNoContent) // which tells a browser not to ask again
	}
	page := site.Page{Locale: d.Site.Language(c)}
	return d.Live.Stream(c, func(r live.Reading) (templ.Component, bool) {
		for _, p := range r.Campaigns {
			if p.Campaign.Status != state {
				break
			}
			if p.Campaign.StartedAt.IsZero() {
				return nil, false
			}
			return site.CampaignProgress(progressView(page, p)), false
		}
		return nil, true
	}, m.ID)
}

func progressView(page site.Page, p live.Progress) site.CampaignView {
	here := campaignURL(p.Campaign.ID)
	return site.CampaignView{Page: page, Report: reportOf(p.Report, here), DeliveriesURL: here + "/deliveries", Speed: site.Speed{PerSecond: p.PerSecond, Left: p.Left}}
}
