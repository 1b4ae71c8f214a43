package staff

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/passkeys"
	"assent/templates/assets"
	"assent/templates/pagetest"
)

// A real browser with a virtual authenticator adds a passkey and signs in with it,
// by the pages and their script.
func TestPasskeyInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "")
	h.Base = &url.URL{Scheme: "http", Host: strings.Replace(strings.TrimPrefix(h.server.URL, "http://"), "127.0.0.1", "localhost", 1)}
	var err error
	if h.Passkeys, err = passkeys.New(h.Accounts, h.Base); err != nil {
		t.Fatal(err)
	}
	files := assets.Handler()
	h.echo.GET(assets.Prefix+"*", func(c echo.Context) error {
		if strings.Contains(c.Request().URL.Path, "passkey") {
			time.Sleep(time.Second) // whoever is quicker than the script must not send an empty answer
		}
		files.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	h.open().person(t, "ada@example.org", access.Administrator)

	ctx := start(t)
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			body, _ := chromedp.Run(ctx, chromedp.Text("body"))
			t.Fatalf("%s: %v: %s", what, err, body)
		}
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
	do("sign in with the password",
		chromedp.Navigate(h.Base.JoinPath(pathSignIn).String()+"?next="+pathAccount),
		chromedp.SendKeys(`input[name=email]`, "ada@example.org"), chromedp.SendKeys(`input[name=password]`, password), chromedp.Click(`form button[type=submit]`),
		chromedp.WaitVisible(`#passkeys`))
	do("add a passkey",
		chromedp.SendKeys(`form[action="/admin/account/passkeys"] input[name=password]`, password),
		chromedp.Click(`form[action="/admin/account/passkeys"] button`),
		chromedp.SendKeys(`form[data-passkey=create] input[name=name]`, "laptop"), chromedp.Click(`form[data-passkey=create] button`),
		chromedp.Click(`form[data-passkey=create] button:enabled`),
		chromedp.WaitVisible(`.flash`))
	if list, err := h.Passkeys.List(ctx, h.only(t)); err != nil || len(list) != 1 || list[0].Name != "laptop" {
		t.Fatalf("%+v, %v", list, err)
	}
	do("sign out and in with the passkey",
		chromedp.Click(`.usermenu summary`), chromedp.Click(`.usermenu form button`),
		chromedp.WaitVisible(`a[href^="/admin/sign-in/passkey"]`), chromedp.Navigate(h.Base.JoinPath(pathPasskey).String()+"?next="+pathAccount),
		chromedp.Click(`form[data-passkey=get] button:enabled`), chromedp.WaitVisible(`#sessions`))
	sessions, err := h.Accounts.Sessions(ctx, h.only(t))
	if err != nil || len(sessions) != 1 || sessions[0].Factors != "passkey" {
		t.Errorf("%+v, %v", sessions, err)
	}
}

// start opens a browser that reaches this machine under the name assent.test too.
func start(t *testing.T) context.Context {
	t.Helper()
	return pagetest.Browser(t, chromedp.Flag("host-resolver-rules", "MAP assent.test 127.0.0.1"))
}

// Without HTTPS browsers send no Sec-Fetch-Site, and what they send as Origin
// depends on the page's referrer policy.
func TestFormsWorkWithoutHTTPSInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t), "")
	h.Base = &url.URL{Scheme: "http", Host: strings.Replace(strings.TrimPrefix(h.server.URL, "http://"), "127.0.0.1", "assent.test", 1)}
	h.open().person(t, "ada@example.org", access.Administrator)
	ctx := start(t)
	err := chromedp.Do(ctx, chromedp.Navigate(h.Base.JoinPath(pathSignIn).String()+"?next="+pathAccount),
		chromedp.SendKeys(`input[name=email]`, "ada@example.org"), chromedp.SendKeys(`input[name=password]`, password), chromedp.Click(`form button[type=submit]`),
		chromedp.WaitVisible(`#profile`))
	if err != nil {
		body, _ := chromedp.Run(context.WithoutCancel(ctx), chromedp.Text("body"))
		t.Fatalf("%v: %s", err, body)
	}
}

// only is the id of the only person there is.
func (h *house) only(t *testing.T) string {
	t.Helper()
	list, err := h.Accounts.List(ctx)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d people, %v", len(list), err)
	}
	return list[0].ID
}
