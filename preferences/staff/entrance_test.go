package staff

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

func TestFirstAdministratorComesInByTheSetUpLink(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open()
		token, err := h.Accounts.SetUpLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		link, _ := strings.CutPrefix(h.SetUpURL(token), h.server.URL)
		b := h.browser(t)
		b.get("/admin/set-up/wrong").want(t, 410)
		b.get(link).want(t, 200)
		b.send(link, link, "name", "Ada", "email", "ada@example.org", "password", "short").want(t, 422, "at least 12 characters")
		b.send(link, link, "name", "Ada", "email", "ada@example.org", "password", password).want(t, 303, "/admin")
		b.get("/admin/people").want(t, 200, "ada@example.org")
		other := h.browser(t)
		other.get(link).want(t, 410)
	})
}

func TestSignInAndOut(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		b := h.browser(t)
		b.get("/admin/account").want(t, 303, "/admin/sign-in?next=%2Fadmin%2Faccount")
		b.send("/admin/sign-in?next=/admin/people", "/admin/sign-in", "next", "/admin/people", "email", "ada@example.org", "password", password).want(t, 303, "/admin/people")
		b.get("/admin/account").want(t, 200, "Browser/1")
		b.get("/admin/sign-in?next=/admin/keys").want(t, 303, "/admin/keys")
		copied := h.browser(t)
		u, _ := url.Parse(h.server.URL)
		copied.client.Jar.SetCookies(u, b.client.Jar.Cookies(u))
		b.get("/admin/sign-out").want(t, 405)
		b.send("/admin/account", "/admin/sign-out").want(t, 303, "/admin/sign-in")
		b.get("/admin/sign-in").want(t, 200, "You are signed out.")
		if b.signedIn() || copied.signedIn() {
			t.Error("the session goes on after signing out")
		}
	})
}

func TestCookiesAreGuarded(t *testing.T) {
	for base, prefix := range map[string]string{"https://assent.example": "__Host-", "http://assent.example": ""} {
		h := build(t, sqldbtest.SQLite(t), base).open()
		h.person(t, "ada@example.org", access.Administrator)
		page := httptest.NewRecorder()
		h.echo.ServeHTTP(page, httptest.NewRequest("GET", "/admin/sign-in", nil))
		form := page.Result().Cookies()[0]
		values := url.Values{"csrf": {answer{body: page.Body.String()}.hidden("csrf")}, "email": {"ada@example.org"}, "password": {password}}
		req := httptest.NewRequest("POST", "/admin/sign-in", strings.NewReader(values.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", base)
		req.AddCookie(form)
		rec := httptest.NewRecorder()
		h.echo.ServeHTTP(rec, req)
		if rec.Code != 303 {
			t.Fatalf("%s: %d %s", base, rec.Code, rec.Body)
		}
		for _, c := range append(rec.Result().Cookies(), form) {
			secure := prefix != ""
			if !strings.HasPrefix(c.Name, prefix+"assent") || !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s: %+v", base, c)
			}
			if strings.HasSuffix(c.Name, "assent") && (c.MaxAge < 13*24*3600 || c.MaxAge > 14*24*3600) {
				t.Errorf("the session's cookie lives for %d s", c.MaxAge)
			}
		}
		if page.Header().Get("Cache-Control") != "no-store" {
			t.Error("the page may be stored")
		}
	}
}

var masked = regexp.MustCompile(`name="csrf" value="[^"]*"`)

func TestUnknownAddressReadsLikeAWrongPassword(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		b := h.browser(t)
		known := b.send("/admin/sign-in", "/admin/sign-in", "email", "ada@example.org", "password", "wrong").want(t, 422)
		unknown := b.send("/admin/sign-in", "/admin/sign-in", "email", "eve@example.org", "password", "wrong").want(t, 422)
		plain := func(a answer, email string) string {
			return strings.ReplaceAll(masked.ReplaceAllString(a.body, ""), email, "")
		}
		if plain(known, "ada@example.org") != plain(unknown, "eve@example.org") {
			t.Error("the pages differ")
		}
	})
}

func TestGuessingIsToldToWait(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		b := h.browser(t)
		token := b.get("/admin/sign-in").hidden("csrf")
		for range 10 {
			b.post("/admin/sign-in", token, "email", "ada@example.org", "password", "wrong").want(t, 422)
		}
		slow := b.post("/admin/sign-in", token, "email", "ada@example.org", "password", password).want(t, 429, "Too many tries")
		if slow.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		h.pass(31 * time.Second)
		b.post("/admin/sign-in", token, "email", "ada@example.org", "password", password).want(t, 303)
	})
}

// Compliance 63.
func TestSigningInLeadsNowhereElse(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		for _, evil := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/%2F/evil.example", "/%5Cevil.example", "javascript:alert(1)", "/\t/evil.example"} {
			b := h.browser(t)
			page := b.get("/admin/sign-in?next="+url.QueryEscape(evil)).want(t, 200)
			if strings.Contains(page.body, "evil") || strings.Contains(page.body, "alert(1)") {
				t.Errorf("%q stands in the page", evil)
			}
			b.post("/admin/sign-in", page.hidden("csrf"), "next", evil, "email", "ada@example.org", "password", password)
			a := b.get("/admin/sign-in?next="+url.QueryEscape(evil)).want(t, 303)
			if a.to() != "/admin" {
				t.Errorf("%q leads to %q", evil, a.to())
			}
			h.pass(time.Hour)
		}
	})
}

func TestSessionIsNewAtEachSignIn(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		h.person(t, "eve@example.org", access.ReadOnly)
		b := h.browser(t)
		u, _ := url.Parse(h.server.URL)
		planted := secret.NewToken()
		b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "assent", Value: planted, Path: "/"}})
		b.signIn("ada@example.org")
		if got := b.cookie("assent"); got == planted || got == "" {
			t.Error("the session has the value that somebody had planted")
		}
		first := b.cookie("assent")
		page := b.get("/admin/account") // signed in already; signs in as somebody else
		b.post("/admin/sign-in", page.hidden("csrf"), "email", "eve@example.org", "password", password).want(t, 303)
		if _, _, err := h.Accounts.Resume(ctx, first); err == nil {
			t.Error("the session before goes on")
		}
		b.get("/admin/account").want(t, 200, "eve@example.org")
	})
}

// Compliance 62.
func TestFormsOfElsewhereAreRefused(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open().person(t, "ada@example.org", access.Administrator)
		h.person(t, "eve@example.org", access.Administrator)
		ada, eve := h.browser(t).signIn("ada@example.org"), h.browser(t).signIn("eve@example.org")
		mine, hers := ada.get("/admin/account").hidden("csrf"), eve.get("/admin/account").hidden("csrf")
		change := func(b *browser, token string) answer {
			return b.post("/admin/account/profile", token, "name", "Changed", "locale", "")
		}
		change(ada, "").want(t, 403)
		change(ada, hers).want(t, 403)
		change(ada, map[bool]string{true: "B", false: "A"}[mine[0] == 'A']+mine[1:]).want(t, 403)
		ada.header.Set("Sec-Fetch-Site", "cross-site")
		change(ada, mine).want(t, 403)
		ada.header.Set("Sec-Fetch-Site", "same-site")
		change(ada, mine).want(t, 403)
		ada.header.Del("Sec-Fetch-Site")
		ada.header.Set("Origin", "https://evil.example")
		change(ada, mine).want(t, 403)
		ada.header.Set("Origin", "null")
		change(ada, mine).want(t, 403)
		ada.header.Del("Origin")
		if strings.Contains(ada.get("/admin/account").body, "Changed") {
			t.Fatal("a refused form changed something")
		}
		ada.header.Set("Origin", h.server.URL)
		change(ada, mine).want(t, 303)
		ada.get("/admin/account").want(t, 200, "Changed")

		ada.header.Set("X-CSRF-Token", mine) // as scripts send it
		ada.do("POST", "/admin/account/profile", url.Values{"name": {"By header"}, "locale": {"nl"}}).want(t, 303)
		ada.get("/admin/account").want(t, 200, "By header", `lang="nl"`)

		stranger := h.browser(t)
		stranger.post("/admin/sign-in", "", "email", "ada@example.org", "password", password).want(t, 403)
		stranger.post("/admin/sign-in", mine, "email", "ada@example.org", "password", password).want(t, 403)
	})
}

func TestSecretsAreNotLogged(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.open()
		token, _ := h.Accounts.SetUpLink(ctx)
		b := h.browser(t)
		link := "/admin/set-up/" + token
		b.send(link, link, "email", "ada@example.org", "password", password).want(t, 303)
		b.send("/admin/account", "/admin/account/password", "password", "mistyped secret", "new_password", "another fine password").want(t, 422)
		made := b.send("/admin/keys/new", "/admin/keys", "name", "shop", "scope", "full").want(t, 200)
		value := regexp.MustCompile(`ak_[a-z0-9]+_[a-z2-7]+`).FindString(made.body)
		if value == "" {
			t.Fatal("no key")
		}
		log := h.log.String()
		if !strings.Contains(log, "/admin/set-up/:token") {
			t.Fatalf("the log is not read: %s", log)
		}
		for what, secret := range map[string]string{"link": token, "password": password, "typed": "mistyped secret", "new": "another fine", "session": b.cookie("assent"), "key": value, "address": "ada@example.org"} {
			if secret == "" || strings.Contains(log, secret) {
				t.Errorf("the log holds the %s", what)
			}
		}
	})
}
