package staff

import (
	"encoding/csv"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/oidc"
	"assent/preferences/staff/secret"

	"github.com/labstack/echo/v4"
)

// Every route must be guarded, also those that are added later: without a session
// each leads to the sign-in page, except the pages on which one comes in.
func TestEveryPageWantsASession(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "http://localhost:8080")
	h.OIDC = oidc.New(h.Accounts, oidc.Config{Issuer: "http://127.0.0.1:1"}, OIDCRedirect(h.Base))
	h.open()
	entrance := regexp.MustCompile(`^/admin/(sign-in(/code|/passkey|/oidc|/oidc/back)?|set-up/:token|(password|address)/:token)$`)
	guarded := 0
	for _, route := range h.echo.Routes() {
		if route.Method == echo.RouteNotFound || entrance.MatchString(route.Path) {
			continue
		}
		guarded++
		rec := httptest.NewRecorder()
		h.echo.ServeHTTP(rec, httptest.NewRequest(route.Method, strings.ReplaceAll(route.Path, ":id", "x"), nil))
		if rec.Code != 303 || !strings.HasPrefix(rec.Header().Get("Location"), "/admin/sign-in") {
			t.Errorf("%s %s: %d", route.Method, route.Path, rec.Code)
		}
		if rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be stored", route.Method, route.Path)
		}
	}
	if guarded < 25 {
		t.Errorf("only %d routes looked at", guarded)
	}
}

// Compliance 64 (CVE-2026-55677).
func TestEncodedSlashOpensNothing(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "http://assent.example").open()
	h.person(t, "ada@example.org", access.Administrator)
	for _, path := range []string{"/admin%2Fpeople", "/admin%2fpeople", "/admin/people%2Fnew", "/admin%2F%2Fpeople", "/admin%252Fpeople", "//admin/people", "/admin//people",
		"/admin/./people", "/admin/x/../people", "/admin/x%2F..%2Fpeople", "/ADMIN/people", "/admin;/people", "/admin/people/", `/admin\people`, "/admin/audit%2Ecsv"} {
		req := httptest.NewRequest("GET", "http://assent.example/", nil)
		req.URL.Path, req.URL.RawPath = strings.NewReplacer("%2F", "/", "%2f", "/", "%25", "%", "%2E", ".").Replace(path), path
		req.RequestURI = path
		rec := httptest.NewRecorder()
		h.echo.ServeHTTP(rec, req)
		if rec.Code == 200 || strings.Contains(rec.Body.String(), "ada@example.org") {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestRolesOpenTheirPages(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		// Two pages as other packages make them.
		anybody := func(c echo.Context) error { return c.NoContent(204) }
		h.echo.GET("/admin/campaigns", anybody, h.Guard())
		h.echo.POST("/admin/campaigns", anybody, h.Guard())
		h.echo.POST("/admin/campaigns/approve", anybody, h.Guard(access.Approver))
		h.echo.GET("/admin/unguarded", anybody, RequireRole(access.ReadOnly))
		h.open()
		roles := []access.Role{access.Administrator, access.Marketer, access.Approver, access.PrivacyOfficer, access.ReadOnly}
		for _, role := range roles {
			h.person(t, string(role)+"@example.org", role)
		}
		for i, role := range roles {
			b := h.browser(t).signIn(string(role) + "@example.org")
			token := b.get("/admin/account").want(t, 200).hidden("csrf")
			for _, c := range []struct {
				method, path string
				open         string // one sign for each role, in their order
			}{
				{"GET", "/admin/people", "+----"}, {"GET", "/admin/people/new", "+----"}, {"GET", "/admin/keys", "+----"}, {"GET", "/admin/security", "+----"},
				{"POST", "/admin/keys", "+----"}, {"GET", "/admin/audit", "+--+-"}, {"GET", "/admin/audit.csv", "+--+-"},
				{"GET", "/admin/campaigns", "+++++"}, {"POST", "/admin/campaigns", "++++-"}, {"POST", "/admin/campaigns/approve", "+-+--"},
			} {
				a := b.do(c.method, c.path, map[string][]string{"csrf": {token}})
				if open := a.StatusCode != 403; open != (c.open[i] == '+') {
					t.Errorf("%s %s as %s: %d", c.method, c.path, role, a.StatusCode)
				}
			}
			b.post("/admin/account/profile", token, "name", "New name", "locale", "").want(t, 303)
		}
		h.browser(t).get("/admin/unguarded").want(t, 401)
		part := h.browser(t)
		part.header.Set("HX-Request", "true")
		if a := part.get("/admin/campaigns").want(t, 401); a.Header.Get("HX-Redirect") != "/admin/sign-in" {
			t.Errorf("a part of a page: %v", a.Header)
		}
	})
}

func TestNewColleagueComesInByLink(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		ada := h.browser(t).signIn("ada@example.org")
		ada.send("/admin/people/new", "/admin/people", "name", "Bob", "email", "bob@", "role", "marketer").want(t, 422, "must be an e-mail address")
		ada.send("/admin/people/new", "/admin/people", "name", "Bob", "email", "bob@example.org").want(t, 422, "role")
		made := ada.send("/admin/people/new", "/admin/people", "name", "Bob", "email", "bob@example.org", "role", "marketer", "role", "approver").want(t, 200)
		link := regexp.MustCompile(`/admin/password/[\w-]+`).FindString(made.body)
		bob := h.browser(t)
		bob.get(link).want(t, 200, "bob@example.org")
		bob.send(link, link, "password", "short").want(t, 422)
		bob.send(link, link, "password", password).want(t, 303, "/admin/sign-in")
		bob.get(link).want(t, 410)
		bob.signIn("bob@example.org")
		bob.get("/admin/people").want(t, 403)

		u, err := h.Accounts.ByEmail(ctx, "bob@example.org")
		if err != nil || !access.Has(u.Roles, access.Approver) {
			t.Fatalf("%+v, %v", u, err)
		}
		page := "/admin/people/" + u.ID
		ada.get("/admin/people").want(t, 200, "bob@example.org", "Marketer, Approver")
		ada.get(page).want(t, 200, "Signed in", "Password changed")
		ada.send(page, page+"/roles", "role", "read_only").want(t, 303, page)
		bob.send("/admin/account", "/admin/account/profile", "name", "Bobby").want(t, 303)
		ada.send(page, page+"/disable").want(t, 303)
		ada.get(page).want(t, 200, "can no longer sign in", "Disabled")
		if bob.signedIn() {
			t.Error("a disabled person is in")
		}
		ada.send(page, page+"/enable").want(t, 303)
		bob.signIn("bob@example.org")
		ada.get("/admin/people/nobody").want(t, 404)
		ada.get("/admin/security").want(t, 200, "Sign-in refused"[:7], "Bobby")
	})
}

func TestKeyIsShownOnce(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		api := h.echo.Group("/api/v1", Authenticate(h.Keys))
		api.GET("/topics", func(c echo.Context) error { return c.String(200, ActorOf(c).Person()) }, RequireScope(access.TopicsRead))
		h.open()
		ada := h.person(t, "ada@example.org", access.Administrator)
		b := h.browser(t).signIn("ada@example.org")
		b.get("/admin/keys").want(t, 200, "No keys yet")
		b.send("/admin/keys/new", "/admin/keys", "name", "", "scope", "read").want(t, 422)
		b.send("/admin/keys/new", "/admin/keys", "name", "shop").want(t, 422)
		made := b.send("/admin/keys/new", "/admin/keys", "name", "shop", "scope", "read", "user", ada.ID).want(t, 200)
		value := regexp.MustCompile(`ak_[0-9a-f]{32}_[a-z2-7]{52}`).FindString(made.body)
		caller := h.browser(t)
		caller.header.Set("Authorization", "Bearer "+value)
		caller.get("/api/v1/topics").want(t, 200, "user:"+ada.ID)
		list := b.get("/admin/keys").want(t, 200, "shop", "read", "Person ada@example.org")
		if strings.Contains(list.body, value[40:]) {
			t.Error("the list shows the key")
		}
		all, err := h.Keys.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.send("/admin/keys", "/admin/keys/"+all[0].ID+"/revoke").want(t, 303)
		caller.get("/api/v1/topics").want(t, 401)
		b.get("/admin/keys").want(t, 200, "Revoked")
	})
}

func TestAccountIsGuardedByItsOwner(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.ReadOnly)
		b, other := h.browser(t).signIn("ada@example.org"), h.browser(t).signIn("ada@example.org")
		b.send("/admin/account", "/admin/account/password", "password", "wrong", "new_password", "another fine password").want(t, 422, "not your present password")
		if !other.signedIn() {
			t.Fatal("a refused change ended a session")
		}
		b.send("/admin/account", "/admin/account/password", "password", password, "new_password", "another fine password").want(t, 303)
		if !b.signedIn() || other.signedIn() { // compliance 70
			t.Error("the own session ended, or the other goes on")
		}
		b.send("/admin/account", "/admin/account/password", "password", "another fine password", "new_password", password).want(t, 303)

		begun := b.send("/admin/account", "/admin/account/totp").want(t, 200, "<svg")
		seed := regexp.MustCompile(`\b[A-Z2-7]{32}\b`).FindString(begun.body)
		b.post("/admin/account/totp/confirm", begun.hidden("csrf"), "step", begun.hidden("step"), "code", "000000").want(t, 422, seed)
		code := func() string {
			code, err := secret.Code(seed, h.Accounts.Now())
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		done := b.post("/admin/account/totp/confirm", begun.hidden("csrf"), "step", begun.hidden("step"), "code", code()).want(t, 200)
		recovery := regexp.MustCompile(`(?:[a-z2-7]{4}-){3}[a-z2-7]{4}`).FindAllString(done.body, -1)
		if len(recovery) != 10 {
			t.Fatalf("%d recovery codes", len(recovery))
		}
		h.pass(time.Minute)

		half := h.browser(t)
		asked := half.send("/admin/sign-in", "/admin/sign-in", "next", "/admin/people", "email", "ada@example.org", "password", password).want(t, 200, "code")
		if half.signedIn() {
			t.Fatal("the password alone is enough")
		}
		step, next := asked.hidden("step"), asked.hidden("next")
		half.post("/admin/sign-in/code", asked.hidden("csrf"), "step", step, "next", next, "code", "000000").want(t, 422)
		half.post("/admin/sign-in/code", asked.hidden("csrf"), "step", step, "next", next, "code", code()).want(t, 303, "/admin/people")
		if !half.signedIn() {
			t.Error("the right code is not enough")
		}
		half.send("/admin/account", "/admin/account/sessions/end-others").want(t, 303)
		if b.signedIn() || !half.signedIn() {
			t.Error("the wrong sessions ended")
		}
		renewed := half.send("/admin/account", "/admin/account/recovery-codes", "password", password).want(t, 200)
		if strings.Contains(renewed.body, recovery[0]) {
			t.Error("the codes are the old ones")
		}
		half.send("/admin/account", "/admin/account/totp/off", "password", "wrong").want(t, 422)
		half.send("/admin/account", "/admin/account/totp/off", "password", password).want(t, 303)
		h.browser(t).signIn("ada@example.org")
	})
}

func TestAuditLogIsReadFilteredAndExported(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open()
		officer := h.person(t, "officer@example.org", access.PrivacyOfficer)
		b := h.browser(t).signIn("officer@example.org")
		b.send("/admin/account", "/admin/account/profile", "name", "=HYPERLINK(1)", "locale", "en").want(t, 303)
		b.get("/admin/audit").want(t, 200, "Colleague added", "Profile changed", "<del>Person officer@example.org</del>", "<ins>=HYPERLINK(1)</ins>")
		own := b.get("/admin/audit?kind=user&period=7&actor="+officer.ID).want(t, 200, "Profile changed")
		if strings.Contains(own.body, "Colleague added") {
			t.Error("the filter lets others through")
		}
		b.get("/admin/audit?q=user:nobody").want(t, 200, "Nothing fits this search.")
		b.get("/admin/audit?cursor=nonsense").want(t, 400)
		file := b.get("/admin/audit.csv?q=user:"+officer.ID).want(t, 200)
		rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
		if err != nil || len(rows) != 3 || rows[0][0] != "at" || rows[1][3] != "'=HYPERLINK(1)" && rows[1][3] != "Person officer@example.org" {
			t.Errorf("%q, %v", rows, err)
		}
		if !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment;") {
			t.Error("the export opens in the browser")
		}
	})
}

func TestPasskeyPageAsksTheBrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "http://localhost:8080").open()
	h.person(t, "ada@example.org", access.Administrator)
	b := h.browser(t)
	b.get("/admin/sign-in?next=/admin/keys").want(t, 200, "/admin/sign-in/passkey?next=%2Fadmin%2Fkeys")
	page := b.get("/admin/sign-in/passkey?next=/admin/keys").want(t, 200, "challenge", "/assets/passkey.")
	b.header.Set("Origin", "http://localhost:8080")
	b.post("/admin/sign-in/passkey", page.hidden("csrf"), "step", page.hidden("step"), "answer", "{}").want(t, 422, "not known here")
	b.signIn("ada@example.org")
	b.send("/admin/account", "/admin/account/passkeys", "password", "wrong").want(t, 422)
	b.send("/admin/account", "/admin/account/passkeys", "password", password).want(t, 200, `data-passkey="create"`, "pubKeyCredParams")

	plain := build(t, sqldbtest.SQLite(t), "http://192.0.2.1").open()
	if strings.Contains(plain.browser(t).get("/admin/sign-in").body, "passkey") {
		t.Error("passkeys are offered where browsers have none")
	}
}

func TestAbsentProviderLeavesThePasswordWay(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "")
	h.OIDC = oidc.New(h.Accounts, oidc.Config{Issuer: "http://127.0.0.1:1", Name: "Nordlicht"}, OIDCRedirect(h.Base))
	h.open().person(t, "ada@example.org", access.Administrator)
	b := h.browser(t)
	b.get("/admin/sign-in").want(t, 200, "Sign in with Nordlicht")
	b.get("/admin/sign-in/oidc").want(t, 503)
	b.get("/admin/sign-in/oidc/back?state=x&code=y").want(t, 410)
	b.signIn("ada@example.org")
}

func TestOffsetAndFlashAreShownOnce(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "").open()
	h.Offset = 744 * time.Hour
	h.person(t, "ada@example.org", access.Administrator)
	b := h.browser(t)
	b.get("/admin/sign-in").want(t, 200, "Rehearsal")
	b.signIn("ada@example.org")
	b.send("/admin/account", "/admin/account/profile", "name", "Ada").want(t, 303)
	b.get("/admin/account").want(t, 200, "Saved.", "Rehearsal")
	if strings.Contains(b.get("/admin/account").body, "Saved.") {
		t.Error("told twice")
	}
}

// A page that is left open asks for news by itself: that does not keep its session alive.
func TestAnOpenStreamIsNoUse(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.echo.GET("/admin/live", func(c echo.Context) error { return c.NoContent(204) }, h.Guard())
		h.open().person(t, "ada@example.org", access.Marketer)
		left, used := h.browser(t).signIn("ada@example.org"), h.browser(t).signIn("ada@example.org")
		for range 5 { // 25 hours in all
			h.pass(5 * time.Hour)
			left.header.Set("Accept", "text/event-stream")
			if a := left.get("/admin/live"); a.StatusCode != 204 && a.StatusCode != 303 {
				t.Fatalf("the stream: %d", a.StatusCode)
			}
			used.get("/admin/account").want(t, 200)
		}
		if a := left.get("/admin/live"); a.StatusCode != 303 {
			t.Errorf("the stream of a session that is over: %d", a.StatusCode)
		}
		left.header.Del("Accept")
		if left.signedIn() {
			t.Error("a stream kept the session of an idle person alive")
		}
		if !used.signedIn() {
			t.Error("somebody who works is signed out")
		}
	})
}
