package staff

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/staff/secret"
	"assent/preferences/web"
)

const password = "correct horse battery"

var ctx = context.Background()

// house is a running site with a clock that can be set and a log that can be read.
type house struct {
	*Site
	echo   *echo.Echo
	server *httptest.Server
	log    *log

	mu sync.Mutex
	at time.Time
}

type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func exercise(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { test(t, build(t, db, "")) })
}

// build makes a house at base, or where it listens when base is empty.
func build(t *testing.T, db *sqldb.DB, base string) *house {
	t.Helper()
	h := &house{log: &log{}, at: time.Now().UTC().Truncate(time.Second)}
	now := func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.at
	}
	h.echo = web.New(web.Options{Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	h.server = httptest.NewServer(h.echo)
	t.Cleanup(h.server.Close)
	if base == "" {
		base = h.server.URL
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	people := accounts.New(db, now)
	people.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
	if h.Site, err = NewSite(db, people, &keys.Store{DB: db, Now: now}, u); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) open() *house {
	h.Register(h.echo)
	return h
}

func (h *house) person(t *testing.T, email string, roles ...access.Role) accounts.User {
	t.Helper()
	u, err := h.Accounts.Add(ctx, audit.System("test"), accounts.NewUser{Email: email, Name: "Person " + email, Password: password, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browser keeps cookies and follows no redirects.
type browser struct {
	t      *testing.T
	house  *house
	client *http.Client
	header http.Header // sent with each request
}

func (h *house) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, house: h, header: http.Header{"User-Agent": {"Browser/1"}}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (a answer) to() string { return a.Header.Get("Location") }

var field = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)

// hidden is the value of a hidden field of the page.
func (a answer) hidden(name string) string {
	for _, m := range field.FindAllStringSubmatch(a.body, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, b.house.server.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.header {
		req.Header[name] = values
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(text)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do("GET", path, nil)
}

// send fills in a form of a page: it loads the page for the token, and posts the pairs to action.
func (b *browser) send(page, action string, pairs ...string) answer {
	b.t.Helper()
	token := b.get(page).hidden("csrf")
	if token == "" {
		b.t.Fatalf("%s has no form token", page)
	}
	return b.post(action, token, pairs...)
}

func (b *browser) post(action, token string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{"csrf": {token}}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", action, form)
}

func (b *browser) signIn(email string) *browser {
	b.t.Helper()
	if a := b.send("/admin/sign-in", "/admin/sign-in", "email", email, "password", password); a.StatusCode != 303 {
		b.t.Fatalf("%s cannot sign in: %d %s", email, a.StatusCode, a.body)
	}
	return b
}

func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.get("/admin/account").StatusCode == 200
}

// cookie is the value of one of the browser's cookies.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.house.server.URL)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (a answer) want(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d: %.300s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body+a.to(), text) {
			t.Errorf("%s %s lacks %q: %.600s", a.Request.Method, a.Request.URL.Path, text, a.body+a.to())
		}
	}
	return a
}
