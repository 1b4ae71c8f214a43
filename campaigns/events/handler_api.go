package events

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/web"
)

// Register adds the routes under /events of the API. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("events:read"), scope("events:write")
	api.GET("/events", h.list, read)
	api.POST("/events", h.create, write)
	api.GET("/events/:slug", h.get, read)
	api.PATCH("/events/:slug", h.update, write)
	api.GET("/events/:slug/registrations", h.registrations, read)
	api.POST("/events/:slug/registrations", h.register, write)
	api.DELETE("/events/:slug/registrations/:id", h.cancel, write)
	api.GET("/events/:slug/partners/:key/export", h.export, read)
	api.GET("/events/:slug/partners/:key/withdrawals", h.withdrawals, read)
	api.POST("/events/:slug/partners/:key/withdrawals/told", h.told, write)
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	page, err := web.PageOf(c, 2)
	if err != nil {
		return err
	}
	start, id := int64(math.MinInt64), ""
	if page.Cursor != nil {
		if start, err = strconv.ParseInt(page.Cursor[0], 10, 64); err != nil {
			return problem.Invalid("cursor", "is not one that a list answered with; leave it out to start at the beginning")
		}
		id = page.Cursor[1]
	}
	list, err := h.store.List(c.Request().Context(), start, id, page.Limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(list, page.Limit, func(e Event) []string {
		return []string{strconv.FormatInt(sqldb.Micros(e.StartsAt), 10), e.id}
	}))
}

func (h handler) get(c echo.Context) error {
	e, err := Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	return web.Answer(c, e, err)
}

// fields are what a caller may set; nil leaves a field as it is.
type fields struct {
	Names         names.Texts     `json:"names"`
	Descriptions  names.Texts     `json:"descriptions"`
	StartsAt      *time.Time      `json:"starts_at"`
	EndsAt        *time.Time      `json:"ends_at"`
	Timezone      *string         `json:"timezone"`
	Place         *string         `json:"place"`
	URL           *string         `json:"url"`
	Capacity      json.RawMessage `json:"capacity"` // a number, or null for no limit
	Partners      *[]string       `json:"partners"`
	Brand         *string         `json:"brand"`
	ReminderHours *int            `json:"reminder_hours"`
	FollowUp      names.Texts     `json:"follow_up"`
}

func (f fields) apply(e *Event) {
	for _, texts := range []struct {
		to   *names.Texts
		from names.Texts
	}{{&e.Names, f.Names}, {&e.Descriptions, f.Descriptions}, {&e.FollowUp, f.FollowUp}} {
		if texts.from != nil {
			*texts.to = texts.from
		}
	}
	for _, text := range []struct{ to, from *string }{{&e.Timezone, f.Timezone}, {&e.Place, f.Place}, {&e.URL, f.URL}, {&e.Brand, f.Brand}} {
		if text.from != nil {
			*text.to = *text.from
		}
	}
	if f.StartsAt != nil {
		e.StartsAt = *f.StartsAt
	}
	if f.EndsAt != nil {
		e.EndsAt = *f.EndsAt
	}
	if f.Partners != nil {
		e.Partners = *f.Partners
	}
	if f.ReminderHours != nil {
		e.ReminderHours = *f.ReminderHours
	}
}

// limit reads the capacity, which null takes away.
func (f fields) limit(e *Event) error {
	raw := bytes.TrimSpace(f.Capacity)
	switch {
	case len(raw) == 0:
	case string(raw) == "null":
		e.Capacity = nil
	default:
		var n int
		if err := json.Unmarshal(raw, &n); err != nil {
			return problem.Malformed("A field has a value of the wrong kind.", problem.Field{Field: "capacity", Detail: "must be a whole number"})
		}
		e.Capacity = &n
	}
	return nil
}

func (h handler) create(c echo.Context) error {
	var in struct {
		Slug string `json:"slug"`
		fields
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	e := Event{Slug: in.Slug, ReminderHours: defaultReminder}
	in.apply(&e)
	if err := in.limit(&e); err != nil {
		return err
	}
	e, err := h.store.Create(c.Request().Context(), h.actor(c), e)
	if err != nil {
		return err
	}
	return web.Created(c, e.Slug, e)
}

func (h handler) update(c echo.Context) error {
	var in struct {
		fields
		Cancelled *bool `json:"cancelled"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	var probe Event
	if err := in.limit(&probe); err != nil {
		return err
	}
	e, err := h.store.Update(c.Request().Context(), h.actor(c), c.Param("slug"), func(e *Event) {
		in.apply(e)
		_ = in.limit(e) // read without a fault above
		switch {
		case in.Cancelled == nil:
		case !*in.Cancelled:
			e.CancelledAt = nil
		case e.CancelledAt == nil:
			now := h.store.now()
			e.CancelledAt = &now
		}
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, e)
}
