package desk

import (
	"context"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/workers/doctor"
	"assent/workers/feedback"
	"assent/workers/queue"
	"assent/workers/signing"
)

// State shows how the machinery is: the queues, and whether mail arrives. The fields up to Book are required, but for Streams.
type State struct {
	Site    *staff.Site
	Stats   func(ctx context.Context) ([]queue.Stats, error)
	Examine func(ctx context.Context) ([]doctor.Check, error)
	Streams []site.Stream
	Book    *doctor.Book

	Signing *signing.Store // nil: its keys are not shown
	// Try sends test mails to an address, or to ourselves; nil: not offered.
	Try       func(ctx context.Context, to string) ([]doctor.Check, error)
	Providers *feedback.Webhooks // nil: they are not set up here
	// Warming is where the warm-up plan stands, nil when there is none or it is over; may be nil itself.
	Warming     func(ctx context.Context) (*site.WarmUp, error)
	Base        string // public address, without a slash at the end
	InboundAddr string // at which returned mail is taken in; empty: none
	Mailbox     string // the name of the one that returned mail is fetched from; empty: none

	running sync.WaitGroup // examinations that were begun here
}

// Register serves the pages.
func (s *State) Register(e *echo.Echo) {
	e.GET(site.Path(site.NavQueues), s.queues, s.Site.Guard())
	e.GET(site.Path(site.NavDeliverability), s.deliverability, s.Site.Guard())
	e.POST(site.Path(site.NavDeliverability)+"/examine", s.examine, s.Site.Guard(access.Marketer, access.Approver))
	e.POST(site.Path(site.NavDeliverability)+"/mail", s.try, s.Site.Guard(access.Administrator))
	e.GET(site.CameBackPath(), s.cameBack, s.Site.Guard())
	s.registerKeys(e)
	s.registerProviders(e)
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
