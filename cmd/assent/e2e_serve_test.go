package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// engine is the process under test.
type engine struct {
	log string
	cmd *exec.Cmd
	end chan error // what Wait returned
}

func (e *engine) start(bin, dir string, environ []string, args []string) error {
	log, err := os.OpenFile(e.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	e.cmd = exec.Command(bin+"/assent", args...)
	e.cmd.Dir, e.cmd.Env, e.cmd.Stdout, e.cmd.Stderr = dir, environ, log, log
	if err := e.cmd.Start(); err != nil {
		e.cmd = nil
		return err
	}
	end, cmd := make(chan error, 1), e.cmd
	e.end = end
	go func() { end <- cmd.Wait() }()
	return nil
}

// signal sends a signal and waits for the end of the process.
func (e *engine) signal(sig syscall.Signal, limit time.Duration) error {
	if e.cmd == nil {
		return fmt.Errorf("nothing is running")
	}
	if err := e.cmd.Process.Signal(sig); err != nil {
		return err
	}
	select {
	case err := <-e.end:
		e.cmd = nil
		return err
	case <-time.After(limit):
		return fmt.Errorf("still running %v after %v", limit, sig)
	}
}

func (e *engine) kill() {
	if e.cmd != nil {
		e.cmd.Process.Kill()
		<-e.end
		e.cmd = nil
	}
}

// tail is the end of the log, for a test that failed.
func (e *engine) tail() string {
	text, _ := os.ReadFile(e.log)
	if len(text) > 6000 {
		text = text[len(text)-6000:]
	}
	return "the end of the engine's log:\n" + string(text)
}

// serve [NAME=VALUE…] [-- COMMAND] starts the engine with further settings and waits until it is ready.
func (s *stage) serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || s.engine.cmd != nil {
		ts.Fatalf("usage: serve [NAME=VALUE...] [-- web|worker], once until it is stopped")
	}
	var environ []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "ASSENT_ADDR", "ASSENT_DATA", "ASSENT_API_KEY", "ASSENT_POSTAL_ADDRESS", "ASSENT_LOG", "SMTP_URL", "DATABASE_URL", "REDIS_URL"} {
		if value := ts.Getenv(name); value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	command := []string{"serve"}
	for i, arg := range args {
		if arg == "--" {
			command = args[i+1:]
			break
		}
		environ = append(environ, arg)
	}
	ts.Check(s.engine.start(s.bin, ts.Getenv("WORK"), environ, command))
	var last error
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-s.engine.end:
			s.engine.cmd = nil
			ts.Fatalf("the engine ended: %v\n%s", err, s.engine.tail())
		default:
		}
		var resp *http.Response
		if resp, last = http.Get("http://" + s.addr + "/readyz"); last != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		last = fmt.Errorf("/readyz answers %s", resp.Status)
	}
	ts.Fatalf("not ready: %v\n%s", last, s.engine.tail())
}

// stop asks the engine to end, which it must do well and soon.
func (s *stage) stop(ts *testscript.TestScript, neg bool, args []string) {
	if err := s.engine.signal(syscall.SIGTERM, 20*time.Second); err != nil {
		ts.Fatalf("stop: %v\n%s", err, s.engine.tail())
	}
}

// kill9 ends the engine at once, as a crash does.
func (s *stage) kill9(ts *testscript.TestScript, neg bool, args []string) {
	if err := s.engine.signal(syscall.SIGKILL, 10*time.Second); err == nil || !strings.Contains(err.Error(), "killed") {
		ts.Fatalf("kill9: %v", err)
	}
}

// redis stop|start|flush does that to the script's Redis.
func (s *stage) redisCmd(ts *testscript.TestScript, neg bool, args []string) {
	if s.redis == nil || len(args) != 1 {
		ts.Fatalf("usage: redis stop|start|flush")
	}
	switch args[0] {
	case "stop":
		s.redis.Stop()
	case "start":
		s.redis.Restart()
	case "flush":
		ts.Check(s.redis.Flush())
	default:
		ts.Fatalf("redis %s is not known", args[0])
	}
}
