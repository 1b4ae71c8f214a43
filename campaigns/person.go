package campaigns

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"assent/campaigns/content"
	"assent/campaigns/evidence"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// Forget removes what is kept about a person's mail beyond the bare count of it; see preferences.Sending.
func (s *Service) Forget(ctx context.Context, tx *sqldb.Tx, subscriberID, addressKey string) error {
	notices, err := noticesTo(ctx, tx, subscriberID, addressKey)
	if err != nil {
		return err
	}
	if err := s.keepCounts(ctx, tx, subscriberID); err != nil {
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
		{"UPDATE deliveries SET variant = 0, tested = FALSE, tracked = FALSE WHERE subscriber_id = $1 AND (variant <> 0 OR tracked = TRUE)", []any{subscriberID}},
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
	ids, err = sqldb.Values[string](ctx, q, "SELECT id FROM messages WHERE class = 'notice' AND (subscriber_id = $1 OR address_key = $2)", subscriberID, addressKey)
	if err != nil {
		return nil, fmt.Errorf("campaigns: forget: %w", err)
	}
	return ids, nil
}

// History is what was sent to a person, newest first; see preferences.Sending. Of a campaign's mails no copy is kept: their
// subjects are filled in with what is known of the person now, and say so. A message's own name is kept with it.
func (s *Service) History(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber, limit int) ([]preferences.SentMail, error) {
	list := []preferences.SentMail{}
	mailing := Mailing{Locale: locale.Get(s.LocaleOf(ctx, sub))}
	person := mailing.Fill(sub, preferences.MailLinks{})
	for row := range sqldb.Rows(ctx, q, `SELECT d.at, t.class, c.subject, '', t.key, d.status, d.reason, d.variant, d.tested, d.tracked, c.ab_test, '' FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN topics t ON t.id = c.topic_id
			WHERE d.subscriber_id = $1
		UNION ALL SELECT at, class, subject, CASE WHEN subject = '' THEN kind ELSE '' END, '', status, reason, 0, FALSE, FALSE, '', name FROM messages WHERE subscriber_id = $2
		UNION ALL SELECT at, class, subject, CASE WHEN subject = '' THEN kind ELSE '' END, '', status, reason, 0, FALSE, FALSE, '', name FROM messages WHERE address_key = $3 AND subscriber_id IS NULL
		ORDER BY 1 DESC LIMIT $4`, sub.ID, sub.ID, sub.EmailKey, limit) {
		var m preferences.SentMail
		var at int64
		var test, name string
		if err := row.Scan(&at, &m.Class, &m.Subject, &m.Kind, &m.Topic, &m.Status, &m.Reason, &m.Variant, &m.Tested, &m.Tracked, &test, &name); err != nil {
			return nil, fmt.Errorf("campaigns: history: %w", err)
		}
		m.At = sqldb.Time(at)
		if m.Variant > 1 && test != "" { // the subject that they got
			c := Campaign{Subject: m.Subject, AB: &ABTest{}}
			if err := json.Unmarshal([]byte(test), c.AB); err != nil {
				return nil, fmt.Errorf("campaigns: history: %w", err)
			}
			m.Subject = c.As(m.Variant).Subject
		}
		if m.Topic != "" {
			m.Subject, m.Today = content.FillLine(m.Subject, &person)
		} else {
			m.Subject, _ = content.FillLine(m.Subject, &content.Person{FirstName: name, Locale: person.Locale})
		}
		list = append(list, m)
	}
	return list, nil
}

// ClicksOf are the links that a person followed and that are still known to be theirs, for the copy of their data (GDPR 15).
func (s *Service) ClicksOf(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber) ([]map[string]any, error) {
	if sub.ID == "" {
		return nil, nil
	}
	var list []map[string]any
	for row := range sqldb.Rows(ctx, q, `SELECT m.at, c.name, l.url FROM click_marks m JOIN campaigns c ON c.id = m.campaign_id JOIN campaign_links l ON l.id = m.link_id
		WHERE m.subscriber_id = $1 ORDER BY m.at, l.url`, sub.ID) {
		var at int64
		var name, url string
		if err := row.Scan(&at, &name, &url); err != nil {
			return nil, fmt.Errorf("campaigns: clicks of a person: %w", err)
		}
		list = append(list, map[string]any{"at": sqldb.Time(at).Format(time.RFC3339), "campaign": name, "url": url})
	}
	return list, nil
}

// keepCounts counts, before a person is erased, what they were counted for by their rows: which text they got is theirs and goes,
// that somebody got it stays.
func (s *Service) keepCounts(ctx context.Context, tx *sqldb.Tx, subscriberID string) error {
	tallies := map[string]tally{}
	for row := range sqldb.Rows(ctx, tx, `SELECT campaign_id, variant, tested, tracked, unsubscribed_at IS NOT NULL, complained_at IS NOT NULL FROM deliveries
		WHERE subscriber_id = $1 AND status IN ('sent', 'bounced', 'uncertain') AND (tested = TRUE OR tracked = TRUE) ORDER BY campaign_id`, subscriberID) {
		var campaign string
		var variant int
		var tested, tracked, left, complained bool
		if err := row.Scan(&campaign, &variant, &tested, &tracked, &left, &complained); err != nil {
			return fmt.Errorf("campaigns: forget: %w", err)
		}
		t := tally{}
		if tracked {
			t.add(countErasedTracked, "", 1)
		}
		for outcome, is := range map[string]bool{countErasedSent: true, countErasedTestTracked: tracked, countErasedLeft: left, countErasedComplained: complained} {
			if tested && is {
				t.add(outcome, strconv.Itoa(variant), 1)
			}
		}
		tallies[campaign] = t
	}
	for _, campaign := range slices.Sorted(maps.Keys(tallies)) {
		if err := tallies[campaign].write(ctx, tx, campaign, 0, s.now()); err != nil {
			return err
		}
	}
	return nil
}
