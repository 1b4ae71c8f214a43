package forms

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// Response is what one person wrote into a form, for the staff to answer.
type Response struct {
	ID           string         `json:"id"`
	Form         string         `json:"form"`
	SubscriberID string         `json:"subscriber_id"`
	Email        string         `json:"email"`
	FirstName    string         `json:"first_name,omitempty"`
	LastName     string         `json:"last_name,omitempty"`
	Answers      map[string]any `json:"answers"`
	Locale       string         `json:"locale"`
	Reference    string         `json:"reference"` // as the person was told
	HandledAt    *time.Time     `json:"handled_at,omitempty"`
	HandledBy    string         `json:"handled_by,omitempty"`
	At           time.Time      `json:"at"`
}

// ErrResponseNotFound is an id that no response has.
var ErrResponseNotFound = problem.NotFound("response")

func (s *Store) respond(ctx context.Context, tx *sqldb.Tx, f *Form, in Submission, sub *preferences.Subscriber) (id string, err error) {
	answers, err := json.Marshal(in.Answers)
	if err != nil {
		return "", fmt.Errorf("forms: answers: %w", err)
	}
	id = sqldb.NewID()
	if _, err := tx.ExecContext(ctx, "INSERT INTO form_responses (id, form_id, subscriber_id, answers, locale, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		id, f.ID, sub.ID, string(answers), in.Locale, sqldb.Micros(s.now())); err != nil {
		return "", fmt.Errorf("forms: response: %w", err)
	}
	return id, nil
}

const responseColumns = `r.id, f.key, r.subscriber_id, s.email, s.first_name, s.last_name, r.answers, r.locale, r.handled_at, r.handled_by, r.created_at
	FROM form_responses r JOIN forms f ON f.id = r.form_id JOIN subscribers s ON s.id = r.subscriber_id`

func scanResponse(row sqldb.Scanner) (Response, error) {
	var (
		r       Response
		answers string
		handled sql.NullInt64
		created int64
	)
	err := row.Scan(&r.ID, &r.Form, &r.SubscriberID, &r.Email, &r.FirstName, &r.LastName, &answers, &r.Locale, &handled, &r.HandledBy, &created)
	if err == nil {
		err = json.Unmarshal([]byte(answers), &r.Answers)
	}
	if err != nil {
		return r, err
	}
	r.HandledAt = sqldb.TimeOrNil(handled)
	r.At, r.Reference = sqldb.Time(created), shortReference(r.ID)
	return r, nil
}

// Responses lists what was sent with a form, newest first, before the one with that id; open leaves out what is handled.
func (s *Store) Responses(ctx context.Context, key, before string, open bool, limit int) ([]Response, error) {
	if before == "" {
		before = "z" // after every id
	}
	return s.responses(ctx, s.DB, ofForm(open), key, before, limit)
}

// ofForm asks for the form first, so that its responses are read as they lie in an index.
func ofForm(open bool) string {
	where := "WHERE r.form_id = (SELECT id FROM forms WHERE key = $1) AND r.id < $2"
	if open {
		where += " AND r.handled_at IS NULL"
	}
	return where + " ORDER BY r.id DESC LIMIT $3"
}

// Copy is what one person sent with forms, oldest first, for their own eyes (GDPR 15).
func (s *Store) Copy(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber) ([]map[string]any, error) {
	list, err := s.responses(ctx, q, "WHERE r.subscriber_id = $1 ORDER BY r.id", sub.ID)
	rows := make([]map[string]any, len(list))
	for i, r := range list {
		rows[i] = map[string]any{"at": r.At, "form": r.Form, "reference": r.Reference, "answers": r.Answers, "handled_at": r.HandledAt}
	}
	return rows, err
}

func (s *Store) responses(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]Response, error) {
	list, err := sqldb.All(ctx, q, scanResponse, "SELECT "+responseColumns+" "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("forms: responses: %w", err)
	}
	return list, nil
}

// Handle marks a response as dealt with, or as open again.
func (s *Store) Handle(ctx context.Context, actor audit.Actor, key, id string, handled bool) (r Response, err error) {
	if !sqldb.IsID(id) {
		return r, ErrResponseNotFound
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		r, err = scanResponse(tx.QueryRowContext(ctx, "SELECT "+responseColumns+" WHERE r.id = $1 AND f.key = $2", id, key))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrResponseNotFound
		}
		if err != nil {
			return fmt.Errorf("forms: response: %w", err)
		}
		if handled == (r.HandledAt != nil) {
			return nil
		}
		now, action := s.now(), "form.response.reopen"
		r.HandledAt, r.HandledBy = nil, ""
		at := sql.NullInt64{}
		if handled {
			r.HandledAt, r.HandledBy, at, action = &now, actor.Name, sqldb.NullMicros(now), "form.response.handle"
		}
		if _, err := tx.ExecContext(ctx, "UPDATE form_responses SET handled_at = $1, handled_by = $2 WHERE id = $3", at, r.HandledBy, id); err != nil {
			return fmt.Errorf("forms: response: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("response", id), nil, nil)
	})
	return r, err
}

// Forget removes what is kept of a person who is erased; see [preferences.Service].
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM form_responses WHERE subscriber_id = $1", sub.ID); err != nil {
		return fmt.Errorf("forms: forget: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM form_submissions WHERE address_key = $1", sub.EmailKey); err != nil {
		return fmt.Errorf("forms: forget: %w", err)
	}
	return nil
}

// Told are answers as people read them, each after its question: in the order of the form, then what it does not ask any more.
func (f *Form) Told(l *locale.Locale, answers map[string]any) (out []string) {
	rest := maps.Clone(answers)
	for _, q := range f.own(l) {
		if answer, ok := rest[q.Name]; ok {
			out = append(out, q.Label+": "+told(answer))
			delete(rest, q.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		out = append(out, name+": "+told(rest[name]))
	}
	return out
}

func told(answer any) string {
	if list, ok := answer.([]any); ok {
		var parts []string
		for _, part := range list {
			parts = append(parts, fmt.Sprint(part))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(answer)
}
