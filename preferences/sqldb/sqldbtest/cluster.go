package sqldbtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"assent/preferences/porttest"
)

// Cluster is a PostgreSQL of the test's own, which may be stopped and started again at the same address.
type Cluster struct {
	t        testing.TB
	bin, dir string
	port     string
}

// StartCluster runs a PostgreSQL until the test ends; without one installed the test is skipped.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	if found, err := exec.LookPath("initdb"); err == nil {
		found, _ = filepath.EvalSymlinks(found)
		c.bin = filepath.Dir(found)
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 { // Debian keeps them off the path
		c.bin = filepath.Dir(slices.Max(found))
	}
	if c.bin == "" {
		t.Skip("no PostgreSQL to start: apt-get install postgresql")
	}
	var err error
	if c.dir, err = os.MkdirTemp("", "assent-postgres-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.run("pg_ctl", "-D", c.data(), "-m", "immediate", "stop")
		_ = os.RemoveAll(c.dir)
	})
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if out, err := exec.Command("chown", "postgres", c.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	c.must("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	_, c.port, _ = net.SplitHostPort(porttest.Free(t))
	c.Start()
	return c
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// URL is what DATABASE_URL would be.
func (c *Cluster) URL() string {
	return "postgres://postgres@127.0.0.1:" + c.port + "/postgres?sslmode=disable"
}

// Start starts the server again after Crash, with all that was committed.
func (c *Cluster) Start() {
	c.t.Helper()
	c.must("pg_ctl", "-D", c.data(), "-l", filepath.Join(c.dir, "log"), "-w", "-t", "300", "-o",
		"-p "+c.port+" -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c shared_buffers=32MB", "start")
}

// Crash ends the server at once: it cuts every connection, finishes nothing, and has to recover when it starts.
func (c *Cluster) Crash() {
	c.t.Helper()
	c.must("pg_ctl", "-D", c.data(), "-m", "immediate", "-w", "-t", "300", "stop")
}

func (c *Cluster) must(name string, args ...string) {
	c.t.Helper()
	if err := c.run(name, args...); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		c.t.Fatalf("%v\n%s", err, log)
	}
}

func (c *Cluster) run(name string, args ...string) error {
	args = append([]string{filepath.Join(c.bin, name)}, args...)
	if os.Getuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = c.dir
	said, err := os.CreateTemp("", "assent-postgres-said-") // a pipe would stay open as long as the server runs
	if err != nil {
		return err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(said.Name())
		return fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return nil
}
