package webhooks

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Store keeps webhooks and calls them.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
	Log *slog.Logger // may be nil
	// Allow are networks that may be called although they are not public, and without TLS.
	Allow []netip.Prefix
	// Seal encrypts the secrets that calls are signed with: keys of 32 bytes, the newest first. Without, they are stored as they are.
	Seal [][]byte

	once   sync.Once
	client *http.Client
}

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Webhook is one receiver.
type Webhook struct {
	ID          string     `json:"id"`
	URL         string     `json:"url"`
	Events      []string   `json:"events"` // none: all
	Description string     `json:"description,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	DisabledAt  *time.Time `json:"disabled_at,omitempty"`
	DisabledFor string     `json:"disabled_for,omitempty"`
	Waiting     int        `json:"waiting"` // events that are not delivered yet
	Failed      int        `json:"failed"`  // and that never will be
	LastError   string     `json:"last_error,omitempty"`
}

// ErrNotFound is returned for an id that no webhook has.
var ErrNotFound = problem.NotFound("webhook")

// Input makes a webhook.
type Input struct {
	URL         string   `json:"url"`
	Events      []string `json:"events"`
	Description string   `json:"description"`
}

var eventForm = regexp.MustCompile(`^[a-z][a-z_]*(\.([a-z][a-z_]*|\*))?$`)

func (s *Store) check(in Input) error {
	var bad problem.Collector
	s.checkURL(&bad, in.URL)
	for _, name := range in.Events {
		if !eventForm.MatchString(name) {
			bad.Add("events", "must be names such as subscriber.erased, or beginnings such as subscriber.*")
			break
		}
	}
	if len(in.Events) > 100 {
		bad.Add("events", "must be at most 100")
	}
	if len(in.Description) > 255 || strings.ContainsAny(in.Description, "\x00\r\n") {
		bad.Add("description", "must be one line of at most 255 bytes")
	}
	return bad.Err()
}

func (s *Store) checkURL(bad *problem.Collector, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(text) > 2048 || strings.ContainsAny(text, "\x00\r\n\t ") {
		bad.Add("url", "must be an address such as https://example.com/hooks, without user name or #")
		return
	}
	if u.Scheme != "https" && (u.Scheme != "http" || len(s.Allow) == 0) {
		bad.Add("url", "must begin with https://")
		return
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !permitted(s.Allow, u.Scheme == "https", ip) {
		bad.Add("url", "must be a public address; others must be allowed by the operator with ASSENT_WEBHOOK_NETWORKS")
	}
}

// Create adds a webhook. The secret is shown this once.
func (s *Store) Create(ctx context.Context, actor audit.Actor, in Input) (w Webhook, secret string, err error) {
	if err := s.check(in); err != nil {
		return w, "", err
	}
	w = Webhook{ID: sqldb.NewID(), URL: in.URL, Events: in.Events, Description: in.Description, CreatedAt: s.now()}
	if w.Events == nil {
		w.Events = []string{}
	}
	events, err := json.Marshal(w.Events)
	if err != nil {
		return w, "", fmt.Errorf("webhooks: %w", err)
	}
	secret, box, err := s.newSecret(w.ID)
	if err != nil {
		return w, "", err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO webhooks (id, url, events, description, secret, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
			w.ID, w.URL, string(events), w.Description, box, sqldb.Micros(w.CreatedAt)); err != nil {
			return fmt.Errorf("webhooks: create: %w", err)
		}
		return audit.Record(ctx, tx, w.CreatedAt, actor, "webhook.create", audit.Object("webhook", w.ID), nil, w)
	})
	return w, secret, err
}

// Delete removes a webhook and what waits for it.
func (s *Store) Delete(ctx context.Context, actor audit.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM webhooks WHERE id = $1", id); err != nil {
			return fmt.Errorf("webhooks: delete: %w", err)
		}
		return audit.Record(ctx, tx, s.now(), actor, "webhook.delete", audit.Object("webhook", id), before, nil)
	})
}

const columns = `w.id, w.url, w.events, w.description, w.created_at, w.disabled_at, w.disabled_for,
	(SELECT count(*) FROM webhook_calls c WHERE c.webhook_id = w.id AND c.status = 'waiting'), (SELECT count(*) FROM webhook_calls c WHERE c.webhook_id = w.id AND c.status = 'failed'),
	coalesce((SELECT c.error FROM webhook_calls c WHERE c.webhook_id = w.id AND c.error <> '' ORDER BY c.created_at DESC LIMIT 1), '')`

func scan(row sqldb.Scanner) (Webhook, error) {
	var w Webhook
	var events string
	var created int64
	var disabled sql.NullInt64
	err := row.Scan(&w.ID, &w.URL, &events, &w.Description, &created, &disabled, &w.DisabledFor, &w.Waiting, &w.Failed, &w.LastError)
	if errors.Is(err, sql.ErrNoRows) {
		return w, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(events), &w.Events)
	}
	if err != nil {
		return w, fmt.Errorf("webhooks: %w", err)
	}
	w.CreatedAt = sqldb.Time(created)
	w.DisabledAt = sqldb.TimeOrNil(disabled)
	return w, nil
}

func get(ctx context.Context, q sqldb.Querier, id string) (Webhook, error) {
	if !sqldb.IsID(id) {
		return Webhook{}, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM webhooks w WHERE w.id = $1", id))
}

// Get reads one webhook.
func (s *Store) Get(ctx context.Context, id string) (Webhook, error) { return get(ctx, s.DB, id) }

// List reads up to limit webhooks whose id is after the given one.
func (s *Store) List(ctx context.Context, after string, limit int) ([]Webhook, error) {
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM webhooks w WHERE w.id > $1 ORDER BY w.id LIMIT $2", after, limit)
}

// wants tells whether a webhook asked for an event.
func (w Webhook) wants(event string) bool {
	for _, name := range w.Events {
		if start, ok := strings.CutSuffix(name, "*"); name == event || (ok && strings.HasPrefix(event, start)) {
			return true
		}
	}
	return len(w.Events) == 0
}
