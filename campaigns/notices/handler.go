package notices

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/outbox"
	"assent/preferences/audit"
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
	api.GET("/notices", h.list, scope("notices:read"))
	api.GET("/notices/:id", h.get, scope("notices:read"))
	api.GET("/notices/:id/raw", h.raw, scope("notices:read"))
	api.GET("/notices/:id/proof", h.proof, scope("notices:read"))
}

// summary is a notice in a list.
type summary struct {
	ID         string     `json:"id"`
	Status     string     `json:"status"`
	Reason     string     `json:"reason,omitempty"`
	Obligation string     `json:"obligation"`
	Basis      string     `json:"basis"`
	Subject    string     `json:"subject,omitempty"`
	Template   string     `json:"template,omitempty"`
	Reference  string     `json:"reference,omitempty"`
	Email      string     `json:"email"`
	Subscriber string     `json:"subscriber_id,omitempty"`
	Broadcast  string     `json:"broadcast_id,omitempty"`
	CopyOf     string     `json:"copy_of,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	At         time.Time  `json:"at"` // of the status
	DueAt      *time.Time `json:"due_at,omitempty"`
}

func summaryOf(m *outbox.Message) summary {
	v := summary{ID: m.ID, Status: m.Status, Reason: m.Reason, Obligation: m.Obligation, Basis: m.Basis, Subject: m.Subject, Reference: m.Reference, Email: m.Email, Subscriber: m.SubscriberID,
		Broadcast: m.BroadcastID, CopyOf: m.CopyOf, CreatedAt: m.CreatedAt, At: m.At}
	if m.Kind != outbox.KindBlocks && m.BroadcastID == "" {
		v.Template = m.Kind
	}
	if v.Status == outbox.StatusCancelled { // as versions before 0056 wrote it
		v.Status = outbox.StatusUnserved
	}
	if !m.DueAt.IsZero() {
		v.DueAt = &m.DueAt
	}
	return v
}

// view is a notice as the API shows it.
type view struct {
	summary
	Attempts []outbox.Attempt `json:"attempts"`
	Evidence *handover        `json:"evidence"`
	Copies   []string         `json:"copies,omitempty"`
}

// handover is what proves a handover: the exact bytes, to whom, and the answer.
type handover struct {
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

func (h handler) list(c echo.Context) error {
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	status, err := web.Chosen(c, "status", outbox.StatusQueued, outbox.StatusSending, outbox.StatusSent, outbox.StatusDeferred, outbox.StatusBounced, outbox.StatusUnserved)
	if err != nil {
		return err
	}
	obligation, err := web.Chosen(c, "obligation", Obligations...)
	if err != nil {
		return err
	}
	f := Filter{Status: status, Obligation: obligation, Reference: c.QueryParam("reference"), Email: c.QueryParam("email"), Broadcast: c.QueryParam("broadcast_id")}
	before := page.After()
	list, err := h.s.List(c.Request().Context(), f, before, page.Limit+1)
	if err != nil {
		return err
	}
	views := make([]summary, len(list))
	for i, m := range list {
		views[i] = summaryOf(m)
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v summary) []string { return []string{v.ID} }))
}

func (h handler) get(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := h.s.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	v := view{summary: summaryOf(m)}
	if v.Attempts, err = h.s.Outbox.Attempts(ctx, m.ID); err != nil {
		return err
	}
	if v.Copies, err = h.s.Outbox.CopiesOf(ctx, m.ID); err != nil {
		return err
	}
	if !m.SentAt.IsZero() {
		v.Evidence = &handover{SHA256: m.SHA256, MessageID: m.MessageID, Relay: m.Relay, TLS: m.TLS, Reply: m.Reply, At: m.SentAt}
	}
	return c.JSON(http.StatusOK, v)
}

// raw is the mail again, byte for byte.
func (h handler) raw(c echo.Context) error {
	raw, err := h.s.Raw(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+c.Param("id")+`.eml"`)
	return c.Blob(http.StatusOK, "message/rfc822", raw)
}

func (h handler) proof(c echo.Context) error {
	p, err := h.s.Proof(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextPlain) {
		return c.String(http.StatusOK, p.Text())
	}
	return c.JSON(http.StatusOK, p)
}
