package rights

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Kind is what is asked for.
type Kind string

// The kinds.
const (
	Access        Kind = "access"
	Portability   Kind = "portability"
	Rectification Kind = "rectification"
	Erasure       Kind = "erasure"
	Restriction   Kind = "restriction"
	Objection     Kind = "objection"
	Complaint     Kind = "complaint"
)

// Kinds are all of them.
var Kinds = []Kind{Access, Portability, Rectification, Erasure, Restriction, Objection, Complaint}

// Status is how a request stands.
type Status string

// The statuses.
const (
	Unconfirmed Status = "unconfirmed" // the link that shows who asks was not used yet
	Open        Status = "open"
	InProgress  Status = "in_progress"
	Done        Status = "done"
	Refused     Status = "refused"
	Withdrawn   Status = "withdrawn"
)

// Statuses are all of them.
var Statuses = []Status{Unconfirmed, Open, InProgress, Done, Refused, Withdrawn}

// Closed tells that nothing more will happen.
func (s Status) Closed() bool { return s == Done || s == Refused || s == Withdrawn }

// Where requests come from.
const (
	SourceCentre = "preference centre"
	SourcePage   = "public page"
	SourceStaff  = "staff"
	SourceAPI    = "api"
)

// Change is what is to be corrected. An empty field stays as it is.
type Change struct {
	Email     string `json:"email,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

func (c Change) profile() preferences.Profile {
	var p preferences.Profile
	for _, f := range []struct {
		text string
		to   **string
	}{{c.Email, &p.Email}, {c.FirstName, &p.FirstName}, {c.LastName, &p.LastName}} {
		if f.text != "" {
			*f.to = &f.text
		}
	}
	return p
}

// Request is one of them.
type Request struct {
	ID           string
	Number       string
	Kind         Kind
	Status       Status
	Source       string
	SubscriberID string // empty: nobody we know, or erased
	Email        string // empty: erased
	AddressKey   string
	Detail       string
	Change       *Change
	Answer       string
	Locale       string
	ReceivedAt   time.Time
	DueAt        time.Time
	Extended     string
	VerifiedAt   time.Time
	VerifiedBy   string
	Escalated    int
	ClosedAt     time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// ErrNotFound is returned for an id that no request has.
var ErrNotFound = problem.NotFound("data request")

// Due is the day by which a request that came in then is to be answered: one month later, on the same day or, where that
// month is shorter, on its last (GDPR 12(3), Regulation 1182/71).
func Due(received time.Time, months int) time.Time {
	y, m, d := received.Date()
	last := time.Date(y, m+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	hour, minute, second := received.Clock()
	return time.Date(y, m+time.Month(months), min(d, last), hour, minute, second, received.Nanosecond(), received.Location())
}

// letters leave out those that are taken for each other.
const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber is short enough to be read out, and cannot be counted up.
func newNumber() string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails: the program ends instead
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)]
	}
	return "R-" + string(raw[:4]) + "-" + string(raw[4:])
}

const columns = `id, number, kind, status, source, subscriber_id, email, address_key, detail, change, answer, locale, received_at, due_at, extended, verified_at, verified_by, escalated, closed_at,
	created_at, updated_at`

func scan(row sqldb.Scanner) (*Request, error) {
	var (
		r                               Request
		subscriber                      sql.NullString
		change                          string
		received, due, created, updated int64
		verified, closed                sql.NullInt64
	)
	err := row.Scan(&r.ID, &r.Number, &r.Kind, &r.Status, &r.Source, &subscriber, &r.Email, &r.AddressKey, &r.Detail, &change, &r.Answer, &r.Locale, &received, &due, &r.Extended,
		&verified, &r.VerifiedBy, &r.Escalated, &closed, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil && change != "" {
		err = json.Unmarshal([]byte(change), &r.Change)
	}
	if err != nil {
		return nil, fmt.Errorf("rights: request: %w", err)
	}
	r.SubscriberID, r.ReceivedAt, r.DueAt = subscriber.String, sqldb.Time(received), sqldb.Time(due)
	r.VerifiedAt, r.ClosedAt, r.CreatedAt, r.UpdatedAt = sqldb.NullTime(verified), sqldb.NullTime(closed), sqldb.Time(created), sqldb.Time(updated)
	return &r, nil
}

func (r *Request) changeText() (string, error) {
	if r.Change == nil {
		return "", nil
	}
	text, err := json.Marshal(r.Change)
	return string(text), err
}

func insert(ctx context.Context, tx *sqldb.Tx, r *Request) error {
	change, err := r.changeText()
	if err != nil {
		return fmt.Errorf("rights: request: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO data_requests (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		r.ID, r.Number, string(r.Kind), string(r.Status), r.Source, sqldb.NullText(r.SubscriberID), r.Email, r.AddressKey, r.Detail, change, r.Answer, r.Locale, sqldb.Micros(r.ReceivedAt),
		sqldb.Micros(r.DueAt), r.Extended, sqldb.NullMicros(r.VerifiedAt), r.VerifiedBy, r.Escalated, sqldb.NullMicros(r.ClosedAt), sqldb.Micros(r.CreatedAt), sqldb.Micros(r.UpdatedAt))
	if err != nil {
		return fmt.Errorf("rights: request: %w", err)
	}
	return nil
}

// save writes how a request stands.
func save(ctx context.Context, tx *sqldb.Tx, r *Request) error {
	_, err := tx.ExecContext(ctx, `UPDATE data_requests SET status = $1, answer = $2, due_at = $3, extended = $4, verified_at = $5, verified_by = $6, escalated = $7, closed_at = $8, updated_at = $9 WHERE id = $10`,
		string(r.Status), r.Answer, sqldb.Micros(r.DueAt), r.Extended, sqldb.NullMicros(r.VerifiedAt), r.VerifiedBy, r.Escalated, sqldb.NullMicros(r.ClosedAt), sqldb.Micros(r.UpdatedAt), r.ID)
	if err != nil {
		return fmt.Errorf("rights: request: %w", err)
	}
	return nil
}

// Get reads one request.
func (s *Service) Get(ctx context.Context, q sqldb.Querier, id string) (*Request, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM data_requests WHERE id = $1", id))
}

func lock(ctx context.Context, tx *sqldb.Tx, id string) (*Request, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM data_requests WHERE id = $1"+tx.Dialect().ForUpdate(), id))
}

// Filter picks requests; its zero fields pick all.
type Filter struct {
	Status       Status
	Kind         Kind
	SubscriberID string
	Running      bool      // only those that are not closed
	DueBefore    time.Time // only those that are due by then
	Among        []Status  // only these statuses
	Text         string    // only those whose number or address holds this
	Latest       bool      // the latest day first
}

// List reads requests by the day that they are due, after one that is due then and has this id.
func (s *Service) List(ctx context.Context, f Filter, after time.Time, id string, limit int) ([]*Request, error) {
	query, args := f.query(s.DB.Dialect(), after, id, limit)
	return sqldb.All(ctx, s.DB, scan, query, args...)
}

// query asks only for what was named, so that an index finds it: those of one person, those that are not closed, or by the day.
func (f Filter) query(d sqldb.Dialect, after time.Time, id string, limit int) (query string, args []any) {
	beyond, order, from := ">", "due_at, id", int64(-1<<62)
	if f.Latest {
		beyond, order, from = "<", "due_at DESC, id DESC", 1<<62
	}
	if !after.IsZero() {
		from = sqldb.Micros(after)
	}
	query, args = "SELECT "+columns+" FROM data_requests WHERE (due_at, id) "+beyond+" ($1, $2)", []any{from, id}
	where := func(condition string, value any) {
		args = append(args, value)
		query += " AND " + strings.ReplaceAll(condition, "$", "$"+strconv.Itoa(len(args)))
	}
	if !f.DueBefore.IsZero() {
		where("due_at <= $", sqldb.Micros(f.DueBefore))
	}
	for _, c := range []struct{ column, value string }{{"status", string(f.Status)}, {"kind", string(f.Kind)}, {"subscriber_id", f.SubscriberID}} {
		if c.value != "" {
			where(c.column+" = $", c.value)
		}
	}
	if f.Running || f.Status != "" && !f.Status.Closed() {
		query += " AND status IN ('unconfirmed', 'open', 'in_progress')" // as the index has it
	}
	if len(f.Among) > 0 {
		statuses := make([]string, len(f.Among))
		for i, status := range f.Among {
			statuses[i] = string(status)
		}
		args = append(args, d.List(statuses))
		query += " AND status " + d.In(len(args))
	}
	if text := within(f.Text); text != "" {
		where("(lower(number) LIKE $ ESCAPE '!' OR lower(email) LIKE $ ESCAPE '!')", text)
	}
	args = append(args, limit)
	return query + " ORDER BY " + order + " LIMIT $" + strconv.Itoa(len(args)), args
}

// within is the pattern of whatever holds the text; empty for none.
func within(text string) string {
	if text = strings.ToLower(strings.TrimSpace(text)); text == "" {
		return ""
	}
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}

// Figures tell how the desk stands.
type Figures struct {
	Overdue, Soon, Waiting, Unconfirmed int // of those that are not closed
	Closed, Late                        int // in the last year; Late of them after their day
}

// Figures counts. Soon are those due within a week; Overdue and Soon are part of Waiting.
func (s *Service) Figures(ctx context.Context) (f Figures, err error) {
	now := s.now()
	err = s.DB.QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN status IN ('open', 'in_progress') AND due_at <= $1 THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN status IN ('open', 'in_progress') AND due_at > $1 AND due_at <= $2 THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN status IN ('open', 'in_progress') THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN status = 'unconfirmed' THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN status IN ('done', 'refused') AND closed_at > $3 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN status IN ('done', 'refused') AND closed_at > $3 AND closed_at > due_at THEN 1 ELSE 0 END), 0)
		FROM data_requests`, sqldb.Micros(now), sqldb.Micros(now.Add(soon)), sqldb.Micros(now.AddDate(-1, 0, 0))).Scan(&f.Overdue, &f.Soon, &f.Waiting, &f.Unconfirmed, &f.Closed, &f.Late)
	if err != nil {
		err = fmt.Errorf("rights: figures: %w", err)
	}
	return f, err
}

// text checks a text from outside.
func text(bad *problem.Collector, field, value string, most int) string {
	value = strings.TrimSpace(value)
	if len(value) > most || strings.ContainsRune(value, 0) {
		bad.Add(field, "must have at most %d bytes", most)
	}
	return value
}

func (k Kind) known() bool { return slices.Contains(Kinds, k) }
