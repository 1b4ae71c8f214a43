package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"runtime"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sqldb"
	"assent/workers/transport"
)

var _ transport.Transport = (*Box)(nil)

// Connections is how many batches are worth sending at once: one is written while others are built.
func (b *Box) Connections() int { return 2 * runtime.NumCPU() }

// Name is what evidence says in place of a relay.
func (b *Box) Name() string { return "mailbox" }

// entry is one message of a batch that may go into the box.
type entry struct {
	i     int
	until time.Time
	at    time.Time
	data  []byte
	seq   int64
}

// SendBatch stores a batch in one transaction. A message begins when its lease is asked for, and must be committed while it runs; its
// final dot is the commit.
func (b *Box) SendBatch(ctx context.Context, batch transport.Batch) []transport.Result {
	results := make([]transport.Result, len(batch.Messages))
	var ready []entry
	for i := range batch.Messages {
		m := &batch.Messages[i]
		r := &results[i]
		r.Relay, r.At = b.Name(), time.Now()
		if r.Err = transport.Check(m, ""); r.Err != nil {
			continue
		}
		data := m.Data
		if data == nil && m.Build != nil {
			var err error
			if data, err = m.Build(nil); err != nil {
				r.Err = &transport.BuildError{Err: err}
				continue
			}
		}
		if len(data) == 0 {
			r.State, r.Enhanced, r.Reply = transport.Rejected, "5.6.0", "no message"
			continue
		}
		ready = append(ready, entry{i: i, data: data})
	}
	if r := ctx.Err(); r != nil || len(ready) == 0 {
		for _, e := range ready {
			results[e.i].Err = r
		}
		return results
	}
	ctx = context.WithoutCancel(ctx) // what has begun is finished
	committing := false
	var kept []entry
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		committing, kept = false, nil
		if kept, err = b.store(ctx, tx, &batch, ready); err != nil {
			return err
		}
		if kept, err = b.still(ctx, tx, &batch, kept); err != nil {
			return err
		}
		for _, e := range kept {
			if err := note(&batch, "", 0, batch.Messages[e.i].ID); err != nil {
				return err
			}
		}
		committing = true
		return nil
	})
	now := time.Now()
	for _, e := range kept {
		r := &results[e.i]
		r.Stage, r.MailAt, r.At = transport.StageEnd, e.at, now
		switch {
		case err == nil:
			r.State, r.Code, r.Enhanced = transport.Sent, 250, "2.0.0"
			r.Reply = "2.0.0 kept in the built-in mailbox as " + strconv.FormatInt(e.seq, 10)
			_ = note(&batch, batch.Messages[e.i].ID, 250, "")
		case committing:
			r.State, r.Err = transport.Uncertain, err
		default:
			r.State, r.Err = transport.Failed, err
			_ = note(&batch, batch.Messages[e.i].ID, 0, "")
		}
	}
	for _, e := range ready {
		if err != nil && results[e.i].State == transport.NotBegun {
			results[e.i].Err = err
		}
	}
	if err == nil && b.fresh.Add(int64(len(kept))) >= int64(max(1, b.opts.Keep/20)) {
		b.fresh.Store(0)
		b.trim(ctx)
	}
	return results
}

func note(batch *transport.Batch, replied string, code int, finishing string) error {
	if batch.Journal == nil {
		return nil
	}
	return batch.Journal.Note(replied, code, finishing)
}

// lease tells until when a message may begin; far away where nobody asks.
func lease(batch *transport.Batch, i int) time.Time {
	if batch.Lease == nil {
		return time.Now().Add(24 * time.Hour)
	}
	return batch.Lease(i)
}

func (b *Box) store(ctx context.Context, tx *sqldb.Tx, batch *transport.Batch, ready []entry) (kept []entry, err error) {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO mails (delivery, at, stream, class, sender, recipient, recipient_key, subject, size, raw)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	defer insert.Close()
	at := sqldb.Micros(b.opts.Now())
	for _, e := range ready {
		if e.until = lease(batch, e.i); e.until.IsZero() {
			continue
		}
		e.at = time.Now()
		m := &batch.Messages[e.i]
		res, err := insert.ExecContext(ctx, m.ID, at, string(m.Permit.Stream()), m.Permit.Class().String(), m.From, m.To, key(m.To), header(e.data, "Subject"), len(e.data), e.data)
		if err != nil {
			return kept, fmt.Errorf("mailbox: %w", err)
		}
		if e.seq, err = res.LastInsertId(); err != nil {
			return kept, fmt.Errorf("mailbox: %w", err)
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// still takes those out again whose lease ran out while the others were stored.
func (b *Box) still(ctx context.Context, tx *sqldb.Tx, batch *transport.Batch, kept []entry) ([]entry, error) {
	out := kept[:0]
	for _, e := range kept {
		if time.Now().After(e.until) && !time.Now().Before(lease(batch, e.i)) {
			if _, err := tx.ExecContext(ctx, "DELETE FROM mails WHERE seq = $1", e.seq); err != nil {
				return kept, fmt.Errorf("mailbox: %w", err)
			}
			continue
		}
		out = append(out, e)
	}
	return out, nil
}

// trim removes the oldest beyond what is kept. That it fails now does no harm: it is tried again.
func (b *Box) trim(ctx context.Context) {
	_ = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		var n, size int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(size), 0) FROM mails").Scan(&n, &size); err != nil {
			return err
		}
		for n > int64(b.opts.Keep) || size > b.opts.KeepBytes && n > 1 {
			chunk := max(1, n-int64(b.opts.Keep))
			if n <= int64(b.opts.Keep) {
				chunk = max(1, n/10)
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM mails WHERE seq IN (SELECT seq FROM mails ORDER BY seq LIMIT $1)", chunk); err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(size), 0) FROM mails").Scan(&n, &size); err != nil {
				return err
			}
		}
		return nil
	})
}

// header reads a field of a mail, for the list.
func header(data []byte, name string) string {
	name += ":"
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	i := bytes.Index(head, []byte(name))
	for i > 0 && head[i-1] != '\n' {
		next := bytes.Index(head[i+1:], []byte(name))
		if next < 0 {
			return ""
		}
		i += 1 + next
	}
	if i < 0 {
		return ""
	}
	value := string(head[i+len(name):])
	end := 0
	for end < len(value) {
		n := strings.Index(value[end:], "\r\n")
		if n < 0 {
			end = len(value)
			break
		}
		end += n
		if end+2 >= len(value) || value[end+2] != ' ' && value[end+2] != '\t' {
			break
		}
		end += 2
	}
	value = strings.TrimSpace(strings.ReplaceAll(value[:end], "\r\n", ""))
	if text, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		return text
	}
	return value
}
