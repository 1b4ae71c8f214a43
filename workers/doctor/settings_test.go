package doctor

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/queue/queuetest"
)

// named is the check of that name.
func named(t *testing.T, checks []Check, name string) Check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no check %s in %+v", name, checks)
	}
	return checks[i]
}

func TestTheDatabaseAsItIsSetUpIsWell(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		checks := Database(t.Context(), db, filepath.Dir(db.Path()))
		expect(t, named(t, checks, "database"), OK, "up to date")
		if db.Dialect() == sqldb.SQLite {
			if checks = Database(t.Context(), db, t.TempDir()); len(checks) != 2 || checks[1].Name != "disk of the database" {
				t.Errorf("a file elsewhere has a disk of its own: %+v", checks)
			}
			if _, err := db.Writer().ExecContext(t.Context(), "PRAGMA synchronous = NORMAL"); err != nil {
				t.Fatal(err)
			}
			expect(t, named(t, Database(t.Context(), db, ""), "database"), Fail, "synchronous 1")
			return
		}
		for _, name := range []string{"database safety", "database connections"} {
			if c := named(t, checks, name); c.Detail == "" {
				t.Errorf("%+v", c)
			}
		}
		clock := DatabaseClock(db)
		if at, err := clock[0].Time(t.Context()); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%v %v", at, err)
		}
	})
}

func TestSettingsOfTheDatabase(t *testing.T) {
	expect(t, sqliteSettings{"wal", 2}.check(), OK, "")
	expect(t, sqliteSettings{"delete", 2}.check(), Fail, "journal_mode delete")
	expect(t, sqliteSettings{"wal", 0}.check(), Fail, "acknowledged may be lost")
	good := postgresSettings{version: 170002, fsync: "on", commit: "on", full: "on", connections: 100, reserved: 3, used: 5, pool: 16, encoding: "UTF8", readOnly: "off"}
	for _, c := range []struct {
		name   string
		change func(*postgresSettings)
		want   Status
		detail string
	}{
		{"database", func(*postgresSettings) {}, OK, "17.2"},
		{"database safety", func(*postgresSettings) {}, OK, "fsync on"},
		{"database connections", func(*postgresSettings) {}, OK, "16 of 97; 5"},
		{"database", func(s *postgresSettings) { s.version = 130004 }, Warn, "13.4"},
		{"database", func(s *postgresSettings) { s.readOnly = "on" }, Fail, "no writes"},
		{"database", func(s *postgresSettings) { s.encoding = "SQL_ASCII" }, Fail, "SQL_ASCII"},
		{"database safety", func(s *postgresSettings) { s.fsync = "off" }, Fail, "set fsync = on"},
		{"database safety", func(s *postgresSettings) { s.full = "off" }, Fail, "full_page_writes is off"},
		{"database safety", func(s *postgresSettings) { s.commit = "off" }, Fail, "synchronous_commit = on"},
		{"database safety", func(s *postgresSettings) { s.commit = "remote_apply" }, OK, ""},
		{"database connections", func(s *postgresSettings) { s.connections = 15 }, Fail, "max_connections to 29"},
		{"database connections", func(s *postgresSettings) { s.connections = 30 }, Warn, "before a second process"},
	} {
		s := good
		c.change(&s)
		expect(t, named(t, s.checks(), c.name), c.want, c.detail)
	}
}

func TestSettingsOfRedis(t *testing.T) {
	good := redisSettings{version: "7.0.15", policy: "noeviction", limited: true, appends: true, latency: time.Millisecond}
	for _, c := range []struct {
		name   string
		change func(*redisSettings)
		want   Status
		detail string
	}{
		{"queue", func(*redisSettings) {}, OK, "7.0.15 answers in 1ms"},
		{"queue memory", func(*redisSettings) {}, OK, ""},
		{"queue persistence", func(*redisSettings) {}, OK, "appended"},
		{"queue", func(s *redisSettings) { s.version = "6.0.16" }, Warn, "6.2"},
		{"queue", func(s *redisSettings) { s.latency = 80 * time.Millisecond }, Warn, "same network"},
		{"queue memory", func(s *redisSettings) { s.policy = "allkeys-lru" }, Fail, "noeviction"},
		{"queue memory", func(s *redisSettings) { s.policy, s.limited = "allkeys-lru", false }, Warn, "noeviction"},
		{"queue memory", func(s *redisSettings) { s.policy = "" }, Warn, "noeviction"},
		{"queue persistence", func(s *redisSettings) { s.appends = false }, Warn, "appendonly yes"},
		{"queue persistence", func(s *redisSettings) { s.appends, s.saves = false, true }, OK, "snapshots"},
		{"queue persistence", func(s *redisSettings) { s.fault = true }, Fail, "free the disk"},
	} {
		s := good
		c.change(&s)
		expect(t, named(t, s.checks(), c.name), c.want, c.detail)
	}
}

func TestARealRedisIsRead(t *testing.T) {
	o, err := redis.ParseURL(queuetest.Start(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer client.Close()
	s, err := readRedis(t.Context(), client)
	if err != nil || s.version == "" || s.policy == "" || s.latency <= 0 {
		t.Fatalf("%+v %v", s, err)
	}
	if at, err := RedisClock(client).Time(t.Context()); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("%v %v", at, err)
	}
	_ = client.Close()
	expect(t, Redis(t.Context(), client)[0], Fail, "REDIS_URL")
}
