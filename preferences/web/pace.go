package web

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// A body has to come at leastSpeed or faster, and may lag behind that by bodyGrace. Who sends it byte by byte would otherwise hold a
// connection for as long as they like, and any number of them.
const (
	bodyGrace  = 30 * time.Second
	leastSpeed = 8 << 10 // bytes a second: a bad line, or a database that an import waits for
)

// writeTime is how long one write to a client may take. Who reads nothing would hold the connection and the page for ever.
const writeTime = time.Minute

// paced gives up on a body that comes too slowly.
func paced(grace time.Duration) echo.MiddlewareFunc {
	if grace <= 0 {
		grace = bodyGrace
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if r := c.Request(); r.Body != nil && r.Body != http.NoBody {
				b := &pacedBody{r.Body, http.NewResponseController(c.Response()), time.Now().Add(grace)}
				_ = b.control.SetReadDeadline(b.until) // also for what the server itself reads to its end when no handler does
				r.Body = b
			}
			return next(c)
		}
	}
}

type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	until   time.Time
}

// Read puts the deadline off by what has come. At the end it takes it away: from there on the server only listens for whether the
// client leaves.
func (b *pacedBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(b.until) // not possible where a test records the answer
	n, err := b.ReadCloser.Read(p)
	b.until = b.until.Add(time.Duration(n) * time.Second / leastSpeed)
	if err == io.EOF { //nolint:errorlint // as it comes from the connection
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Patient is a listener whose connections are closed when a client takes no byte of an answer for a minute.
func Patient(l net.Listener) net.Listener { return patient{l, writeTime} }

type patient struct {
	net.Listener
	most time.Duration
}

// Accept waits for a client.
func (l patient) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c, most: l.most}, nil
}

type patientConn struct {
	net.Conn
	most time.Duration

	mu    sync.Mutex
	until time.Time // what a handler has set
}

// SetWriteDeadline is what a handler wants that has less patience.
func (c *patientConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.until = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

func (c *patientConn) Write(p []byte) (int, error) {
	now := time.Now()
	until := now.Add(c.most)
	c.mu.Lock()
	if c.until.After(now) && c.until.Before(until) { // one that is over was of an earlier answer
		until = c.until
	}
	c.mu.Unlock()
	if err := c.Conn.SetWriteDeadline(until); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
