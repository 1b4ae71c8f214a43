package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns/notices/broadcasts"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerBroadcasts(r screen.Routes) {
	r.Get("", o.broadcasts)
	r.Get("/new", o.newBroadcast, writers...)
	r.Post("", o.addBroadcast, writers[0])
	r.Post("/check", o.checkBroadcast, writers[0])
	r.Get("/preview", o.noPreview, writers...)
	r.Post("/preview", o.previewDraft, writers[0])
	r.Get("/:id", o.broadcast)
	r.Get("/:id/frame", o.broadcastFrame)
	r.Post("/:id/approve", o.approve, approvers[0])
	r.Post("/:id/refuse", o.refuse, approvers[0])
	r.Post("/:id/cancel", o.cancel, writers[0], approvers...)
	r.Post("/:id/resume", o.resume, writers[0], approvers...)
	r.Get("/:id/coverage", o.coverage)
	r.Get("/:id/coverage.json", o.coverageJSON)
	r.Get("/:id/coverage.csv", o.coverageCSV)
	r.Get("/:id/paper", o.paper)
	r.Post("/:id/served", o.served, writers[0])
	r.Post("/:id/served-all", o.servedAll, writers[0])
	r.Post("/:id/served/undo", o.undoServed, writers[0])
	r.Post("/:id/served-all/undo", o.undoServedAll, writers[0])
}

// few is how many broadcasts a list shows: each is counted for it.
const few = 25

func (o *Office) broadcasts(c echo.Context) error {
	ctx, after := c.Request().Context(), c.QueryParam("after")
	base := site.Path(site.NavNotices)
	v := site.NoticesView{Page: o.page(c, site.NavNotices), Broadcasts: true, SinglesURL: base + single}
	v.Chosen, v.Write = map[string]string{"status": c.QueryParam("status")}, screen.May(c, writers...)
	list, err := o.Broadcasts.List(ctx, v.Chosen["status"], after, few+1)
	if err != nil {
		return err
	}
	v.Pager = ui.Pager{Locale: v.Locale}
	if after != "" {
		v.Pager.Previous = screen.Address(base, "status", v.Chosen["status"])
	}
	if len(list) > few {
		list = list[:few]
		v.Pager.Next = screen.Address(base, "status", v.Chosen["status"], "after", list[few-1].ID)
	}
	counted := c.QueryParam("count") != ""
	for _, b := range list {
		row := site.NoticeRow{Subject: b.Text.Subject, URL: broadcastURL(b.ID), Obligation: b.Obligation, Status: b.Status, At: b.EffectiveAt}
		switch {
		case b.StartedAt.IsZero():
		case o.large(b) && !counted:
			row.Later = true
			v.CountURL = screen.Address(base, "status", v.Chosen["status"], "after", after, "count", "1")
		default:
			covered, err := o.Broadcasts.Coverage(ctx, b)
			if err != nil {
				return err
			}
			view := coverageOf(covered)
			row.Total, row.Done, row.Unserved = view.Addressed, view.Addressed-view.Pending, view.Open()
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.Notices(v))
}

func coverageOf(c broadcasts.Coverage) site.CoverageView {
	v := site.CoverageView{Addressed: int(c.Addressed), Accepted: int(c.Accepted), Pending: int(c.Pending), Bounced: int(c.Bounced), Unserved: int(c.Unserved), Served: int(c.Served), Joined: int(c.Joined), Late: int(c.Late), InTime: int(c.InTime), JoinedLate: int(c.JoinedLate), NotReached: int(c.NotReached), LeadTimeMet: c.LeadTimeMet}
	if c.LastAt != nil {
		v.LastAt = *c.LastAt
	}
	if c.Earliest != nil {
		v.Earliest = *c.Earliest
	}
	return v
}

func (o *Office) approve(c echo.Context) error {
	_, err := o.Broadcasts.Approve(c.Request().Context(), actor(c), c.Param("id"))
	return o.did(c, err, broadcastURL(c.Param("id")), "site.broadcast.approved")
}

func (o *Office) refuse(c echo.Context) error {
	reason := screen.Values(c)["reason"]
	_, err := o.Broadcasts.Refuse(c.Request().Context(), actor(c), c.Param("id"), reason)
	if wrong := staff.Problems(c, err); wrong["reason"] != "" {
		return o.broadcastPage(c, http.StatusUnprocessableEntity, reason, wrong)
	}
	return o.did(c, err, broadcastURL(c.Param("id")), "site.broadcast.was_refused")
}

func (o *Office) cancel(c echo.Context) error {
	_, err := o.Broadcasts.Cancel(c.Request().Context(), actor(c), c.Param("id"))
	return o.did(c, err, broadcastURL(c.Param("id")), "site.broadcast.cancelled")
}

func (o *Office) resume(c echo.Context) error {
	_, err := o.Broadcasts.Resume(c.Request().Context(), actor(c), c.Param("id"))
	return o.did(c, err, broadcastURL(c.Param("id")), "site.broadcast.resumed")
}
