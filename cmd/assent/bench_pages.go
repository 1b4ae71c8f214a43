package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// benchClients is how many connections ask for pages at once.
const benchClients = 128

// clicks is what the client process is asked to do: each path once.
type clicks struct {
	Addr  string   `json:"addr"`
	Post  bool     `json:"post"` // the one-click POST of RFC 8058, else GET
	Paths []string `json:"paths"`
}

// clicked is how it went.
type clicked struct {
	Seconds float64 `json:"seconds"`
	Good    int     `json:"good"`
	Median  float64 `json:"median_milliseconds"`
	P99     float64 `json:"p99_milliseconds"`
	Trouble string  `json:"trouble,omitempty"`
}

// pageFigures are what the public pages reached.
type pageFigures struct {
	People   int     `json:"people"`
	Database string  `json:"database"`
	Pages    pageRun `json:"unsubscribe_pages"`
	Clicks   pageRun `json:"one_click_posts"`
}

type pageRun struct {
	PerSecond float64 `json:"per_second"`
	Median    float64 `json:"median_milliseconds"`
	P99       float64 `json:"p99_milliseconds"`
	CPU       float64 `json:"assent_cpu_microseconds"` // for each
	Database  float64 `json:"database_cpu_microseconds"`
}

// pages serves the real pages on the loopback interface and lets another process fetch each person's unsubscribe page, then
// use each person's one-click link. Each click is stored durably before its answer.
func (b *bench) pages(ctx context.Context, t *terminal) (*pageFigures, error) {
	fmt.Fprintf(t.err, "loading %d people …\n", b.cmd.Recipients)
	topic, err := b.load(ctx, "bench")
	if err != nil {
		return nil, err
	}
	paths, err := b.links(ctx, topic.ID)
	if err != nil {
		return nil, err
	}
	routes, err := b.app.routes(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	out := &pageFigures{People: b.cmd.Recipients, Database: b.f.Database}
	for _, run := range []struct {
		name string
		post bool
		into *pageRun
	}{{"fetching unsubscribe pages …", false, &out.Pages}, {"clicking …", true, &out.Clicks}} {
		fmt.Fprintln(t.err, run.name)
		stop, err := profile(map[bool]string{true: b.cmd.Profile}[run.post])
		if err != nil {
			return nil, err
		}
		before := b.usage()
		got, err := click(ctx, clicks{Addr: listener.Addr().String(), Post: run.post, Paths: paths})
		after := b.usage()
		stop()
		if err != nil {
			return nil, err
		}
		if got.Good != len(paths) {
			return nil, fmt.Errorf("bench: %d of %d were answered with 200: %s", got.Good, len(paths), got.Trouble)
		}
		each := 1e6 / float64(len(paths))
		*run.into = pageRun{PerSecond: float64(len(paths)) / got.Seconds, Median: got.Median, P99: got.P99, CPU: (after.self - before.self) * each, Database: (after.database - before.database) * each}
	}
	var left int
	if err := b.app.db.QueryRowContext(ctx, "SELECT count(*) FROM consents WHERE state <> 'withdrawn'").Scan(&left); err != nil || left > 0 {
		return nil, fmt.Errorf("bench: %d people are still subscribed (%v)", left, err)
	}
	return out, nil
}

// links are the paths of everybody's one-click link.
func (b *bench) links(ctx context.Context, topicID string) (paths []string, err error) {
	rows, err := b.app.db.QueryContext(ctx, "SELECT id FROM subscribers ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer rows.Close()
	now := b.app.config.Now()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		paths = append(paths, b.app.links.For(id, topicID, "", now).Unsubscribe[len(b.app.links.Base):])
	}
	return paths, rows.Err()
}

func (f *pageFigures) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s, %d people, %d connections\n", f.Database, f.People, benchClients)
	for _, run := range []struct {
		name string
		pageRun
	}{{"unsubscribe pages", f.Pages}, {"one-click POSTs", f.Clicks}} {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %-18s %8.0f a second; %.1f ms median, %.1f ms p99; CPU each %.0f µs Assent, %.0f µs database\n", run.name, run.PerSecond, run.Median, run.P99, run.CPU, run.Database)
		}
	}
	return err
}

// click lets a process of its own do it, so that its CPU is told apart.
func click(ctx context.Context, job clicks) (got clicked, err error) {
	self, err := os.Executable()
	if err != nil {
		return got, fmt.Errorf("bench: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", "--client")
	in, err := cmd.StdinPipe()
	if err != nil {
		return got, fmt.Errorf("bench: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return got, fmt.Errorf("bench: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return got, fmt.Errorf("bench: client: %w", err)
	}
	err = json.NewEncoder(in).Encode(job)
	_ = in.Close()
	if err == nil {
		err = json.NewDecoder(out).Decode(&got)
	}
	_ = cmd.Wait()
	if err != nil {
		return got, fmt.Errorf("bench: client: %w", err)
	}
	return got, nil
}

// beClient does the clicks that standard input tells, over kept connections.
func beClient(t *terminal) error {
	var job clicks
	if err := json.NewDecoder(t.in).Decode(&job); err != nil {
		return fmt.Errorf("bench: client: %w", err)
	}
	var mu sync.Mutex
	var out clicked
	var took []time.Duration
	next := make(chan string, len(job.Paths))
	for _, path := range job.Paths {
		next <- path
	}
	close(next)
	var wg sync.WaitGroup
	start := time.Now()
	for range benchClients {
		wg.Go(func() {
			mine, trouble := clickAll(job, next)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if trouble != nil {
				out.Trouble = trouble.Error()
			}
		})
	}
	wg.Wait()
	out.Seconds, out.Good = time.Since(start).Seconds(), len(took)
	if len(took) > 0 {
		slices.Sort(took)
		out.Median, out.P99 = took[len(took)/2].Seconds()*1000, took[len(took)*99/100].Seconds()*1000
	}
	return json.NewEncoder(t.out).Encode(out)
}

// clickAll asks for what is next over one connection until nothing is, and returns how long each good answer took. It speaks
// HTTP itself: a client with all comforts would cost more than the pages.
func clickAll(job clicks, next <-chan string) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", job.Addr)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	var line []byte
	for path := range next {
		if line = line[:0]; job.Post {
			const body = "List-Unsubscribe=One-Click"
			line = fmt.Appendf(line, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, job.Addr, len(body), body)
		} else {
			line = fmt.Appendf(line, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, job.Addr)
		}
		asked := time.Now()
		if _, err := conn.Write(line); err != nil {
			return took, fmt.Errorf("bench: %w", err)
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, fmt.Errorf("bench: %w", err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return took, fmt.Errorf("bench: %w", err)
		}
		if answer.StatusCode != http.StatusOK {
			return took, fmt.Errorf("bench: %s answers %s", path, answer.Status)
		}
		took = append(took, time.Since(asked))
	}
	return took, nil
}
