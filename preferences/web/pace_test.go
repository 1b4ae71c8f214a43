package web_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/web"
)

// pacedServer reads bodies whole, with little grace.
func pacedServer(t *testing.T, grace time.Duration) net.Conn {
	t.Helper()
	e := web.New(web.Options{Log: slog.New(slog.DiscardHandler), BodyGrace: grace})
	e.POST("/read", func(c echo.Context) error {
		n, err := io.Copy(io.Discard, c.Request().Body)
		if err != nil {
			return err
		}
		select { // the client has not left, whatever the deadline of its body was
		case <-c.Request().Context().Done():
			return c.String(http.StatusTeapot, "left")
		case <-time.After(2 * grace):
		}
		return c.String(http.StatusOK, fmt.Sprint(n))
	})
	e.POST("/unread", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Whoever sends a body byte by byte would hold a connection, and any number of them, for as long as they like.
func TestBodyThatTricklesIsGivenUp(t *testing.T) {
	for _, path := range []string{"/read", "/unread"} {
		conn := pacedServer(t, 100*time.Millisecond)
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", path)
		begun, ended := time.Now(), make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			close(ended)
		}()
		for given := false; !given; {
			select {
			case <-ended:
				given = true
			case <-time.After(20 * time.Millisecond):
				if _, err := conn.Write([]byte("a")); err != nil {
					given = true
				}
			}
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("%s: given up after %s", path, took)
		}
	}
}

// A body that comes as fast as it has to is read whole, and the work on it may take longer than the body did.
func TestBodyThatComesInTimeIsRead(t *testing.T) {
	conn := pacedServer(t, 2*time.Second)
	for range 2 { // and so is the next one on the same connection
		fmt.Fprintf(conn, "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n")
		for range 10 {
			time.Sleep(40 * time.Millisecond)
			fmt.Fprint(conn, strings.Repeat("x", 4000))
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		if string(text) != "40000" {
			t.Errorf("%d %s", answer.StatusCode, text)
		}
	}
}

// Methods that strangers make up are one series in the figures, not one each for ever.
func TestMadeUpMethodsAreOneSeries(t *testing.T) {
	seen := map[string]bool{}
	e := web.New(web.Options{Log: slog.New(slog.DiscardHandler), Observe: func(method, _ string, _ int, _ time.Duration) { seen[method] = true }})
	e.GET("/page", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "EVIL1", "EVIL2", "get", "TRACE"} {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/page", nil))
	}
	if len(seen) != 5 || !seen["(other)"] || !seen["GET"] || !seen["HEAD"] {
		t.Errorf("series %v", seen)
	}
}

// A page whose last part strangers choose takes no more than others when they call it as the one that takes files of any size.
func TestOnlyTheRouteOfAnImportTakesAnySize(t *testing.T) {
	e := web.New(web.Options{Log: slog.New(slog.DiscardHandler)})
	read := func(c echo.Context) error {
		if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
	e.POST("/events/:slug", read)
	e.POST("/api/v1/imports", read)
	for path, want := range map[string]int{"/events/imports": http.StatusRequestEntityTooLarge, "/api/v1/imports": http.StatusNoContent} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest("POST", path, io.LimitReader(zeros{}, 13<<20)))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
