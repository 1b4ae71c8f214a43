package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assent/preferences/tokens"
	"assent/workers/inbound"
	"assent/workers/inbound/dsn"
	"assent/workers/inbound/parts"
)

// Provider reads the calls of one provider. Events yields the events that
// matter to us, which may be none (a delivery, an open), or an error, which
// always means that the call changes nothing.
type Provider interface {
	Events(ctx context.Context, header http.Header, body []byte, now time.Time) ([]inbound.Event, error)
}

// What is wrong with a call.
var (
	ErrForged    = errors.New("webhook: signature or secret is wrong")
	ErrStale     = errors.New("webhook: outside the window of time")
	ErrMalformed = errors.New("webhook: cannot be read")
	ErrOff       = errors.New("webhook: provider is not configured")
)

// Status is the HTTP status for an error of Events: 404 for a provider that is
// not configured, 401 for what cannot be trusted, 400 for what cannot be read,
// 503 for what may work later.
func Status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, ErrOff):
		return http.StatusNotFound
	case errors.Is(err, ErrForged), errors.Is(err, ErrStale):
		return http.StatusUnauthorized
	case errors.Is(err, ErrMalformed):
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable
}

// MaxBody is the largest body that is read. A caller reads at most one byte
// more.
const MaxBody = 1 << 20

// maxEvents bounds the events of one call.
const maxEvents = 5_000

// future is how far ahead of us a provider's clock may be.
const future = 5 * time.Minute

func malformed(format string, a ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, a...))
}

// within checks the time that a call was signed at.
func within(signed, now time.Time, window time.Duration) error {
	if signed.Before(now.Add(-window)) || signed.After(now.Add(future)) {
		return ErrStale
	}
	return nil
}

// decode reads JSON. Fields that we do not know are the provider's business.
func decode(body []byte, v any) error {
	if len(body) > MaxBody {
		return malformed("larger than %d bytes", MaxBody)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return malformed("%v", err)
	}
	return nil
}

// event begins an event of a provider. The time is ours: theirs may be wrong,
// and runs of soft bounces count our days.
func event(provider, id string, kind inbound.Kind, now time.Time) inbound.Event {
	return inbound.Event{
		Kind: kind, Proof: inbound.ByWebhook, Provider: provider,
		ProviderEventID: parts.Plain(provider+"-"+id, 250), At: now.UTC().Truncate(time.Microsecond),
	}
}

// failed fills in a failure from what the receiving server said.
func failed(e *inbound.Event, status, text string) {
	e.Text = parts.Plain(text, 500)
	e.Reply = dsn.ReplyIn(text)
	e.Class, e.Code = dsn.Classify(e.Reply, status, text)
}

// harden makes a failure hard that the provider calls permanent, unless what
// the server said speaks of something else.
func harden(e *inbound.Event) {
	if e.Class == inbound.Soft && !strings.HasPrefix(e.Code, "4") && !(e.Reply >= 400 && e.Reply < 500) {
		e.Class = inbound.Hard
	}
}

// about fills in whose mail it was: from the provider's word, and, where the
// provider tells our return path, from our own signature in it.
func about(e *inbound.Event, d inbound.Domain, recipient, messageID, returnPath string) {
	e.Recipient = parts.Plain(recipient, 320)
	e.MessageID = parts.Plain(strings.Trim(strings.TrimSpace(messageID), "<>"), 250)
	if d.Keys == nil {
		return
	}
	if a, ok := d.Address(returnPath); ok && a.Purpose == tokens.Return {
		e.Proof, e.Claims = inbound.ByReturnPath, a.Claims
	}
}
