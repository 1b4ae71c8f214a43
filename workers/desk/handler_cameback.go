package desk

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/feedback"
)

// cameBack lists what came back about mails, for everybody on the staff: it is the same that campaigns and people show in part.
func (s *State) cameBack(c echo.Context) error {
	show, after := c.QueryParam("show"), c.QueryParam("after")
	if !slices.Contains(feedback.Groups, show) {
		show = ""
	}
	at, id := screen.AfterMark(after)
	list, err := feedback.List(c.Request().Context(), s.Book.DB, show, at, id, screen.PageSize+1)
	if err != nil {
		return err
	}
	v := site.CameBackView{Page: s.Site.Page(c, site.NavDeliverability)}
	here := site.CameBackPath()
	v.Chosen = map[string]string{"show": show}
	for _, key := range append([]string{""}, feedback.Groups...) {
		label := v.Locale.T("site.cameback.show.all")
		if key != "" {
			label = v.Locale.T("site.cameback.show." + key)
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, URL: screen.Address(here, "show", key), Current: key == show})
	}
	list, v.Pager = screen.Paged(v.Page, list, here, after, func(k feedback.Kept) string { return screen.Mark(k.At, k.ID) }, "show", show)
	for _, k := range list {
		row := site.CameBackRow{At: k.At, Kind: k.Kind, Class: k.Class, Code: k.Code, Said: k.Said, Effect: k.Effect, Email: k.Email, Way: k.Provider, About: k.Campaign}
		if k.Email != "" {
			row.PersonURL = site.Path(site.NavSubscribers) + "/" + k.SubscriberID
		}
		switch {
		case k.Campaign != "":
			row.AboutURL = site.Path(site.NavCampaigns) + "/" + k.SourceID
		case k.SourceID != "":
			row.About = v.Locale.T("site.cameback.single")
			row.AboutURL = site.Path(site.NavNotices) + "/single/" + k.SourceID
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.CameBack(v))
}
