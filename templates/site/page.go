package site

import (
	"strconv"
	"strings"
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// ContentPolicy is the Content-Security-Policy that every page of this package works under. A mail is shown in a
// frame from this host that is served under its own policy, see FramePolicy.
const ContentPolicy = "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// FramePolicy is the Content-Security-Policy of a bare mail that a page frames. Such an answer must not carry
// X-Frame-Options: DENY.
const FramePolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; frame-ancestors 'self'"

// Page is what all pages share.
type Page struct {
	Locale *locale.Locale
	// Zone is the IANA zone that times are told in. Empty: UTC.
	Zone string
	User User
	// Nav is what this person may open; see Nav.
	Nav []NavGroup
	// Current is the key of the entry that the page belongs to.
	Current string
	CSRF    string
	// Offset is how far the engine's clock is shifted.
	Offset time.Duration
	Flash  *Flash
}

// User is who is signed in.
type User struct{ Name, Email, Role string }

// Flash tells once what was just done, and may offer to take it back.
type Flash struct {
	Text string
	Tone ui.Tone
	Undo *ui.Post
}

func (p Page) t(key string, kv ...any) string { return p.Locale.T(key, kv...) }

func (p Page) n(n int) string { return p.Locale.Number(int64(n)) }

// when is a time as people read it; a dash for none.
func (p Page) when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return p.Locale.DateTime(t, p.Zone)
}

func (p Page) day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	if zone, err := time.LoadLocation(p.Zone); err == nil {
		t = t.In(zone)
	}
	return p.Locale.Date(t)
}

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// offset says how far the clock is shifted: "+31 d", "-2 h 30 min".
func (p Page) offset() string {
	d, sign := p.Offset, "+"
	if d < 0 {
		d, sign = -d, "−"
	}
	switch {
	case d%(24*time.Hour) == 0:
		return sign + p.Locale.N("site.days", int(d/(24*time.Hour)))
	case d%time.Hour == 0:
		return sign + p.Locale.N("site.hours", int(d/time.Hour))
	}
	return sign + p.Locale.N("site.minutes", int(d.Minutes()))
}

// Shown is the line of a pager: "1–50 of 12,345", or without the total when it is not known (negative).
func Shown(l *locale.Locale, from, to, total int) string {
	if total < 0 {
		return l.T("site.pager.shown", "from", from, "to", to)
	}
	return l.T("site.pager.of", "from", from, "to", to, "total", total)
}

func itoa(n int) string { return strconv.Itoa(n) }

// local is url if it is a path on this host, else empty: frames and pictures come from nowhere else.
func local(url string) string {
	if strings.HasPrefix(url, "/") && !strings.HasPrefix(url, "//") && !strings.Contains(url, "\\") {
		return url
	}
	return ""
}
