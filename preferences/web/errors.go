package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ErrorPage shows a problem to a person in a browser.
type ErrorPage func(c echo.Context, p *problem.Problem) error

// document is an RFC 9457 problem document.
type document struct {
	Type     string          `json:"type"`
	Title    string          `json:"title"`
	Status   int             `json:"status"`
	Detail   string          `json:"detail,omitempty"`
	Instance string          `json:"instance,omitempty"`
	Errors   []problem.Field `json:"errors,omitempty"`
}

// errorHandler is the one place where an error becomes an answer.
func errorHandler(log *slog.Logger, page ErrorPage) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		p := understood(err)
		if p.Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
			log.Error("request failed", "id", RequestID(c), "route", c.Path(), "error", err)
		}
		var answer error
		switch {
		case page != nil && !IsAPI(c):
			answer = page(c, p)
		default:
			answer = writeProblem(c, p)
		}
		if answer != nil {
			log.Warn("answer not delivered", "id", RequestID(c), "error", answer)
		}
	}
}

// IsAPI tells whether the request is a program's and not a browser's.
func IsAPI(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasPrefix(path, "/api/") || path == "/healthz" || path == "/readyz" || path == "/metrics"
}

func understood(err error) *problem.Problem {
	if p, ok := problem.As(err); ok {
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem.New(http.StatusRequestEntityTooLarge, "The request is larger than the server takes.")
	}
	if sqldb.IsAway(err) {
		return problem.New(http.StatusServiceUnavailable, "The database does not answer just now; try again in a moment.")
	}
	if sqldb.IsNoText(err) { // of a form's field that nobody looked at before
		return problem.New(http.StatusBadRequest, "A text has a character that cannot be kept.")
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		detail, _ := he.Message.(string)
		if detail == http.StatusText(he.Code) {
			detail = ""
		}
		return problem.New(he.Code, detail)
	}
	return problem.New(http.StatusInternalServerError, "Something went wrong on our side. Try again; if it goes on, tell the operator the id of this request.")
}

// unsaid is the detail of a problem that says nothing but its status; the contract promises one.
func unsaid(p *problem.Problem) string {
	switch p.Status {
	case http.StatusNotFound:
		return "There is nothing at this address; /api/v1/openapi.yaml describes what there is."
	case http.StatusMethodNotAllowed:
		return "This address does not take this method."
	}
	return p.Title + "."
}

func writeProblem(c echo.Context, p *problem.Problem) error {
	detail := p.Detail
	if detail == "" {
		detail = unsaid(p)
	}
	body, err := json.Marshal(document{
		Type: "about:blank", Title: p.Title, Status: p.Status, Detail: detail, Errors: p.Fields, Instance: "urn:uuid:" + RequestID(c),
	})
	if err != nil {
		return err
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", `Bearer realm="assent"`)
	}
	return c.Blob(p.Status, "application/problem+json", body)
}
