package home

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

// Register serves the page, and leads there from the root of the site.
func (h *Home) Register(e *echo.Echo) {
	e.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, site.Base) })
	e.GET(site.Base, h.show, h.Site.Guard())
}

func (h *Home) show(c echo.Context) error {
	ctx := c.Request().Context()
	v := site.HomeView{Page: h.Site.Page(c, site.NavHome), Now: h.Now(), Streams: []site.Stream{{Key: "marketing", Relay: h.Marketing}, {Key: "transactional", Relay: h.Transactional}}}
	var err error
	if v.Steps, err = h.steps(ctx); err != nil {
		return err
	}
	if v.Running, err = h.running(ctx); err != nil {
		return err
	}
	if v.Needs, err = h.needs(c, v.Page); err != nil {
		return err
	}
	return staff.Render(c, http.StatusOK, site.Home(v))
}

// needs is what waits for this person: campaigns that somebody else has put up for review.
func (h *Home) needs(c echo.Context, p site.Page) ([]site.Need, error) {
	if !access.Has(staff.VisitorOf(c).User.Roles, access.Approver) {
		return nil, nil
	}
	list, err := h.Campaigns.List(c.Request().Context(), campaigns.StatusInReview, time.Time{}, "", shown)
	if err != nil {
		return nil, err
	}
	var needs []site.Need
	for _, m := range list {
		if m.Author != staff.ActorOf(c).Person() { // nobody approves what is their own
			needs = append(needs, site.Need{Text: p.Locale.T("site.staff.home.approve", "name", m.Name), URL: address(m), Icon: site.NavCampaigns})
		}
	}
	return needs, nil
}
