package webhooks

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/web"
)

// Register adds the routes under /webhooks. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.GET("/webhooks", h.list, scope("webhooks:read"))
	api.POST("/webhooks", h.create, scope("webhooks:write"))
	api.GET("/webhooks/:"+param, h.get, scope("webhooks:read"))
	api.DELETE("/webhooks/:"+param, h.delete, scope("webhooks:write"))
}

// param is the id. Its name is that of the path on which mail providers report, because a path has one description.
const param = "provider"

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(w Webhook) string { return w.ID })
}

func (h handler) get(c echo.Context) error {
	w, err := h.store.Get(c.Request().Context(), c.Param(param))
	return web.Answer(c, w, err)
}

func (h handler) create(c echo.Context) error {
	var in Input
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	w, secret, err := h.store.Create(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	return web.Created(c, w.ID, struct {
		Webhook
		Secret string `json:"secret"`
	}{w, secret})
}

func (h handler) delete(c echo.Context) error {
	if err := h.store.Delete(c.Request().Context(), h.actor(c), c.Param(param)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
