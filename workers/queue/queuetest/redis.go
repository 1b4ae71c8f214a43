// Package queuetest starts a real Redis for tests, so that what holds for the embedded queue is seen to hold for it too.
package queuetest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/preferences/porttest"
)

// Server is a redis-server of the test's own, which may be stopped and started again at the same address.
type Server struct {
	t    testing.TB
	addr string
	dir  string
	cmd  *exec.Cmd
}

// Start runs a redis-server until the test ends; without one installed the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server: apt-get install redis-server")
	}
	s := &Server{t: t, addr: porttest.Free(t), dir: t.TempDir()}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// URL is what REDIS_URL would be.
func (s *Server) URL() string { return "redis://" + s.addr }

// Restart runs the server again after Stop, empty: nothing is kept on disk.
func (s *Server) Restart() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "no")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	dieWithTest(s.cmd)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.answers(); err != nil {
		s.t.Fatal(err)
	}
}

// answers waits until the server replies to PING.
func (s *Server) answers() error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if reply, err := s.say("PING"); err == nil && reply == "+PONG" {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return errors.New("redis-server does not answer:\n" + string(log))
}

// say sends a command without arguments and gives the one line of its answer.
func (s *Server) say(command string) (string, error) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(reply), err
}

// Flush forgets everything that the server holds.
func (s *Server) Flush() error {
	if reply, err := s.say("FLUSHALL"); err != nil || reply != "+OK" {
		return fmt.Errorf("flush: %s %w", reply, err)
	}
	return nil
}

// Stop kills the server; what it held is gone.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.cmd = nil
}

// Exercise runs a test on the embedded queue (an empty URL) and on a real Redis of its own.
func Exercise(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, "")
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, Start(t).URL())
	})
}
