package broadcasts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// The statuses of a broadcast.
const (
	InReview  = "in_review"
	Scheduled = "scheduled"
	Sending   = "sending"
	Finished  = "finished" // everybody has an outcome; it goes on when somebody joins the audience in time
	Cancelled = "cancelled"
)

// Service keeps broadcasts and sees them through. All fields are required but Brake, Rate and Events.
type Service struct {
	DB     *sqldb.DB
	Now    func() time.Time
	Outbox *outbox.Store
	People *preferences.Service
	// Base is the public address of the pages of policies.
	Base string
	// Brake tells whether so many bounces among so many mails that have an outcome are too many. It may be nil.
	Brake func(sent, bounced int64) bool
	// Rate is how many mails a second the relay takes at most, 0 if nobody said. A broadcast that cannot be through in time is
	// refused.
	Rate float64
	// Events tells other systems what happens. It may be nil.
	Events outbox.Events
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Policy names the version of a policy whose text a broadcast carries.
type Policy struct {
	Slug    string `json:"slug"`
	Version string `json:"version"`
}

// Text is what a broadcast says in one language.
type Text struct {
	Subject string          `json:"subject"`
	Blocks  json.RawMessage `json:"blocks"`
}

// Broadcast is one notice to many.
type Broadcast struct {
	ID           string
	Obligation   string
	Basis        string
	Jurisdiction string
	Segment      string // empty: all customers
	Contract     string // customers with this contract only; empty: all
	EffectiveAt  time.Time
	Policy       Policy
	Brand        string
	Locale       string // of Text; empty: not told
	Text         Text
	Translations map[string]Text

	Author     string // the person behind it
	AuthorName string
	CreatedAt  time.Time
	zone       *time.Location // whose calendar counts the lead time beside that of UTC
	State
}

// State is what changes in the life of a broadcast.
type State struct {
	Status       string
	Approver     string
	ApproverName string
	ApprovedAt   time.Time
	StartedAt    time.Time
	FinishedAt   time.Time
	Lead         Lead
	Total        int64 // people in the audience when it began, each with a message
	Trial        int64 // how many of them get it first; 0: everybody may get it
	HeldAt       time.Time
	HeldFor      string
	RefusedFor   string // why the second person did not approve it
	UpdatedAt    time.Time

	cursor                  string    // the last subscriber of the audience who has a message
	plannedAt               time.Time // everybody of the audience has one
	sweptAt                 time.Time // when people who came later were last looked for
	reachedAt               time.Time // the last acceptance among the audience, once all of them had an outcome
	brakeSent, brakeBounced int64     // what the brake does not count any more
}

// ErrNotFound is returned for an id that no broadcast has.
var ErrNotFound = problem.NotFound("broadcast")

const columns = `id, obligation, basis, jurisdiction, lead, timezone, segment_key, effective_at, policy_slug, policy_version, brand_key, locale, subject, blocks, translations, status, author, author_name,
	contract, refused_for, approver, approver_name, approved_at, started_at, finished_at, total, trial, cursor, planned_at, swept_at, reached_at, held_at, held_for, brake_sent, brake_bounced, created_at, updated_at`

func scan(row sqldb.Scanner) (*Broadcast, error) {
	var (
		b                                                          Broadcast
		lead, zone, blocks, translations                           string
		effective, created, updated                                int64
		approved, started, finished, planned, swept, reached, held sql.NullInt64
	)
	err := row.Scan(&b.ID, &b.Obligation, &b.Basis, &b.Jurisdiction, &lead, &zone, &b.Segment, &effective, &b.Policy.Slug, &b.Policy.Version, &b.Brand, &b.Locale, &b.Text.Subject, &blocks, &translations,
		&b.Status, &b.Author, &b.AuthorName, &b.Contract, &b.RefusedFor, &b.Approver, &b.ApproverName, &approved, &started, &finished, &b.Total, &b.Trial, &b.cursor, &planned, &swept, &reached, &held, &b.HeldFor,
		&b.brakeSent, &b.brakeBounced, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil {
		b.Lead, err = ParseLead(lead)
	}
	if err == nil {
		err = json.Unmarshal([]byte(translations), &b.Translations)
	}
	if err != nil {
		return nil, fmt.Errorf("broadcasts: %w", err)
	}
	b.zone, b.Text.Blocks = locale.Zone(zone), json.RawMessage(blocks)
	b.EffectiveAt, b.CreatedAt, b.UpdatedAt = sqldb.Time(effective), sqldb.Time(created), sqldb.Time(updated)
	b.ApprovedAt, b.StartedAt, b.FinishedAt = sqldb.NullTime(approved), sqldb.NullTime(started), sqldb.NullTime(finished)
	b.plannedAt, b.sweptAt, b.reachedAt, b.HeldAt = sqldb.NullTime(planned), sqldb.NullTime(swept), sqldb.NullTime(reached), sqldb.NullTime(held)
	return &b, nil
}

func get(ctx context.Context, q sqldb.Querier, id, lock string) (*Broadcast, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM notice_broadcasts WHERE id = $1"+lock, id))
}

// Get reads a broadcast.
func (s *Service) Get(ctx context.Context, q sqldb.Querier, id string) (*Broadcast, error) {
	return get(ctx, q, id, "")
}

// List reads up to limit broadcasts made before the one with the given id (empty: from the newest), of one status if it is
// not empty, newest first.
func (s *Service) List(ctx context.Context, status, before string, limit int) ([]*Broadcast, error) {
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+` FROM notice_broadcasts WHERE (CAST($1 AS TEXT) = '' OR status = $1) AND (CAST($2 AS TEXT) = '' OR id < $2)
		ORDER BY id DESC LIMIT $3`, status, before, limit)
}

// save stores what changes in the life of a broadcast.
func (b *Broadcast) save(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE notice_broadcasts SET status = $1, lead = $2, approver = $3, approver_name = $4, approved_at = $5, started_at = $6, finished_at = $7, total = $8, trial = $9,
		cursor = $10, planned_at = $11, swept_at = $12, reached_at = $13, held_at = $14, held_for = $15, brake_sent = $16, brake_bounced = $17, refused_for = $18, updated_at = $19 WHERE id = $20`,
		b.Status, b.Lead.String(), b.Approver, b.ApproverName, sqldb.NullMicros(b.ApprovedAt), sqldb.NullMicros(b.StartedAt), sqldb.NullMicros(b.FinishedAt), b.Total, b.Trial,
		b.cursor, sqldb.NullMicros(b.plannedAt), sqldb.NullMicros(b.sweptAt), sqldb.NullMicros(b.reachedAt), sqldb.NullMicros(b.HeldAt), b.HeldFor, b.brakeSent, b.brakeBounced,
		b.RefusedFor, sqldb.Micros(b.UpdatedAt), b.ID)
	if err != nil {
		return fmt.Errorf("broadcasts: save: %w", err)
	}
	return nil
}
