package feedback

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/web"
	"assent/workers/inbound"
	"assent/workers/inbound/webhook"
)

// Providers are what the webhooks of the mail providers are checked with. An empty one is off.
type Providers struct {
	Postmark struct {
		User     string `json:"user"`
		Password string `json:"password"`
		Token    string `json:"token"`
	} `json:"postmark"`
	SES struct {
		Topics []string `json:"topics"` // ARNs of the SNS topics that are listened to
	} `json:"ses"`
	SendGrid struct {
		PublicKey string `json:"public_key"`
	} `json:"sendgrid"`
	Mailgun struct {
		SigningKey string `json:"signing_key"`
	} `json:"mailgun"`
}

const providersKey = "providers"

// Webhooks serves the webhooks of the mail providers, and the settings that they are checked with.
type Webhooks struct {
	Sink   *Sink
	Gather inbound.Sink   // applies what calls that come at the same time say; nil: Sink does
	Domain inbound.Domain // by which our own signature in a report is known
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

func (w *Webhooks) load(ctx context.Context) (p Providers, err error) {
	var text string
	err = w.Sink.DB.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = $1", providersKey).Scan(&text)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return p, nil
		}
		return p, err
	}
	return p, json.Unmarshal([]byte(text), &p)
}

// provider is the reader of one provider's calls; webhook.ErrOff when it is not set up.
func (w *Webhooks) provider(ctx context.Context, name string) (webhook.Provider, error) {
	p, err := w.load(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case name == "postmark" && (p.Postmark.Token != "" || p.Postmark.Password != ""):
		return webhook.Postmark{User: p.Postmark.User, Password: p.Postmark.Password, Token: p.Postmark.Token, Domain: w.Domain}, nil
	case name == "ses" && len(p.SES.Topics) > 0:
		return w.amazon(p.SES.Topics), nil
	case name == "sendgrid" && p.SendGrid.PublicKey != "":
		key, err := webhook.ParseSendGridKey(p.SendGrid.PublicKey)
		return webhook.SendGrid{Key: key}, err
	case name == "mailgun" && p.Mailgun.SigningKey != "":
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
		return problem.New(http.StatusUnauthorized, "This provider is not set up, so that nothing proves who calls; do it with PUT /api/v1/providers.")
	case errors.Is(err, webhook.ErrOff):
		return problem.NotFound("provider")
	case status < http.StatusInternalServerError:
		return problem.New(status, "The call was not believed or not understood, and changed nothing.")
	}
	return err
}

// providersView tells which providers are set up, and no secret.
type providersView struct {
	Postmark bool `json:"postmark"`
	SES      bool `json:"ses"`
	SendGrid bool `json:"sendgrid"`
	Mailgun  bool `json:"mailgun"`
}

func (w *Webhooks) get(c echo.Context) error {
	p, err := w.load(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, providersView{p.Postmark.Token != "" || p.Postmark.Password != "", len(p.SES.Topics) > 0, p.SendGrid.PublicKey != "", p.Mailgun.SigningKey != ""})
}

func (w *Webhooks) put(c echo.Context, actor audit.Actor) error {
	var p Providers
	if err := web.Decode(c, &p); err != nil {
		return err
	}
	if p.SendGrid.PublicKey != "" {
		if _, err := webhook.ParseSendGridKey(p.SendGrid.PublicKey); err != nil {
			return problem.Invalid("sendgrid.public_key", "is not the verification key that SendGrid shows")
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ctx, at := c.Request().Context(), w.Sink.Now()
	err = w.Sink.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
			providersKey, string(text), sqldb.Micros(at)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, at, actor, "providers.change", audit.Object("settings", providersKey), nil, nil)
	})
	if err != nil {
		return err
	}
	return w.get(c)
}
