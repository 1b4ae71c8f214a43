package broadcasts

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
)

type handler struct {
	s     *Service
	actor func(echo.Context) audit.Actor
}

// Register adds the routes under /notice-broadcasts and /notice-settings. scope guards a route, actor tells who asks.
func (s *Service) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("notices:read"), scope("notices:write")
	api.GET("/notice-broadcasts", h.list, read)
	api.POST("/notice-broadcasts", h.create, write)
	api.GET("/notice-broadcasts/:id", h.get, read)
	api.GET("/notice-broadcasts/:id/audience", h.audience, read)
	api.GET("/notice-broadcasts/:id/preview", h.preview, read)
	api.POST("/notice-broadcasts/:id/approve", h.move(s.Approve), write)
	api.POST("/notice-broadcasts/:id/refuse", h.refuse, write)
	api.POST("/notice-broadcasts/:id/cancel", h.move(s.Cancel), write)
	api.POST("/notice-broadcasts/:id/resume", h.move(s.Resume), write)
	api.GET("/notice-broadcasts/:id/coverage", h.coverage, read)
	api.GET("/notice-broadcasts/:id/coverage.csv", h.coverageCSV, read)
	api.POST("/notice-broadcasts/:id/served", h.served, write)
	api.DELETE("/notice-broadcasts/:id/served", h.undoServed, write)
	api.GET("/notice-settings", h.rules, read)
	api.PUT("/notice-settings", h.setRules, scope("full"))
}

func (h handler) list(c echo.Context) error {
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	status, before := c.QueryParam("status"), ""
	if status != "" && !slices.Contains([]string{InReview, Scheduled, Sending, Finished, Cancelled}, status) {
		return problem.Invalid("status", "must be in_review, scheduled, sending, finished or cancelled")
	}
	if page.Cursor != nil {
		before = page.Cursor[0]
	}
	list, err := h.s.List(c.Request().Context(), status, before, page.Limit+1)
	if err != nil {
		return err
	}
	views := make([]View, len(list))
	for i, b := range list {
		views[i] = viewOf(b)
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v View) []string { return []string{v.ID} }))
}

func (h handler) create(c echo.Context) error {
	var in Input
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	b, err := h.s.Create(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	return web.Created(c, b.ID, viewOf(b))
}

func (h handler) find(c echo.Context) (*Broadcast, error) {
	return h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
}

func (h handler) get(c echo.Context) error {
	b, err := h.find(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewOf(b))
}

func (h handler) audience(c echo.Context) error {
	b, err := h.find(c)
	if err != nil {
		return err
	}
	explained, err := h.s.Explain(c.Request().Context(), b)
	return web.Answer(c, explained, err)
}

func (h handler) preview(c echo.Context) error {
	b, err := h.find(c)
	if err != nil {
		return err
	}
	r, err := h.s.Preview(c.Request().Context(), b, c.QueryParam("locale"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"locale": r.Locale.Tag(), "subject": r.Subject, "html": r.HTML, "text": r.Text})
}

func (h handler) move(do func(ctx context.Context, actor audit.Actor, id string) (*Broadcast, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		b, err := do(c.Request().Context(), h.actor(c), c.Param("id"))
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, viewOf(b))
	}
}

func (h handler) refuse(c echo.Context) error {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	b, err := h.s.Refuse(c.Request().Context(), h.actor(c), c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewOf(b))
}

func (h handler) rules(c echo.Context) error {
	rules, err := h.s.Rules(c.Request().Context(), h.s.DB)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, settings{rules, Defaults, Jurisdictions})
}

// settings are the rules with what they stand beside.
type settings struct {
	Rules
	Defaults map[string]Lead            `json:"defaults"`
	Known    map[string]map[string]Lead `json:"known_jurisdictions"`
}

func (h handler) setRules(c echo.Context) error {
	var rules Rules
	if err := web.Decode(c, &rules); err != nil {
		return err
	}
	if err := h.s.SetRules(c.Request().Context(), h.actor(c), rules); err != nil {
		return err
	}
	return h.rules(c)
}
