package web

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
)

// Page is how much of a list is asked for, and after which element.
type Page struct {
	Limit  int
	Cursor []string // the sort key of the last element of the page before, empty at the start
}

// After is the first part of the cursor, empty at the start: the whole of it where a list is sorted by one key.
func (p Page) After() string {
	if len(p.Cursor) == 0 {
		return ""
	}
	return p.Cursor[0]
}

// The sizes of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// PageOf reads ?limit= and ?cursor=. A cursor has parts many elements.
func PageOf(c echo.Context, parts int) (Page, error) {
	page := Page{Limit: DefaultLimit}
	if raw := c.QueryParam("limit"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > MaxLimit {
			return page, problem.Invalid("limit", "must be a number from 1 to 1000")
		}
		page.Limit = n
	}
	if raw := c.QueryParam("cursor"); raw != "" {
		text, err := base64.RawURLEncoding.DecodeString(raw)
		if err != nil || json.Unmarshal(text, &page.Cursor) != nil || len(page.Cursor) != parts || slices.ContainsFunc(page.Cursor, hasNUL) {
			return page, problem.Invalid("cursor", "is not one that a list answered with; leave it out to start at the beginning")
		}
	}
	return page, nil
}

// Chosen reads a parameter by which a list is narrowed: one of these values, or empty.
func Chosen(c echo.Context, name string, values ...string) (string, error) {
	value := c.QueryParam(name)
	if value == "" || slices.Contains(values, value) {
		return value, nil
	}
	var bad problem.Collector
	bad.Add(name, "must be one of %s", strings.Join(values, ", "))
	return "", bad.Err()
}

// hasNUL finds what no text in the database holds and PostgreSQL does not take.
func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }

// List is the answer with one page of a list.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// ListOf is the page made of items, of which the store was asked for limit+1, so that it is known whether more follow.
func ListOf[T any](items []T, limit int, key func(T) []string) List[T] {
	if items == nil {
		items = []T{}
	}
	if len(items) <= limit {
		return List[T]{Items: items}
	}
	items = items[:limit]
	text, _ := json.Marshal(key(items[limit-1])) // texts always encode
	return List[T]{Items: items, NextCursor: base64.RawURLEncoding.EncodeToString(text)}
}
