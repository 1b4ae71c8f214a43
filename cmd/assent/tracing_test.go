package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Spans reach a collector over OTLP and say which route was asked and which task ran; tokens and addresses stay out of them
// (compliance 59).
func TestSpansTellRoutesAndNoTokens(t *testing.T) {
	var mu sync.Mutex
	var names []string
	var all bytes.Buffer
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &request) != nil {
			t.Errorf("not an export of spans: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		all.Write(body)
		for _, of := range request.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					names = append(names, span.Name)
				}
			}
		}
	}))
	defer sink.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.URL)
	stop, err := tracing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	w := startWhole(t, "")
	for _, path := range []string{"/u/SECRETTOKEN", "/nowhere/SECRETTOKEN?email=ada@example.com", "/api/v1/subscribers?email=ada@example.com"} {
		answer, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	for range 200 { // until a task ran
		if err := otel.GetTracerProvider().(*trace.TracerProvider).ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		ran := slices.Contains(names, "job")
		mu.Unlock()
		if ran {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"GET /u/:token", "GET /api/v1/subscribers", "GET", "job"} {
		if !slices.Contains(names, want) {
			t.Errorf("no span %q in %q", want, names)
		}
	}
	if bytes.Contains(all.Bytes(), []byte("SECRETTOKEN")) || bytes.Contains(all.Bytes(), []byte("ada@")) {
		t.Error("a token or an address is in the spans")
	}
	if !bytes.Contains(all.Bytes(), []byte("assent.job")) {
		t.Error("the span of a job does not name it")
	}
}

func TestWithoutACollectorThereIsNoTracing(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	before := otel.GetTracerProvider()
	stop, err := tracing(t.Context())
	if err != nil || stop(t.Context()) != nil || otel.GetTracerProvider() != before {
		t.Fatal("tracing began without a collector")
	}
}
