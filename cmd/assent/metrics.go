package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"assent/preferences/sqldb"
)

// metrics are what /metrics tells. Nothing in them is about a person.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(a *app) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "assent_http_request_seconds", Help: "Time to answer a request, by route.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"method", "route", "status"})}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), gauges{a})
	return m
}

// observe notes one answered request.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "(none)" // one series for all that is nowhere
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// gauges are read from the database and the queue when somebody asks.
type gauges struct{ a *app }

var (
	upDesc         = prometheus.NewDesc("assent_up", "1 when the part answers.", []string{"part"}, nil)
	subscriberDesc = prometheus.NewDesc("assent_subscribers", "People in the database.", nil, nil)
	campaignDesc   = prometheus.NewDesc("assent_campaigns", "Campaigns by status.", []string{"status"}, nil)
	deliveryDesc   = prometheus.NewDesc("assent_deliveries_total", "Outcomes of marketing and research mail.", []string{"outcome", "reason"}, nil)
	messageDesc    = prometheus.NewDesc("assent_messages", "Transactional mail by class and status.", []string{"class", "status"}, nil)
	waitingDesc    = prometheus.NewDesc("assent_messages_waiting_seconds", "How long the oldest transactional mail that is due has waited.", nil, nil)
	queueDesc      = prometheus.NewDesc("assent_queue_tasks", "Tasks in the queue by state.", []string{"queue", "state"}, nil)
	offsetDesc     = prometheus.NewDesc("assent_clock_offset_seconds", "Shift of the clock, for rehearsals.", nil, nil)
)

// Describe leaves the set open: which series there are depends on the data.
func (g gauges) Describe(chan<- *prometheus.Desc) {}

// gaugeTime bounds how long a scrape waits for database and queue.
const gaugeTime = 5 * time.Second

// Collect reads the present state. What cannot be read is left out, and assent_up says so.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), gaugeTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(offsetDesc, g.a.config.TimeOffset.Seconds())
	up := 1.0
	for _, q := range []struct {
		desc  *prometheus.Desc
		query string
		names int
	}{
		{subscriberDesc, "SELECT count(*) FROM subscribers", 0},
		{campaignDesc, "SELECT status, count(*) FROM campaigns GROUP BY status", 1},
		{deliveryDesc, "SELECT outcome, reason, CAST(sum(n) AS BIGINT) FROM tallies WHERE outcome IN ('sent', 'skipped', 'failed', 'uncertain', 'bounced', 'complained', 'unsubscribed') GROUP BY outcome, reason", 2},
		{messageDesc, "SELECT class, status, count(*) FROM messages GROUP BY class, status", 2},
	} {
		if !g.count(ctx, q.desc, q.query, q.names, gauge) {
			up = 0
		}
	}
	if n, oldest, err := g.a.outbox.Waiting(ctx); err != nil {
		up = 0
	} else if wait := 0.0; n >= 0 {
		if !oldest.IsZero() {
			wait = max(0, g.a.config.Now().Sub(oldest).Seconds())
		}
		gauge(waitingDesc, wait)
	}
	gauge(upDesc, up, "database")
	stats, err := g.a.queue.Stats(ctx)
	for _, s := range stats {
		for state, n := range map[string]int{"pending": s.Pending, "active": s.Active, "scheduled": s.Scheduled, "retry": s.Retry, "archived": s.Archived} {
			gauge(queueDesc, float64(n), s.Queue, state)
		}
	}
	gauge(upDesc, map[bool]float64{true: 1}[err == nil], "queue")
}

func (g gauges) count(ctx context.Context, desc *prometheus.Desc, query string, names int, gauge func(*prometheus.Desc, float64, ...string)) bool {
	for row := range sqldb.Rows(ctx, g.a.db, query) {
		labels, targets := make([]string, names), make([]any, 0, names+1)
		for i := range labels {
			targets = append(targets, &labels[i])
		}
		var n float64
		if row.Scan(append(targets, &n)...) != nil {
			return false
		}
		gauge(desc, n, labels...)
	}
	return true
}
