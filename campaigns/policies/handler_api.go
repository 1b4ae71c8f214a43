package policies

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/web"
)

// Register adds the routes under /policies of the API. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("policies:read"), scope("policies:write")
	api.GET("/policies", h.list, read)
	api.POST("/policies", h.create, write)
	api.GET("/policies/:slug", h.get, read)
	api.PATCH("/policies/:slug", h.rename, write)
	api.GET("/policies/:slug/versions", h.versions, read)
	api.POST("/policies/:slug/versions", h.addVersion, write)
	api.GET("/policies/:slug/versions/:version", h.version, read)
	api.PATCH("/policies/:slug/versions/:version", h.changeVersion, write)
	api.DELETE("/policies/:slug/versions/:version", h.dropVersion, write)
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(p Policy) string { return p.Slug })
}

func (h handler) get(c echo.Context) error {
	p, err := h.store.Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	return web.Answer(c, p, err)
}

func (h handler) create(c echo.Context) error {
	var in struct {
		Slug  string      `json:"slug"`
		Names names.Texts `json:"names"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	p, err := h.store.Create(c.Request().Context(), h.actor(c), in.Slug, in.Names)
	if err != nil {
		return err
	}
	return web.Created(c, p.Slug, p)
}

func (h handler) rename(c echo.Context) error {
	var in struct {
		Names names.Texts `json:"names"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	p, err := h.store.Rename(c.Request().Context(), h.actor(c), c.Param("slug"), in.Names)
	return web.Answer(c, p, err)
}

// versions answers with all of them: a policy has few.
func (h handler) versions(c echo.Context) error {
	p, err := h.store.Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(p.Versions, len(p.Versions), nil))
}

func (h handler) version(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := h.store.Get(ctx, h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	v, err := h.store.Version(ctx, h.store.DB, p, c.Param("version"))
	return web.Answer(c, v, err)
}

func (h handler) addVersion(c echo.Context) error {
	var in struct {
		Version       string      `json:"version"`
		EffectiveAt   time.Time   `json:"effective_at"`
		Bodies        names.Texts `json:"bodies"`
		AffectsRights *bool       `json:"affects_rights"`
		Draft         bool        `json:"draft"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	d := Draft{Version: in.Version, EffectiveAt: in.EffectiveAt.UTC(), Bodies: in.Bodies, Hidden: in.Draft}
	if in.AffectsRights == nil {
		if err := d.check(); err != nil {
			return err
		}
		return problem.Invalid("affects_rights", "is required: whether the version affects people's rights, so that it must be announced ahead")
	}
	d.AffectsRights = *in.AffectsRights
	v, err := h.store.AddVersion(c.Request().Context(), h.actor(c), c.Param("slug"), d)
	if err != nil {
		return err
	}
	return web.Created(c, v.Version, v)
}

func (h handler) changeVersion(c echo.Context) error {
	var in struct {
		EffectiveAt   *time.Time  `json:"effective_at"`
		Bodies        names.Texts `json:"bodies"`
		AffectsRights *bool       `json:"affects_rights"`
		Draft         *bool       `json:"draft"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	v, err := h.store.ChangeVersion(c.Request().Context(), h.actor(c), c.Param("slug"), c.Param("version"), func(d *Draft) {
		if in.EffectiveAt != nil {
			d.EffectiveAt = in.EffectiveAt.UTC()
		}
		if in.Bodies != nil {
			d.Bodies = in.Bodies
		}
		if in.AffectsRights != nil {
			d.AffectsRights = *in.AffectsRights
		}
		if in.Draft != nil {
			d.Hidden = *in.Draft
		}
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

func (h handler) dropVersion(c echo.Context) error {
	if err := h.store.DropVersion(c.Request().Context(), h.actor(c), c.Param("slug"), c.Param("version")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
