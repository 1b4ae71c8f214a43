package partners

import (
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/web"
)

// Register adds the routes under /partners. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.GET("/partners", h.list, scope("partners:read"))
	api.POST("/partners", h.create, scope("partners:write"))
	api.GET("/partners/:key", h.get, scope("partners:read"))
	api.PATCH("/partners/:key", h.rename, scope("partners:write"))
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(p Partner) string { return p.Key })
}

func (h handler) get(c echo.Context) error {
	p, err := Get(c.Request().Context(), h.store.DB, c.Param("key"))
	return web.Answer(c, p, err)
}

func (h handler) create(c echo.Context) error {
	var in struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	p, err := h.store.Create(c.Request().Context(), h.actor(c), in.Key, in.Name)
	if err != nil {
		return err
	}
	return web.Created(c, p.Key, p)
}

func (h handler) rename(c echo.Context) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	p, err := h.store.Rename(c.Request().Context(), h.actor(c), c.Param("key"), in.Name)
	return web.Answer(c, p, err)
}
