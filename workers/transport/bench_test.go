package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/workers/smtptest"
	"assent/workers/transport"
)

// sinkEnv makes the test binary a sink in a process of its own, as `assent bench` has one, with these extensions.
const sinkEnv = "ASSENT_TEST_SINK"

func runSink(extensions string) {
	s, err := smtptest.Start(smtptest.Options{CountOnly: true, Extensions: strings.Split(extensions, ",")})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Addr)
	var b [1]byte
	_, _ = os.Stdin.Read(b[:]) // until the parent goes
}

func sink(b *testing.B, extensions string) *smtptest.Server {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), sinkEnv+"="+extensions)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	var addr string
	if _, err := fmt.Fscan(out, &addr); err != nil {
		b.Fatal(err)
	}
	return &smtptest.Server{Addr: addr}
}

// The bare loop: messages of 12 KB that are already built, over kept connections, to a sink that counts.
func BenchmarkBareLoop(b *testing.B) {
	data := append([]byte(text), bytes.Repeat([]byte("All work and no play makes a mail of twelve kilobytes, line by line.\r\n"), 170)...)
	for _, c := range []struct {
		name, ext string
		leased    bool
	}{{"lockstep", "8BITMIME", false}, {"pipelined", "PIPELINING,8BITMIME", false}, {"pipelined leased journalled", "PIPELINING,8BITMIME", true}} {
		b.Run(c.name, func(b *testing.B) {
			r := relayTo(sink(b, c.ext))
			r.Connections = 4
			tr := openRelay(b, r, transport.Options{})
			const size = 100
			var batches [4]transport.Batch
			for i := range batches {
				batches[i] = batch(b, size)
				for j := range batches[i].Messages {
					batches[i].Messages[j].Data = data
				}
				if c.leased {
					batches[i].Lease = func(int) time.Time { return time.Now().Add(time.Second) }
					batches[i].Journal = nothing{}
				}
			}
			var all sync.WaitGroup
			work := make(chan struct{})
			for i := range batches {
				all.Go(func() {
					for range work {
						for _, res := range tr.SendBatch(context.Background(), batches[i]) {
							if res.State != transport.Sent {
								b.Errorf("%+v", res)
							}
						}
					}
				})
			}
			runtime.GC()
			b.ResetTimer()
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			all.Wait()
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

type nothing struct{}

func (nothing) Note(string, int, string) error { return nil }
