package audit

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

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
	where, args := f.where()
	if cursor != "" {
		at, id, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		args = append(args, at, id)
		where = append(where, fmt.Sprintf("(at, id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	query := `SELECT id, at, actor_kind, actor_id, actor_name, actor_user_id, ip, action, object, before, after FROM audit_log`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, limit+1)
	query += fmt.Sprintf(" ORDER BY at DESC, id DESC LIMIT $%d", len(args))
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, "", fmt.Errorf("audit: list: %w", err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	if len(entries) <= limit {
		return entries, "", nil
	}
	entries = entries[:limit]
	last := entries[limit-1]
	return entries, makeCursor(sqldb.Micros(last.At), last.ID), nil
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

func scan(rows *sql.Rows) (Entry, error) {
	var e Entry
	var at int64
	var before, after sql.NullString
	err := rows.Scan(&e.ID, &at, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Name, &e.Actor.UserID, &e.Actor.IP, &e.Action, &e.Object, &before, &after)
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
