package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"assent/workers/inbound"
)

// SendGrid reads the signed event webhook of Twilio SendGrid.
type SendGrid struct {
	Key    *ecdsa.PublicKey
	Window time.Duration // default 24 h, as long as SendGrid repeats a call
	Domain inbound.Domain
}

// ParseSendGridKey reads the verification key as SendGrid shows it.
func ParseSendGridKey(s string) (*ecdsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, errors.New("webhook: the SendGrid verification key is not base64")
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("webhook: the SendGrid verification key cannot be read")
	}
	key, ok := k.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("webhook: the SendGrid verification key is not an ECDSA key")
	}
	return key, nil
}

const (
	sendgridSignature = "X-Twilio-Email-Event-Webhook-Signature"
	sendgridTimestamp = "X-Twilio-Email-Event-Webhook-Timestamp"
)

type sendgridEvent struct {
	Email   string `json:"email"`
	Event   string `json:"event"`
	ID      string `json:"sg_event_id"`
	SMTPID  string `json:"smtp-id"`
	Reason  string `json:"reason"`
	Reply   string `json:"response"`
	Status  string `json:"status"`
	Type    string `json:"type"`
	Classed string `json:"bounce_classification"`
}

// Events reads one call, which carries many events.
func (s SendGrid) Events(_ context.Context, header http.Header, body []byte, now time.Time) ([]inbound.Event, error) {
	if err := s.verify(header, body, now); err != nil {
		return nil, err
	}
	var calls []sendgridEvent
	if err := decode(body, &calls); err != nil {
		return nil, err
	}
	if len(calls) > maxEvents {
		return nil, malformed("%d events", len(calls))
	}
	var out []inbound.Event
	for _, c := range calls {
		if c.ID == "" {
			return nil, malformed("no sg_event_id")
		}
		if e, ok := c.read(now); ok {
			about(&e, s.Domain, c.Email, c.SMTPID, "")
			out = append(out, e)
		}
	}
	return out, nil
}

func (c sendgridEvent) read(now time.Time) (inbound.Event, bool) {
	e := event("sendgrid", c.ID, inbound.Bounce, now)
	switch c.Event {
	case "bounce":
		failed(&e, c.Status, c.Reason)
		switch {
		case c.Classed == "Reputation" || c.Classed == "Content":
			e.Class = inbound.Spam
		case c.Type == "blocked":
			if e.Class == inbound.Hard {
				e.Class = inbound.Soft
			}
		case c.Classed == "Invalid Address":
			harden(&e)
		}
	case "deferred":
		e.Kind = inbound.Delayed
		failed(&e, c.Status, first(c.Reply, c.Reason))
	case "dropped":
		// SendGrid did not send, as it remembers an earlier answer.
		e.Text = c.Reason
		switch c.Reason {
		case "Bounced Address", "Invalid":
			e.Class = inbound.Hard
		case "Spam Reporting Address":
			e.Kind = inbound.Complaint
		case "Unsubscribed Address":
			e.Kind = inbound.Unsubscribe
		default:
			failed(&e, "", c.Reason)
			e.Kind, e.Class = inbound.Unknown, ""
		}
	case "spamreport":
		e.Kind = inbound.Complaint
	case "unsubscribe", "group_unsubscribe":
		e.Kind = inbound.Unsubscribe
	default:
		return e, false
	}
	return e, true
}

func (s SendGrid) verify(header http.Header, body []byte, now time.Time) error {
	if s.Key == nil {
		return ErrOff
	}
	stamp := header.Get(sendgridTimestamp)
	sig, err := base64.StdEncoding.DecodeString(header.Get(sendgridSignature))
	if err != nil || len(sig) == 0 || len(stamp) > 20 || len(body) > MaxBody {
		return ErrForged
	}
	h := sha256.New()
	h.Write([]byte(stamp))
	h.Write(body)
	if !ecdsa.VerifyASN1(s.Key, h.Sum(nil), sig) {
		return ErrForged
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return ErrForged
	}
	return within(time.Unix(at, 0), now, orDay(s.Window))
}

func orDay(d time.Duration) time.Duration {
	if d <= 0 {
		return 24 * time.Hour
	}
	return d
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
