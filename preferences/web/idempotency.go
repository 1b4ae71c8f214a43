package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// idempotencyTTL is how long the first answer is given again.
const idempotencyTTL = 24 * time.Hour

// abandoned is after how long a request that never answered (its process died) may be run again.
const abandoned = time.Minute

// patience is how long a repeat waits for the first answer.
const patience = 10 * time.Second

// Idempotency gives the first answer again to a POST that repeats its Idempotency-Key within 24 hours. who names the caller.
func Idempotency(db *sqldb.DB, now func() time.Time, who func(echo.Context) string) echo.MiddlewareFunc {
	s := idempotency{db, now, who}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			key := c.Request().Header.Get("Idempotency-Key")
			if c.Request().Method != http.MethodPost || key == "" {
				return next(c)
			}
			if len(key) > 255 {
				return problem.Invalid("Idempotency-Key", "must have at most 255 characters")
			}
			if !isText(key) {
				return problem.Invalid("Idempotency-Key", "must be text")
			}
			return s.serve(c, next, key)
		}
	}
}

type idempotency struct {
	db  *sqldb.DB
	now func() time.Time
	who func(echo.Context) string
}

func (s idempotency) serve(c echo.Context, next echo.HandlerFunc, key string) error {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", c.Request().Method, c.Request().URL.RequestURI())
	content, summed := contentOf(c.Request(), sum)
	body, err := spool(c.Request().Body, content)
	summed()
	if err != nil {
		return err
	}
	defer body.Close()
	c.Request().Body = body
	request, actor, ctx := hex.EncodeToString(sum.Sum(nil)), s.who(c), c.Request().Context()

	first, err := s.await(ctx, actor, key, request)
	if err != nil {
		return err
	}
	if first != nil {
		return first.replay(c)
	}
	// A client that hangs up must not leave the key without its answer.
	recorder := &recorder{ResponseWriter: c.Response().Writer}
	c.Response().Writer = recorder
	if err := next(c); err != nil {
		c.Error(err)
	}
	status := c.Response().Status
	ctx = context.WithoutCancel(ctx)
	if status >= http.StatusInternalServerError { // nothing was decided: let it be tried again
		_, err = s.db.ExecContext(ctx, "DELETE FROM idempotency_keys WHERE actor = $1 AND key = $2", actor, key)
		return err
	}
	_, err = s.db.ExecContext(ctx, "UPDATE idempotency_keys SET status = $1, content_type = $2, location = $3, body = $4 WHERE actor = $5 AND key = $6",
		status, c.Response().Header().Get(echo.HeaderContentType), c.Response().Header().Get(echo.HeaderLocation), recorder.body.String(), actor, key)
	return err
}

// contentOf is what takes a body in to tell whether it is the same again; summed ends it. What divides the parts of a form does not
// count: a client makes it up anew for each attempt.
func contentOf(r *http.Request, sum io.Writer) (content io.Writer, summed func()) {
	kind, params, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEMultipartForm || params["boundary"] == "" {
		return sum, func() {}
	}
	out, in := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		form := multipart.NewReader(out, params["boundary"])
		for part, err := form.NextRawPart(); err == nil; part, err = form.NextRawPart() {
			fmt.Fprintf(sum, "%q %q\n", part.Header, part.FormName())
			n, err := io.Copy(sum, part)
			fmt.Fprintln(sum, n, err)
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	return in, func() { in.Close(); <-done }
}

type firstAnswer struct {
	status                int
	contentType, location string
	body                  string
}

var errRunning = problem.Conflict("The first request with this Idempotency-Key is still running; try again in a moment.")

// await is [idempotency.begin] for a repeat that comes while the first request still runs: it waits a while for its answer.
func (s idempotency) await(ctx context.Context, actor, key, request string) (first *firstAnswer, err error) {
	for end := time.Now().Add(patience); ; {
		first, err = s.begin(ctx, actor, key, request)
		if err != errRunning || time.Now().After(end) {
			return first, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// begin takes the key. It returns the first answer when there is one.
func (s idempotency) begin(ctx context.Context, actor, key, request string) (*firstAnswer, error) {
	var first *firstAnswer
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		first = nil
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM idempotency_keys WHERE created_at < $1 OR (actor = $2 AND key = $3 AND status = 0 AND created_at < $4)",
			sqldb.Micros(now.Add(-idempotencyTTL)), actor, key, sqldb.Micros(now.Add(-abandoned))); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO idempotency_keys (actor, key, request, status, created_at) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING",
			actor, key, request, sqldb.Micros(now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		var a firstAnswer
		var earlier string
		err = tx.QueryRowContext(ctx, "SELECT request, status, content_type, location, body FROM idempotency_keys WHERE actor = $1 AND key = $2", actor, key).
			Scan(&earlier, &a.status, &a.contentType, &a.location, &a.body)
		if errors.Is(err, sql.ErrNoRows) {
			return problem.Conflict("The first request with this Idempotency-Key has just failed; send it again.")
		}
		if err != nil {
			return err
		}
		if earlier != request {
			return problem.Invalid("Idempotency-Key", "was used with another request; use a new key for a new request")
		}
		if a.status == 0 {
			return errRunning
		}
		first = &a
		return nil
	})
	return first, err
}

func (a *firstAnswer) replay(c echo.Context) error {
	c.Response().Header().Set("Idempotency-Replayed", "true")
	if a.location != "" {
		c.Response().Header().Set(echo.HeaderLocation, a.location)
	}
	if len(a.body) == 0 {
		return c.NoContent(a.status)
	}
	return c.Blob(a.status, a.contentType, []byte(a.body))
}

type recorder struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
