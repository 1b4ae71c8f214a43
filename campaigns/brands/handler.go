package brands

import (
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
)

// Register adds the routes under /brands. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.GET("/brands", h.list, scope("brands:read"))
	api.POST("/brands", h.create, scope("brands:write"))
	api.GET("/brands/:key", h.get, scope("brands:read"))
	api.PATCH("/brands/:key", h.update, scope("brands:write"))
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(b Brand) string { return b.Key })
}

func (h handler) get(c echo.Context) error {
	b, err := Get(c.Request().Context(), h.store.DB, c.Param("key"))
	return web.Answer(c, b, err)
}

// fields are what a caller may set; nil leaves a field as it is.
type fields struct {
	Name            *string `json:"name"`
	FromName        *string `json:"from_name"`
	FromEmail       *string `json:"from_email"`
	NoticeFromEmail *string `json:"notice_from_email"`
	ReplyTo         *string `json:"reply_to"`
	PostalAddress   *string `json:"postal_address"`
	LogoURL         *string `json:"logo_url"`
	Color           *string `json:"color"`
}

func (f fields) apply(b *Brand) {
	for _, set := range []struct {
		to   *string
		from *string
	}{
		{&b.Name, f.Name}, {&b.FromName, f.FromName}, {&b.FromEmail, f.FromEmail}, {&b.NoticeFromEmail, f.NoticeFromEmail},
		{&b.ReplyTo, f.ReplyTo}, {&b.PostalAddress, f.PostalAddress}, {&b.LogoURL, f.LogoURL}, {&b.Color, f.Color},
	} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
}

func (h handler) create(c echo.Context) error {
	var in struct {
		Key string `json:"key"`
		fields
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	b := Brand{Key: in.Key}
	in.apply(&b)
	if in.PostalAddress == nil && b.tidy().check() == nil { // with other faults, those are told first
		return problem.Invalid("postal_address", "is required; it may be empty, but then the brand cannot send marketing")
	}
	b, err := h.store.Create(c.Request().Context(), h.actor(c), b)
	if err != nil {
		return err
	}
	return web.Created(c, b.Key, b)
}

func (h handler) update(c echo.Context) error {
	var in fields
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	b, err := h.store.Update(c.Request().Context(), h.actor(c), c.Param("key"), in.apply)
	return web.Answer(c, b, err)
}
