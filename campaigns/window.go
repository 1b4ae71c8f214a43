package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Window is what came of a campaign's mails since it began or was last resumed.
type Window struct {
	At                        time.Time // zero: since it began
	Sent, Bounced, Complained int64
}

// counted reads what a campaign's tallies say in all.
func counted(ctx context.Context, q sqldb.Querier, campaignID string) (w Window, err error) {
	for row := range sqldb.Rows(ctx, q, "SELECT outcome, CAST(sum(n) AS BIGINT) FROM tallies WHERE campaign_id = $1 AND outcome IN ('sent', 'bounced', 'complained') GROUP BY outcome", campaignID) {
		var outcome string
		var n int64
		if err := row.Scan(&outcome, &n); err != nil {
			return w, fmt.Errorf("campaigns: window: %w", err)
		}
		switch outcome {
		case StatusSent:
			w.Sent = n
		case StatusBounced:
			w.Bounced = n
		case CountComplained:
			w.Complained = n
		}
	}
	return w, nil
}

// WindowOf is what the brakes judge: a campaign that somebody resumed is not held for what was known before.
func (s *Service) WindowOf(ctx context.Context, q sqldb.Querier, campaignID string) (Window, error) {
	w, err := counted(ctx, q, campaignID)
	if err != nil {
		return w, err
	}
	var at, sent, bounced, complained int64
	err = q.QueryRowContext(ctx, "SELECT at, sent, bounced, complained FROM campaign_windows WHERE campaign_id = $1", campaignID).Scan(&at, &sent, &bounced, &complained)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	if err != nil {
		return w, fmt.Errorf("campaigns: window: %w", err)
	}
	return Window{At: sqldb.Time(at), Sent: w.Sent - sent, Bounced: w.Bounced - bounced, Complained: w.Complained - complained}, nil
}

// openWindow begins to count anew.
func openWindow(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID string) error {
	w, err := counted(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO campaign_windows (campaign_id, at, sent, bounced, complained) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (campaign_id) DO UPDATE SET at = excluded.at, sent = excluded.sent, bounced = excluded.bounced, complained = excluded.complained`, campaignID, sqldb.Micros(at), w.Sent, w.Bounced, w.Complained)
	if err != nil {
		return fmt.Errorf("campaigns: window: %w", err)
	}
	return nil
}

// NoteSet is [Service.Note] about many people of one campaign. Those whose mail is claimed in another one just now lose that claim,
// as far as nothing has begun; nobody waits for it.
func (s *Service) NoteSet(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID string, people []string, what string) error {
	if _, err := s.note(ctx, tx, at, campaignID, people, what); err != nil {
		return err
	}
	d := tx.Dialect()
	if _, err := tx.ExecContext(ctx, revokeQuery(d), sqldb.Micros(at), d.List(people)); err != nil {
		return fmt.Errorf("campaigns: note: %w", err)
	}
	return nil
}

// revokeQuery compares the status so that the index of claims is not read: on PostgreSQL it keeps every claim there was since the
// last VACUUM.
func revokeQuery(d sqldb.Dialect) string {
	return "UPDATE deliveries SET revoked_at = $1 WHERE subscriber_id " + d.In(2) + " AND status || '' = 'claimed' AND revoked_at IS NULL"
}

// Alert is something about a campaign that staff should know.
type Alert struct {
	ID         string    `json:"id"`
	CampaignID string    `json:"campaign_id"`
	Kind       string    `json:"kind"`  // complaints, bounces, deferrals
	Level      string    `json:"level"` // alert, stop
	Domain     string    `json:"domain,omitempty"`
	At         time.Time `json:"at"`
	N          int64     `json:"n"`     // so many
	Total      int64     `json:"total"` // of so many
	Until      time.Time `json:"until,omitzero"`
}

// Percent is the rate.
func (a Alert) Percent() float64 {
	if a.Total == 0 {
		return 0
	}
	return 100 * float64(a.N) / float64(a.Total)
}

// The kinds of alert, and their levels.
const (
	AlertComplaints = "complaints"
	AlertBounces    = "bounces"
	AlertDeferrals  = "deferrals"

	LevelAlert = "alert"
	LevelStop  = "stop"
)

// Raise keeps an alert once for each window; tell is run in the same transaction, for a new one only.
func (s *Service) Raise(ctx context.Context, a Alert, window time.Time, tell func(ctx context.Context, tx *sqldb.Tx, a Alert) error) (fresh bool, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		a.ID, a.At = sqldb.NewID(), s.now()
		from := int64(0)
		if !window.IsZero() {
			from = sqldb.Micros(window)
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO alerts (id, campaign_id, kind, level, domain, window_at, at, n, total, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (campaign_id, kind, level, domain, window_at) DO NOTHING`, a.ID, a.CampaignID, a.Kind, a.Level, a.Domain, from, sqldb.Micros(a.At), a.N, a.Total, sqldb.NullMicros(a.Until))
		if err != nil {
			return fmt.Errorf("campaigns: alert: %w", err)
		}
		n, err := res.RowsAffected()
		if fresh = n == 1; err != nil || !fresh || tell == nil {
			return err
		}
		return tell(ctx, tx, a)
	})
	return fresh, err
}

const alertColumns = "id, campaign_id, kind, level, domain, at, n, total, until"

// Alerts lists those about a campaign (all campaigns: ""), newest first, made since then.
func (s *Service) Alerts(ctx context.Context, campaignID string, since time.Time, limit int) ([]Alert, error) {
	from := int64(0)
	if !since.IsZero() {
		from = sqldb.Micros(since)
	}
	var out []Alert
	for row := range sqldb.Rows(ctx, s.DB, "SELECT "+alertColumns+" FROM alerts WHERE ($1 = '' OR campaign_id = $1) AND at >= $2 ORDER BY at DESC, id DESC LIMIT $3", campaignID, from, limit) {
		var a Alert
		var at int64
		var until sql.NullInt64
		if err := row.Scan(&a.ID, &a.CampaignID, &a.Kind, &a.Level, &a.Domain, &at, &a.N, &a.Total, &until); err != nil {
			return nil, fmt.Errorf("campaigns: alerts: %w", err)
		}
		if a.At = sqldb.Time(at); until.Valid {
			a.Until = sqldb.Time(until.Int64)
		}
		out = append(out, a)
	}
	return out, nil
}

// HeldDomains are the recipient domains to which mail waits, because they put too much of it off, and until when.
func (s *Service) HeldDomains(ctx context.Context) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT domain, max(until) FROM alerts WHERE kind = 'deferrals' AND level = 'stop' AND at > $1 AND until > $2 GROUP BY domain", sqldb.Micros(s.now().Add(-24*time.Hour)), sqldb.Micros(s.now())) {
		var domain string
		var until int64
		if err := row.Scan(&domain, &until); err != nil {
			return nil, fmt.Errorf("campaigns: held domains: %w", err)
		}
		out[domain] = sqldb.Time(until)
	}
	return out, nil
}
