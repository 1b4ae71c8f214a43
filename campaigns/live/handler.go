package live

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
)

const (
	// heartbeat is after how long without news a line is sent that proxies take as a sign of life.
	heartbeat = 15 * time.Second
	// lifetime is after how long a browser has to ask anew, which is when its session is looked at again.
	lifetime = 5 * time.Minute
	// retry is after how long it does.
	retry = "retry: 2000\n\n"
	// writeTimeout is how long a browser may take for one event before it counts as gone.
	writeTimeout = 10 * time.Second
)

// Stream answers with server-sent events (HTML Living Standard §9.2): "progress" with what show makes of a reading, whenever
// that changes, and "end" once show says that nothing more will come of it. A nil component is not sent.
func (h *Hub) Stream(c echo.Context, show func(Reading) (part templ.Component, end bool), ids ...string) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/event-stream; charset=utf-8")
	header.Set(echo.HeaderCacheControl, "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	w, ok := h.Watch(ids...)
	if !ok {
		header.Set("Retry-After", "60")
		return problem.Unavailable("Too many pages are watched at once. Read the page again instead.")
	}
	defer w.Stop()
	s := stream{c: c, control: http.NewResponseController(c.Response())}
	return s.run(w, h.Done(), show)
}

type stream struct {
	c       echo.Context
	control *http.ResponseController
	last    string
}

func (s *stream) run(w *Watcher, done <-chan struct{}, show func(Reading) (templ.Component, bool)) error {
	ctx := s.c.Request().Context()
	s.c.Response().WriteHeader(http.StatusOK)
	alive := s.send(retry)
	over, beat := time.NewTimer(lifetime), time.NewTicker(heartbeat)
	defer over.Stop()
	defer beat.Stop()
	for alive {
		select {
		case <-ctx.Done():
			return nil
		case <-done:
			return nil
		case <-over.C:
			return nil
		case <-beat.C:
			alive = s.send(": here\n\n")
		case reading := <-w.C:
			part, end := show(reading)
			if end {
				s.send(event("end", "over"))
				return nil
			}
			text, err := text(ctx, part)
			if err != nil {
				return err
			}
			if text != "" && text != s.last {
				s.last = text
				alive = s.send(event("progress", text))
			}
		}
	}
	return nil
}

func text(ctx context.Context, part templ.Component) (string, error) {
	if part == nil {
		return "", nil
	}
	var b bytes.Buffer
	err := part.Render(ctx, &b)
	return b.String(), err
}

// event writes one event; each line of the data is a field of its own.
func event(name, data string) string {
	return "event: " + name + "\ndata: " + strings.Join(strings.FieldsFunc(data, func(r rune) bool { return r == '\n' || r == '\r' }), "\ndata: ") + "\n\n"
}

// send tells whether the browser still takes it.
func (s *stream) send(text string) bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has one
	if _, err := s.c.Response().Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
