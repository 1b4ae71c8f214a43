package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"assent/campaigns/evidence"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
)

// noticeFigures are what a run of single notices measured.
type noticeFigures struct {
	Notices   int     `json:"notices"`
	Database  string  `json:"database"`
	Queue     string  `json:"queue"`
	Posted    float64 `json:"posted_per_second"` // by the API: checked, linted and stored
	PostP50   float64 `json:"post_milliseconds_median"`
	PostP99   float64 `json:"post_milliseconds_p99"`
	Handed    float64 `json:"handed_over_per_second"` // to the relay, with evidence stored
	CPU       float64 `json:"assent_cpu_seconds_per_10000"`
	Verified  float64 `json:"evidence_rows_verified_per_second"`
	PeakMB    float64 `json:"peak_memory_mb"`
	SinkTaken int64   `json:"sink_accepted"`
}

// callers is how many post notices at once.
const callers = 8

// single measures notices to one person each: how fast the API takes them while nothing is sent, how fast they are then handed
// over, and how fast their evidence is verified.
func (b *bench) single(ctx context.Context, t *terminal) (*noticeFigures, error) {
	f := &noticeFigures{Notices: b.cmd.Single, Database: b.f.Database, Queue: b.f.Queue}
	fmt.Fprintf(t.err, "posting %d notices …\n", f.Notices)
	before := b.usage()
	if err := b.post(ctx, f); err != nil {
		return nil, err
	}
	fmt.Fprintln(t.err, "handing them over …")
	if err := b.handOver(ctx, f); err != nil {
		return nil, err
	}
	after := b.usage()
	f.CPU, f.PeakMB = (after.self-before.self)*10_000/float64(f.Notices), after.peakMB
	start := time.Now()
	r, err := evidence.Verify(ctx, b.app.db, evidence.Options{})
	if err != nil {
		return nil, err
	}
	if !r.OK() || r.Rows != int64(f.Notices) {
		return nil, fmt.Errorf("bench: the evidence of %d notices has %d rows: %+v", f.Notices, r.Rows, r.Broken)
	}
	f.Verified = float64(r.Rows) / time.Since(start).Seconds()
	return f, nil
}

// post posts them over HTTP from several callers.
func (b *bench) post(ctx context.Context, f *noticeFigures) error {
	_, key, err := b.app.apiKeys.Add(ctx, benchActor, keys.New{Name: "bench", Scopes: []access.Scope{access.Full}})
	if err != nil {
		return err
	}
	routes, err := b.app.routes(ctx)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: time.Minute}
	took, failed, next := make([]time.Duration, f.Notices), make([]error, callers), atomic.Int64{}
	var wait sync.WaitGroup
	start := time.Now()
	for caller := range callers {
		wait.Go(func() {
			for failed[caller] == nil {
				i := int(next.Add(1)) - 1
				if i >= f.Notices {
					return
				}
				begun := time.Now()
				failed[caller] = postOne(ctx, client, "http://"+l.Addr().String()+"/api/v1/notices", key, i)
				took[i] = time.Since(begun)
			}
		})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	f.Posted = float64(f.Notices) / time.Since(start).Seconds()
	slices.Sort(took)
	f.PostP50, f.PostP99 = median(took).Seconds()*1000, took[len(took)*99/100].Seconds()*1000
	return nil
}

func postOne(ctx context.Context, client *http.Client, url, key string, i int) error {
	body := fmt.Sprintf(`{"to": {"email": "notice%d@example.com", "name": "Anna Berg", "locale": "nl"}, "obligation": "payment", "basis": "contract", "reference": "F-%d", "template": "payment_due",
		"data": {"invoice": "F-%d", "amount": "12.50", "currency": "EUR", "due_at": "2026-06-01", "text": "Please transfer the amount before that day to the account that you know."}}`, i, i, i)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("bench: a notice was answered %d: %s", resp.StatusCode, said)
	}
	return err
}

// handOver lets the engine send what was posted.
func (b *bench) handOver(ctx context.Context, f *noticeFigures) error {
	e, err := b.app.engine()
	if err != nil {
		return err
	}
	before, start := b.sink.stats(), time.Now()
	stopProfile, err := profile(b.cmd.Profile)
	if err != nil {
		return err
	}
	defer stopProfile()
	if err := e.Start(); err != nil {
		return err
	}
	defer e.Stop(ctx)
	for {
		var sent int
		if err := b.app.db.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE status = 'sent'").Scan(&sent); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		if sent == f.Notices {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	f.Handed = float64(f.Notices) / time.Since(start).Seconds()
	f.SinkTaken = b.sink.stats().Accepted - before.Accepted
	return nil
}

func (f *noticeFigures) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `%s and %s queue, %d single notices
  posted per second         %10.0f   (%.1f ms median, %.1f ms p99, %d callers)
  handed over per second    %10.0f
  CPU per 10,000 notices    %10.2f s Assent
  peak memory               %10.0f MB
  evidence rows verified    %10.0f a second
`, f.Database, f.Queue, f.Notices, f.Posted, f.PostP50, f.PostP99, callers, f.Handed, f.CPU, f.PeakMB, f.Verified)
	return err
}
