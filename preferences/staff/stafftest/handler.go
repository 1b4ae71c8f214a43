// Package stafftest signs members of the staff in for tests of the pages that other packages serve.
package stafftest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/staff/secret"
	"assent/preferences/web"
)

// House is a site with people who can be signed in.
type House struct {
	T        testing.TB
	Echo     *echo.Echo
	Site     *staff.Site
	Accounts *accounts.Store
	Keys     *keys.Store
}

// Password is everybody's.
const Password = "correct horse battery"

// New serves the pages of package staff at http://assent.example.
func New(t testing.TB, db *sqldb.DB, now func() time.Time) *House {
	t.Helper()
	h := &House{T: t, Accounts: accounts.New(db, now), Keys: &keys.Store{DB: db, Now: now}}
	h.Accounts.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
	var err error
	if h.Site, err = staff.NewSite(db, h.Accounts, h.Keys, &url.URL{Scheme: "http", Host: "assent.example"}); err != nil {
		t.Fatal(err)
	}
	h.Echo = web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), ErrorPage: func(c echo.Context, p *problem.Problem) error { return h.Site.ShowError(c, p) }})
	h.Site.Register(h.Echo)
	return h
}

// Browser is somebody's browser.
type Browser struct {
	h       *House
	cookies map[string]*http.Cookie
	User    accounts.User
}

// As signs a new member of the staff in.
func (h *House) As(name string, roles ...access.Role) *Browser {
	h.T.Helper()
	ctx := context.Background()
	email := strings.ToLower(name) + "@staff.example"
	u, err := h.Accounts.Add(ctx, audit.System("test"), accounts.NewUser{Email: email, Name: name, Password: Password, Roles: roles})
	if err != nil {
		h.T.Fatal(err)
	}
	in, err := h.Accounts.SignIn(ctx, email, Password, accounts.From{})
	if err != nil {
		h.T.Fatal(err)
	}
	return &Browser{h: h, User: u, cookies: map[string]*http.Cookie{"assent": {Name: "assent", Value: in.Token}}}
}

// Nobody is a browser that is not signed in.
func (h *House) Nobody() *Browser { return &Browser{h: h, cookies: map[string]*http.Cookie{}} }

// Answer is what came back.
type Answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// Want fails unless the status is this one and each text is in the body or the Location.
func (a Answer) Want(status int, texts ...string) Answer {
	a.t.Helper()
	body := a.Header().Get("Location") + " " + a.Body.String()
	if a.Code != status {
		a.t.Fatalf("status %d instead of %d: %.1500s", a.Code, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			a.t.Errorf("%q is missing in %.6000s", text, body)
		}
	}
	return a
}

// Location is where the answer leads.
func (a Answer) Location() string { return a.Header().Get("Location") }

func (b *Browser) do(req *http.Request) Answer {
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.h.Echo.ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return Answer{rec, b.h.T}
}

// Get reads a page.
func (b *Browser) Get(path string) Answer {
	return b.do(httptest.NewRequest("GET", "http://assent.example"+path, nil))
}

var token = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// Post sends a form, its fields as names and values, with the token that the person's pages carry.
func (b *Browser) Post(path string, fields ...string) Answer {
	b.h.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	m := token.FindStringSubmatch(b.Get("/admin/account").Body.String())
	if m == nil {
		b.h.T.Fatal("no form token")
	}
	form.Set("csrf", m[1])
	return b.Forge(path, form)
}

// Upload sends a form with a file, the token first as the pages do.
func (b *Browser) Upload(path, name string, content io.Reader) Answer {
	b.h.T.Helper()
	m := token.FindStringSubmatch(b.Get("/admin/account").Body.String())
	if m == nil {
		b.h.T.Fatal("no form token")
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("csrf", m[1]) // a buffer takes everything
	file, _ := w.CreateFormFile("file", name)
	_, err := io.Copy(file, content)
	if err := errors.Join(err, w.Close()); err != nil {
		b.h.T.Fatal(err)
	}
	req := httptest.NewRequest("POST", "http://assent.example"+path, &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(req)
}

// Forge sends a form as it is.
func (b *Browser) Forge(path string, form url.Values) Answer {
	req := httptest.NewRequest("POST", "http://assent.example"+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// Session is the cookie of whoever is signed in, for a real browser.
func (b *Browser) Session() *http.Cookie { return b.cookies["assent"] }

// Send posts a body of any type, with the token of the person's pages in the header.
func (b *Browser) Send(path, contentType string, body []byte) Answer {
	b.h.T.Helper()
	m := token.FindStringSubmatch(b.Get("/admin/account").Body.String())
	if m == nil {
		b.h.T.Fatal("no form token")
	}
	req := httptest.NewRequest("POST", "http://assent.example"+path, bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-CSRF-Token", m[1])
	return b.do(req)
}
