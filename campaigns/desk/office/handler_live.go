package office

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/imports"
	"assent/templates/site"
)

const (
	// lookEvery is how often a watched import is read.
	lookEvery = 500 * time.Millisecond
	// watchFor is after how long a browser has to ask anew, which is when its session is looked at again.
	watchFor = 5 * time.Minute
	// writeTimeout is how long a browser may take for one event before it counts as gone.
	writeTimeout = 10 * time.Second
)

// importLive tells by server-sent events how an import goes on: "progress" with the part of the page that changed, and "end"
// when the page is to be read again.
func (o *Office) importLive(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := o.Imports.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream; charset=utf-8")
	h.Set(echo.HeaderCacheControl, "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(c.Response())
	send := func(text string) bool {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has one
		_, err := c.Response().Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	last, end := "", time.Now().Add(watchFor)
	for alive := send("retry: 2000\n\n"); alive && time.Now().Before(end); {
		if i.Status != imports.StatusQueued && i.Status != imports.StatusRunning && i.Status != imports.StatusUndoing {
			send("event: end\ndata: over\n\n")
			return nil
		}
		var part bytes.Buffer
		if err := site.ImportProgress(o.importView(c, i)).Render(ctx, &part); err != nil {
			return err
		}
		if text := part.String(); text != last {
			last = text
			alive = send("event: progress\ndata: " + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "\ndata: ") + "\n\n")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.Ending:
			return nil
		case <-time.After(lookEvery):
		}
		if i, err = o.Imports.Get(ctx, o.DB, i.ID); err != nil {
			return err
		}
	}
	return nil
}
