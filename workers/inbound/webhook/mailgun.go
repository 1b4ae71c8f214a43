package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"assent/workers/inbound"
)

// Mailgun reads Mailgun's webhooks. Its signature covers a timestamp and a
// token, not the report itself: whoever records one call could put another
// report behind the same signature. So the token is the event's id, and a Sink
// that applies an id once applies one report for it, the first.
type Mailgun struct {
	SigningKey string
	Window     time.Duration // default 24 h
	Domain     inbound.Domain
}

type mailgunCall struct {
	Signature struct {
		Timestamp string `json:"timestamp"`
		Token     string `json:"token"`
		Signature string `json:"signature"`
	} `json:"signature"`
	Data struct {
		Event     string `json:"event"`
		Severity  string `json:"severity"`
		Reason    string `json:"reason"`
		Recipient string `json:"recipient"`
		Status    struct {
			Code        int    `json:"code"`
			Enhanced    string `json:"enhanced-code"`
			Message     string `json:"message"`
			Description string `json:"description"`
		} `json:"delivery-status"`
		Envelope struct {
			Sender string `json:"sender"`
		} `json:"envelope"`
		Message struct {
			Headers struct {
				ID string `json:"message-id"`
			} `json:"headers"`
		} `json:"message"`
	} `json:"event-data"`
}

// Events reads one call.
func (m Mailgun) Events(_ context.Context, _ http.Header, body []byte, now time.Time) ([]inbound.Event, error) {
	if m.SigningKey == "" {
		return nil, ErrOff
	}
	var c mailgunCall
	if err := decode(body, &c); err != nil {
		return nil, err
	}
	if err := m.verify(c, now); err != nil {
		return nil, err
	}
	e, ok := c.read(now)
	if !ok {
		return nil, nil
	}
	about(&e, m.Domain, c.Data.Recipient, c.Data.Message.Headers.ID, c.Data.Envelope.Sender)
	return []inbound.Event{e}, nil
}

func (c mailgunCall) read(now time.Time) (inbound.Event, bool) {
	d := c.Data
	e := event("mailgun", c.Signature.Token, inbound.Bounce, now)
	switch d.Event {
	case "failed":
		text := first(d.Status.Message, d.Status.Description)
		failed(&e, d.Status.Enhanced, text)
		// Codes of 600 and above are Mailgun's own: it did not try.
		if d.Status.Code >= 400 && d.Status.Code < 600 && e.Reply == 0 {
			status := e.Code
			failed(&e, status, strconv.Itoa(d.Status.Code)+" "+text)
			e.Text = first(text, e.Text)
		}
		switch {
		case d.Severity == "temporary":
			e.Kind = inbound.Delayed
		case d.Reason == "suppress-bounce":
			e.Class = inbound.Hard
		case d.Reason == "suppress-complaint":
			e.Kind, e.Class = inbound.Complaint, ""
		case d.Reason == "suppress-unsubscribe":
			e.Kind, e.Class = inbound.Unsubscribe, ""
		}
	case "complained":
		e.Kind = inbound.Complaint
	case "unsubscribed":
		e.Kind = inbound.Unsubscribe
	default:
		return e, false
	}
	return e, true
}

func (m Mailgun) verify(c mailgunCall, now time.Time) error {
	s := c.Signature
	sig, err := hex.DecodeString(s.Signature)
	if err != nil || s.Token == "" || len(s.Token) > 100 || len(s.Timestamp) > 20 {
		return ErrForged
	}
	mac := hmac.New(sha256.New, []byte(m.SigningKey))
	mac.Write([]byte(s.Timestamp + s.Token))
	if !hmac.Equal(mac.Sum(nil), sig) {
		return ErrForged
	}
	// Nothing separates the two in what is signed: digits could move from one
	// to the other. Both have their own form.
	at, err := strconv.ParseInt(s.Timestamp, 10, 64)
	if err != nil || len(s.Timestamp) != 10 {
		return ErrForged
	}
	return within(time.Unix(at, 0), now, orDay(m.Window))
}
