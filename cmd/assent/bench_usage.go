package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// usage is CPU time so far, in seconds, and the most memory that this process had.
type usage struct{ self, database, sink, peakMB float64 }

// ticks is how many clock ticks Linux counts a second in /proc, on every architecture that Go runs on.
const ticks = 100

func (b *bench) usage() usage {
	u := usage{self: cpuOf(os.Getpid()), sink: cpuOf(b.sink.cmd.Process.Pid), peakMB: statusMB("VmHWM:")}
	if b.app.db.Dialect() == sqldb.PostgreSQL {
		u.database = cpuOfAll("postgres")
	}
	if !b.app.queue.Embedded() {
		u.database += cpuOfAll("redis-server")
	}
	return u
}

// cpuOf reads user and system time of a process and of the children that it waited for; 0 where there is no /proc.
func cpuOf(pid int) float64 {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 15 {
		return 0
	}
	var sum float64
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime: proc(5)
		n, _ := strconv.ParseFloat(string(f), 64)
		sum += n
	}
	return sum / ticks
}

// cpuOfAll adds up all processes of a name on this machine: the database's, as long as no other one works meanwhile.
func cpuOfAll(name string) (sum float64) {
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, path := range names {
		text, err := os.ReadFile(path)
		if err != nil || strings.TrimSpace(string(text)) != name {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			sum += cpuOf(pid)
		}
	}
	return sum
}

// watchMemory keeps the most anonymous memory that this process had until ctx ends: its own, without the pages of files that
// the kernel has mapped for it and takes back when it needs them.
func (b *bench) watchMemory(ctx context.Context) {
	for ctx.Err() == nil {
		b.f.PeakMB = max(b.f.PeakMB, statusMB("RssAnon:"))
		time.Sleep(20 * time.Millisecond)
	}
}

// statusMB is a figure of /proc/self/status, in MB; 0 where there is none.
func statusMB(name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(text), name)
	if !ok {
		return 0
	}
	kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kb / 1024
}

// benchSchema makes an empty schema beside the installation's own, so that a benchmark touches nothing of it.
func benchSchema(ctx context.Context, database Secret) (Secret, error) {
	u, err := url.Parse(database.Reveal())
	if err != nil {
		return "", fmt.Errorf("DATABASE_URL cannot be read")
	}
	db, err := sql.Open("pgx", database.Reveal())
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "DROP SCHEMA IF EXISTS assent_bench CASCADE"); err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA assent_bench"); err != nil {
		return "", fmt.Errorf("bench: the database user must be allowed to create a schema: %w", err)
	}
	q := u.Query()
	q.Set("search_path", "assent_bench")
	u.RawQuery = q.Encode()
	return Secret(u.String()), nil
}

// profile writes a CPU profile until the returned function is called.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}
