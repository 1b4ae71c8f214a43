package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// ErrNoSession is returned for a token that belongs to no session, or to one
// that has ended.
var ErrNoSession = errors.New("accounts: no session")

// Session is one browser in which a person is signed in.
type Session struct {
	ID        string
	UserID    string
	Factors   string // how the person signed in: "password", "password+totp", "passkey", …
	CreatedAt time.Time
	SeenAt    time.Time // to the minute
	ExpiresAt time.Time
	IP        string
	UserAgent string
}

// start makes a session and returns its token, which is stored nowhere.
func (s *Store) start(ctx context.Context, tx *sqldb.Tx, userID, factors string, from From) (Session, string, error) {
	now := s.Now()
	session := Session{ID: sqldb.NewID(), UserID: userID, Factors: factors, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife), IP: from.IP, UserAgent: from.agent()}
	token := secret.NewToken()
	if _, err := tx.ExecContext(ctx, `DELETE FROM staff_sessions WHERE expires_at <= $1`, sqldb.Micros(now)); err != nil {
		return session, "", err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO staff_sessions (id, token, user_id, factors, created_at, seen_at, expires_at, ip, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, session.ID, secret.Hash(token), userID, factors,
		sqldb.Micros(now), sqldb.Micros(now), sqldb.Micros(session.ExpiresAt), session.IP, session.UserAgent); err != nil {
		return session, "", err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET signed_in_at = $1 WHERE id = $2`, sqldb.Micros(now), userID); err != nil {
		return session, "", err
	}
	return session, token, note(ctx, tx, now, userID, EventSignIn, from, factors)
}

// StartSession signs in a person whose identity another package has established,
// such as by passkey; factors names how.
func (s *Store) StartSession(ctx context.Context, userID, factors string, from From) (SignedIn, error) {
	var in SignedIn
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		u, err := find(ctx, tx, "u.id = $1", userID)
		if err != nil {
			return err
		}
		if u.Disabled() {
			return ErrRefused
		}
		in.User = u
		in.Session, in.Token, err = s.start(ctx, tx, userID, factors, from)
		return err
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("accounts: start a session: %w", err)
	}
	return in, nil
}

// Resume finds the session with this token and whose it is. Sessions end when
// they are not used for a day, after two weeks, and when the person is disabled.
func (s *Store) Resume(ctx context.Context, token string) (Session, User, error) {
	session, user, err := s.Look(ctx, token)
	if err != nil {
		return session, user, err
	}
	if now := s.Now(); now.Sub(session.SeenAt) >= seenEvery {
		if _, err := s.DB.ExecContext(ctx, `UPDATE staff_sessions SET seen_at = $1 WHERE id = $2`, sqldb.Micros(now), session.ID); err != nil {
			return Session{}, User{}, fmt.Errorf("accounts: note a session's use: %w", err)
		}
		session.SeenAt = now
	}
	return session, user, nil
}

// Look is [Store.Resume] for what a page does by itself: it does not count as use, so that a page that is left open does not
// keep its session alive.
func (s *Store) Look(ctx context.Context, token string) (Session, User, error) {
	if len(token) < 20 || len(token) > 100 {
		return Session{}, User{}, ErrNoSession
	}
	now := s.Now()
	session, user, err := scanSession(s.DB.QueryRowContext(ctx, `SELECT `+userColumns+`, `+sessionColumns+`
		FROM staff_sessions AS s JOIN staff_users AS u ON u.id = s.user_id
		WHERE s.token = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL`,
		secret.Hash(token), sqldb.Micros(now), sqldb.Micros(now.Add(-sessionIdle))).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, User{}, ErrNoSession
	}
	if err != nil {
		return Session{}, User{}, fmt.Errorf("accounts: resume a session: %w", err)
	}
	return session, user, nil
}

const sessionColumns = `s.id, s.factors, s.created_at, s.seen_at, s.expires_at, s.ip, s.user_agent`

func scanSession(scan func(...any) error) (Session, User, error) {
	var s Session
	var created, seen, expires int64
	u, err := scanUser(scan, &s.ID, &s.Factors, &created, &seen, &expires, &s.IP, &s.UserAgent)
	s.UserID, s.CreatedAt, s.SeenAt, s.ExpiresAt = u.ID, sqldb.Time(created), sqldb.Time(seen), sqldb.Time(expires)
	return s, u, err
}

// Sessions lists where a person is signed in, the last used first.
func (s *Store) Sessions(ctx context.Context, userID string) ([]Session, error) {
	now := s.Now()
	var sessions []Session
	for row := range sqldb.Rows(ctx, s.DB, `SELECT `+userColumns+`, `+sessionColumns+`
		FROM staff_sessions AS s JOIN staff_users AS u ON u.id = s.user_id
		WHERE s.user_id = $1 AND s.expires_at > $2 AND s.seen_at > $3 ORDER BY s.seen_at DESC, s.id DESC`,
		userID, sqldb.Micros(now), sqldb.Micros(now.Add(-sessionIdle))) {
		session, _, err := scanSession(row.Scan)
		if err != nil {
			return nil, fmt.Errorf("accounts: list sessions: %w", err)
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}

// EndSession ends one of a person's sessions.
func (s *Store) EndSession(ctx context.Context, userID, id string, from From) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM staff_sessions WHERE id = $1 AND user_id = $2`, id, userID)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, problem.NotFound("session"))
		}
		return note(ctx, tx, s.Now(), userID, EventSessionEnded, from, "")
	})
	if err != nil {
		return fmt.Errorf("accounts: end a session: %w", err)
	}
	return nil
}

// EndOthers ends all of a person's sessions but one.
func (s *Store) EndOthers(ctx context.Context, userID, keep string, from From) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM staff_sessions WHERE user_id = $1 AND id <> $2`, userID, keep); err != nil {
			return err
		}
		return note(ctx, tx, s.Now(), userID, EventSessionEnded, from, "all others")
	})
	if err != nil {
		return fmt.Errorf("accounts: end other sessions: %w", err)
	}
	return nil
}

// endAll ends everything that could let a person in without signing in again:
// sessions but the one to keep, links, and sign-ins under way.
func endAll(ctx context.Context, tx *sqldb.Tx, userID, keep string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM staff_sessions WHERE user_id = $1 AND id <> $2`, userID, keep); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM staff_links WHERE user_id = $1`, userID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM staff_challenges WHERE user_id = $1`, userID)
	return err
}
