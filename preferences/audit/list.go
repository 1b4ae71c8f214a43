package audit

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"assent/preferences/ranges"
	"assent/preferences/sqldb"
)

// Entry is one line of the log.
type Entry struct {
	ID            string
	At            time.Time
	Actor         Actor
	Action        string
	Object        string
	Before, After json.RawMessage // nil where there is none
}

// Filter chooses entries; its zero fields choose all.
type Filter struct {
	Actor  string // id of an actor, or of the person behind a key
	Action string // an action, or with a dot at the end all that begin so: "campaign."
	Object string // an object, or with a colon at the end all of that kind: "campaign:"
	From   time.Time
	Until  time.Time // not included
}

// ErrCursor is returned for a cursor that List did not make.
var ErrCursor = errors.New("audit: this cursor is not valid")

// List returns up to limit entries, the newest first, and the cursor of the next
// page, which is empty at the end.
func List(ctx context.Context, q sqldb.Querier, f Filter, limit int, cursor string) ([]Entry, string, error) {
	entries, next, _, err := Look(ctx, q, f, limit, cursor, 0)
	return entries, next, err
}

// Look is List that gives up after a while, perhaps before it found limit
// entries, and also tells about how many it looked at; most 0 is no limit.
func Look(ctx context.Context, q sqldb.Querier, f Filter, limit int, cursor string, most time.Duration) (entries []Entry, next string, looked int, err error) {
	read := func(after, upto string) (enough bool, err error) {
		query, args, err := f.query(after, upto, limit+1-len(entries))
		if err != nil {
			return false, err
		}
		some, err := read(ctx, q, query, args)
		entries = append(entries, some...)
		return len(entries) > limit, err
	}
	var look ranges.Look
	if f.narrow() {
		look, err = ranges.Go(ctx, cursor, most, func(ctx context.Context, after string, n int) (string, error) {
			return edge(ctx, q, after, n)
		}, read)
	} else {
		look.End = true
		_, err = read(cursor, "")
	}
	switch {
	case err != nil:
		return nil, "", 0, err
	case len(entries) > limit:
		entries = entries[:limit]
		last := entries[limit-1]
		return entries, makeCursor(sqldb.Micros(last.At), last.ID), look.Rows, nil
	case look.End:
		return entries, "", look.Rows, nil
	}
	return entries, look.At, look.Rows, nil
}

// narrow tells whether a filter may pass over so many entries that no index
// leads to those it chooses. One object's, and all of a time, are read as they lie.
func (f Filter) narrow() bool {
	one := f.Object != "" && !strings.HasSuffix(f.Object, ":")
	return !one && (f.Actor != "" || f.Action != "" || f.Object != "")
}

// edge is the cursor n entries behind another; empty when there are fewer.
func edge(ctx context.Context, q sqldb.Querier, after string, n int) (string, error) {
	at, id, err := parseCursor(after)
	if err != nil {
		return "", err
	}
	err = q.QueryRowContext(ctx, edgeQuery, at, id, n-1).Scan(&at, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("audit: list: %w", err)
	}
	return makeCursor(at, id), nil
}

const edgeQuery = "SELECT at, id FROM audit_log WHERE (at, id) < ($1, $2) ORDER BY at DESC, id DESC LIMIT 1 OFFSET $3"

// query reads the entries behind a cursor, down to and with another if there is one.
func (f Filter) query(after, upto string, limit int) (string, []any, error) {
	where, args := f.where()
	for _, c := range []struct{ cursor, sign string }{{after, "<"}, {upto, ">="}} {
		if c.cursor == "" {
			continue
		}
		at, id, err := parseCursor(c.cursor)
		if err != nil {
			return "", nil, err
		}
		args = append(args, at, id)
		where = append(where, fmt.Sprintf("(at, id) %s ($%d, $%d)", c.sign, len(args)-1, len(args)))
	}
	query := `SELECT id, at, actor_kind, actor_id, actor_name, actor_user_id, ip, action, object, before, after FROM audit_log`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, limit)
	return query + fmt.Sprintf(" ORDER BY at DESC, id DESC LIMIT $%d", len(args)), args, nil
}

func read(ctx context.Context, q sqldb.Querier, query string, args []any) (entries []Entry, err error) {
	entries, err = sqldb.All(ctx, q, scan, query, args...)
	if err != nil {
		return nil, fmt.Errorf("audit: list: %w", err)
	}
	return entries, nil
}

func (f Filter) where() (where []string, args []any) {
	add := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			marks[i] = len(args)
		}
		where = append(where, fmt.Sprintf(condition, marks...))
	}
	begins := func(column, value, end string) {
		switch {
		case value == "":
		case strings.HasSuffix(value, end):
			// The character after the separator ends the range of what begins so.
			add(column+" >= $%d AND "+column+" < $%d", value, value[:len(value)-1]+string(end[0]+1))
		default:
			add(column+" = $%d", value)
		}
	}
	if f.Actor != "" {
		add("(actor_id = $%d OR actor_user_id = $%d)", f.Actor, f.Actor)
	}
	begins("action", f.Action, ".")
	begins("object", f.Object, ":")
	if !f.From.IsZero() {
		add("at >= $%d", sqldb.Micros(f.From))
	}
	if !f.Until.IsZero() {
		add("at < $%d", sqldb.Micros(f.Until))
	}
	return where, args
}

func scan(row sqldb.Scanner) (Entry, error) {
	var e Entry
	var at int64
	var before, after sql.NullString
	err := row.Scan(&e.ID, &at, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Actor.UserID, &e.Actor.IP, &e.Action, &e.Object, &before, &after)
	e.At = sqldb.Time(at)
	if before.Valid {
		e.Before = json.RawMessage(before.String)
	}
	if after.Valid {
		e.After = json.RawMessage(after.String)
	}
	return e, err
}

func makeCursor(at int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at, 10) + " " + id))
}

func parseCursor(cursor string) (at int64, id string, err error) {
	if cursor == "" {
		return math.MaxInt64, "", nil // before the newest
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", ErrCursor
	}
	number, id, ok := strings.Cut(string(raw), " ")
	if at, err = strconv.ParseInt(number, 10, 64); err != nil || !ok || !sqldb.IsID(id) {
		return 0, "", ErrCursor
	}
	return at, id, nil
}
