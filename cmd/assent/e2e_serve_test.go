package main

import (
	"errors"
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
	log    string
	cmd    *exec.Cmd
	end    chan error // what Wait returned
	starts int
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
	e.starts++
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

// engine is the process of a name; its log is the file NAME.log.
func (s *stage) engine(ts *testscript.TestScript, name string) *engine {
	if s.engines[name] == nil {
		s.engines[name] = &engine{log: ts.MkAbs(name + ".log")}
	}
	return s.engines[name]
}

// serve [-as NAME] [SETTING=VALUE…] [-- web|worker] starts an engine with further settings and waits until it is ready.
// Without a name it is called serve; another name is for a second process beside it.
func (s *stage) serve(ts *testscript.TestScript, neg bool, args []string) {
	name, command := "serve", "serve"
	if len(args) > 1 && args[0] == "-as" {
		name, args = args[1], args[2:]
	}
	if n := len(args); n > 1 && args[n-2] == "--" {
		command, args = args[n-1], args[:n-2]
	}
	e := s.engine(ts, name)
	if neg || e.cmd != nil {
		ts.Fatalf("usage: serve [-as NAME] [SETTING=VALUE...] [-- web|worker], once until it is stopped")
	}
	var environ []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "ASSENT_ADDR", "ASSENT_DATA", "ASSENT_SECRETS", "ASSENT_API_KEY", "ASSENT_POSTAL_ADDRESS", "ASSENT_LOG", "BASE_URL", "SMTP_URL", "DATABASE_URL", "REDIS_URL"} {
		if value := ts.Getenv(name); value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	ts.Check(e.start(s.bin, ts.Getenv("WORK"), append(environ, args...), []string{command}))
	ready := func() error { return ask("http://" + s.addr + "/readyz") }
	if command == "worker" {
		ready = e.works
	}
	last := errors.New("not asked")
	for end := time.Now().Add(60 * time.Second); last != nil; time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-e.end:
			e.cmd = nil
			ts.Fatalf("%s ended: %v\n%s", name, err, e.tail())
		default:
		}
		if last = ready(); last != nil && time.Now().After(end) {
			ts.Fatalf("%s is not ready: %v\n%s", name, last, e.tail())
		}
	}
}

// ask wants 200 of an address.
func ask(address string) error {
	resp, err := client.Get(address)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	return nil
}

// works looks whether a worker has said since its start that it works.
func (e *engine) works() error {
	log, err := os.ReadFile(e.log)
	if err == nil && strings.Count(string(log), "works through the queue") < e.starts {
		err = errors.New("it has not said that it works")
	}
	return err
}

// stop [NAME] asks an engine to end, which it must do well and soon.
func (s *stage) stop(ts *testscript.TestScript, neg bool, args []string) {
	e := s.engine(ts, called(args))
	if err := e.signal(syscall.SIGTERM, 20*time.Second); err != nil {
		ts.Fatalf("stop: %v\n%s", err, e.tail())
	}
}

// kill9 [NAME] ends an engine at once, as a crash does.
func (s *stage) kill9(ts *testscript.TestScript, neg bool, args []string) {
	if err := s.engine(ts, called(args)).signal(syscall.SIGKILL, 10*time.Second); err == nil || !strings.Contains(err.Error(), "killed") {
		ts.Fatalf("kill9: %v", err)
	}
}

func called(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "serve"
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
