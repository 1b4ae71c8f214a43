package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Options shape a server.
type Options struct {
	Log            *slog.Logger
	TrustedProxies []*net.IPNet  // whose X-Forwarded-For is believed
	Secure         bool          // served over HTTPS: HSTS
	ClockOffset    time.Duration // told in every answer when it is not zero
	ErrorPage      ErrorPage
	Observe        func(method, route string, status int, took time.Duration) // metrics, may be nil
	BodyGrace      time.Duration                                              // how long a body may take above its least speed; zero stands for bodyGrace
}

// maxBody bounds a request body that no handler reads as a stream.
const maxBody = 12 << 20

// New is an echo server with everything that all routes share.
func New(o Options) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = ipExtractor(o.TrustedProxies)
	e.HTTPErrorHandler = errorHandler(o.Log, o.ErrorPage)
	e.OnAddRouteHandler = answerHead(e)
	e.Pre(plain)
	e.Use(requestID, access(o), recovered(o.Log), secured(o), limited, paced(o.BodyGrace), legible)
	return e
}

// answerHead answers HEAD wherever GET is answered: link scanners and monitors ask so (compliance 3). net/http keeps the
// body back.
func answerHead(e *echo.Echo) func(string, echo.Route, echo.HandlerFunc, []echo.MiddlewareFunc) {
	return func(_ string, route echo.Route, handler echo.HandlerFunc, middleware []echo.MiddlewareFunc) {
		if route.Method != http.MethodGet {
			return
		}
		for i := len(middleware) - 1; i >= 0; i-- {
			handler = middleware[i](handler)
		}
		e.Router().Add(http.MethodHead, route.Path, handler)
	}
}

// plain reads a path whose characters were written with percent signs without need as the same path without (RFC 3986 §6.2.2.2):
// those who rewrite the links of a mail do that, and its unsubscribe link must go on to work. A path with an encoded slash stays as it
// came, so that nobody reaches another route by it (compliance 64).
func plain(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if u := c.Request().URL; !strings.Contains(strings.ToUpper(u.RawPath), "%2F") {
			u.RawPath = ""
		}
		return next(c)
	}
}

func ipExtractor(trusted []*net.IPNet) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range trusted {
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

const requestIDKey = "request_id"

// RequestID is the id of the request, which its answer and its log lines carry.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := sqldb.NewID()
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

// access logs one line a request. The path is the route's pattern, so that no token and no address gets in.
func access(o Options) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			ctx, span := trace(c.Request())
			c.SetRequest(c.Request().WithContext(ctx))
			if err := next(c); err != nil {
				c.Error(err)
			}
			took, status, route, method := time.Since(start), c.Response().Status, c.Path(), methodOf(c.Request())
			told(span, method, route, status)
			if o.Observe != nil {
				o.Observe(method, route, status, took)
			}
			level := slog.LevelDebug
			if status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			if route == "" {
				route = "(none)" // the path itself may hold a token
			}
			o.Log.Log(c.Request().Context(), level, "request", "method", method, "route", route, "status", status,
				"took", took.Round(time.Microsecond), "id", RequestID(c))
			return nil
		}
	}
}

// methodOf is the method of a request, as figures have it: what strangers make up is one and the same, or each would be a series of its own for ever.
func methodOf(r *http.Request) string {
	if r.Method == http.MethodOptions || slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "(other)"
}

// legible refuses an address with NUL or broken UTF-8 in it, which is nobody's link and no database takes.
func legible(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !isText(c.Request().URL.Path) {
			return echo.ErrNotFound
		}
		for name, values := range c.QueryParams() {
			for _, text := range append(values, name) {
				if !isText(text) {
					return problem.Malformed("The query has a character that is no text.")
				}
			}
		}
		return next(c)
	}
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func recovered(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				if r := recover(); r != nil {
					if r == http.ErrAbortHandler {
						panic(r)
					}
					log.Error("panic", "id", RequestID(c), "route", c.Path(), "value", fmt.Sprint(r), "stack", string(debug.Stack()))
					err = fmt.Errorf("web: panic: %v", r)
				}
			}()
			return next(c)
		}
	}
}

// policy is the content security policy of every page: nothing from elsewhere but pictures, and no inline script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func secured(o Options) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
			if o.Secure {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			if o.ClockOffset != 0 {
				h.Set("Assent-Time-Offset", o.ClockOffset.String())
			}
			return next(c)
		}
	}
}

// Private marks a page that belongs to one person: never stored, never indexed (compliance 59).
func Private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
		return next(c)
	}
}

func limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		// Of any size are those that a handler reads as they come: by its route, not by its address, which strangers choose.
		if !strings.HasSuffix(c.Path(), "/imports") && !strings.HasSuffix(c.Path(), "/suppressions/import") {
			body := c.Request().Body
			c.Request().Body = http.MaxBytesReader(c.Response(), body, maxBody)
			err := next(c)
			if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
				drain(c, body)
			}
			return err
		}
		return next(c)
	}
}

// drain takes in the rest of a body that is too large, within bounds: who is still writing would never see the answer.
func drain(c echo.Context, body io.Reader) {
	if http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(5*time.Second)) == nil {
		_, _ = io.CopyN(io.Discard, body, 8*maxBody)
	}
}
