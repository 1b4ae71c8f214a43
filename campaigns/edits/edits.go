package edits

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Edit is the state of one draft in the editor. The zero Edit is that of a draft that was never changed.
type Edit struct {
	Version int64
	// Form is what was typed and is not complete; nil when the campaign holds everything.
	Form    json.RawMessage
	Editor  string // who wrote last
	At      time.Time
	Audited time.Time // when the audit log last told of it
}

// Pending tells whether something was typed that the campaign does not hold.
func (e Edit) Pending() bool { return len(e.Form) > 0 }

// Get reads the state of a campaign's draft.
func Get(ctx context.Context, q sqldb.Querier, campaignID string) (e Edit, err error) {
	var form string
	var at, audited int64
	err = q.QueryRowContext(ctx, "SELECT version, form, editor, at, audited_at FROM campaign_edits WHERE campaign_id = $1", campaignID).
		Scan(&e.Version, &form, &e.Editor, &at, &audited)
	if errors.Is(err, sql.ErrNoRows) {
		return Edit{}, nil
	}
	if err != nil {
		return Edit{}, fmt.Errorf("edits: get: %w", err)
	}
	if form != "" {
		e.Form = json.RawMessage(form)
	}
	e.At = sqldb.Time(at)
	if audited != 0 {
		e.Audited = sqldb.Time(audited)
	}
	return e, nil
}

// Put writes the state under the next version and returns it. The row of the campaign must be locked.
func Put(ctx context.Context, tx *sqldb.Tx, campaignID string, e Edit) (version int64, err error) {
	var audited int64
	if !e.Audited.IsZero() {
		audited = sqldb.Micros(e.Audited)
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO campaign_edits (campaign_id, version, form, editor, at, audited_at) VALUES ($1, 1, $2, $3, $4, $5)
		ON CONFLICT (campaign_id) DO UPDATE SET version = campaign_edits.version + 1, form = excluded.form, editor = excluded.editor, at = excluded.at, audited_at = excluded.audited_at
		RETURNING version`, campaignID, string(e.Form), e.Editor, sqldb.Micros(e.At), audited).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("edits: put: %w", err)
	}
	return version, nil
}
