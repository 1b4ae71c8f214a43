package feedback

import (
	"context"
	"errors"
	"strings"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
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

// On tells which providers are set up, and no secret.
type On struct {
	Postmark bool `json:"postmark"`
	SES      bool `json:"ses"`
	SendGrid bool `json:"sendgrid"`
	Mailgun  bool `json:"mailgun"`
}

// On tells which are set up.
func (p Providers) On() On {
	return On{p.Postmark.Token != "" || p.Postmark.Password != "", len(p.SES.Topics) > 0, p.SendGrid.PublicKey != "", p.Mailgun.SigningKey != ""}
}

// check refuses what would never let a genuine call in.
func (p Providers) check() error {
	var bad problem.Collector
	if p.Postmark.Token == "" && (p.Postmark.User == "") != (p.Postmark.Password == "") {
		bad.Add("postmark", "needs a user and a password, or a token")
	}
	for _, topic := range p.SES.Topics {
		if parts := strings.Split(topic, ":"); len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" || strings.ContainsAny(topic, " \t\r\n") {
			bad.Add("ses.topics", "must be such as arn:aws:sns:eu-west-1:123456789012:name")
			break
		}
	}
	if p.SendGrid.PublicKey != "" {
		if _, err := webhook.ParseSendGridKey(p.SendGrid.PublicKey); err != nil {
			bad.Add("sendgrid.public_key", "is not the verification key that SendGrid shows")
		}
	}
	return bad.Err()
}

const providersKey = "providers"

// Providers reads what the webhooks are checked with; [preferences.ErrSealed] when that was sealed under other secrets, until it
// is changed.
func (w *Webhooks) Providers(ctx context.Context) (Providers, error) {
	return w.read(ctx, w.Sink.DB)
}

func (w *Webhooks) read(ctx context.Context, q sqldb.Querier) (p Providers, err error) {
	err = preferences.ReadSealed(ctx, q, w.Seal, providersKey, &p)
	return p, err
}

// SealStored seals what an earlier version kept as it was entered.
func (w *Webhooks) SealStored(ctx context.Context) error {
	return w.Sink.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return preferences.SealSetting(ctx, tx, w.Seal, w.Sink.Now(), providersKey)
	})
}

// Change changes what the webhooks are checked with. The audit log tells which providers were on before and after.
func (w *Webhooks) Change(ctx context.Context, actor audit.Actor, change func(*Providers)) (on On, err error) {
	at := w.Sink.Now()
	err = w.Sink.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		p, err := w.read(ctx, tx)
		if err != nil && !errors.Is(err, preferences.ErrSealed) {
			return err
		}
		before := p.On()
		change(&p)
		if err := p.check(); err != nil {
			return err
		}
		if err := preferences.WriteSealed(ctx, tx, w.Seal, at, providersKey, p); err != nil {
			return err
		}
		on = p.On()
		return audit.Record(ctx, tx, at, actor, "providers.change", audit.Object("settings", providersKey), before, on)
	})
	return on, err
}
