package main

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var echoParam = regexp.MustCompile(`:(\w+)`)

// The description is complete and true: it has exactly the routes that the server has.
func TestTheDescriptionHasExactlyTheRoutes(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Errorf("the description is not valid: %v", err)
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	config, err := (&Settings{Data: t.TempDir()}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(context.Background(), config, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	e, err := a.routes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, r := range e.Routes() {
		path, ok := strings.CutPrefix(r.Path, "/api/v1")
		if !ok || path == "" || strings.Contains(path, "*") || path == "/openapi.yaml" || r.Method == "echo_route_not_found" {
			continue
		}
		served = append(served, r.Method+" "+echoParam.ReplaceAllString(path, "{$1}"))
	}
	slices.Sort(described)
	slices.Sort(served)
	for _, r := range served {
		if !slices.Contains(described, r) {
			t.Errorf("%s is served and not described", r)
		}
	}
	for _, r := range described {
		if !slices.Contains(served, r) {
			t.Errorf("%s is described and not served", r)
		}
	}
}
