package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/templates/assets"
)

// officeRoom is the whole product's pages with somebody of every role at a desk.
type officeRoom struct {
	*whole
	e        *echo.Echo
	sessions map[access.Role]string
}

func newOffice(t *testing.T) *officeRoom { return officeWith(t, &Settings{}) }

func officeWith(t *testing.T, s *Settings) *officeRoom {
	t.Helper()
	o := &officeRoom{sessions: map[access.Role]string{}}
	o.whole = openWhole(t, s, func(h http.Handler) http.Handler { o.e = h.(*echo.Echo); return h })
	for _, role := range access.Roles {
		email := string(role) + "@staff.example"
		if _, err := o.a.accounts.Add(t.Context(), audit.System("test"), accounts.NewUser{Email: email, Name: "Sam " + string(role), Password: "correct horse battery", Roles: []access.Role{role}}); err != nil {
			t.Fatal(err)
		}
		in, err := o.a.accounts.SignIn(t.Context(), email, "correct horse battery", accounts.From{})
		if err != nil {
			t.Fatal(err)
		}
		o.sessions[role] = in.Token
	}
	return o
}

// ask sends what somebody of a role asks for; without a role, somebody who is not signed in.
func (o *officeRoom) ask(role access.Role, method, path string) *httptest.ResponseRecorder {
	ctx, leave := context.WithCancel(o.t.Context())
	defer leave()
	r := httptest.NewRequestWithContext(ctx, method, o.url+path, nil)
	if role != "" {
		r.AddCookie(&http.Cookie{Name: "assent", Value: o.sessions[role]})
	}
	if method == http.MethodPost {
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	}
	w := httptest.NewRecorder()
	if strings.HasSuffix(path, "/live") { // goes on until the reader leaves
		o.e.ServeHTTP(leaver{w, leave}, r)
	} else {
		o.e.ServeHTTP(w, r)
	}
	return w
}

// leaver leaves a page as soon as something of it has come.
type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l leaver) Flush() {
	l.ResponseRecorder.Flush()
	l.leave()
}

// Everybody on the staff may read what is not in this table. An administrator may read everything.
// m: marketer, a: approver, o: privacy officer, r: read-only.
var readers = map[string]string{
	"/admin/audit":                                 "o",
	"/admin/audit.csv":                             "o",
	"/admin/brands/new":                            "m",
	"/admin/campaigns/:id/edit":                    "m",
	"/admin/campaigns/:id/text/:n/edit":            "m",
	"/admin/campaigns/:id/variants":                "m",
	"/admin/campaigns/new":                         "m",
	"/admin/campaigns/readers":                     "m",
	"/admin/deliverability/providers":              "",
	"/admin/events/:slug/edit":                     "m",
	"/admin/events/:slug/guests.csv":               "mo",
	"/admin/events/:slug/partners/:key":            "mo",
	"/admin/events/new":                            "m",
	"/admin/forms/:key/responses":                  "mo",
	"/admin/forms/new":                             "m",
	"/admin/imports/:id/rejects.csv":               "mo",
	"/admin/imports/:id/undo":                      "mo",
	"/admin/imports/new":                           "mo",
	"/admin/keys":                                  "",
	"/admin/keys/new":                              "",
	"/admin/media/pick":                            "m",
	"/admin/notices/new":                           "o",
	"/admin/notices/preview":                       "o",
	"/admin/notices/single/:id/mail":               "or",
	"/admin/notices/single/:id/mail.eml":           "or",
	"/admin/notices/single/:id/source":             "or",
	"/admin/notices/single/new":                    "o",
	"/admin/notices/single/preview":                "o",
	"/admin/people":                                "",
	"/admin/people/:id":                            "",
	"/admin/people/new":                            "",
	"/admin/policies/:slug/new":                    "o",
	"/admin/policies/:slug/versions/:version/edit": "o",
	"/admin/policies/new":                          "o",
	"/admin/requests":                              "or",
	"/admin/requests/:id":                          "or",
	"/admin/requests/:id/data.json":                "o",
	"/admin/requests/:id/data.zip":                 "o",
	"/admin/requests/new":                          "o",
	"/admin/security":                              "",
	"/admin/segments/new":                          "m",
	"/admin/settings":                              "",
	"/admin/subscribers/:id/edit":                  "mo",
	"/admin/subscribers/:id/proof":                 "o",
	"/admin/subscribers/:id/proof.json":            "o",
	"/admin/subscribers/export.csv":                "mo",
	"/admin/subscribers/new":                       "mo",
	"/admin/suppressions/export.csv":               "mo",
	"/admin/topics/new":                            "mo",
	"/admin/topics/usual":                          "mo",
	"/admin/webhooks":                              "",
	"/admin/webhooks/:id":                          "",
}

// initials are the roles as the table has them.
var initials = map[access.Role]string{access.Marketer: "m", access.Approver: "a", access.PrivacyOfficer: "o", access.ReadOnly: "r"}

var param = regexp.MustCompile(`:\w+`)

// Every page of the staff, as the router knows it: who may read it, and that no form is taken that no page of this site made.
func TestEveryStaffRouteByRole(t *testing.T) {
	o := newOffice(t)
	seen := map[string]bool{}
	for _, r := range o.e.Routes() {
		if r.Path != "/admin" && !strings.HasPrefix(r.Path, "/admin/") || r.Method == http.MethodHead || seen[r.Method+r.Path] {
			continue
		}
		seen[r.Method+r.Path] = true
		path := param.ReplaceAllString(r.Path, "01890000-0000-7000-8000-000000000000")
		entrance := strings.HasPrefix(path, "/admin/sign-in") || strings.HasPrefix(path, "/admin/set-up") || strings.HasPrefix(path, "/admin/address/") || strings.HasPrefix(path, "/admin/password/")
		switch r.Method {
		case http.MethodGet:
			if w := o.ask("", "GET", path); !entrance && (w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/admin/sign-in")) {
				t.Errorf("GET %s: %d %s for nobody", r.Path, w.Code, w.Header().Get("Location"))
			}
			may := ""
			for _, role := range access.Roles {
				w := o.ask(role, "GET", path)
				if w.Code >= 500 {
					t.Errorf("GET %s: %d for the %s", r.Path, w.Code, role)
				}
				if ok := w.Code != http.StatusForbidden; ok {
					may += initials[role]
				} else if role == access.Administrator {
					t.Errorf("GET %s: refused to the administrator", r.Path)
				}
			}
			want, ok := readers[r.Path]
			if !ok {
				want = "maor"
			}
			if may != want && !entrance {
				t.Errorf("GET %s may be read by %q instead of %q", r.Path, may, want)
			}
		default:
			for _, role := range append(slices.Clone(access.Roles), "") {
				if w := o.ask(role, r.Method, path); w.Code != http.StatusForbidden && (role != "" || w.Code != http.StatusSeeOther) {
					t.Errorf("%s %s: %d without the token of a page, for %q", r.Method, r.Path, w.Code, role)
				}
			}
		}
	}
	for path := range readers {
		if !seen["GET"+path] {
			t.Errorf("there is no page %s", path)
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d routes were met", len(seen))
	}
}

var (
	hrefs  = regexp.MustCompile(`href="(/admin[^"#]*)"`)
	loaded = regexp.MustCompile(`(?:href|src)="(` + assets.Prefix + `[^"]+\.(?:css|js))"`)
)

// mostPage is how large a page of the staff may be, with its styles and scripts, before anything is compressed.
const mostPage = 200 << 10

// Every page that can be reached by links has a title, one first heading, landmarks and a way past the menu (compliance 49), and is not large.
func TestStaffPagesAreWholeAndLight(t *testing.T) {
	o := newOffice(t)
	o.company()
	for _, body := range []string{`{"email":"ann@example.com","first_name":"Ann"}`, `{"email":"bo@example.com"}`} {
		o.api("POST", "/subscribers", body)
	}
	o.api("POST", "/segments", `{"key":"dutch","name":"Dutch","rules":{"field":"country","op":"eq","value":"NL"}}`)
	o.api("POST", "/campaigns", `{"name":"First","topic":"news","subject":"Hello","blocks":[{"type":"text","markdown":"Hello."}]}`)
	todo, met, largest := []string{"/admin"}, map[string]bool{"/admin": true}, 0
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		w := o.ask(access.Administrator, "GET", path)
		if w.Code != http.StatusOK {
			if w.Code != http.StatusSeeOther {
				t.Errorf("%s, which a page leads to: %d", path, w.Code)
			}
			continue
		}
		if !strings.HasPrefix(w.Header().Get(echo.HeaderContentType), "text/html") {
			continue
		}
		page := w.Body.String()
		size := len(page)
		for _, m := range loaded.FindAllStringSubmatch(page, -1) {
			size += len(o.send("GET", m[1], "", ""))
		}
		largest = max(largest, size)
		if size > mostPage {
			t.Errorf("%s: %d bytes", path, size)
		}
		for what, n := range map[string]int{"<title>": 1, "<h1": 1, "<main": 1, `<html lang="`: 1} {
			if got := strings.Count(page, what); got != n && !strings.Contains(path, "/frame") {
				t.Errorf("%s: %d of %s", path, got, what)
			}
		}
		if strings.Contains(page, `class="app"`) && (!strings.Contains(page, `class="skip" href="#main"`) || !strings.Contains(page, `<nav `) || !strings.Contains(page, `<main id="main"`)) {
			t.Errorf("%s: no way past the menu", path)
		}
		for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			if base, _, _ := strings.Cut(to, "?"); !met[base] {
				met[base] = true
				todo = append(todo, to)
			}
		}
	}
	if len(met) < 60 {
		t.Errorf("only %d pages were met", len(met))
	}
	t.Logf("%d pages, the largest with what it loads %d bytes", len(met), largest)
}
