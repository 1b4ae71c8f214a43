package web

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	otrace "go.opentelemetry.io/otel/trace"
)

var tracer = otel.Tracer("assent/web")

// trace begins the span of a request, below the caller's when it names one. It costs nothing while nobody collects spans.
func trace(r *http.Request) (context.Context, otrace.Span) {
	ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	return tracer.Start(ctx, methodOf(r), otrace.WithSpanKind(otrace.SpanKindServer))
}

// told ends the span. It carries the route's pattern and never the path, which may hold a token.
func told(span otrace.Span, method, route string, status int) {
	if span.IsRecording() {
		if route != "" {
			span.SetName(method + " " + route)
		}
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
	}
	span.End()
}
