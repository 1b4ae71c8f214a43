package notices

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/outbox"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/web"
)

type handler struct {
	s     *Service
	actor func(echo.Context) audit.Actor
}

// Register adds the routes under /notices. scope guards a route, actor tells who asks.
func (s *Service) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.POST("/notices", h.create, scope("notices:write"))
	api.GET("/notices/:id", h.get, scope("notices:read"))
}

// view is a notice as the API shows it.
type view struct {
	ID         string           `json:"id"`
	Status     string           `json:"status"`
	Reason     string           `json:"reason,omitempty"`
	Obligation string           `json:"obligation"`
	Basis      string           `json:"basis"`
	Reference  string           `json:"reference,omitempty"`
	Email      string           `json:"email"`
	Subscriber string           `json:"subscriber_id,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	Attempts   []outbox.Attempt `json:"attempts"`
	Evidence   *evidence        `json:"evidence"`
	Copies     []string         `json:"copies,omitempty"`
	CopyOf     string           `json:"copy_of,omitempty"`
}

// evidence is what proves a handover: the exact bytes, to whom, and the answer.
type evidence struct {
	SHA256    string    `json:"sha256"`
	MessageID string    `json:"message_id"`
	Relay     string    `json:"relay"`
	TLS       string    `json:"tls"`
	Reply     string    `json:"reply"`
	At        time.Time `json:"at"`
}

func (h handler) create(c echo.Context) error {
	var in Input
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	messages, err := h.s.Create(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	answer := struct {
		ID     string   `json:"id"`
		Status string   `json:"status"`
		Copies []string `json:"copies,omitempty"`
	}{ID: messages[0].ID, Status: messages[0].Status}
	for _, m := range messages[1:] {
		answer.Copies = append(answer.Copies, m.ID)
	}
	c.Response().Header().Set(echo.HeaderLocation, "/api/v1/notices/"+answer.ID)
	return c.JSON(http.StatusAccepted, answer)
}

func (h handler) get(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := h.s.Outbox.Get(ctx, h.s.DB, c.Param("id"))
	if err == nil && m.Class != gate.Notice {
		err = outbox.ErrNotFound
	}
	if err != nil {
		if _, ok := problem.As(err); ok {
			return problem.NotFound("notice")
		}
		return err
	}
	v := view{ID: m.ID, Status: m.Status, Reason: m.Reason, Obligation: m.Obligation, Basis: m.Basis, Reference: m.Reference, Email: m.Email, Subscriber: m.SubscriberID, CreatedAt: m.CreatedAt, CopyOf: m.CopyOf}
	if v.Attempts, err = h.s.Outbox.Attempts(ctx, m.ID); err != nil {
		return err
	}
	if v.Copies, err = h.s.Outbox.CopiesOf(ctx, m.ID); err != nil {
		return err
	}
	if !m.SentAt.IsZero() {
		v.Evidence = &evidence{SHA256: m.SHA256, MessageID: m.MessageID, Relay: m.Relay, TLS: m.TLS, Reply: m.Reply, At: m.SentAt}
	}
	return c.JSON(http.StatusOK, v)
}
