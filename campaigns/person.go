package campaigns

import (
	"context"
	"fmt"

	"assent/campaigns/evidence"
	"assent/preferences"
	"assent/preferences/sqldb"
)

// Forget removes what is kept about a person's mail beyond the bare count of it; see preferences.Sending.
func (s *Service) Forget(ctx context.Context, tx *sqldb.Tx, subscriberID, addressKey string) error {
	notices, err := noticesTo(ctx, tx, subscriberID, addressKey)
	if err != nil {
		return err
	}
	for _, statement := range []struct {
		query string
		args  []any
	}{
		// The delivery rows keep their outcome for the report; what the relay said may quote the address.
		{"UPDATE deliveries SET reply = '', evidence = '', facts = '' WHERE subscriber_id = $1", []any{subscriberID}},
		{"UPDATE deliveries SET status = 'skipped', reason = 'erased', due_at = NULL WHERE subscriber_id = $1 AND status = 'deferred'", []any{subscriberID}},
		{"DELETE FROM click_marks WHERE subscriber_id = $1", []any{subscriberID}},
		// Mail of the contract is kept by law for its time, but not under the person's address.
		{"DELETE FROM message_bytes WHERE message_id IN (SELECT id FROM messages WHERE subscriber_id = $1 OR address_key = $2)", []any{subscriberID, addressKey}},
		{"DELETE FROM message_attempts WHERE message_id IN (SELECT id FROM messages WHERE subscriber_id = $1 OR address_key = $2)", []any{subscriberID, addressKey}},
		{"DELETE FROM messages WHERE class = 'service' AND (subscriber_id = $1 OR address_key = $2)", []any{subscriberID, addressKey}},
		{`UPDATE messages SET email = '', address_key = id, name = '', subject = '', content = '', attachments = '', reply = '', subscriber_id = NULL,
			reason = CASE WHEN status IN ('queued', 'deferred', 'sending') THEN 'erased' ELSE reason END, status = CASE WHEN status IN ('queued', 'deferred', 'sending', 'cancelled') THEN 'unserved' ELSE status END,
			due_at = NULL WHERE subscriber_id = $1 OR address_key = $2`, []any{subscriberID, addressKey}},
		{"UPDATE notice_served SET note = '' WHERE message_id " + tx.Dialect().In(1), []any{tx.Dialect().List(notices)}},
	} {
		if _, err := tx.ExecContext(ctx, statement.query, statement.args...); err != nil {
			return fmt.Errorf("campaigns: forget: %w", err)
		}
	}
	return evidence.Erase(ctx, tx, s.now(), notices)
}

// noticesTo lists the notices to a person.
func noticesTo(ctx context.Context, q sqldb.Querier, subscriberID, addressKey string) (ids []string, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id FROM messages WHERE class = 'notice' AND (subscriber_id = $1 OR address_key = $2)", subscriberID, addressKey)
	if err != nil {
		return nil, fmt.Errorf("campaigns: forget: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("campaigns: forget: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// historyLimit bounds what a person's history shows.
const historyLimit = 1000

// History is what was sent to a person, newest first; see preferences.Sending.
func (s *Service) History(ctx context.Context, q sqldb.Querier, subscriberID string) ([]preferences.SentMail, error) {
	rows, err := q.QueryContext(ctx, `SELECT d.at, t.class, c.subject, t.key, d.status, d.reason FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN topics t ON t.id = c.topic_id
		WHERE d.subscriber_id = $1 UNION ALL SELECT at, class, subject, '', status, reason FROM messages WHERE subscriber_id = $2 ORDER BY 1 DESC LIMIT $3`, subscriberID, subscriberID, historyLimit)
	if err != nil {
		return nil, fmt.Errorf("campaigns: history: %w", err)
	}
	defer rows.Close()
	list := []preferences.SentMail{}
	for rows.Next() {
		var m preferences.SentMail
		var at int64
		if err := rows.Scan(&at, &m.Class, &m.Subject, &m.Topic, &m.Status, &m.Reason); err != nil {
			return nil, fmt.Errorf("campaigns: history: %w", err)
		}
		m.At = sqldb.Time(at)
		list = append(list, m)
	}
	return list, rows.Err()
}
