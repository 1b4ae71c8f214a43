package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Database looks at the settings that decide whether what was acknowledged is still there after a crash, and whether the connections
// suffice.
func Database(ctx context.Context, db *sqldb.DB, dataDir string) []Check {
	if err := db.Ping(ctx); err != nil {
		return []Check{failf("database", "check DATABASE_URL and that the server runs", "%v", err)}
	}
	if db.Dialect() == sqldb.SQLite {
		return sqlite(ctx, db, dataDir)
	}
	s, err := readPostgres(ctx, db)
	if err != nil {
		return []Check{warnf("database", "let the user of DATABASE_URL read the server's settings", "PostgreSQL answers, its settings cannot be read: %v", err)}
	}
	return s.checks()
}

// sqliteSettings are those of the connection that writes.
type sqliteSettings struct {
	journal     string
	synchronous int
}

func sqlite(ctx context.Context, db *sqldb.DB, dataDir string) []Check {
	var s sqliteSettings
	for query, into := range map[string]any{"PRAGMA journal_mode": &s.journal, "PRAGMA synchronous": &s.synchronous} {
		if err := db.Writer().QueryRowContext(ctx, query).Scan(into); err != nil {
			return []Check{failf("database", "check that the file of DATABASE_URL can be read and written", "%v", err)}
		}
	}
	out := []Check{s.check()}
	if dir := filepath.Dir(db.Path()); !same(dir, dataDir) {
		disk := Disk(dir)
		const name = "disk of the database"
		disk.Name = name
		out = append(out, disk)
	}
	return out
}

func (s sqliteSettings) check() Check {
	const name = "database"
	switch {
	case !strings.EqualFold(s.journal, "wal"):
		return failf(name, "put the file on a local disk; network file systems do not bear write-ahead logging", "SQLite with journal_mode %s: pages wait for every write", s.journal)
	case s.synchronous < 2:
		return failf(name, "start it with the settings that it came with", "SQLite with synchronous %d: an unsubscribe that was acknowledged may be lost when the power goes", s.synchronous)
	}
	return okf(name, "SQLite, write-ahead log, each commit on disk; up to date")
}

func same(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// postgresSettings are those of the server, as far as they matter.
type postgresSettings struct {
	version               int
	fsync, commit, full   string
	connections, reserved int
	used, pool            int
	encoding, readOnly    string
}

// oldestPostgres gets fixes of security until November 2027.
const oldestPostgres = 150000

func readPostgres(ctx context.Context, db *sqldb.DB) (s postgresSettings, err error) {
	var version, connections, reserved string
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version_num'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
		current_setting('max_connections'), current_setting('superuser_reserved_connections'), current_setting('server_encoding'), current_setting('default_transaction_read_only'),
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL)`).
		Scan(&version, &s.fsync, &s.commit, &s.full, &connections, &reserved, &s.encoding, &s.readOnly, &s.used)
	if err != nil {
		return s, err
	}
	for text, into := range map[string]*int{version: &s.version, connections: &s.connections, reserved: &s.reserved} {
		if *into, err = strconv.Atoi(text); err != nil {
			return s, err
		}
	}
	s.pool = db.Writer().Stats().MaxOpenConnections
	return s, nil
}

func (s postgresSettings) checks() []Check {
	const (
		name        = "database"
		safety      = "database safety"
		connections = "database connections"
	)
	out := []Check{okf(name, "PostgreSQL %d.%d answers and is up to date", s.version/10000, s.version%10000)}
	switch {
	case s.version < oldestPostgres:
		out[0] = warnf(name, "move to PostgreSQL 15 or later", "PostgreSQL %d.%d is not looked after for long any more", s.version/10000, s.version%10000)
	case s.readOnly == "on":
		out[0] = failf(name, "let DATABASE_URL name the primary server", "the server takes no writes")
	case s.encoding != "UTF8":
		out[0] = failf(name, "make the database with ENCODING 'UTF8'", "its encoding is %s", s.encoding)
	}
	switch {
	case s.fsync != "on" || s.full != "on":
		out = append(out, failf(safety, "set fsync = on and full_page_writes = on", "fsync is %s, full_page_writes is %s: a crash may break the database", s.fsync, s.full))
	case s.commit == "off":
		out = append(out, failf(safety, "set synchronous_commit = on", "synchronous_commit is off: an unsubscribe that was acknowledged may be lost in a crash"))
	default:
		out = append(out, okf(safety, "fsync on, synchronous_commit %s", s.commit))
	}
	room := s.connections - s.reserved
	detail := fmt.Sprintf("this process takes up to %d of %d; %d are in use now", s.pool, room, s.used)
	switch {
	case s.pool > 0 && s.pool > room:
		out = append(out, failf(connections, fmt.Sprintf("set max_connections to %d or more, %d for each further process", s.pool+s.reserved+10, s.pool), "%s", detail))
	case s.pool > 0 && 2*s.pool > room:
		out = append(out, warnf(connections, fmt.Sprintf("set max_connections to %d or more before a second process runs", 2*s.pool+s.reserved+10), "%s: too few for two processes", detail))
	default:
		out = append(out, okf(connections, "%s", detail))
	}
	return out
}

// DatabaseClock is that of the database's machine, or none where it is ours.
func DatabaseClock(db *sqldb.DB) []Clock {
	if db.Dialect() != sqldb.PostgreSQL {
		return nil
	}
	return []Clock{{Name: "PostgreSQL", Time: func(ctx context.Context) (at time.Time, err error) {
		err = db.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&at)
		return at, err
	}}}
}
