package queue

import (
	"context"
	"fmt"
	"log/slog"
	"os"
)

// serverLog takes what asynq's servers say. They name tasks by type and id and never print a payload.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Debug(args ...any) { l.say(slog.LevelDebug, args) }
func (l serverLog) Info(args ...any)  { l.say(slog.LevelDebug, args) }
func (l serverLog) Warn(args ...any)  { l.say(slog.LevelWarn, args) }
func (l serverLog) Error(args ...any) { l.say(slog.LevelError, args) }

// Fatal ends the process, as asynq's own logger does.
func (l serverLog) Fatal(args ...any) {
	l.say(slog.LevelError, args)
	os.Exit(1)
}

func (l serverLog) say(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "queue: "+fmt.Sprint(args...))
}

// clientLog takes what go-redis says of its connections; the errors themselves come back to those who asked.
type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, "redis: "+fmt.Sprintf(format, args...))
}
