package accounts

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Event is what the security log tells of.
type Event string

// The events.
const (
	EventSignIn          Event = "sign_in"
	EventSignInFailed    Event = "sign_in_failed"
	EventSecondFailed    Event = "second_factor_failed"
	EventSlowed          Event = "slowed_down"
	EventSignOut         Event = "sign_out"
	EventSessionEnded    Event = "session_ended"
	EventPasswordChanged Event = "password_changed"
	EventLinkMade        Event = "link_made"
	EventTOTPOn          Event = "totp_on"
	EventTOTPOff         Event = "totp_off"
	EventRecoveryUsed    Event = "recovery_code_used"
	EventRecoveryMade    Event = "recovery_codes_made"
	EventPasskeyAdded    Event = "passkey_added"
	EventPasskeyRemoved  Event = "passkey_removed"
	EventIdentityLinked  Event = "identity_linked"
	EventEmailAsked      Event = "email_asked"
	EventEmailChanged    Event = "email_changed"
)

// Entry is one line of the security log.
type Entry struct {
	ID        string
	At        time.Time
	UserID    string // empty when nobody has the address that was typed
	UserName  string
	Event     Event
	IP        string
	UserAgent string
	Detail    string
}

func note(ctx context.Context, q sqldb.Querier, at time.Time, userID string, event Event, from From, detail string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO staff_security_log (id, at, user_id, event, ip, user_agent, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		sqldb.NewID(), sqldb.Micros(at), userID, string(event), from.IP, from.agent(), detail)
	if err != nil {
		return fmt.Errorf("accounts: write the security log: %w", err)
	}
	return nil
}

// Note adds a line to the security log for a package that offers another way of signing in.
func (s *Store) Note(ctx context.Context, q sqldb.Querier, userID string, event Event, from From, detail string) error {
	return note(ctx, q, s.Now(), userID, event, from, detail)
}

// Security lists the newest lines of the security log: of one person, or with an
// empty id of everybody. Give the id of the last line seen to get those before it.
func (s *Store) Security(ctx context.Context, userID, before string, limit int) ([]Entry, error) {
	query := `SELECT l.id, l.at, l.user_id, COALESCE(u.name, ''), l.event, l.ip, l.user_agent, l.detail
		FROM staff_security_log AS l LEFT JOIN staff_users AS u ON u.id = l.user_id WHERE TRUE`
	var args []any
	if userID != "" {
		args = append(args, userID)
		query += fmt.Sprintf(` AND l.user_id = $%d`, len(args))
	}
	if before != "" {
		args = append(args, before)
		query += fmt.Sprintf(` AND (l.at, l.id) < (SELECT b.at, b.id FROM staff_security_log AS b WHERE b.id = $%d)`, len(args))
	}
	args = append(args, limit)
	var entries []Entry
	for row := range sqldb.Rows(ctx, s.DB, query+fmt.Sprintf(` ORDER BY l.at DESC, l.id DESC LIMIT $%d`, len(args)), args...) {
		var e Entry
		var at int64
		if err := row.Scan(&e.ID, &at, &e.UserID, &e.UserName, &e.Event, &e.IP, &e.UserAgent, &e.Detail); err != nil {
			return nil, fmt.Errorf("accounts: read the security log: %w", err)
		}
		e.At = sqldb.Time(at)
		entries = append(entries, e)
	}
	return entries, nil
}
