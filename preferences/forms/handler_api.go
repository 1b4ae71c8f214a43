package forms

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/web"
)

// Register adds the routes under /forms. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("forms:read"), scope("forms:write")
	api.GET("/forms", h.list, read)
	api.POST("/forms", h.create, write)
	api.GET("/forms/:key", h.get, read)
	api.PATCH("/forms/:key", h.update, write)
	api.GET("/forms/:key/responses", h.responses, read)
	api.PATCH("/forms/:key/responses/:id", h.handle, write)
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(f *Form) string { return f.Key })
}

func (h handler) get(c echo.Context) error {
	f, err := h.store.Get(c.Request().Context(), h.store.DB, c.Param("key"))
	return web.Answer(c, f, err)
}

func (h handler) create(c echo.Context) error {
	var in Input
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	f, err := h.store.Create(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	return web.Created(c, f.Key, f)
}

func (h handler) update(c echo.Context) error {
	var in Input
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	f, err := h.store.Update(c.Request().Context(), h.actor(c), c.Param("key"), in)
	return web.Answer(c, f, err)
}

func (h handler) responses(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	if _, err := h.store.Get(ctx, h.store.DB, c.Param("key")); err != nil {
		return err
	}
	before := page.After()
	list, err := h.store.Responses(ctx, c.Param("key"), before, c.QueryParam("open") == "true", page.Limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(list, page.Limit, func(r Response) []string { return []string{r.ID} }))
}

func (h handler) handle(c echo.Context) error {
	var in struct {
		Handled bool `json:"handled"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	r, err := h.store.Handle(c.Request().Context(), h.actor(c), c.Param("key"), c.Param("id"), in.Handled)
	return web.Answer(c, r, err)
}
