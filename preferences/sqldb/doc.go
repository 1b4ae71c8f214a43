// Package sqldb opens the system of record and runs transactions on it.
//
// Two engines speak one SQL text: embedded SQLite (one file, pure Go) and PostgreSQL. The package knows no table. What the
// engines do not share is behind [Dialect]; everything else is plain database/sql.
//
// Times are stored as BIGINT microseconds since 1970 in UTC, identifiers as UUIDv7 text.
package sqldb
