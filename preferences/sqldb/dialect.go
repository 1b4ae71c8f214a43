package sqldb

import (
	"database/sql"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Dialect is one of the two engines, and what they say differently.
type Dialect int

// The engines.
const (
	SQLite Dialect = iota + 1
	PostgreSQL
)

// String is the engine's name.
func (d Dialect) String() string {
	if d == PostgreSQL {
		return "PostgreSQL"
	}
	return "SQLite"
}

// In is the right side of a comparison with a list of texts that is bound as placeholder n: `WHERE id ` + d.In(1).
func (d Dialect) In(n int) string {
	if d == PostgreSQL {
		return "= ANY($" + strconv.Itoa(n) + ")"
	}
	return "IN (SELECT value FROM json_each($" + strconv.Itoa(n) + "))"
}

// List is the argument for [Dialect.In].
func (d Dialect) List(values []string) any {
	if values == nil {
		values = []string{}
	}
	if d == PostgreSQL {
		return values
	}
	return JSON(values)
}

// Rows is a table expression over a JSON array of objects bound as placeholder n, for set-based inserts and updates;
// read a column of it with [Dialect.Field]. Its alias is `r` and its only column `value`.
func (d Dialect) Rows(n int) string {
	if d == PostgreSQL {
		return "(SELECT value FROM jsonb_array_elements($" + strconv.Itoa(n) + "::jsonb) AS e(value)) AS r"
	}
	return "(SELECT value FROM json_each($" + strconv.Itoa(n) + ")) AS r"
}

// Field reads the member name of a row of [Dialect.Rows] as kind: TEXT, BIGINT or BOOLEAN.
func (d Dialect) Field(name, kind string) string {
	read := "(r.value ->> '" + name + "')"
	if d == SQLite && kind == "BOOLEAN" {
		return "(" + read + " = 1)"
	}
	if kind == "TEXT" {
		return read
	}
	return "CAST(" + read + " AS " + kind + ")"
}

// ForUpdate locks the rows that a SELECT returns until the transaction ends. SQLite has one writer and needs none.
func (d Dialect) ForUpdate() string {
	if d == PostgreSQL {
		return " FOR UPDATE"
	}
	return ""
}

// ForNoKeyUpdate is [Dialect.ForUpdate] that lets others write rows which refer to these.
func (d Dialect) ForNoKeyUpdate() string {
	if d == PostgreSQL {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// ForShare waits for those who hold the rows that a SELECT returns by [Dialect.ForUpdate], and keeps others from locking
// them so until the transaction ends; many may hold it at once.
func (d Dialect) ForShare() string {
	if d == PostgreSQL {
		return " FOR SHARE"
	}
	return ""
}

// SkipLocked is [Dialect.ForUpdate] that leaves out the rows which another transaction holds.
func (d Dialect) SkipLocked() string {
	if d == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Held is the condition that the column worker names the worker that is bound as placeholder n, or one of its claims, which
// are told apart by what follows a slash.
func Held(n int) string {
	p := "$" + strconv.Itoa(n)
	return "(worker = " + p + " OR worker LIKE " + p + " || '/%')"
}

// JSONField reads the top-level member bound as placeholder n of a JSON text column.
func (d Dialect) JSONField(column string, n int) string {
	if d == PostgreSQL {
		return "(CAST(" + column + " AS json) ->> $" + strconv.Itoa(n) + ")"
	}
	return "(" + column + " ->> $" + strconv.Itoa(n) + ")"
}

// JSON is a value of texts, numbers and times, or of what came from JSON, as it is stored or given to [Dialect.Rows].
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // such values always encode
	}
	return string(b)
}

// NewID is a new identifier: a UUIDv7, so that later ones sort after earlier ones.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IsID tells whether s has the form of an identifier, so that a hostile path parameter never reaches a query.
func IsID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

// Micros is t as it is stored.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time is a stored instant, in UTC.
func Time(us int64) time.Time { return time.UnixMicro(us).UTC() }

// NullMicros is t as it is stored, NULL for the zero time.
func NullMicros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// NullTime is a stored instant that may be absent: the zero time then.
func NullTime(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return Time(us.Int64)
}

// TimeOrNil is NullTime for what is told as null, or not at all, where there is no time.
func TimeOrNil(us sql.NullInt64) *time.Time {
	if !us.Valid {
		return nil
	}
	t := Time(us.Int64)
	return &t
}

// NullText is s, NULL when it is empty.
func NullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
