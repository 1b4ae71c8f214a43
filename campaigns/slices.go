package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"assent/preferences"
	"assent/preferences/sqldb"
)

// How lanes share a campaign without waiting for each other, and why a withdrawal wins all the same.
//
// Claims do not lock the campaign. Its audience is set apart in slices of some hundreds of people each, in a tiny transaction
// that locks the campaign and moves its cursor. A claim locks any one slice that nobody holds (SKIP LOCKED), decides about the
// next people in it, and moves the slice's own beginning; what is not done stays for whoever claims next, so a dead process
// leaves nothing behind. SQLite has one writer at a time and all of this is true there by itself. On PostgreSQL:
//
//   - Nobody is claimed twice: a person is in at most one slice, since the cursor only moves forward under the campaign's lock,
//     and a slice's beginning moves past the person in the transaction that writes the outcome, under the slice's lock.
//   - A withdrawal ([Service.Revoke]) holds until its commit, in this order, the campaigns in FOR SHARE, so that no new slice
//     can be set apart; the slices that contain the person in FOR SHARE, so that it waits for a claim which may have read the
//     person's facts before and none can begin after; and the person's claimed and deferred deliveries. Whatever was claimed
//     before is then committed and seen, and is revoked; whatever is claimed later reads the facts after the commit. A
//     campaign that is not there yet when these locks are taken waits, before its first slice is set apart, for the
//     withdrawals that are under way ([Service.settled]).
//   - Deferred deliveries are claimed one row lock each (SKIP LOCKED): the same holds for them by the third of these locks.
//   - Pause, cancel, expiry and the end of a campaign lock the campaign, then all its slices ([exclusive]): they wait for the
//     claims under way, and whoever claims after reads the new status behind the slice's lock. A claim of deferred deliveries
//     reads it behind the campaign's, in FOR SHARE.
//
// Locks are taken in the order campaign, slices, deliveries; a claim that holds a slice waits for nothing. Exclusive locks on a
// campaign are FOR NO KEY UPDATE, with which rows that refer to it can still be written.

// sliceSize is how many people are set apart at once: some claims' worth, so that few transactions lock the campaign, and few
// enough that lanes do not run dry at the end while one of them still has a long way.
const sliceSize = 1000

// sliver is how many people at the end of an audience are too few for a slice of their own.
const sliver = sliceSize / 4

// slice is the people after one subscriber id, up to and with another.
type slice struct{ after, upto string }

// takeSlice locks a slice of a campaign that nobody holds.
func takeSlice(ctx context.Context, tx *sqldb.Tx, campaignID string) (sl slice, found bool, err error) {
	err = tx.QueryRowContext(ctx, "SELECT after, upto FROM campaign_slices WHERE campaign_id = $1 ORDER BY upto LIMIT 1"+tx.Dialect().SkipLocked(), campaignID).Scan(&sl.after, &sl.upto)
	if errors.Is(err, sql.ErrNoRows) {
		return sl, false, nil
	}
	if err != nil {
		return sl, false, fmt.Errorf("campaigns: slice: %w", err)
	}
	return sl, true, nil
}

// keep stores how far a slice has come, or removes it.
func (sl slice) keep(ctx context.Context, tx *sqldb.Tx, campaignID string) (err error) {
	if sl.after < sl.upto {
		_, err = tx.ExecContext(ctx, "UPDATE campaign_slices SET after = $1 WHERE campaign_id = $2 AND upto = $3", sl.after, campaignID, sl.upto)
	} else {
		_, err = tx.ExecContext(ctx, "DELETE FROM campaign_slices WHERE campaign_id = $1 AND upto = $2", campaignID, sl.upto)
	}
	if err != nil {
		return fmt.Errorf("campaigns: slice: %w", err)
	}
	return nil
}

// underWay is an advisory lock of PostgreSQL, one for each schema, that a withdrawal shares until its commit.
const underWay = "(hashtextextended(current_schema() || '.withdrawals', 0))"

// settled waits for the withdrawals that are under way. Those that begin after it see all that was committed before it.
func (s *Service) settled(ctx context.Context) error {
	if s.DB.Dialect().ForShare() == "" {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock"+underWay); err != nil {
			return fmt.Errorf("campaigns: withdrawals under way: %w", err)
		}
		return nil
	})
}

// reserve sets the next slice of a campaign apart, unless it does not send or the cursor has passed the last person.
func (s *Service) reserve(ctx context.Context, campaignID string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := lock(ctx, tx, campaignID)
		if err != nil || c.Status != StatusSending || c.Planned {
			return err
		}
		var n int
		var end, last sql.NullString
		if err := tx.QueryRowContext(ctx, `SELECT count(*), max(CASE WHEN n <= $1 THEN id END), max(id) FROM
			(SELECT id, row_number() OVER (ORDER BY id) AS n FROM subscribers WHERE id > $2 ORDER BY id LIMIT $3) AS x`, sliceSize, c.Cursor, sliceSize+sliver).Scan(&n, &end, &last); err != nil {
			return fmt.Errorf("campaigns: reserve: %w", err)
		}
		planned := n < sliceSize+sliver
		if !planned {
			last = end
		}
		if n > 0 {
			if _, err := tx.ExecContext(ctx, "INSERT INTO campaign_slices (campaign_id, upto, after) VALUES ($1, $2, $3)", c.ID, last.String, c.Cursor); err != nil {
				return fmt.Errorf("campaigns: reserve: %w", err)
			}
			c.Cursor = last.String
		}
		if _, err := tx.ExecContext(ctx, "UPDATE campaigns SET cursor = $1, planned = $2, updated_at = $3 WHERE id = $4", c.Cursor, planned, sqldb.Micros(s.now()), c.ID); err != nil {
			return fmt.Errorf("campaigns: reserve: %w", err)
		}
		return nil
	})
}

// exclusive locks a campaign and all that is set apart of it, so that nobody claims until tx ends.
func exclusive(ctx context.Context, tx *sqldb.Tx, id string) (*Campaign, []slice, error) {
	c, err := lock(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	var slices []slice
	for row := range sqldb.Rows(ctx, tx, "SELECT after, upto FROM campaign_slices WHERE campaign_id = $1 ORDER BY upto"+tx.Dialect().ForUpdate(), id) {
		var sl slice
		if err := row.Scan(&sl.after, &sl.upto); err != nil {
			return nil, nil, fmt.Errorf("campaigns: slices: %w", err)
		}
		slices = append(slices, sl)
	}
	return c, slices, nil
}

// unreached is how many people of a campaign nobody has looked at: those after the cursor, and those left in its slices.
func (s *Service) unreached(ctx context.Context, tx *sqldb.Tx, c *Campaign, slices []slice) (n int64, err error) {
	if !c.Planned {
		slices = append(slices, slice{c.Cursor, ""})
	}
	for _, sl := range slices {
		left, err := s.countIn(ctx, tx, c, sl)
		if err != nil {
			return 0, err
		}
		n += left
	}
	return n, nil
}

// Revoke takes back the claims on people's mails in the transaction of their withdrawals; see preferences.Sending. The locks
// that it takes are told at the top of this file.
func (s *Service) Revoke(ctx context.Context, tx *sqldb.Tx, at time.Time, stops []preferences.Stop, wait bool) (claims []preferences.Claim, held []string, err error) {
	type line struct {
		Person string `json:"p"`
		Topic  string `json:"t"`
	}
	lines := make([]line, len(stops))
	for i, stop := range stops {
		lines[i] = line{stop.SubscriberID, stop.TopicID}
	}
	text := sqldb.JSON(lines)
	d := tx.Dialect()
	person, topic := d.Field("p", "TEXT"), d.Field("t", "TEXT")
	concerns := "(" + topic + " = '' OR " + topic + " = c.topic_id)"
	if lock := d.ForShare(); lock != "" {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock_shared"+underWay); err != nil {
			return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "SELECT c.id FROM campaigns c WHERE c.status NOT IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM "+d.Rows(1)+" WHERE "+concerns+") ORDER BY c.id"+lock, text); err != nil {
			return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "SELECT s.upto FROM campaign_slices s JOIN campaigns c ON c.id = s.campaign_id WHERE EXISTS (SELECT 1 FROM "+d.Rows(1)+
			" WHERE s.after < "+person+" AND s.upto >= "+person+" AND "+concerns+") ORDER BY s.campaign_id, s.upto"+lock+" OF s", text); err != nil {
			return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
		}
	}
	found := map[string]preferences.Claim{}
	for row := range sqldb.Rows(ctx, tx, "SELECT DISTINCT d.id, d.subscriber_id, c.topic_id FROM "+d.Rows(1)+" CROSS JOIN deliveries d JOIN campaigns c ON c.id = d.campaign_id WHERE d.subscriber_id = "+person+
		" AND d.status IN ('claimed', 'deferred') AND "+concerns, text) {
		var c preferences.Claim
		if err := row.Scan(&c.DeliveryID, &c.SubscriberID, &c.TopicID); err != nil {
			return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
		}
		found[c.DeliveryID] = c
	}
	if len(found) == 0 {
		return nil, nil, nil
	}
	lock := d.SkipLocked()
	if wait {
		lock = d.ForUpdate()
	}
	var ids []string
	for row := range sqldb.Rows(ctx, tx, "SELECT id, status FROM deliveries WHERE id "+d.In(1)+" AND status IN ('claimed', 'deferred') ORDER BY id"+lock, d.List(slices.Collect(maps.Keys(found)))) {
		var id, status string
		if err := row.Scan(&id, &status); err != nil {
			return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
		}
		if status == StatusClaimed {
			claims = append(claims, found[id])
		}
		ids = append(ids, id)
		delete(found, id)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE deliveries SET revoked_at = $1 WHERE id "+d.In(2), sqldb.Micros(at), d.List(ids)); err != nil {
		return nil, nil, fmt.Errorf("campaigns: revoke: %w", err)
	}
	if !wait {
		for _, c := range found {
			held = append(held, c.SubscriberID)
		}
	}
	return claims, held, nil
}
