package office_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"assent/preferences/forms"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/templates/assets"
	"assent/templates/locale"
	"assent/templates/pages"
	"assent/templates/pagetest"
)

// tab is a tab of a real browser in which somebody is signed in.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
}

const listen = `window.breaches = []; window.alert = () => { window.breaches.push('a script ran'); };
document.addEventListener('securitypolicyviolation', e => window.breaches.push(e.violatedDirective + ' ' + e.blockedURI));`

func browse(t *testing.T, h *house, who *stafftest.Browser) *tab {
	t.Helper()
	h.Echo.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
	server := httptest.NewServer(h.Echo)
	t.Cleanup(server.Close)
	b := &tab{t, pagetest.Browser(t), server.URL}
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "assent", Value: who.Session().Value, URL: b.base}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listen}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.base+path), chromedp.WaitReady("main"))
}

func (b *tab) js(expression string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("(async () => String(await ("+expression+")))()", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// says waits until the page says something.
func (b *tab) says(text string) {
	b.t.Helper()
	body := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var err error
		if body, err = chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ''`)); err == nil && strings.Contains(body, text) {
			return
		}
	}
	b.t.Fatalf("the page does not say %q: %s", text, body)
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.js("document.querySelector(" + `"` + strings.ReplaceAll(selector, `"`, `'`) + `"` + ").scrollIntoView({block: 'center'})")
	b.do("click "+selector, chromedp.Click(selector, chromedp.NodeVisible))
}

func (b *tab) scripts(on bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.t.Fatal(err)
	}
}

// sound fails if a script ran or the policy was breached, and for every breach of WCAG 2.2 AA, in light and dark, at the width of
// a desk and at 320 pixels (compliance 49, 61).
func (b *tab) sound(what string) {
	b.t.Helper()
	if got := b.js("JSON.stringify(window.breaches)"); got != "[]" {
		b.t.Errorf("%s: %s", what, got)
	}
	axe, err := os.ReadFile(os.Getenv(pagetest.AxeFile))
	if err != nil {
		return
	}
	b.do("axe", chromedp.Evaluate[chromedp.Void](string(axe)))
	for _, look := range []struct {
		width  int64
		scheme string
	}{{1280, "light"}, {1280, "dark"}, {320, "light"}, {320, "dark"}} {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
			b.t.Fatal(err)
		}
		b.do("resize", chromedp.EmulateViewport(look.width, 900), chromedp.Sleep(400*time.Millisecond))
		if found := b.js(`axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa'], iframes: false}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary)).join('\n') + (document.documentElement.scrollWidth > innerWidth ? '\nwider than the window: ' + document.documentElement.scrollWidth : ''))`); found != "" {
			b.t.Errorf("%s, %d, %s: %s", what, look.width, look.scheme, found)
		}
		if dir := os.Getenv(pagetest.PictureDir); dir != "" {
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(what, " ", "-")+"."+look.scheme+itoa(look.width)+".png"), picture, 0o644)
			}
			if err != nil {
				b.t.Log(err)
			}
		}
	}
	b.do("resize", chromedp.EmulateViewport(1280, 900))
}

func itoa(n int64) string {
	if n == 320 {
		return "-phone"
	}
	return ""
}

// An officer answers an erasure, from the list to the proof that it was done.
func TestOfficerAnswersAnErasureInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	h.Give(h.Person("ann@example.com", nil), "news")
	b := browse(t, h, h.As("Olga", access.PrivacyOfficer))
	b.open("/admin/requests")
	b.sound("requests empty")
	b.click(`a[href="/admin/requests/new"]`)
	b.do("fill in", chromedp.WaitVisible(`input[name=email]`), chromedp.SendKeys(`input[name=email]`, "ann@example.com"), chromedp.SendKeys(`textarea[name=message]`, script), chromedp.SendKeys(`input[name=verified_by]`, "letter"))
	b.sound("request new")
	b.click(`input[name=kind][value=erasure]`)
	b.click(`form.form button[type=submit]`)
	b.says("is recorded")
	b.sound("request open")
	b.click(`input[name=outcome][value=done]`)
	b.click(`form[action$="/decide"] button[type=submit]`)
	b.says("The person is erased.")
	b.says("Carried out")
	b.sound("request done")
	if _, err := h.People.SubscriberByKey(ctx, h.DB, "ann@example.com"); err == nil {
		t.Error("the person is still there")
	}
	b.open("/admin/requests?show=closed")
	b.sound("requests")
}

// A marketer tries a file, imports it, watches it and takes it back.
func TestMarketerImportsAFileAndUndoesItInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	var file strings.Builder
	file.WriteString("E-mail,Voornaam,Note\n")
	for i := range 3000 {
		file.WriteString("person" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + "@example.com,\"<img src=x onerror=alert(1)>\",=HYPERLINK(1)\n")
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	b := browse(t, h, h.As("Ada", access.Marketer))
	b.open("/admin/imports/new")
	b.sound("import new")
	b.do("choose", chromedp.SetUploadFiles(`input[type=file]`, []string{path}))
	b.click(`form.form button[type=submit]`)
	b.says("What each column is")
	b.says("=HYPERLINK(1)")
	b.click(`input[name=topics][value=news]`)
	b.do("fill in", chromedp.SendKeys(`textarea[name=wording]`, "Yes, mail me."), chromedp.SendKeys(`input[name=source]`, "fair"))
	b.sound("import mapping")
	b.click(`form.form button[type=submit]`)
	b.says("Import it now") // the page renews itself when the trial is over
	b.says("3,000")
	b.sound("import trial")
	b.click(`button[popovertarget^=ask]:not([popovertargetaction])`)
	b.click(`.dialog:popover-open button[type=submit]`)
	b.says("Undo the import")
	b.sound("import done")
	if n := h.count(t); n != 3000 {
		t.Errorf("%d people", n)
	}
	b.click(`a[href$="/undo"]`)
	b.says("3,000 people whom it made are removed.")
	b.sound("import undo")
	b.click(`form.form button[type=submit]`)
	b.says("3,000 people were removed")
	if n := h.count(t); n != 0 {
		t.Errorf("%d people are left", n)
	}
	b.open("/admin/imports")
	b.sound("imports")
}

func (h *house) count(t *testing.T) (n int) {
	t.Helper()
	if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM subscribers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A marketer makes a form, and somebody signs up on its public page without scripts and without cookies.
func TestMarketerMakesAFormAndSomebodySignsUpInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	(&forms.Pages{Store: h.office.Forms, Base: "https://mail.example.com", Wait: time.Millisecond, Frame: func(_ context.Context, l *locale.Locale, _ string) (pages.Page, error) {
		return pages.Page{Locale: l, Brand: pages.Brand{Name: "Nordlicht"}}, nil
	}}).Register(h.Echo)
	b := browse(t, h, h.As("Ada", access.Marketer))
	b.open("/admin/forms")
	b.click(`a[href="/admin/forms/new"]`)
	b.do("fill in", chromedp.WaitVisible(`input[name=key]`), chromedp.SendKeys(`input[name=key]`, "letter"), chromedp.SendKeys(`input[name="names.en"]`, "Our letter "+script))
	b.click(`input[name=topics][value=news]`)
	b.sound("form new")
	b.click(`form.form button[type=submit]`)
	b.says("The form is made.")
	b.do("word it", chromedp.SendKeys(`textarea[name="wording.news.en"]`, "Yes, send me the letter."))
	b.click(`form.form button[type=submit]`)
	b.says("Saved.")
	b.sound("form")
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.scripts(false)
	b.do("sign up", chromedp.Navigate(b.base+"/subscribe/letter"), chromedp.WaitVisible(`input[name=email]`), chromedp.SendKeys(`input[name=email]`, "new@example.com"), chromedp.Click(`form button[type=submit]`), chromedp.WaitNotPresent(`input[name=email]`))
	b.scripts(true)
	var sub string
	for end := time.Now().Add(time.Minute); sub == "" && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s, err := h.People.SubscriberByKey(ctx, h.DB, "new@example.com"); err == nil {
			sub = s.ID
		}
	}
	events, err := h.People.Events(ctx, h.DB, sub)
	if err != nil || len(events) == 0 || !strings.HasPrefix(events[0].Wording, "Yes, send me the letter.") {
		t.Errorf("%+v %v", events, err)
	}
}

// The other screens in a real browser, with hostile names in them.
func TestOtherScreensInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	who := h.As("Ada", access.Administrator)
	if _, err := h.office.Partners.Create(ctx, h.erasing(), "fair", "Fair "+script); err != nil {
		t.Fatal(err)
	}
	who.Post("/admin/events", "slug", "day", "timezone", "Europe/Amsterdam", "starts_at", "2026-05-20T09:00", "ends_at", "2026-05-20T17:00", "place", "Hall "+script, "reminder_hours", "24", "partners", "fair", "names.en", "Day "+script).Want(303)
	b := browse(t, h, who)
	for _, page := range []string{"forms", "events", "events/new", "events/day", "events/day/edit", "webhooks"} {
		b.open("/admin/" + page)
		b.sound("screen " + strings.ReplaceAll(page, "/", " "))
	}
	b.open("/admin/webhooks")
	b.do("fill in", chromedp.SendKeys(`input[name=url]`, "https://app.example.com/hooks"), chromedp.SendKeys(`input[name=description]`, script))
	b.click(`form.form button[type=submit]`)
	b.says("whsec_")
	b.sound("screen webhook")
}
