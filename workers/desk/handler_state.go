package desk

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/doctor"
	"assent/workers/queue"
)

// State shows how the machinery is: the queues, and whether mail arrives. All fields but Streams are required.
type State struct {
	Site    *staff.Site
	Stats   func(ctx context.Context) ([]queue.Stats, error)
	Examine func(ctx context.Context) ([]doctor.Check, error)
	Streams []site.Stream

	mu     sync.Mutex
	checks []doctor.Check
	until  time.Time
}

// Register serves the pages.
func (s *State) Register(e *echo.Echo) {
	e.GET(site.Path(site.NavQueues), s.queues, s.Site.Guard())
	e.GET(site.Path(site.NavDeliverability), s.deliverability, s.Site.Guard())
}

var streams = map[string]string{queue.Notices: "transactional", queue.Service: "transactional", queue.Marketing: "marketing"}

func (s *State) queues(c echo.Context) error {
	v := site.QueuesView{Page: s.Site.Page(c, site.NavQueues)}
	list, err := s.Stats(c.Request().Context())
	if err != nil {
		v.Down = err.Error()
	}
	for _, q := range list {
		v.Rows = append(v.Rows, site.QueueRow{Name: q.Queue, Stream: streams[q.Queue], Waiting: q.Pending, Active: q.Active, Scheduled: q.Scheduled, Retrying: q.Retry, Failed: q.Archived, Latency: q.Latency})
	}
	return staff.Render(c, http.StatusOK, site.Queues(v))
}

// The examination asks name servers and relays, so its answer is kept for a while and it is given up after a time.
const (
	examined = 5 * time.Minute
	patience = 8 * time.Second
)

func (s *State) examine(ctx context.Context) ([]doctor.Check, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.checks, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	checks, err := s.Examine(ctx)
	if err == nil {
		s.checks, s.until = checks, time.Now().Add(examined)
	}
	return checks, err
}

func (s *State) deliverability(c echo.Context) error {
	v := site.DeliverabilityView{Page: s.Site.Page(c, site.NavDeliverability), Streams: s.Streams}
	checks, err := s.examine(c.Request().Context())
	if err != nil {
		return err
	}
	tones := map[doctor.Status]ui.Tone{doctor.OK: ui.Good, doctor.Warn: ui.Warn, doctor.Fail: ui.Bad}
	for _, k := range checks {
		v.Checks = append(v.Checks, site.Check{Text: k.Name + ": " + k.Detail, Help: k.WhatToDo, Tone: tones[k.Status]})
	}
	return staff.Render(c, http.StatusOK, site.Deliverability(v))
}
