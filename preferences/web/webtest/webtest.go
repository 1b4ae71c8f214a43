// Package webtest runs handlers behind the real server set-up, without a network.
package webtest

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/staff/access"
	"assent/preferences/web"
)

// Actor is who every request comes from.
var Actor = audit.Actor{Kind: audit.KindKey, ID: "00000000-0000-7000-8000-000000000001", Name: "test"}

// ActorOf is [Actor] in the form that handlers ask for.
func ActorOf(echo.Context) audit.Actor { return Actor }

// Scopes makes a guard that lets a request pass when it carries none of the header "Scopes", or one there that allows what the route wants.
func Scopes(t testing.TB) func(string) echo.MiddlewareFunc {
	return func(want string) echo.MiddlewareFunc {
		if !slices.Contains(access.Scopes, access.Scope(want)) {
			t.Fatalf("the scope %q does not exist", want)
		}
		return func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				have := c.Request().Header.Get("Scopes")
				if have != "" && !access.Allows([]access.Scope{access.Scope(have)}, access.Scope(want)) {
					return problem.Forbidden("This key may not do that.")
				}
				return next(c)
			}
		}
	}
}

// Client speaks to a server of its own.
type Client struct {
	t    testing.TB
	echo *echo.Echo
}

// New is a client of a server on which register has put routes; api is the group below /api/v1.
func New(t testing.TB, register func(e *echo.Echo, api *echo.Group)) *Client {
	t.Helper()
	e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	register(e, e.Group("/api/v1"))
	return &Client{t, e}
}

// Answer is what came back.
type Answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
}

// API sends body as JSON (a string as it is, nil as none) to a path below /api/v1. headers are pairs of name and value.
func (c *Client) API(method, path string, body any, headers ...string) Answer {
	c.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(b)
	}
	return c.do(method, "/api/v1"+path, text, append([]string{"Content-Type", "application/json"}, headers...))
}

// Get asks for a page.
func (c *Client) Get(path string, headers ...string) Answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, "", headers)
}

// Post sends a form as a browser does.
func (c *Client) Post(path string, form url.Values, headers ...string) Answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...))
}

// Do sends any request.
func (c *Client) Do(method, path, body string, headers ...string) Answer {
	c.t.Helper()
	return c.do(method, path, body, headers)
}

func (c *Client) do(method, path, body string, headers []string) Answer {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.echo.ServeHTTP(w, r)
	return Answer{c.t, w.Code, w.Header(), w.Body.String()}
}

// Want fails the test unless the status is this one.
func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Into reads the JSON body into v.
func (a Answer) Into(v any) Answer {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		a.t.Fatalf("%v in %s", err, a.Body)
	}
	return a
}

// Fields are the fields that a problem document names.
func (a Answer) Fields() []string {
	a.t.Helper()
	var doc struct {
		Errors []problem.Field `json:"errors"`
	}
	a.Into(&doc)
	fields := make([]string, len(doc.Errors))
	for i, f := range doc.Errors {
		fields[i] = f.Field
	}
	return fields
}
