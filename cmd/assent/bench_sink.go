package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"assent/workers/smtptest"
)

// sinkProcess is the other end, as a process of its own so that its CPU is told apart.
type sinkProcess struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
	addr string
}

func startSink(ctx context.Context) (*sinkProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	s := &sinkProcess{cmd: exec.CommandContext(ctx, self, "bench", "--sink", "127.0.0.1:0")}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: sink: %w", err)
	}
	s.out = json.NewDecoder(out)
	if err := s.out.Decode(&s.addr); err != nil {
		return nil, fmt.Errorf("bench: sink: %w", err)
	}
	return s, nil
}

func (s *sinkProcess) stats() (stats smtptest.Stats) {
	if _, err := s.in.Write([]byte("\n")); err == nil {
		_ = s.out.Decode(&stats)
	}
	return stats
}

func (s *sinkProcess) stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}

// serveSink answers each line of standard input with what came so far, until it ends.
func serveSink(addr string, t *terminal) error {
	signal.Ignore(os.Interrupt)
	server, err := smtptest.Start(smtptest.Options{Addr: addr, CountOnly: true})
	if err != nil {
		return fmt.Errorf("bench: sink: %w", err)
	}
	defer server.Close()
	out := json.NewEncoder(t.out)
	if err := out.Encode(server.Addr); err != nil {
		return err
	}
	line := make([]byte, 1)
	for {
		if _, err := t.in.Read(line); err != nil {
			return nil
		}
		if err := out.Encode(server.Stats()); err != nil {
			return err
		}
	}
}
