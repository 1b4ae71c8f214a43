package campaigns

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/web"
)

type handler struct {
	s     *Service
	actor func(echo.Context) audit.Actor
}

// Register adds the routes under /campaigns. scope guards a route, actor tells who asks.
func (s *Service) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("campaigns:read"), scope("campaigns:write")
	api.GET("/campaigns", h.list, read)
	api.POST("/campaigns", h.create, write)
	api.GET("/campaigns/:id", h.get, read)
	api.PATCH("/campaigns/:id", h.update, write)
	api.DELETE("/campaigns/:id", h.remove, write)
	api.POST("/campaigns/:id/test", h.test, write)
	api.POST("/campaigns/:id/submit", h.submit, write)
	api.POST("/campaigns/:id/approve", h.approve, write)
	api.POST("/campaigns/:id/refuse", h.refuse, write)
	api.POST("/campaigns/:id/schedule", h.schedule, write)
	api.POST("/campaigns/:id/unschedule", h.unschedule, write)
	api.POST("/campaigns/:id/pause", h.pause, write)
	api.POST("/campaigns/:id/resume", h.resume, write)
	api.POST("/campaigns/:id/cancel", h.cancel, write)
	api.POST("/campaigns/:id/winner", h.winner, write)
	api.GET("/campaigns/:id/audience", h.audience, read)
	api.GET("/campaigns/:id/report", h.report, read)
	api.GET("/campaigns/:id/deliveries", h.deliveries, read)
}

// view is a campaign as the API shows it.
type view struct {
	ID              string          `json:"id"`
	Name            string          `json:"name"`
	Topic           string          `json:"topic"`
	Segment         string          `json:"segment,omitempty"`
	ExcludeSegments []string        `json:"exclude_segments"`
	Brand           string          `json:"brand,omitempty"`
	Subject         string          `json:"subject"`
	Preheader       string          `json:"preheader,omitempty"`
	Blocks          json.RawMessage `json:"blocks"`
	Status          string          `json:"status"`
	StatusReason    string          `json:"status_reason,omitempty"`
	ScheduledAt     time.Time       `json:"scheduled_at,omitzero"`
	LocalTime       string          `json:"local_time,omitempty"`
	Window          string          `json:"window,omitempty"`
	Rate            string          `json:"rate,omitempty"`
	ExpiresAfter    string          `json:"expires_after,omitempty"`
	TrackClicks     bool            `json:"track_clicks,omitempty"`
	ABTest          *ABTest         `json:"ab_test,omitempty"`
	ABState         *ABState        `json:"ab_state,omitempty"`
	ApprovedBy      string          `json:"approved_by,omitempty"`
	ApprovedAt      time.Time       `json:"approved_at,omitzero"`
	CreatedAt       time.Time       `json:"created_at"`
	UpdatedAt       time.Time       `json:"updated_at"`
	StartedAt       time.Time       `json:"started_at,omitzero"`
	FinishedAt      time.Time       `json:"finished_at,omitzero"`
	Warnings        []problem.Field `json:"warnings,omitempty"` // in the answer to schedule
}

func (h handler) show(c echo.Context, status int, campaign *Campaign) error {
	v, err := h.view(c, campaign)
	if err != nil {
		return err
	}
	return c.JSON(status, v)
}

func (h handler) view(c echo.Context, m *Campaign) (view, error) {
	topic, err := h.s.People.TopicByID(c.Request().Context(), h.s.DB, m.TopicID)
	if err != nil {
		return view{}, err
	}
	v := view{
		ID: m.ID, Name: m.Name, Topic: topic.Key, Segment: m.Segment, ExcludeSegments: m.ExcludeSegments, Brand: m.Brand, Subject: m.Subject, Preheader: m.Preheader, Blocks: m.Blocks,
		Status: m.Status, StatusReason: m.StatusReason, ScheduledAt: m.ScheduledAt, LocalTime: m.LocalTime, Window: m.Window, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
		StartedAt: m.StartedAt, FinishedAt: m.FinishedAt, ApprovedBy: m.ApprovedName, ApprovedAt: m.ApprovedAt, TrackClicks: m.TrackClicks, ABTest: m.AB,
	}
	if m.AB != nil && m.ABState != (ABState{}) {
		v.ABState = &m.ABState
	}
	if v.ExcludeSegments == nil {
		v.ExcludeSegments = []string{}
	}
	if m.Rate > 0 {
		v.Rate = strconv.Itoa(m.Rate) + "/h"
	}
	if m.ExpiresAfter > 0 {
		v.ExpiresAfter = m.ExpiresAfter.String()
	}
	return v, nil
}

func (h handler) create(c echo.Context) error {
	var in Draft
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	campaign, err := h.s.Create(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/api/v1/campaigns/"+campaign.ID)
	return h.show(c, http.StatusCreated, campaign)
}

func (h handler) list(c echo.Context) error {
	page, err := web.PageOf(c, 2)
	if err != nil {
		return err
	}
	var before time.Time
	id := ""
	if page.Cursor != nil {
		if before, err = time.Parse(time.RFC3339Nano, page.Cursor[0]); err != nil {
			return problem.Invalid("cursor", "is not one that this list answered with")
		}
		id = page.Cursor[1]
	}
	status, err := web.Chosen(c, "status", StatusDraft, StatusInReview, StatusScheduled, StatusSending, StatusPaused, StatusFinished, StatusCancelled)
	if err != nil {
		return err
	}
	list, err := h.s.List(c.Request().Context(), status, before, id, page.Limit+1)
	if err != nil {
		return err
	}
	views := make([]view, len(list))
	for i, m := range list {
		if views[i], err = h.view(c, m); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v view) []string { return []string{v.CreatedAt.Format(time.RFC3339Nano), v.ID} }))
}

func (h handler) get(c echo.Context) error {
	campaign, err := h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, campaign)
}

func (h handler) update(c echo.Context) error {
	var in Draft
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	return h.moved(c)(h.s.Update(c.Request().Context(), h.actor(c), c.Param("id"), in))
}

func (h handler) remove(c echo.Context) error {
	if err := h.s.Delete(c.Request().Context(), h.actor(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// moved answers with the campaign after a change.
func (h handler) moved(c echo.Context) func(*Campaign, error) error {
	return func(campaign *Campaign, err error) error {
		if err != nil {
			return err
		}
		return h.show(c, http.StatusOK, campaign)
	}
}

func (h handler) test(c echo.Context) error {
	var in struct {
		To []string `json:"to"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ids, err := h.s.SendTest(c.Request().Context(), h.actor(c), c.Param("id"), in.To)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]any{"messages": ids})
}

// scheduleBody is when a campaign goes. local_time is a wall clock (2026-05-01T09:00), a time of the day of at (09:00), or true for the wall clock of at itself.
type scheduleBody struct {
	At        *time.Time      `json:"at"`
	LocalTime json.RawMessage `json:"local_time"`
	Window    string          `json:"window"`
	Rate      json.RawMessage `json:"rate"` // 500/h, 100/m, 20/s, or a number of mails an hour
}

func (b scheduleBody) schedule() (Schedule, error) {
	out := Schedule{Window: b.Window}
	var bad problem.Collector
	if b.At != nil {
		out.At = *b.At
	}
	var local string
	var wall bool
	switch {
	case len(b.LocalTime) == 0 || string(b.LocalTime) == "null":
	case json.Unmarshal(b.LocalTime, &wall) == nil:
		if wall && b.At == nil {
			bad.Add("at", "is required with local_time true")
		} else if wall {
			out.LocalTime, out.At = b.At.Format(localLayout), time.Time{}
		}
	case json.Unmarshal(b.LocalTime, &local) == nil:
		out.LocalTime, out.At = parseLocal(local, b.At, &bad)
	default:
		bad.Add("local_time", "must be a wall clock such as 2026-05-01T09:00")
	}
	var text string
	var perHour int
	switch {
	case len(b.Rate) == 0 || string(b.Rate) == "null":
	case json.Unmarshal(b.Rate, &perHour) == nil && perHour > 0:
		out.Rate = perHour
	case json.Unmarshal(b.Rate, &text) == nil:
		n, err := parseRate(text)
		if err != nil {
			bad.Add("rate", "%s", err)
		}
		out.Rate = n
	default:
		bad.Add("rate", "must be such as 500/h, 100/m or 20/s")
	}
	return out, bad.Err()
}

func parseLocal(text string, at *time.Time, bad *problem.Collector) (string, time.Time) {
	for _, layout := range []string{localLayout, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(localLayout), time.Time{}
		}
	}
	clock, err := time.Parse("15:04", text)
	if err != nil || at == nil {
		bad.Add("local_time", "must be a wall clock such as 2026-05-01T09:00, or 09:00 with the day in at")
		return "", time.Time{}
	}
	return at.Format("2006-01-02T") + clock.Format("15:04"), time.Time{}
}

func (h handler) schedule(c echo.Context) error {
	var in scheduleBody
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	when, err := in.schedule()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	campaign, err := h.s.Schedule(ctx, h.actor(c), c.Param("id"), when)
	if err != nil {
		return err
	}
	v, err := h.view(c, campaign)
	if err != nil {
		return err
	}
	v.Warnings = h.s.warnings(ctx, campaign)
	return c.JSON(http.StatusOK, v)
}

func (h handler) submit(c echo.Context) error {
	return h.moved(c)(h.s.Submit(c.Request().Context(), h.actor(c), c.Param("id")))
}

func (h handler) approve(c echo.Context) error {
	return h.moved(c)(h.s.Approve(c.Request().Context(), h.actor(c), c.Param("id")))
}

func (h handler) refuse(c echo.Context) error {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	return h.moved(c)(h.s.Refuse(c.Request().Context(), h.actor(c), c.Param("id"), in.Reason))
}

func (h handler) unschedule(c echo.Context) error {
	return h.moved(c)(h.s.Unschedule(c.Request().Context(), h.actor(c), c.Param("id")))
}

func (h handler) pause(c echo.Context) error {
	return h.moved(c)(h.s.Pause(c.Request().Context(), h.actor(c), c.Param("id"), "by hand"))
}

func (h handler) resume(c echo.Context) error {
	return h.moved(c)(h.s.Resume(c.Request().Context(), h.actor(c), c.Param("id")))
}

func (h handler) winner(c echo.Context) error {
	var in struct {
		Variant int `json:"variant"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	return h.moved(c)(h.s.ChooseWinner(c.Request().Context(), h.actor(c), c.Param("id"), in.Variant))
}

func (h handler) cancel(c echo.Context) error {
	return h.moved(c)(h.s.Cancel(c.Request().Context(), h.actor(c), c.Param("id")))
}

func (h handler) audience(c echo.Context) error {
	campaign, err := h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	explanation, err := h.s.Explain(c.Request().Context(), campaign)
	return web.Answer(c, explanation, err)
}

func (h handler) report(c echo.Context) error {
	campaign, err := h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	report, err := h.s.Report(c.Request().Context(), campaign)
	return web.Answer(c, report, err)
}

// deliveryView is one person's outcome as the API shows it.
type deliveryView struct {
	ID           string    `json:"id"`
	Email        string    `json:"email,omitempty"`
	SubscriberID string    `json:"subscriber_id"`
	Status       string    `json:"status"`
	Reason       string    `json:"reason"` // the gate's, or why it went as it did; "allowed" where there is nothing more to say
	At           time.Time `json:"at"`
	MessageID    string    `json:"message_id,omitempty"`
	Reply        string    `json:"reply,omitempty"`
}

func (h handler) deliveries(c echo.Context) error {
	ctx := c.Request().Context()
	campaign, err := h.s.Get(ctx, h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	after := page.After()
	if after != "" && !sqldb.IsID(after) {
		return problem.Invalid("cursor", "is not one that this list answered with")
	}
	status, err := web.Chosen(c, "status", StatusClaimed, StatusSent, StatusDeferred, StatusBounced, StatusSkipped, StatusFailed, StatusUncertain)
	if err != nil {
		return err
	}
	list, err := h.s.Deliveries(ctx, campaign.ID, status, after, page.Limit+1)
	if err != nil {
		return err
	}
	views := make([]deliveryView, len(list))
	for i, d := range list {
		views[i] = deliveryView{ID: d.ID, Email: d.Email, SubscriberID: d.SubscriberID, Status: d.Status, Reason: cmp.Or(d.Reason, string(gate.ReasonAllowed)), At: d.At, Reply: d.Reply}
		switch d.Status {
		case StatusSent, StatusBounced, StatusUncertain:
			views[i].MessageID = h.s.MessageID(d.ID)
		}
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v deliveryView) []string { return []string{v.SubscriberID} }))
}
