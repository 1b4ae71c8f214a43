package home

import (
	"context"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/live"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

// Register serves the page, and leads there from the root of the site.
func (h *Home) Register(e *echo.Echo) {
	h.Site.Counts = h.counts
	e.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, site.Base) })
	e.GET(site.Base, h.show, h.Site.Guard())
	if h.Live != nil {
		e.GET(liveURL, h.live, h.Site.Guard())
	}
}

const liveURL = site.Base + "/live"

// live sends what runs whenever it changes.
func (h *Home) live(c echo.Context) error {
	page := site.Page{Locale: h.Site.Language(c)}
	return h.Live.Stream(c, func(r live.Reading) (templ.Component, bool) {
		return site.HomeRuns(site.HomeView{Page: page, Running: runs(page.Locale, r)}), false
	})
}

func (h *Home) show(c echo.Context) error {
	ctx := c.Request().Context()
	v := site.HomeView{Page: h.Site.Page(c, site.NavHome), Now: h.Now(), Streams: make([]site.Stream, 2)}
	var err error
	if v.Steps, err = h.steps(ctx, staff.VisitorOf(c).User.Roles); err != nil {
		return err
	}
	if v.Running, err = h.running(ctx, v.Locale); err != nil {
		return err
	}
	if h.Live != nil {
		v.LiveURL = liveURL
	}
	if v.Needs, err = h.needs(c, v.Page); err != nil {
		return err
	}
	notices, need, err := h.transactional(ctx, v.Page)
	if err != nil {
		return err
	}
	v.Streams[1] = notices
	if v.Streams[0], err = h.marketing(ctx, v.Page); err != nil {
		return err
	}
	if access.Has(staff.VisitorOf(c).User.Roles, access.Approver) {
		reviews, err := h.reviews(ctx, v.Page, staff.ActorOf(c).Person())
		if err != nil {
			return err
		}
		v.Needs = append(v.Needs, reviews...)
	}
	refused, err := h.refused(ctx, v.Page, staff.ActorOf(c).Person())
	if err != nil {
		return err
	}
	v.Needs = append(v.Needs, refused...)
	for _, more := range []func(context.Context, site.Page) ([]site.Need, error){h.winners, h.broadcasts} {
		list, err := more(ctx, v.Page)
		if err != nil {
			return err
		}
		v.Needs = append(v.Needs, list...)
	}
	if need != nil {
		v.Needs = append([]site.Need{*need}, v.Needs...)
	}
	v.Growth, v.GrowthURL = h.growthChart(v.Page), site.Path(site.NavSubscribers)
	return staff.Render(c, http.StatusOK, site.Home(v))
}

// needs is what waits for this person: campaigns whose rates are bad, and those that somebody else has put up for review.
func (h *Home) needs(c echo.Context, p site.Page) ([]site.Need, error) {
	needs, err := h.alerts(c, p)
	if err != nil || !access.Has(staff.VisitorOf(c).User.Roles, access.Approver) {
		return needs, err
	}
	list, err := h.Campaigns.List(c.Request().Context(), campaigns.StatusInReview, time.Time{}, "", shown)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if m.Author != staff.ActorOf(c).Person() { // nobody approves what is their own
			needs = append(needs, site.Need{Text: p.Locale.T("site.staff.home.approve", "name", m.Name), URL: address(m), Icon: site.NavCampaigns})
		}
	}
	return needs, nil
}

// told is how long an alert is on the first page.
const told = 3 * 24 * time.Hour

// alerts are the latest about each campaign.
func (h *Home) alerts(c echo.Context, p site.Page) (needs []site.Need, err error) {
	ctx := c.Request().Context()
	list, err := h.Campaigns.Alerts(ctx, "", h.Now().Add(-told), 10*shown)
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	for _, a := range list {
		if had[a.CampaignID+a.Kind+a.Domain] || len(needs) == shown {
			continue
		}
		had[a.CampaignID+a.Kind+a.Domain] = true
		m, err := h.Campaigns.Get(ctx, h.DB, a.CampaignID)
		if err != nil {
			return nil, err
		}
		check := site.AlertCheck(p, a.Kind, a.Domain, a.Level == campaigns.LevelStop, a.Percent(), int(a.Total), a.Until)
		needs = append(needs, site.Need{Text: p.Locale.T("site.brakes.need", "campaign", m.Name, "text", check.Text), Note: check.Help, URL: address(m), Tone: check.Tone, Icon: "alert"})
	}
	return needs, nil
}
