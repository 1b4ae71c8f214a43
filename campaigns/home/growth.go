package home

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"assent/preferences/sqldb"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// What the curve of consents shows, how long it holds, and how long a page waits for the first one. Over a million choices in
// twelve weeks take seconds to count: no page waits for that.
const (
	weeks       = 12
	week        = 7 * 24 * time.Hour
	growthHolds = 10 * time.Minute
	growthWait  = 30 * time.Millisecond
	growthMost  = time.Minute
)

// growth is how many consents were given and taken back in each week, the last one ending now.
type growth struct {
	mu             sync.Mutex
	at             time.Time // of the last count
	given, stopped []int
	counting       chan struct{} // closed when the count that runs is done; nil: none runs
}

// read is what is known now; while there is nothing yet, it waits a moment.
func (g *growth) read(now time.Time, count func(context.Context, time.Time) (given, stopped []int, err error)) (time.Time, []int, []int) {
	g.mu.Lock()
	if g.counting == nil && (g.at.IsZero() || now.Sub(g.at) >= growthHolds) {
		done := make(chan struct{})
		g.counting = done
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), growthMost) // the count outlives the page that asked for it
			defer cancel()
			given, stopped, err := count(ctx, now)
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.counting = nil; err == nil {
				g.at, g.given, g.stopped = now, given, stopped
			}
			close(done)
		}()
	}
	wait, first := g.counting, g.at.IsZero()
	g.mu.Unlock()
	if wait != nil && first {
		select {
		case <-wait:
		case <-time.After(growthWait):
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at, g.given, g.stopped
}

// consents counts the choices of the last weeks.
func (h *Home) consents(ctx context.Context, now time.Time) (given, stopped []int, err error) {
	begin := now.Add(-weeks * week)
	recorded := begin
	if real := time.Now().Add(-weeks * week); real.Before(recorded) { // ids carry the true time, also when the clock is shifted
		recorded = real
	}
	var id uuid.UUID // the first of that millisecond
	for i, ms := 5, recorded.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	given, stopped = make([]int, weeks), make([]int, weeks)
	for row := range sqldb.Rows(ctx, h.DB, `SELECT (at - $1) / 604800000000, SUM(CASE WHEN state = 'given' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'given' THEN 0 ELSE 1 END)
		FROM consent_events WHERE id >= $2 AND at > $3 AND at <= $4 AND state IN ('given', 'withdrawn', 'objected') GROUP BY 1`, sqldb.Micros(begin), id.String(), sqldb.Micros(begin), sqldb.Micros(now)) {
		var n, on, off int
		if err := row.Scan(&n, &on, &off); err != nil {
			return nil, nil, fmt.Errorf("home: consents: %w", err)
		}
		n = min(n, weeks-1)
		given[n] += on
		stopped[n] += off
	}
	return given, stopped, nil
}

// growthChart draws what is known; nothing while nobody chose anything.
func (h *Home) growthChart(p site.Page) ui.Chart {
	at, given, stopped := h.growth.read(h.Now(), h.consents)
	on, off := 0, 0
	for i := range given {
		on, off = on+given[i], off+stopped[i]
	}
	l := p.Locale
	chart := ui.Chart{Locale: l, Title: l.T("site.home.growth"), PointName: l.T("site.growth.week")}
	if on+off == 0 {
		return chart
	}
	chart.Summary = l.T("site.growth.summary", "given", l.Number(int64(on)), "stopped", l.Number(int64(off)))
	chart.Series = []ui.Series{{Name: l.T("site.growth.given"), Values: given}, {Name: l.T("site.growth.stopped"), Values: stopped}}
	for i := range weeks {
		chart.Points = append(chart.Points, l.Date(at.Add(week*time.Duration(i+1-weeks))))
	}
	return chart
}
