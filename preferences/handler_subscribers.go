package preferences

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
)

// handler serves the API of the package.
type handler struct {
	s     *Service
	actor func(echo.Context) audit.Actor
}

// Register adds the routes of subscribers, topics, consents, decisions and suppressions. scope guards a route, actor tells who asks.
func (s *Service) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("subscribers:read"), scope("subscribers:write")
	api.GET("/subscribers", h.listSubscribers, read)
	api.POST("/subscribers", h.upsertSubscriber, write)
	api.GET("/subscribers/:id", h.getSubscriber, read)
	api.PATCH("/subscribers/:id", h.updateSubscriber, write)
	api.DELETE("/subscribers/:id", h.eraseSubscriber, write)
	api.GET("/subscribers/:id/consents", h.listConsents, read)
	api.POST("/subscribers/:id/consents", h.recordConsent, write)
	api.POST("/subscribers/:id/unsubscribe-all", h.unsubscribeAll, write)
	api.POST("/subscribers/:id/restrict", h.restrict, write)
	api.POST("/subscribers/:id/lift-restriction", h.liftRestriction, write)
	api.POST("/subscribers/:id/object", h.object, write)
	api.POST("/subscribers/:id/lift-objection", h.liftObjection, write)
	api.POST("/decisions", h.decide, read)
	api.GET("/topics", h.listTopics, scope("topics:read"))
	api.POST("/topics", h.createTopic, scope("topics:write"))
	api.GET("/topics/:key", h.getTopic, scope("topics:read"))
	api.PATCH("/topics/:key", h.updateTopic, scope("topics:write"))
	api.GET("/suppressions", h.listSuppressions, scope("suppressions:read"))
	api.POST("/suppressions", h.suppress, scope("suppressions:write"))
	api.GET("/suppressions/export", h.exportSuppressions, scope("suppressions:read"))
	api.POST("/suppressions/imports", h.importSuppressions, scope("suppressions:write"))
	api.DELETE("/suppressions", h.unsuppress, scope("suppressions:write"))
}

// subscriberView is a person as the API shows them.
type subscriberView struct {
	ID              string         `json:"id"`
	Email           string         `json:"email"`
	Status          string         `json:"status"`
	ExternalID      string         `json:"external_id,omitempty"`
	FirstName       string         `json:"first_name,omitempty"`
	LastName        string         `json:"last_name,omitempty"`
	Company         string         `json:"company,omitempty"`
	Phone           string         `json:"phone,omitempty"`
	Locale          string         `json:"locale,omitempty"`
	Timezone        string         `json:"timezone,omitempty"`
	Country         string         `json:"country,omitempty"`
	BirthDate       string         `json:"birth_date,omitempty"`
	CustomerSince   time.Time      `json:"customer_since,omitzero"`
	Attributes      map[string]any `json:"attributes"`
	Frequency       string         `json:"frequency"`
	PausedUntil     time.Time      `json:"paused_until,omitzero"`
	UnsubscribedAt  time.Time      `json:"unsubscribed_at,omitzero"`
	RestrictedAt    time.Time      `json:"restricted_at,omitzero"`
	ObjectedAt      time.Time      `json:"objected_at,omitzero"`
	UnverifiedSince time.Time      `json:"unverified_since,omitzero"`
	Source          string         `json:"source,omitempty"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func viewOf(s *Subscriber) subscriberView {
	v := subscriberView{
		ID: s.ID, Email: s.Email, Status: s.Status(), ExternalID: s.ExternalID, FirstName: s.FirstName, LastName: s.LastName, Company: s.Company, Phone: s.Phone,
		Locale: s.Locale, Timezone: s.Timezone, Country: s.Country, BirthDate: s.BirthDate, CustomerSince: s.CustomerSince, Attributes: s.Attributes,
		Frequency: s.Frequency, PausedUntil: s.PausedUntil, UnsubscribedAt: s.UnsubscribedAt, RestrictedAt: s.RestrictedAt,
		ObjectedAt: s.ObjectedAt, UnverifiedSince: s.UnverifiedSince, Source: s.Source, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if v.Attributes == nil {
		v.Attributes = map[string]any{}
	}
	return v
}

func (h handler) upsertSubscriber(c echo.Context) error {
	var p Profile
	if err := web.Decode(c, &p); err != nil {
		return err
	}
	sub, created, err := h.s.Upsert(c.Request().Context(), h.actor(c), p, "api")
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		c.Response().Header().Set(echo.HeaderLocation, "/api/v1/subscribers/"+sub.ID)
	}
	return c.JSON(status, viewOf(sub))
}

func (h handler) listSubscribers(c echo.Context) error {
	ctx := c.Request().Context()
	if email := c.QueryParam("email"); email != "" {
		parsed, err := address.Parse(email)
		if err != nil {
			return problem.Invalid("email", "is not an e-mail address")
		}
		items := []subscriberView{}
		if sub, err := h.s.SubscriberByKey(ctx, h.s.DB, parsed.Key); err == nil {
			items = append(items, viewOf(sub))
		} else if err != ErrSubscriberNotFound {
			return err
		}
		return c.JSON(http.StatusOK, web.List[subscriberView]{Items: items})
	}
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	search := Search{Text: strings.TrimSpace(c.QueryParam("q")), ExternalID: c.QueryParam("external_id"), Limit: page.Limit + 1}
	search.After = page.After()
	people, err := h.s.Search(ctx, search)
	if err != nil {
		return err
	}
	items := make([]subscriberView, len(people))
	for i, sub := range people {
		items[i] = viewOf(sub)
	}
	return c.JSON(http.StatusOK, web.ListOf(items, page.Limit, func(v subscriberView) []string { return []string{v.ID} }))
}

func (h handler) getSubscriber(c echo.Context) error {
	sub, err := h.s.Subscriber(c.Request().Context(), h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewOf(sub))
}

func (h handler) updateSubscriber(c echo.Context) error {
	var p Profile
	if err := web.Decode(c, &p); err != nil {
		return err
	}
	sub, err := h.s.Update(c.Request().Context(), h.actor(c), c.Param("id"), p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewOf(sub))
}

func (h handler) eraseSubscriber(c echo.Context) error {
	if _, err := h.s.Erase(c.Request().Context(), h.actor(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
