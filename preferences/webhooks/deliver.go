package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

const (
	timeout = 10 * time.Second
	// lease is how long a call that was begun is left alone. It outlasts the timeout, so no call is made twice at once.
	lease = time.Minute
	// batch is how many calls are made side by side.
	batch = 16
	// kept is how long what became of a call can be seen.
	kept = 30 * 24 * time.Hour
	// keptBody is how long what a call carried is kept after it was given up, so that it can be made again.
	keptBody = 3 * 24 * time.Hour
)

// waits are the pauses after failed attempts: about four days in all, as for mail.
var waits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour,
}

type call struct {
	id, webhook, url, secret, old, event, body string
	attempts                                   int
}

// Deliver makes the calls that are due, until none is or ctx ends. Any number of processes may run it.
func (s *Store) Deliver(ctx context.Context) error {
	s.once.Do(func() { s.client = Client(s.Allow, timeout) })
	for ctx.Err() == nil {
		calls, err := s.claim(ctx)
		if err != nil {
			return err
		}
		var wait sync.WaitGroup
		errs := make([]error, len(calls))
		for i, c := range calls {
			wait.Go(func() { errs[i] = s.make(ctx, c) })
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil || len(calls) < batch {
			return err
		}
	}
	return ctx.Err()
}

// Trim forgets what became of old calls.
func (s *Store) Trim(ctx context.Context) error {
	if _, err := s.DB.ExecContext(ctx, "DELETE FROM webhook_calls WHERE status <> 'waiting' AND at < $1", sqldb.Micros(s.now().Add(-kept))); err != nil {
		return fmt.Errorf("webhooks: trim: %w", err)
	}
	if _, err := s.DB.ExecContext(ctx, "UPDATE webhook_calls SET body = '' WHERE status = 'failed' AND body <> '' AND at < $1", sqldb.Micros(s.now().Add(-keptBody))); err != nil {
		return fmt.Errorf("webhooks: trim: %w", err)
	}
	return nil
}

// claim takes due calls and puts them off for the time of the lease, which is when they are made again if this process dies.
func (s *Store) claim(ctx context.Context) (calls []call, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		calls = nil
		for row := range sqldb.Rows(ctx, tx, `SELECT c.id, c.webhook_id, w.url, w.secret, CASE WHEN w.rotated_at > $1 THEN w.old_secret ELSE '' END, c.event, c.body, c.attempts FROM webhook_calls c JOIN webhooks w ON w.id = c.webhook_id
			WHERE c.status = 'waiting' AND c.due_at <= $2 AND w.disabled_at IS NULL ORDER BY c.due_at LIMIT $3`+s.skipLocked(), sqldb.Micros(s.now().Add(-overlap)), sqldb.Micros(s.now()), batch) {
			var c call
			if err := row.Scan(&c.id, &c.webhook, &c.url, &c.secret, &c.old, &c.event, &c.body, &c.attempts); err != nil {
				return fmt.Errorf("webhooks: due: %w", err)
			}
			c.attempts++
			calls = append(calls, c)
		}
		for _, c := range calls {
			if _, err := tx.ExecContext(ctx, "UPDATE webhook_calls SET attempts = $1, due_at = $2, at = $3 WHERE id = $4", c.attempts, sqldb.Micros(s.now().Add(lease)), sqldb.Micros(s.now()), c.id); err != nil {
				return fmt.Errorf("webhooks: claim: %w", err)
			}
		}
		return nil
	})
	return calls, err
}

func (s *Store) skipLocked() string {
	if s.DB.Dialect() == sqldb.PostgreSQL {
		return " FOR UPDATE OF c SKIP LOCKED"
	}
	return ""
}

// make makes one call and stores what became of it.
func (s *Store) make(ctx context.Context, c call) error {
	status, err := s.post(ctx, c)
	if ctx.Err() != nil {
		return nil // interrupted: it is made again when its lease is over
	}
	switch {
	case err == nil && status >= 200 && status < 300:
		return s.finish(ctx, c, "done", status, "", s.now())
	case err == nil && status == http.StatusGone:
		return s.disable(ctx, c, status)
	case err == nil:
		err = fmt.Errorf("answered %d %s", status, http.StatusText(status))
	}
	if c.attempts > len(waits) {
		return s.finish(ctx, c, "failed", status, reason(err), s.now())
	}
	return s.finish(ctx, c, "waiting", status, reason(err), s.now().Add(waits[c.attempts-1]))
}

// reason is an error without the address in it, and of a length to store.
func reason(err error) string {
	if why := unreached(err); why != "" {
		return why
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		err = e
	}
	text := err.Error()
	return text[:min(len(text), 300)]
}

// unreached says why a receiver gave no answer, where that is one of the usual causes.
func unreached(err error) (why string) {
	var nowhere *net.DNSError
	var slow net.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrForbidden):
		why = "the address is not a public one"
	case errors.As(err, &nowhere) && nowhere.IsNotFound:
		why = "there is no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		why = "nothing takes calls there"
	case errors.As(err, &untrusted):
		why = "the certificate is not to be trusted"
	case errors.As(err, &slow) && slow.Timeout():
		why = "there was no answer in time"
	}
	return why
}

func (s *Store) post(ctx context.Context, c call) (int, error) {
	body := []byte(c.body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	at := time.Now() // the receiver's clock is the real one, whatever ours is shifted by
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Assent-Webhooks/1")
	r.Header.Set(HeaderID, c.id)
	r.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	signatures, err := s.sign(c, at, body)
	if err != nil {
		return 0, err
	}
	r.Header.Set(HeaderSignature, signatures)
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	return answer.StatusCode, nil
}

// finish stores an outcome. What is delivered keeps no body, and what is given up for some days only. A call that was dropped meanwhile, because its person was erased or its
// webhook deleted, stays dropped.
func (s *Store) finish(ctx context.Context, c call, status string, answered int, problem string, due time.Time) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, "UPDATE webhook_calls SET status = $1, answered = $2, error = $3, due_at = $4, at = $5, body = CASE WHEN $1 = 'done' THEN '' ELSE body END WHERE id = $6 AND attempts = $7",
			status, answered, problem, sqldb.Micros(due), sqldb.Micros(now), c.id, c.attempts); err != nil {
			return fmt.Errorf("webhooks: outcome: %w", err)
		}
		if status != "failed" {
			return nil
		}
		if s.Log != nil {
			s.Log.Warn("a webhook does not take an event; it was tried for four days", "webhook", c.webhook, "event", c.event, "error", problem)
		}
		return audit.Record(ctx, tx, now, audit.System("webhooks"), "webhook.failed", audit.Object("webhook", c.webhook), nil, map[string]string{"event": c.event, "call": c.id, "error": problem})
	})
}

// disable stops calling a webhook that says it is gone for good.
func (s *Store) disable(ctx context.Context, c call, status int) error {
	if err := s.finish(ctx, c, "failed", status, "answered 410 Gone", s.now()); err != nil {
		return err
	}
	_, err := s.DB.ExecContext(ctx, "UPDATE webhooks SET disabled_at = $1, disabled_for = '410 Gone' WHERE id = $2 AND disabled_at IS NULL", sqldb.Micros(s.now()), c.webhook)
	if err != nil {
		return fmt.Errorf("webhooks: disable: %w", err)
	}
	return nil
}
