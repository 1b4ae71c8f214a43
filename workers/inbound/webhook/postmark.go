package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assent/workers/inbound"
)

// Postmark reads Postmark's bounce, spam complaint and subscription change
// webhooks. Postmark signs nothing: it sends the user and password of the
// webhook's URL, or a header that one sets there.
type Postmark struct {
	User, Password string // basic authentication, or
	Token          string // the value of TokenHeader
	Domain         inbound.Domain
}

// TokenHeader is the header to add to the webhook at Postmark when a token is
// used in place of basic authentication.
const TokenHeader = "X-Assent-Token"

type postmarkCall struct {
	RecordType, Type, Description, Details  string
	Email, Recipient, MessageID, Origin     string
	SuppressionReason, ChangedAt, BouncedAt string
	Content                                 string
	ID                                      int64
	SuppressSending                         bool
	Metadata                                map[string]string
}

// Events reads one call.
func (p Postmark) Events(_ context.Context, header http.Header, body []byte, now time.Time) ([]inbound.Event, error) {
	if err := p.verify(header); err != nil {
		return nil, err
	}
	var c postmarkCall
	if err := decode(body, &c); err != nil {
		return nil, err
	}
	id := fmt.Sprint(c.ID)
	var e inbound.Event
	switch c.RecordType {
	case "Bounce":
		e = postmarkBounce(c, id, now)
	case "SpamComplaint":
		e = event("postmark", id, inbound.Complaint, now)
	case "SubscriptionChange":
		// A change that we or Postmark's staff made is no person's wish.
		if !c.SuppressSending || c.Origin != "Recipient" || c.SuppressionReason != "ManualSuppression" {
			return nil, nil
		}
		e = event("postmark", "unsubscribe-"+c.MessageID+"-"+c.Recipient, inbound.Unsubscribe, now)
		c.Email = c.Recipient
	case "":
		return nil, malformed("no RecordType")
	default:
		return nil, nil
	}
	if c.ID == 0 && c.MessageID == "" {
		return nil, malformed("no id")
	}
	// MessageID is Postmark's own; ours travels in the metadata.
	about(&e, inbound.Domain{}, c.Email, c.Metadata["message_id"], "")
	if e.MessageID == "" {
		e.MessageID = c.MessageID
	}
	// What came back tells the campaign, but not the person: whoever sent it back chose its words.
	e.Claims.Source = p.Domain.Quoted(c.Content)
	return []inbound.Event{e}, nil
}

func postmarkBounce(c postmarkCall, id string, now time.Time) inbound.Event {
	e := event("postmark", id, inbound.Bounce, now)
	failed(&e, "", c.Details)
	if e.Text == "" {
		failed(&e, "", c.Description)
	}
	switch c.Type {
	case "HardBounce", "BadEmailAddress":
		harden(&e)
	case "SpamComplaint":
		e.Kind, e.Class = inbound.Complaint, ""
	case "Unsubscribe":
		e.Kind, e.Class = inbound.Unsubscribe, ""
	case "AutoResponder", "AddressChange":
		e.Kind, e.Class = inbound.AutoReply, inbound.Vacation
	case "ChallengeVerification":
		e.Kind, e.Class = inbound.AutoReply, inbound.Challenge
	case "SpamNotification", "VirusNotification":
		e.Class = inbound.Spam
	case "Blocked", "DMARCPolicy":
		if e.Class != inbound.Spam {
			e.Class = inbound.Policy
		}
	case "Transient", "DnsError", "SoftBounce":
		if e.Class == inbound.Hard {
			e.Class = inbound.Soft
		}
	default:
		e.Kind, e.Class = inbound.Unknown, ""
	}
	return e
}

func (p Postmark) verify(header http.Header) error {
	switch {
	case p.Token != "":
		if same(header.Get(TokenHeader), p.Token) {
			return nil
		}
	case p.User != "" && p.Password != "":
		r := http.Request{Header: header}
		user, password, _ := r.BasicAuth()
		if same(user, p.User) && same(password, p.Password) {
			return nil
		}
	default:
		return ErrOff
	}
	return ErrForged
}

// same compares in a time that tells neither content nor length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(strings.TrimSpace(b)))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
