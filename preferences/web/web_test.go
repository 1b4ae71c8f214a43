package web_test

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
)

func newServer(log io.Writer) *echo.Echo {
	return web.New(web.Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
}

func call(e *echo.Echo, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

type input struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
	Plan []struct {
		When time.Time `json:"when"`
	} `json:"plan"`
}

func TestBadInputIsRefusedWithTheFieldNamed(t *testing.T) {
	e := newServer(io.Discard)
	e.POST("/api/v1/things", func(c echo.Context) error {
		var in input
		if err := web.Decode(c, &in); err != nil {
			return err
		}
		var bad problem.Collector
		bad.Require("name", in.Name)
		if err := bad.Err(); err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, in)
	})
	for _, tt := range []struct {
		body, field string
		status      int
	}{
		{`{"name":"a"}`, "", 201},
		{`{"name":"a","extra":1}`, "extra", 400},
		{`{"name":"a","Name":"b"}`, "Name", 400},
		{`{"name":"a","age":"x"}`, "age", 400},
		{`{"age":1}`, "name", 422},
		{`{"name":"a","plan":[{"when":"2026-05-01T09:00:00Z"},{"when":"2026-05-01"}]}`, "plan[1].when", 422},
		{`{"name":"a"} {"name":"b"}`, "", 400},
		{`{"name":`, "", 400},
		{``, "", 400},
		{`[]`, "", 400},
		{` null`, "", 400},
		{"{\"name\":\"a\xff\"}", "", 400},
		{`{"name":"a\u0000b"}`, "name", 422},
		{`{"name":"a\\u0000b"}`, "", 201},
	} {
		w := call(e, "POST", "/api/v1/things", tt.body)
		if w.Code != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.body, w.Code, tt.status, w.Body)
		}
		if tt.status < 400 {
			continue
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: content type %q", tt.body, got)
		}
		var p struct {
			Type, Title, Detail string
			Status              int
			Errors              []problem.Field
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Type == "" || p.Title == "" || p.Detail == "" || p.Status != tt.status {
			t.Errorf("%s: %s", tt.body, w.Body)
		}
		if tt.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != tt.field || p.Errors[0].Detail == "") {
			t.Errorf("%s: errors %v", tt.body, p.Errors)
		}
	}
}

func TestLogsHoldNeitherPathsNorPanicsReachTheClient(t *testing.T) {
	var log strings.Builder
	e := newServer(&log)
	e.GET("/u/:token", func(echo.Context) error { panic("secret inside") })
	w := call(e, "GET", "/u/sometoken123", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	call(e, "GET", "/nowhere/sometoken123?email=a@example.com", "")
	if strings.Contains(log.String(), "sometoken123") || strings.Contains(log.String(), "example.com") {
		t.Fatalf("a token or address is in the log:\n%s", &log)
	}
	if w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("X-Request-Id") == "" || w.Header().Get("Content-Security-Policy") == "" {
		t.Fatalf("compliance 59: headers missing: %v", w.Header())
	}
}

// Compliance 18: what is no text is refused before any database sees it.
func TestAnAddressThatIsNoTextIsRefused(t *testing.T) {
	e := newServer(io.Discard)
	e.GET("/api/v1/things/:id", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	for path, want := range map[string]int{
		"/api/v1/things/a?x=b": 204, "/api/v1/things/%C3%A9?x=%C3%A9": 204, "/api/v1/things/%00": 404, "/api/v1/things/%ff": 404,
		"/api/v1/things/a?x=%00": 400, "/api/v1/things/a?x=%ff": 400, "/api/v1/things/a?%00=1": 400,
		"/api/v1/nothing": 404,
	} {
		w := call(e, "GET", path, "")
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if want >= 400 && !strings.Contains(w.Body.String(), `"detail":"`) {
			t.Errorf("%s: the contract promises a detail: %s", path, w.Body)
		}
	}
}

// Compliance 3: HEAD is answered as GET is, without a body.
func TestHeadIsAnsweredWhereGetIs(t *testing.T) {
	e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	mark := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set("Mark", c.Path())
			return next(c)
		}
	}
	e.GET("/page/:id", func(c echo.Context) error { return c.String(http.StatusOK, "hello "+c.Param("id")) }, mark)
	e.POST("/only/post", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	server := httptest.NewServer(e)
	defer server.Close()
	for path, want := range map[string]int{"/page/1": http.StatusOK, "/nothing": http.StatusNotFound, "/only/post": http.StatusMethodNotAllowed} {
		resp, err := http.Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want || len(body) != 0 || want == http.StatusOK && (resp.ContentLength != 7 || resp.Header.Get("Mark") != "/page/:id") {
			t.Errorf("HEAD %s: %d with %d octets, %v, %v; want %d and what GET has but its body", path, resp.StatusCode, len(body), resp.Header, err, want)
		}
		if resp.Header.Get("Content-Type") == "" {
			t.Errorf("HEAD %s: GET tells a type", path)
		}
	}
}

func TestAListIsNarrowedByWhatThereIs(t *testing.T) {
	e := newServer(io.Discard)
	e.GET("/api/things", func(c echo.Context) error {
		colour, err := web.Chosen(c, "colour", "red", "blue")
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, colour)
	})
	for query, want := range map[string]int{"": 200, "?colour=": 200, "?colour=red": 200, "?colour=green": 422, "?colour=Red": 422} {
		if w := call(e, http.MethodGet, "/api/things"+query, ""); w.Code != want {
			t.Errorf("%s: %d %s; want %d", query, w.Code, w.Body, want)
		}
	}
}

// RFC 3986 §6.2.2.2: who rewrites the links of a mail may write a character with a percent sign; it is the same address. Compliance 64:
// but for the slash.
func TestAPathIsTheSameWithPercentSigns(t *testing.T) {
	e := newServer(io.Discard)
	e.GET("/u/:token", func(c echo.Context) error { return c.String(http.StatusOK, c.Param("token")) })
	e.GET("/admin/x", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	for path, want := range map[string]string{"/u/a-b_c~9": "a-b_c~9", "/u/%61%2Db%5fc%7E%39": "a-b_c~9", "/%75/%41": "A", "/u/a%2F%62": "a%2F%62", "/u/%c3%a9": "é", "/u/a%2561": "a%61"} {
		if w := call(e, http.MethodGet, path, ""); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %q; want %q", path, w.Code, w.Body, want)
		}
	}
	for _, path := range []string{"/admin%2Fx", "/admin%2fx", "/%61dmin%2Fx"} {
		if w := call(e, http.MethodGet, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// RFC 9110 §15.5.14, §15.6.4: what is too large is told to a client that writes all of it first, and a database that is away is
// not called a fault of ours.
func TestLargeBodiesAndAnAbsentDatabaseAreNamed(t *testing.T) {
	e := newServer(io.Discard)
	e.POST("/api/things", func(c echo.Context) error {
		var in input
		return web.Decode(c, &in)
	})
	e.GET("/api/gone", func(echo.Context) error { return fmt.Errorf("reading: %w", driver.ErrBadConn) })
	e.GET("/api/closing", func(echo.Context) error { return fmt.Errorf("reading: %w", &pgconn.PgError{Code: "57P01"}) })
	server := httptest.NewServer(e)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"name":"` + strings.Repeat("a", 40<<20) + `"}`
	if _, err := fmt.Fprintf(conn, "POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatalf("the body cannot be written: %v", err)
	}
	answer := make([]byte, 512)
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 413 ") {
		t.Errorf("%q, %v", answer[:n], err)
	}
	for _, path := range []string{"/api/gone", "/api/closing"} {
		if w := call(e, http.MethodGet, path, ""); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// RFC 9110 §15.5.6: an address that takes other methods says which; one that is not there is not found.
func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	e := newServer(io.Discard)
	pass := func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	group := e.Group("/api", pass)
	group.RouteNotFound("/*", web.OtherMethods)
	answer := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
	group.GET("/things", answer)
	group.POST("/things", answer)
	group.PATCH("/things/:id", answer)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodPut, "/api/things", http.StatusMethodNotAllowed, "GET, HEAD, POST"},
		{http.MethodGet, "/api/things/1", http.StatusMethodNotAllowed, "PATCH"},
		{http.MethodPatch, "/api/things/1", http.StatusOK, ""},
		{http.MethodGet, "/api/nothing", http.StatusNotFound, ""},
	} {
		w := call(e, c.method, c.path, "")
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow)
		}
	}
}

func TestARepeatedIdempotencyKeyGetsTheFirstAnswer(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		var ran atomic.Int32
		var mu sync.Mutex
		now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		e := newServer(io.Discard)
		e.POST("/api/v1/things", func(c echo.Context) error {
			n := ran.Add(1)
			time.Sleep(30 * time.Millisecond)
			return c.JSON(201, map[string]int32{"n": n})
		}, web.Idempotency(db, clock, func(echo.Context) string { return "key" }))

		first := call(e, "POST", "/api/v1/things", `{"a":1}`, "Idempotency-Key", "k")
		again := call(e, "POST", "/api/v1/things", `{"a":1}`, "Idempotency-Key", "k")
		if first.Code != 201 || again.Code != 201 || first.Body.String() != again.Body.String() || ran.Load() != 1 {
			t.Fatalf("%d %s, %d %s, ran %d times", first.Code, first.Body, again.Code, again.Body, ran.Load())
		}
		if other := call(e, "POST", "/api/v1/things", `{"a":2}`, "Idempotency-Key", "k"); other.Code != 422 {
			t.Fatalf("the same key with another body: %d", other.Code)
		}
		form := func(boundary, content string) int {
			body := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n"
			return call(e, "POST", "/api/v1/things", body, "Idempotency-Key", "form", "Content-Type", "multipart/form-data; boundary="+boundary).Code
		}
		if a, b, c := form("one", "email"), form("another", "email"), form("another", "e-mail"); a != 201 || b != 201 || c != 422 {
			t.Errorf("a form, the same in another attempt, and another form: %d, %d, %d", a, b, c)
		}
		mu.Lock()
		now = now.Add(25 * time.Hour)
		mu.Unlock()
		if late := call(e, "POST", "/api/v1/things", `{"a":1}`, "Idempotency-Key", "k"); late.Body.String() == first.Body.String() {
			t.Fatal("the first answer was given again after 24 hours")
		}

		var wg sync.WaitGroup
		ran.Store(0)
		for range 8 {
			wg.Go(func() {
				if w := call(e, "POST", "/api/v1/things", `{"a":1}`, "Idempotency-Key", "race"); w.Code != 201 || w.Body.String() != "{\"n\":1}\n" {
					t.Errorf("a repeat at the same moment got %d %s, not the first answer", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
		if ran.Load() != 1 {
			t.Fatalf("eight concurrent repeats ran %d times", ran.Load())
		}
	})
}

func TestAFailedRequestMayBeTriedAgainWithItsKey(t *testing.T) {
	db := sqldbtest.SQLite(t)
	e, fail := newServer(io.Discard), true
	e.POST("/api/v1/things", func(c echo.Context) error {
		if fail {
			return context.DeadlineExceeded
		}
		return c.NoContent(204)
	}, web.Idempotency(db, time.Now, func(echo.Context) string { return "key" }))
	if w := call(e, "POST", "/api/v1/things", `{}`, "Idempotency-Key", "k"); w.Code != 500 {
		t.Fatal(w.Code)
	}
	fail = false
	if w := call(e, "POST", "/api/v1/things", `{}`, "Idempotency-Key", "k"); w.Code != 204 {
		t.Fatal(w.Code, w.Body)
	}
}

func TestListsSayWhereTheNextPageBegins(t *testing.T) {
	e := newServer(io.Discard)
	e.GET("/api/v1/things", func(c echo.Context) error {
		page, err := web.PageOf(c, 1)
		if err != nil {
			return err
		}
		all := []string{"a", "b", "c"}
		for len(page.Cursor) > 0 && len(all) > 0 && all[0] <= page.Cursor[0] {
			all = all[1:]
		}
		return c.JSON(200, web.ListOf(all[:min(len(all), page.Limit+1)], page.Limit, func(s string) []string { return []string{s} }))
	})
	var list web.List[string]
	w := call(e, "GET", "/api/v1/things?limit=2", "")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Items) != 2 || list.NextCursor == "" {
		t.Fatal(w.Body)
	}
	w = call(e, "GET", "/api/v1/things?limit=2&cursor="+list.NextCursor, "")
	if strings.TrimSpace(w.Body.String()) != `{"items":["c"]}` {
		t.Fatal(w.Body)
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "cursor=%21"} {
		if w := call(e, "GET", "/api/v1/things?"+query, ""); w.Code != 422 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

// A body that is longer than what stays in memory is read as it came, and a repeat of it is told from another (an import has any
// size).
func TestLongBodiesWithAKeyAreSpooled(t *testing.T) {
	db := sqldbtest.SQLite(t)
	e := web.New(web.Options{Log: slog.New(slog.DiscardHandler)})
	runs := 0
	e.POST("/imports", func(c echo.Context) error {
		runs++
		if _, inMemory := c.Request().Body.(*os.File); !inMemory {
			t.Errorf("a long body is a %T", c.Request().Body)
		}
		sum := sha256.New()
		n, err := io.Copy(sum, c.Request().Body)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, fmt.Sprintf("%d %x", n, sum.Sum(nil)))
	}, web.Idempotency(db, time.Now, func(echo.Context) string { return "key" }))
	send := func(body string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("POST", "/imports", strings.NewReader(body))
		req.Header.Set("Idempotency-Key", "k")
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		return rec
	}
	body := strings.Repeat("0123456789abcdef", 15<<16) // 15 MiB
	want := fmt.Sprintf("%d %x", len(body), sha256.Sum256([]byte(body)))
	if got := send(body).Body.String(); got != want {
		t.Errorf("%s instead of %s", got, want)
	}
	if got := send(body); got.Body.String() != want || got.Header().Get("Idempotency-Replayed") != "true" || runs != 1 {
		t.Errorf("%s after %d runs", got.Body, runs)
	}
	if got := send(body + "!"); got.Code != http.StatusUnprocessableEntity {
		t.Errorf("another body: %d", got.Code)
	}
}
