package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Result is what became of one try.
type Result struct {
	ID        string
	Status    string // sent, deferred, bounced or unserved; queued: it was not begun
	Reason    string
	Code      int
	Reply     string
	Relay     string
	TLS       string
	MessageID string
	SHA256    string
	Raw       []byte // kept for a message that was sent; may be nil
	DueAt     time.Time
}

// tried is a result as it is written.
type tried struct {
	ID        string `json:"i"`
	N         int    `json:"n"`
	Status    string `json:"s"`
	Reason    string `json:"r"`
	Code      int    `json:"c"`
	Reply     string `json:"re"`
	Relay     string `json:"rl"`
	TLS       string `json:"t"`
	MessageID string `json:"m"`
	SHA256    string `json:"h"`
	DueAt     int64  `json:"d"` // 0: none
	SentAt    int64  `json:"st"`
	gone      bool   // whom it was for is erased
}

// Complete stores what became of tries, with their evidence. A message that is sent stays so, whatever a worker that was
// thought dead reports later. Whom a message was for may have been erased while it was being sent: then it is not tried again,
// and neither its bytes nor the relay's words, which may quote the address, come back.
func (s *Store) Complete(ctx context.Context, results ...Result) error {
	if len(results) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		rows := make(map[string]*tried, len(results))
		list := make([]*tried, len(results))
		for i, r := range results {
			t := &tried{ID: r.ID, Status: r.Status, Reason: r.Reason, Code: r.Code, Reply: clean(r.Reply), Relay: r.Relay, TLS: r.TLS, MessageID: r.MessageID, SHA256: r.SHA256}
			switch {
			case r.Status == StatusSent:
				t.SentAt = sqldb.Micros(now)
			case r.Status == StatusQueued:
				t.DueAt = sqldb.Micros(now)
			case !r.DueAt.IsZero():
				t.DueAt = sqldb.Micros(r.DueAt)
			}
			rows[r.ID], list[i] = t, t
		}
		ended, err := writeResults(ctx, tx, rows, list, now)
		if err != nil {
			return err
		}
		if err := writeAttempts(ctx, tx, list, now); err != nil {
			return err
		}
		if err := writeBytes(ctx, tx, rows, results, now); err != nil {
			return err
		}
		return s.conclude(ctx, tx, ended)
	})
}

// clean makes a reply one that every engine stores.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// writeResults updates the messages, notes in rows which try it was, and returns those that have come to an end. Results that
// came too late lose their try.
func writeResults(ctx context.Context, tx *sqldb.Tx, rows map[string]*tried, list []*tried, now time.Time) (ended []outcome, err error) {
	d := tx.Dialect()
	field := func(name string) string { return d.Field(name, "TEXT") }
	for row := range sqldb.Rows(ctx, tx, "UPDATE messages SET worker = '', at = $1, status = "+field("s")+", reason = "+field("r")+", reply = CASE WHEN messages.email = '' THEN '' ELSE "+field("re")+" END, relay = "+field("rl")+", tls = "+field("t")+
		", message_id = "+field("m")+", sha256 = "+field("h")+", due_at = nullif("+d.Field("d", "BIGINT")+", 0), sent_at = nullif("+d.Field("st", "BIGINT")+", 0) FROM "+d.Rows(2)+
		" WHERE messages.id = "+field("i")+" AND messages.status <> 'sent' AND (messages.status IN ('sending', 'queued', 'deferred') OR "+field("s")+" = 'sent') RETURNING "+endColumns,
		sqldb.Micros(now), sqldb.JSON(list)) {
		m, err := scanEnd(row)
		if err != nil {
			return nil, err
		}
		t := rows[m.ID]
		t.N, t.Reply, t.gone = m.Attempts, m.Reply, m.Email == ""
		if final(m.Status) {
			ended = append(ended, outcome{Message: m, at: now, code: t.Code})
		}
	}
	return ended, nil
}

// endColumns are what is told of a message that has come to an end, qualified because another table stands beside it.
const endColumns = `messages.id, messages.class, messages.obligation, messages.reference, messages.broadcast_id, messages.subscriber_id, messages.email, messages.status, messages.reason,
	messages.attempts, messages.sha256, messages.message_id, messages.relay, messages.tls, messages.reply`

func writeAttempts(ctx context.Context, tx *sqldb.Tx, list []*tried, now time.Time) error {
	d := tx.Dialect()
	if _, err := tx.ExecContext(ctx, "INSERT INTO message_attempts (at, message_id, n, outcome, code, reply, relay, tls) SELECT $1, "+d.Field("i", "TEXT")+", "+d.Field("n", "BIGINT")+", "+d.Field("s", "TEXT")+", "+
		d.Field("c", "BIGINT")+", "+d.Field("re", "TEXT")+", "+d.Field("rl", "TEXT")+", "+d.Field("t", "TEXT")+" FROM "+d.Rows(2)+" WHERE "+d.Field("n", "BIGINT")+" > 0 ON CONFLICT (message_id, n) DO NOTHING",
		sqldb.Micros(now), sqldb.JSON(list)); err != nil {
		return fmt.Errorf("outbox: complete: %w", err)
	}
	return nil
}

// writeBytes keeps the mails that were sent.
func writeBytes(ctx context.Context, tx *sqldb.Tx, rows map[string]*tried, results []Result, now time.Time) error {
	var places []string
	var args []any
	for _, r := range results {
		if t := rows[r.ID]; len(r.Raw) == 0 || t.N == 0 || t.gone {
			continue
		}
		n := len(args)
		places = append(places, "($"+strconv.Itoa(n+1)+", $"+strconv.Itoa(n+2)+", $"+strconv.Itoa(n+3)+")")
		args = append(args, r.ID, r.Raw, sqldb.Micros(now))
	}
	if len(args) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO message_bytes (message_id, raw, at) VALUES "+strings.Join(places, ", ")+
		" ON CONFLICT (message_id) DO UPDATE SET raw = excluded.raw, at = excluded.at", args...); err != nil {
		return fmt.Errorf("outbox: complete: %w", err)
	}
	return nil
}

// Release puts back what a worker held, or one of its claims (see [sqldb.Held]): it is gone, and a message may be sent again
// with the same Message-ID.
func (s *Store) Release(ctx context.Context, worker string) (released int64, err error) {
	res, err := s.DB.ExecContext(ctx, "UPDATE messages SET status = 'queued', worker = '', due_at = $1, at = $1 WHERE status = 'sending' AND "+sqldb.Held(2),
		sqldb.Micros(s.now()), worker)
	if err != nil {
		return 0, fmt.Errorf("outbox: release: %w", err)
	}
	return res.RowsAffected()
}

// Waiting tells how many messages are due, and since when the oldest waits.
func (s *Store) Waiting(ctx context.Context) (n int, oldest time.Time, err error) {
	var first sql.NullInt64
	err = s.DB.QueryRowContext(ctx, "SELECT count(*), min(due_at) FROM messages WHERE status IN ('queued', 'deferred') AND due_at <= $1", sqldb.Micros(s.now())).Scan(&n, &first)
	return n, sqldb.NullTime(first), err
}

// Bounced notes that a message which a relay had accepted came back: the person was not reached.
func (s *Store) Bounced(ctx context.Context, id, said string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		m, err := scanEnd(tx.QueryRowContext(ctx, `UPDATE messages SET status = 'bounced', reason = 'address_bounced', reply = $1, at = $2, due_at = NULL WHERE id = $3
			AND status IN ('sent', 'deferred', 'queued') RETURNING `+endColumns, clean(said), sqldb.Micros(now), id))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.conclude(ctx, tx, []outcome{{Message: m, at: now}})
	})
}
