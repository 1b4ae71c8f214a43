package campaigns

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// The states of a campaign.
const (
	StatusDraft     = "draft"
	StatusInReview  = "in_review"
	StatusScheduled = "scheduled"
	StatusSending   = "sending"
	StatusPaused    = "paused"
	StatusFinished  = "finished"
	StatusCancelled = "cancelled"
)

// Campaign is one mailing to many.
type Campaign struct {
	ID              string
	Name            string
	TopicID         string
	Segment         string // key; empty: everybody
	ExcludeSegments []string
	Brand           string // key; empty: the topic's, else the default
	Subject         string
	Preheader       string
	Blocks          json.RawMessage
	Status          string
	StatusReason    string
	ScheduledAt     time.Time
	LocalTime       string // wall clock 2006-01-02T15:04 in each recipient's zone, or empty
	Window          string // such as 09:00-17:00 in each recipient's zone, or empty
	Rate            int    // mails an hour, 0: no limit of its own
	ExpiresAfter    time.Duration
	ExpiresAt       time.Time
	Cursor          string
	Planned         bool
	Total           int64
	Author          string
	ChangedBy       string // the person who changed it last; empty when nobody has but its author
	CreatedAt       time.Time
	UpdatedAt       time.Time
	StartedAt       time.Time
	FinishedAt      time.Time
	ApprovedBy      string // the person who let it go, if a second one looked at it
	ApprovedName    string // as it was then
	ApprovedAt      time.Time
	TrackClicks     bool    // clicks of those who agreed to it are counted
	AB              *ABTest // nil: everybody gets the same text
	ABState         ABState
}

// ErrNotFound is returned for an id that no campaign has.
var ErrNotFound = problem.NotFound("campaign")

const columns = `id, name, topic_id, segment_key, exclude_segments, brand_key, subject, preheader, blocks, status, status_reason, scheduled_at, local_time, send_window, rate,
	expires_after, expires_at, cursor, planned, total, author, created_at, updated_at, started_at, finished_at, approved_by, approved_name, approved_at, track_clicks, ab_test, ab_state, changed_by`

func scan(row sqldb.Scanner) (*Campaign, error) {
	var (
		c                                               Campaign
		segment                                         sql.NullString
		exclude, blocks, test, state                    string
		scheduled, expires, started, finished, approved sql.NullInt64
		expiresAfter, createdAt, updatedAt              int64
	)
	err := row.Scan(&c.ID, &c.Name, &c.TopicID, &segment, &exclude, &c.Brand, &c.Subject, &c.Preheader, &blocks, &c.Status, &c.StatusReason, &scheduled, &c.LocalTime, &c.Window, &c.Rate,
		&expiresAfter, &expires, &c.Cursor, &c.Planned, &c.Total, &c.Author, &createdAt, &updatedAt, &started, &finished, &c.ApprovedBy, &c.ApprovedName, &approved, &c.TrackClicks, &test, &state, &c.ChangedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(exclude), &c.ExcludeSegments)
	}
	if err == nil && test != "" {
		c.AB = &ABTest{}
		if err = json.Unmarshal([]byte(test), c.AB); err == nil && state != "" {
			err = json.Unmarshal([]byte(state), &c.ABState)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("campaigns: %w", err)
	}
	c.Segment, c.Blocks = segment.String, json.RawMessage(blocks)
	c.ScheduledAt, c.ExpiresAt, c.StartedAt, c.FinishedAt = sqldb.NullTime(scheduled), sqldb.NullTime(expires), sqldb.NullTime(started), sqldb.NullTime(finished)
	c.ApprovedAt = sqldb.NullTime(approved)
	c.ExpiresAfter = time.Duration(expiresAfter) * time.Microsecond
	c.CreatedAt, c.UpdatedAt = sqldb.Time(createdAt), sqldb.Time(updatedAt)
	return &c, nil
}

func (c *Campaign) insert(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO campaigns (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)`, c.args()...)
	if err != nil {
		return fmt.Errorf("campaigns: %w", err)
	}
	return nil
}

// save writes everything about a campaign that was read and locked in this transaction.
func (c *Campaign) save(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE campaigns SET name = $2, topic_id = $3, segment_key = $4, exclude_segments = $5, brand_key = $6, subject = $7, preheader = $8, blocks = $9, status = $10,
		status_reason = $11, scheduled_at = $12, local_time = $13, send_window = $14, rate = $15, expires_after = $16, expires_at = $17, cursor = $18, planned = $19, total = $20, author = $21,
		created_at = $22, updated_at = $23, started_at = $24, finished_at = $25, approved_by = $26, approved_name = $27, approved_at = $28, track_clicks = $29, ab_test = $30, ab_state = $31, changed_by = $32 WHERE id = $1`, c.args()...)
	if err != nil {
		return fmt.Errorf("campaigns: %w", err)
	}
	return nil
}

func (c *Campaign) args() []any {
	exclude := c.ExcludeSegments
	if exclude == nil {
		exclude = []string{}
	}
	test, state := "", ""
	if c.AB != nil {
		testText, _ := json.Marshal(c.AB) // its blocks were read as JSON
		stateText, _ := json.Marshal(c.ABState)
		test, state = string(testText), string(stateText)
	}
	return []any{c.ID, c.Name, c.TopicID, sqldb.NullText(c.Segment), sqldb.JSON(exclude), c.Brand, c.Subject, c.Preheader, string(c.Blocks), c.Status, c.StatusReason,
		sqldb.NullMicros(c.ScheduledAt), c.LocalTime, c.Window, c.Rate, c.ExpiresAfter.Microseconds(), sqldb.NullMicros(c.ExpiresAt), c.Cursor, c.Planned, c.Total, c.Author,
		sqldb.Micros(c.CreatedAt), sqldb.Micros(c.UpdatedAt), sqldb.NullMicros(c.StartedAt), sqldb.NullMicros(c.FinishedAt), c.ApprovedBy, c.ApprovedName, sqldb.NullMicros(c.ApprovedAt), c.TrackClicks, test, state, c.ChangedBy}
}

// Get reads one campaign.
func (s *Service) Get(ctx context.Context, q sqldb.Querier, id string) (*Campaign, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM campaigns WHERE id = $1", id))
}

func lock(ctx context.Context, tx *sqldb.Tx, id string) (*Campaign, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM campaigns WHERE id = $1"+tx.Dialect().ForNoKeyUpdate(), id))
}

// List reads campaigns, newest first, after the one that was made at (before, id); status may be empty.
func (s *Service) List(ctx context.Context, status string, before time.Time, id string, limit int) ([]*Campaign, error) {
	at := int64(1<<62 - 1)
	if !before.IsZero() {
		at = sqldb.Micros(before)
	}
	return s.query(ctx, "SELECT "+columns+" FROM campaigns WHERE (created_at, id) < ($1, $2) AND ($3 = '' OR status = $3) ORDER BY created_at DESC, id DESC LIMIT $4", at, id, status, limit)
}

// Active reads the campaigns that are sending, and those whose time has come.
func (s *Service) Active(ctx context.Context) ([]*Campaign, error) {
	return s.query(ctx, "SELECT "+columns+" FROM campaigns WHERE status = 'sending' OR (status = 'scheduled' AND scheduled_at <= $1) ORDER BY id", sqldb.Micros(s.now()))
}

func (s *Service) query(ctx context.Context, query string, args ...any) ([]*Campaign, error) {
	return sqldb.All(ctx, s.DB, scan, query, args...)
}

// Running reads these campaigns and, with all, every one that sends or is paused.
func (s *Service) Running(ctx context.Context, all bool, ids []string) ([]*Campaign, error) {
	d := s.DB.Dialect()
	return s.query(ctx, "SELECT "+columns+" FROM campaigns WHERE id "+d.In(1)+" OR ($2 AND status IN ('sending', 'paused')) ORDER BY id", d.List(ids), all)
}
