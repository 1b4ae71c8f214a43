package preferences

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// The reasons for which an address is blocked. Erasure is apart: only a fingerprint is kept of it.
const (
	SuppressedManual     = "manual"
	SuppressedBounced    = "bounced"
	SuppressedComplained = "complained"
)

// Suppression blocks an address, whether or not a subscriber has it.
type Suppression struct {
	ID         string
	AddressKey string
	Email      string
	Reason     string
	Note       string
	Source     string
	CreatedAt  time.Time
}

// Suppress blocks an address. A block that exists already stays as it was and is what is returned; added tells which. Both wait for
// what was claimed: a block that is told again may stand only since a moment.
func (s *Service) Suppress(ctx context.Context, actor audit.Actor, email, reason, note, source string) (block Suppression, added bool, err error) {
	parsed, err := address.Parse(email)
	var bad problem.Collector
	if err != nil {
		bad.Add("email", "is not an e-mail address")
	}
	if reason != SuppressedManual && reason != SuppressedBounced && reason != SuppressedComplained {
		bad.Add("reason", "must be manual, bounced or complained")
	}
	if source == "api" && !legible(note) {
		bad.Add("note", "must be text without control characters")
	}
	if err := bad.Err(); err != nil {
		return Suppression{}, false, err
	}
	var claimed []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		block = Suppression{ID: sqldb.NewID(), AddressKey: parsed.Key, Email: parsed.Display, Reason: reason, Note: note, Source: source, CreatedAt: now}
		if added, err = insertSuppression(ctx, tx, block); err != nil {
			return err
		}
		if sub, err := s.SubscriberByKey(ctx, tx, parsed.Key); err == nil {
			if claimed, err = s.revoke(ctx, tx, now, Stop{SubscriberID: sub.ID}); err != nil {
				return err
			}
		}
		if !added {
			blocks, err := querySuppressions(ctx, tx, "SELECT "+suppressionColumns+" FROM suppressions WHERE address_key = $1 AND reason = $2", parsed.Key, reason)
			if len(blocks) == 1 {
				block = blocks[0]
			}
			return err
		}
		return audit.Record(ctx, tx, now, actor, "suppression.add", audit.Object("suppression", block.ID), nil, map[string]string{"reason": reason})
	})
	if err != nil {
		return block, false, err
	}
	_, err = s.Sending.Settle(ctx, claimed)
	return block, added, err
}

// Unsuppress lifts the blocks of an address, or the one with this reason. It returns how many there were.
func (s *Service) Unsuppress(ctx context.Context, actor audit.Actor, email, reason, note string) (lifted int, err error) {
	parsed, err := address.Parse(email)
	if err != nil {
		return 0, problem.Invalid("email", "is not an e-mail address")
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		blocks, err := suppressionsOf(ctx, tx, parsed.Key)
		if err != nil {
			return err
		}
		lifted = 0
		for _, block := range blocks {
			if reason != "" && block.Reason != reason {
				continue
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM suppressions WHERE id = $1", block.ID); err != nil {
				return err
			}
			if err := audit.Record(ctx, tx, s.now(), actor, "suppression.lift", audit.Object("suppression", block.ID), map[string]string{"reason": block.Reason},
				map[string]string{"note": note}); err != nil {
				return err
			}
			lifted++
		}
		return nil
	})
	if err == nil && lifted == 0 {
		err = problem.NotFound("suppression")
	}
	return lifted, err
}

// insertSuppression adds a block unless it is there; added tells which.
func insertSuppression(ctx context.Context, tx *sqldb.Tx, block Suppression) (added bool, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO suppressions (id, address_key, email, reason, note, source, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (address_key, reason) DO NOTHING`, block.ID, block.AddressKey, block.Email, block.Reason, block.Note, block.Source, sqldb.Micros(block.CreatedAt))
	if err != nil {
		return false, fmt.Errorf("preferences: suppression: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

const suppressionColumns = "id, address_key, email, reason, note, source, created_at"

func suppressionsOf(ctx context.Context, q sqldb.Querier, key string) ([]Suppression, error) {
	return querySuppressions(ctx, q, "SELECT "+suppressionColumns+" FROM suppressions WHERE address_key = $1 ORDER BY reason", key)
}

func querySuppressions(ctx context.Context, q sqldb.Querier, query string, args ...any) ([]Suppression, error) {
	var blocks []Suppression
	for row := range sqldb.Rows(ctx, q, query, args...) {
		var b Suppression
		var created int64
		if err := row.Scan(&b.ID, &b.AddressKey, &b.Email, &b.Reason, &b.Note, &b.Source, &created); err != nil {
			return nil, fmt.Errorf("preferences: suppressions: %w", err)
		}
		b.CreatedAt = sqldb.Time(created)
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// Suppressions lists blocks, newest first, after the one that was made at (at, id); email and reason may be empty.
func (s *Service) Suppressions(ctx context.Context, email, reason string, at time.Time, id string, limit int) ([]Suppression, error) {
	key := ""
	if email != "" {
		parsed, err := address.Parse(email)
		if err != nil {
			return nil, problem.Invalid("email", "is not an e-mail address")
		}
		key = parsed.Key
	}
	query, args := suppressionList(key, reason, at, id, limit)
	return querySuppressions(ctx, s.DB, query, args...)
}

// suppressionList asks only for what was named, so that an index finds it: by the address, by the reason, or by the time.
func suppressionList(key, reason string, at time.Time, id string, limit int) (query string, args []any) {
	before := int64(1<<62 - 1)
	if !at.IsZero() {
		before = sqldb.Micros(at)
	}
	query, args = "SELECT "+suppressionColumns+" FROM suppressions WHERE (created_at, id) < ($1, $2)", []any{before, id}
	for _, c := range []struct{ column, value string }{{"address_key", key}, {"reason", reason}} {
		if c.value != "" {
			args = append(args, c.value)
			query += " AND " + c.column + " = $" + strconv.Itoa(len(args))
		}
	}
	args = append(args, limit)
	return query + " ORDER BY created_at DESC, id DESC LIMIT $" + strconv.Itoa(len(args)), args
}
