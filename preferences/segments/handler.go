package segments

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
)

// Register adds the routes under /segments. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.GET("/segments", h.list, scope("segments:read"))
	api.POST("/segments", h.create, scope("segments:write"))
	api.POST("/segments/count", h.tryOut, scope("segments:read"))
	api.GET("/segments/:key", h.get, scope("segments:read"))
	api.PATCH("/segments/:key", h.update, scope("segments:write"))
	api.DELETE("/segments/:key", h.remove, scope("segments:write"))
	api.GET("/segments/:key/count", h.count, scope("segments:read"))
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

// counted is how many subscribers a rule picks.
type counted struct {
	Count int64 `json:"count"`
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(s Segment) string { return s.Key })
}

func (h handler) get(c echo.Context) error {
	s, err := Get(c.Request().Context(), h.store.DB, c.Param("key"))
	return web.Answer(c, s, err)
}

func (h handler) create(c echo.Context) error {
	var in struct {
		Key   string          `json:"key"`
		Name  string          `json:"name"`
		Rules json.RawMessage `json:"rules"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	s, err := h.store.Create(c.Request().Context(), h.actor(c), in.Key, in.Name, in.Rules)
	if err != nil {
		return err
	}
	return web.Created(c, s.Key, s)
}

func (h handler) update(c echo.Context) error {
	var in struct {
		Name  *string         `json:"name"`
		Rules json.RawMessage `json:"rules"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	s, err := h.store.Update(c.Request().Context(), h.actor(c), c.Param("key"), func(s *Segment) {
		if in.Name != nil {
			s.Name = *in.Name
		}
		if in.Rules != nil {
			s.Rules = in.Rules
		}
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s)
}

func (h handler) remove(c echo.Context) error {
	if err := h.store.Delete(c.Request().Context(), h.actor(c), c.Param("key")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h handler) count(c echo.Context) error {
	rule, err := Load(c.Request().Context(), h.store.DB, c.Param("key"))
	if err != nil {
		return err
	}
	return h.answerCount(c, rule)
}

// tryOut counts a rule that is not saved, for a rule builder.
func (h handler) tryOut(c echo.Context) error {
	var in struct {
		Rules json.RawMessage `json:"rules"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	rule, err := Compile(in.Rules)
	if err != nil {
		return err
	}
	var faults problem.Collector
	if err := rule.known(c.Request().Context(), h.store.DB, &faults); err != nil {
		return err
	}
	if err := faults.Err(); err != nil {
		return err
	}
	return h.answerCount(c, rule)
}

func (h handler) answerCount(c echo.Context, rule Compiled) error {
	n, err := Count(c.Request().Context(), h.store.DB, rule, h.store.Now())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, counted{n})
}
