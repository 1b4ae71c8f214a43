package feedback

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
	"assent/workers/inbound"
	"assent/workers/inbound/webhook"
)

// Webhooks serves the webhooks of the mail providers, and the settings that they are checked with.
type Webhooks struct {
	Sink   *Sink
	Gather inbound.Sink   // applies what calls that come at the same time say; nil: Sink does
	Domain inbound.Domain // by which our own signature in a report is known
	// Seal encrypts what the providers' calls are checked with: keys of 32 bytes, the newest first. Without, it is stored as it is.
	Seal [][]byte
	// Fetch gets the certificates of SNS from Amazon; nil is webhook.Fetch.
	Fetch webhook.Fetcher

	mu  sync.Mutex
	ses *webhook.SES // of the topics that were last asked for; it keeps certificates
}

// amazon is the reader of the calls about these topics.
func (w *Webhooks) amazon(topics []string) *webhook.SES {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ses == nil || !slices.Equal(w.ses.Topics, topics) {
		w.ses = &webhook.SES{Topics: topics, Fetch: w.Fetch, Domain: w.Domain}
	}
	return w.ses
}

// Register adds the webhooks, which bring their provider's signature in place of an API key, and their settings.
func (w *Webhooks) Register(e *echo.Echo, api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	e.POST("/api/v1/webhooks/:provider", w.receive)
	api.GET("/providers", w.get, scope("webhooks:read"))
	api.PUT("/providers", func(c echo.Context) error { return w.put(c, actor(c)) }, scope("webhooks:write"))
}

// provider is the reader of one provider's calls; webhook.ErrOff when it is not set up.
func (w *Webhooks) provider(ctx context.Context, name string) (webhook.Provider, error) {
	p, err := w.Providers(ctx)
	if err != nil {
		return nil, err
	}
	on := p.On()
	switch {
	case name == "postmark" && on.Postmark:
		return webhook.Postmark{User: p.Postmark.User, Password: p.Postmark.Password, Token: p.Postmark.Token, Domain: w.Domain}, nil
	case name == "ses" && on.SES:
		return w.amazon(p.SES.Topics), nil
	case name == "sendgrid" && on.SendGrid:
		key, err := webhook.ParseSendGridKey(p.SendGrid.PublicKey)
		return webhook.SendGrid{Key: key}, err
	case name == "mailgun" && on.Mailgun:
		return webhook.Mailgun{SigningKey: p.Mailgun.SigningKey, Domain: w.Domain}, nil
	}
	return nil, webhook.ErrOff
}

func (w *Webhooks) receive(c echo.Context) error {
	ctx := c.Request().Context()
	name := c.Param("provider")
	reader, err := w.provider(ctx, name)
	if err != nil {
		return refused(name, err)
	}
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, webhook.MaxBody+1))
	if err != nil {
		return err
	}
	events, err := reader.Events(ctx, c.Request().Header, body, w.Sink.Now())
	if err != nil {
		return refused(name, err)
	}
	var sink inbound.Sink = w.Sink
	if w.Gather != nil {
		sink = w.Gather
	}
	if err := sink.Apply(ctx, events); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func refused(provider string, err error) error {
	switch status := webhook.Status(err); {
	case errors.Is(err, webhook.ErrOff) && slices.Contains([]string{"postmark", "ses", "sendgrid", "mailgun"}, provider):
		return problem.New(http.StatusUnauthorized, "This provider is not set up, so that nothing proves who calls; do it under Deliverability on the site, or with PUT /api/v1/providers.")
	case errors.Is(err, webhook.ErrOff):
		return problem.NotFound("provider")
	case status < http.StatusInternalServerError:
		return problem.New(status, "The call was not believed or not understood, and changed nothing.")
	}
	return err
}

func (w *Webhooks) get(c echo.Context) error {
	p, err := w.Providers(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p.On())
}

func (w *Webhooks) put(c echo.Context, actor audit.Actor) error {
	var p Providers
	if err := web.Decode(c, &p); err != nil {
		return err
	}
	on, err := w.Change(c.Request().Context(), actor, func(now *Providers) { *now = p })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, on)
}
