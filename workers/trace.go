package workers

import (
	"context"
	"errors"

	"github.com/hibiken/asynq"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"assent/workers/queue"
)

var tracer = otel.Tracer("assent/workers")

// traced makes a span of every task: its type and, of a job, its name. What it says to the queue for later is no failure.
func traced(next asynq.Handler) asynq.Handler {
	return asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		ctx, span := tracer.Start(ctx, t.Type(), trace.WithSpanKind(trace.SpanKindConsumer))
		defer span.End()
		if t.Type() == taskJob {
			span.SetAttributes(attribute.String("assent.job", string(t.Payload())))
		}
		err := next.ProcessTask(ctx, t)
		if later := (queue.Later{}); err != nil && !errors.As(err, &later) {
			span.SetStatus(codes.Error, "the task failed; see the log")
		}
		return err
	})
}
