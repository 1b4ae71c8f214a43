package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/campaigns/recipients"
	"assent/preferences/forms"
	"assent/preferences/partners"
	"assent/preferences/segments"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/web"
	"assent/templates/assets"
	"assent/templates/locale"
	"assent/templates/pages"
)

// routes is every page and API endpoint.
func (a *app) routes(ctx context.Context) (*echo.Echo, error) {
	c := a.config
	o := web.Options{Log: a.log, Secure: c.BaseURL.Scheme == "https", ClockOffset: c.TimeOffset, ErrorPage: a.errorPage}
	for _, p := range c.TrustedProxies {
		o.TrustedProxies = append(o.TrustedProxies, &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())})
	}
	m := newMetrics(a)
	o.Observe = m.observe
	e := web.New(o)
	e.GET("/metrics", echo.WrapHandler(m.handler()))
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) })
	e.GET("/readyz", a.ready)
	e.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
	(&recipients.Pages{DB: a.db, Now: c.Now, Keys: a.keyring, People: a.people, Campaigns: a.mails, Links: a.links, Offset: c.TimeOffset,
		Rights: a.rights, Allow: a.rightsSources(), Log: a.log}).Register(e)
	a.policies.RegisterPages(e, a.frame)
	a.events.RegisterPages(e, a.frame)
	(&forms.Pages{Store: a.forms, Frame: a.brandFrame, Base: a.links.Base}).Register(e)
	e.GET("/api/v1/openapi.yaml", a.description)
	if err := a.staffPages(ctx, e); err != nil {
		return nil, err
	}
	a.api(e)
	return e, nil
}

func (a *app) api(e *echo.Echo) {
	api := e.Group("/api/v1", staff.Authenticate(a.apiKeys))
	api.RouteNotFound("/*", web.OtherMethods)
	once := web.Idempotency(a.db, a.config.Now, func(c echo.Context) string { return staff.ActorOf(c).ID })
	scope := func(name string) echo.MiddlewareFunc {
		allowed := staff.RequireScope(access.Scope(name))
		return func(next echo.HandlerFunc) echo.HandlerFunc { return allowed(once(next)) } // a body is kept only of who may send it
	}
	a.people.Register(api, scope, staff.ActorOf)
	a.mails.Register(api, scope, staff.ActorOf)
	a.notices.Register(api, scope, staff.ActorOf)
	a.broadcasts.Register(api, scope, staff.ActorOf)
	a.webhooks().Register(e, api, scope, staff.ActorOf)
	a.policies.Register(api, scope, staff.ActorOf)
	a.events.Register(api, scope, staff.ActorOf)
	a.brands.Register(api, scope, staff.ActorOf)
	a.forms.Register(api, scope, staff.ActorOf)
	a.rights.Register(api, scope, staff.ActorOf)
	a.hooks.Register(api, scope, staff.ActorOf)
	a.imports.Register(api, scope, staff.ActorOf)
	a.together.Register(api, scope, staff.ActorOf)
	(&partners.Store{DB: a.db, Now: a.config.Now}).Register(api, scope, staff.ActorOf)
	(&segments.Store{DB: a.db, Now: a.config.Now}).Register(api, scope, staff.ActorOf)
}

// frame is what public pages that belong to nobody in particular share.
func (a *app) frame(c echo.Context, l *locale.Locale) (pages.Page, error) {
	return a.brandFrame(c.Request().Context(), l, brands.Default)
}

// brandFrame is what public pages of a brand share.
func (a *app) brandFrame(ctx context.Context, l *locale.Locale, key string) (pages.Page, error) {
	out := pages.Page{Locale: l, Public: true}
	brand, err := brands.Get(ctx, a.db, key)
	if err != nil {
		return out, err
	}
	site, err := a.people.Site.Get(ctx)
	if err != nil {
		return out, err
	}
	out.Zone = site.DefaultTimezone
	out.Brand = pages.Brand{Name: brand.Name, LogoURL: brand.LogoURL, Color: brand.Color, PostalAddress: brand.PostalAddress, PrivacyURL: site.PrivacyPolicyURL}
	if a.config.TimeOffset != 0 {
		out.Notice = "ASSENT_TIME_OFFSET " + a.config.TimeOffset.String()
	}
	return out, nil
}

// ready tells whether database and queue answer.
func (a *app) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	answer := map[string]string{"database": "ok", "queue": "ok"}
	status := http.StatusOK
	if err := a.db.Ping(ctx); err != nil {
		answer["database"], status = "does not answer", http.StatusServiceUnavailable
	}
	if err := a.queue.Ping(ctx); err != nil {
		answer["queue"], status = "does not answer", http.StatusServiceUnavailable
	}
	answer["status"] = map[bool]string{true: "ready", false: "not ready"}[status == http.StatusOK]
	if a.config.TimeOffset != 0 {
		answer["time_offset"] = a.config.TimeOffset.String()
	}
	return c.JSON(status, answer)
}
