package desk_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"assent/preferences/staff/stafftest"
	"assent/templates/assets"
	"assent/templates/pagetest"
)

// tab is a tab of a real browser in which somebody is signed in.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// serve makes the pages reachable for a browser.
func (h *house) serve(t *testing.T) string {
	t.Helper()
	h.Echo.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))
	server := httptest.NewServer(h.Echo)
	t.Cleanup(server.Close)
	return server.URL
}

const listen = `window.breaches = []; window.ran = 0; window.alert = () => { window.ran++; };
document.addEventListener('securitypolicyviolation', e => window.breaches.push(e.violatedDirective + ' ' + e.blockedURI));
window.addEventListener('error', e => window.breaches.push('error: ' + e.message));
window.addEventListener('unhandledrejection', e => window.breaches.push('rejected: ' + e.reason));`

func browse(t *testing.T, base string, who *stafftest.Browser) *tab {
	t.Helper()
	b := &tab{t, pagetest.Browser(t), base}
	b.prepare(who)
	return b
}

func (b *tab) prepare(who *stafftest.Browser) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "assent", Value: who.Session().Value, URL: b.base}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listen}); err != nil {
		b.t.Fatal(err)
	}
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

// js is what an expression says, as text.
func (b *tab) js(expression string) string {
	b.t.Helper()
	got, err := b.ask(expression)
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

func (b *tab) ask(expression string) (string, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[string]("(async () => String(await ("+expression+")))()", chromedp.EvalAwaitPromise))
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		got, err := b.ask("Boolean(" + expression + ")")
		if got == "true" {
			return
		}
		if err != nil && !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context") { // the page is on its way to the next
			b.t.Fatalf("%s: %v", expression, err)
		}
	}
	b.shot("failed")
	b.t.Fatalf("never: %s; the state is %q, breaches %s", expression, b.js("document.querySelector('[data-state]')?.textContent"), b.js("JSON.stringify(window.breaches)"))
}

func (b *tab) keys(keys string, modifiers ...chromedp.Modifier) {
	b.t.Helper()
	b.do("type "+keys, chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.js("document.querySelector(" + quoted(selector) + ").scrollIntoView({block: 'center'})")
	b.do("click "+selector, chromedp.Click(selector, chromedp.NodeVisible))
}

// drag moves the mouse from the middle of one element to a point of another, as a hand does.
func (b *tab) drag(from, to string, below float64) {
	b.t.Helper()
	at := func(selector string) (x, y float64) {
		var p [2]float64
		if err := json.Unmarshal([]byte(b.js("(() => { const r = document.querySelector("+quoted(selector)+").getBoundingClientRect(); return JSON.stringify([r.left + r.width / 2, r.top + r.height / 2]); })()")), &p); err != nil {
			b.t.Fatal(err)
		}
		return p[0], p[1]
	}
	x, y := at(from)
	tx, ty := at(to)
	ty += below
	b.do("press", chromedp.MouseEvent("mouseMoved", x, y), chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	for i := 1.0; i <= 12; i++ {
		b.do("move", chromedp.MouseEvent("mouseMoved", x+(tx-x)*i/12, y+(ty-y)*i/12, chromedp.ButtonLeft), chromedp.Sleep(25*time.Millisecond))
	}
	b.do("release", chromedp.Sleep(150*time.Millisecond), chromedp.MouseEvent("mouseReleased", tx, ty, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// look sets the width and the colours of the window.
func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
		b.t.Fatal(err)
	}
	b.do("resize", chromedp.EmulateViewport(width, 900), chromedp.Sleep(150*time.Millisecond))
}

// shot takes a picture when pictures are asked for.
func (b *tab) shot(name string) {
	dir := os.Getenv(pagetest.PictureDir)
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Log(err)
	}
}

// sound fails if something ran that must not, or the policy was breached.
func (b *tab) sound() {
	b.t.Helper()
	if got := b.js("JSON.stringify(window.breaches) + ' ' + window.ran"); got != "[] 0" {
		b.t.Errorf("breaches and scripts that ran: %s", got)
	}
}

// axe fails for every breach of WCAG 2.2 AA, and for a page that is wider than its window.
func (b *tab) axe(what string) {
	b.t.Helper()
	script, err := os.ReadFile(os.Getenv(pagetest.AxeFile))
	if err != nil {
		return
	}
	b.do("axe", chromedp.Evaluate[chromedp.Void](string(script)))
	found := b.js(`axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa'], iframes: false}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary)).join('\n') + (document.documentElement.scrollWidth > innerWidth ? '\nwider than the window: ' + document.documentElement.scrollWidth + ' ' + [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 4).map(e => e.tagName + '.' + e.className).join(', ') : ''))`)
	if found != "" {
		b.t.Errorf("%s: %s", what, found)
	}
}

func quoted(s string) string {
	out, _ := json.Marshal(s)
	return string(out)
}

// kinds are the types of the blocks on the page, those of a column behind their columns in brackets.
func (b *tab) kinds() string {
	b.t.Helper()
	return b.js(`(function all(list) { return [...list.children].filter(e => e.dataset.block).map(e => e.dataset.block + (e.dataset.block === 'columns' ? '[' + [...e.querySelectorAll('[data-list]')].map(all).join('|') + ']' : '')).join(' '); })(document.querySelector('[data-list=""]'))`)
}

func (b *tab) wantKinds(want string) {
	b.t.Helper()
	if got := b.kinds(); got != want {
		b.t.Fatalf("blocks %q instead of %q", got, want)
	}
}

const saved = `document.querySelector('[data-state]').dataset.tone === 'good'`

func trimmed(s string) string { return strings.Join(strings.Fields(s), " ") }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
