package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assent/workers/inbound"
)

// SES reads the notifications and events that Amazon SES sends over SNS. It
// confirms a subscription of its topics by itself. Use a pointer: it keeps the
// certificates it has fetched.
type SES struct {
	Topics []string      // ARNs of the topics that are ours; no other is believed
	Window time.Duration // default 24 h
	Fetch  Fetcher       // default Fetch
	Domain inbound.Domain

	certs certificates
}

type sesMail struct {
	Source  string `json:"source"`
	Headers []struct {
		Name, Value string
	} `json:"headers"`
	Common struct {
		ID string `json:"messageId"`
	} `json:"commonHeaders"`
	ID string `json:"messageId"`
}

type sesRecipient struct {
	Address    string `json:"emailAddress"`
	Status     string `json:"status"`
	Diagnostic string `json:"diagnosticCode"`
}

type sesReport struct {
	Notification string  `json:"notificationType"`
	Event        string  `json:"eventType"`
	Mail         sesMail `json:"mail"`
	Bounce       struct {
		Type       string         `json:"bounceType"`
		SubType    string         `json:"bounceSubType"`
		ID         string         `json:"feedbackId"`
		Recipients []sesRecipient `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		SubType    string         `json:"complaintSubType"`
		Type       string         `json:"complaintFeedbackType"`
		ID         string         `json:"feedbackId"`
		Recipients []sesRecipient `json:"complainedRecipients"`
	} `json:"complaint"`
	Delay struct {
		Type       string         `json:"delayType"`
		Recipients []sesRecipient `json:"delayedRecipients"`
	} `json:"deliveryDelay"`
}

// Events reads one call. Confirming a subscription yields no events; an error
// of it that may pass is one of the fetcher.
func (s *SES) Events(ctx context.Context, _ http.Header, body []byte, now time.Time) ([]inbound.Event, error) {
	if len(s.Topics) == 0 {
		return nil, ErrOff
	}
	var m snsMessage
	if err := decode(body, &m); err != nil {
		return nil, err
	}
	if err := m.verify(ctx, s, now); err != nil {
		return nil, err
	}
	switch m.Type {
	case "SubscriptionConfirmation":
		return nil, s.confirm(ctx, m)
	case "Notification":
	default:
		return nil, nil
	}
	if !strings.HasPrefix(strings.TrimSpace(m.Message), "{") {
		return nil, nil // "Successfully validated SNS topic for Amazon SES event publishing."
	}
	var r sesReport
	if err := decode([]byte(m.Message), &r); err != nil {
		return nil, err
	}
	return r.events(m.MessageId, s.Domain, now)
}

// confirm visits the address that SNS gave, of the same region as the topic.
func (s *SES) confirm(ctx context.Context, m snsMessage) error {
	u, err := snsURL(m.SubscribeURL, m.TopicArn)
	if err != nil {
		return err
	}
	q := u.Query()
	if q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != m.TopicArn || q.Get("Token") == "" || u.Path != "" && u.Path != "/" {
		return ErrForged
	}
	fetch := s.Fetch
	if fetch == nil {
		fetch = Fetch
	}
	if _, err := fetch(ctx, u.String()); err != nil {
		return fmt.Errorf("webhook: confirming the subscription to SNS: %w", err)
	}
	return nil
}

func (r sesReport) events(id string, d inbound.Domain, now time.Time) ([]inbound.Event, error) {
	kind := r.Notification
	if kind == "" {
		kind = r.Event
	}
	var to []sesRecipient
	var read func(*inbound.Event, sesRecipient)
	switch kind {
	case "Bounce":
		to, read = r.Bounce.Recipients, r.bounced
		id = first(r.Bounce.ID, id)
	case "Complaint":
		to, read = r.Complaint.Recipients, r.complained
		id = first(r.Complaint.ID, id)
	case "DeliveryDelay":
		to, read = r.Delay.Recipients, func(e *inbound.Event, to sesRecipient) {
			e.Kind = inbound.Delayed
			failed(e, to.Status, to.Diagnostic)
		}
	case "":
		return nil, malformed("neither notificationType nor eventType")
	default:
		return nil, nil
	}
	if len(to) > maxEvents {
		return nil, malformed("%d recipients", len(to))
	}
	var out []inbound.Event
	several := len(to) > 1
	for _, to := range to {
		e := event("ses", id+"-"+to.Address, inbound.Bounce, now)
		read(&e, to)
		about(&e, d, to.Address, r.messageID(), r.Mail.Source)
		if several { // then the return path does not tell which of them it is
			e.Proof, e.Claims.Subject = inbound.ByWebhook, ""
		}
		out = append(out, e)
	}
	return out, nil
}

func (r sesReport) bounced(e *inbound.Event, to sesRecipient) {
	failed(e, to.Status, to.Diagnostic)
	switch r.Bounce.Type {
	case "Permanent":
		switch r.Bounce.SubType {
		case "Suppressed", "OnAccountSuppressionList", "NoEmail":
			e.Class = inbound.Hard
		default:
			harden(e)
		}
	case "Transient":
		switch r.Bounce.SubType {
		case "MailboxFull":
			e.Class = inbound.Full
		case "MessageTooLarge", "AttachmentRejected":
			e.Class = inbound.Policy
		case "ContentRejected":
			e.Class = inbound.Spam
		default:
			if e.Class == inbound.Hard {
				e.Class = inbound.Soft
			}
		}
	default: // Undetermined: the server's words stand, but not as proof
		if e.Class == inbound.Hard && e.Code == "" {
			e.Class = inbound.Soft
		}
	}
	if e.Text == "" {
		e.Text = r.Bounce.Type + " " + r.Bounce.SubType
	}
}

func (r sesReport) complained(e *inbound.Event, _ sesRecipient) {
	e.Kind, e.Text = inbound.Complaint, r.Complaint.Type
	switch r.Complaint.Type {
	case "not-spam":
		e.Kind, e.Class = inbound.Unknown, inbound.NotSpam
	case "auth-failure", "virus", "other":
		e.Kind = inbound.Unknown
	}
}

// messageID is the one that we gave the mail; SES gives another on the way.
func (r sesReport) messageID() string {
	for _, h := range r.Mail.Headers {
		if strings.EqualFold(h.Name, "Message-ID") {
			return h.Value
		}
	}
	return first(r.Mail.Common.ID, r.Mail.ID)
}
