// Package problem holds the errors that people outside may read. A domain returns them; one place turns them into
// RFC 9457 problem documents or pages.
package problem

import (
	"errors"
	"fmt"
	"net/http"
)

// Field says what is wrong with one field of the input.
type Field struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Problem is an error with a meaning for the person who caused it. Status is the HTTP status that carries it.
type Problem struct {
	Status int
	Title  string
	Detail string
	Fields []Field
}

// Error is the detail, for logs and the command line.
func (p *Problem) Error() string {
	if len(p.Fields) > 0 && p.Detail == "" {
		return p.Fields[0].Field + ": " + p.Fields[0].Detail
	}
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// As finds the problem inside err.
func As(err error) (*Problem, bool) {
	var p *Problem
	ok := errors.As(err, &p)
	return p, ok
}

// New is a problem of any status.
func New(status int, detail string, fields ...Field) *Problem {
	return &Problem{Status: status, Title: http.StatusText(status), Detail: detail, Fields: fields}
}

// Invalid refuses a value: 422, naming the field.
func Invalid(field, detail string, more ...Field) error {
	fields := append([]Field{{field, detail}}, more...)
	return New(http.StatusUnprocessableEntity, fmt.Sprintf("%s: %s", field, detail), fields...)
}

// Malformed refuses input that cannot be read: 400.
func Malformed(detail string, fields ...Field) error {
	return New(http.StatusBadRequest, detail, fields...)
}

// NotFound says that there is no such thing: 404.
func NotFound(what string) error {
	return New(http.StatusNotFound, what+" not found")
}

// Conflict refuses what the present state does not allow: 409.
func Conflict(detail string) error { return New(http.StatusConflict, detail) }

// Forbidden refuses what this actor may not do: 403.
func Forbidden(detail string) error { return New(http.StatusForbidden, detail) }

// Unprocessable refuses something that is well formed but cannot be done: 422.
func Unprocessable(detail string, fields ...Field) error {
	return New(http.StatusUnprocessableEntity, detail, fields...)
}

// Unavailable asks to try again later: 503.
func Unavailable(detail string) error { return New(http.StatusServiceUnavailable, detail) }

// Collector gathers field errors, so that a person sees all of them at once.
type Collector struct{ fields []Field }

// Add notes that field is wrong.
func (c *Collector) Add(field, format string, args ...any) {
	c.fields = append(c.fields, Field{field, fmt.Sprintf(format, args...)})
}

// Require notes an empty value.
func (c *Collector) Require(field, value string) {
	if value == "" {
		c.Add(field, "is required")
	}
}

// Err is nil when nothing was noted.
func (c *Collector) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return Invalid(c.fields[0].Field, c.fields[0].Detail, c.fields[1:]...)
}
