package doctor

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Examination is one run of all checks.
type Examination struct {
	ID           string
	Began, Ended time.Time // Ended is zero while it runs
	Checks       []Check
	Fault        string // why it could not be done at all
}

// Book keeps examinations. All fields are required.
type Book struct {
	DB  *sqldb.DB
	Now func() time.Time
}

const (
	// Longest is how long an examination may take.
	Longest = 2 * time.Minute
	// kept is how many examinations are kept.
	kept = 50
)

// Run does an examination and keeps what it found. Only one runs at a time: a second one is not begun, and begun is false.
func (b *Book) Run(ctx context.Context, examine func(context.Context) ([]Check, error)) (begun bool, err error) {
	id, now := sqldb.NewID(), b.Now()
	err = b.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO examinations (id, began_at, checks, fault) SELECT $1, CAST($2 AS BIGINT), '[]', '' WHERE NOT EXISTS (SELECT 1 FROM examinations WHERE ended_at IS NULL AND began_at > $3)",
			id, sqldb.Micros(now), sqldb.Micros(now.Add(-Longest)))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		begun = n == 1
		return err
	})
	if err != nil || !begun {
		return false, err
	}
	within, cancel := context.WithTimeout(ctx, Longest)
	defer cancel()
	checks, fault := examine(within)
	said := ""
	if fault != nil {
		said = strings.Join(strings.Fields(fault.Error()), " ")
	}
	text, err := json.Marshal(checks)
	if err != nil {
		return true, fmt.Errorf("doctor: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := b.DB.ExecContext(ctx, "UPDATE examinations SET ended_at = $1, checks = $2, fault = $3 WHERE id = $4", sqldb.Micros(b.Now()), string(text), said, id); err != nil {
		return true, fmt.Errorf("doctor: %w", err)
	}
	_, err = b.DB.ExecContext(ctx, "DELETE FROM examinations WHERE id NOT IN (SELECT id FROM examinations ORDER BY began_at DESC, id DESC LIMIT $1)", kept)
	return true, err
}

// Last is the last examination that ended, and the one that runs, if one does.
func (b *Book) Last(ctx context.Context) (last, running *Examination, err error) {
	read := func(where string, args ...any) (*Examination, error) {
		var e Examination
		var began int64
		var ended sql.NullInt64
		var text string
		err := b.DB.QueryRowContext(ctx, "SELECT id, began_at, ended_at, checks, fault FROM examinations WHERE "+where+" ORDER BY began_at DESC, id DESC LIMIT 1", args...).Scan(&e.ID, &began, &ended, &text, &e.Fault)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("doctor: %w", err)
		}
		if e.Began = sqldb.Time(began); ended.Valid {
			e.Ended = sqldb.Time(ended.Int64)
		}
		return &e, json.Unmarshal([]byte(text), &e.Checks)
	}
	if last, err = read("ended_at IS NOT NULL"); err != nil {
		return nil, nil, err
	}
	running, err = read("ended_at IS NULL AND began_at > $1", sqldb.Micros(b.Now().Add(-Longest)))
	return last, running, err
}
