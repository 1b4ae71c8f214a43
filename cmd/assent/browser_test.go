package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/templates/pagetest"
)

// reader is a person at a browser who uses nothing but the keyboard, on a window of 320 px. Where the script of axe is at hand, it looks at
// every page that the person meets.
type reader struct {
	t       *testing.T
	ctx     context.Context
	w       *whole
	axe     string
	scripts bool
	looks   []string
	lang    string
	seen    int
	looked  map[string]bool
}

// newReader opens a browser. Without scripts the pages run none, nor does anything that a mail program would not run.
func newReader(t *testing.T, w *whole, scripts bool) *reader {
	t.Helper()
	axe, err := os.ReadFile(os.Getenv(pagetest.AxeFile))
	if err != nil {
		t.Logf("%s does not name axe.min.js: pages are used, but axe does not look at them", pagetest.AxeFile)
	}
	ctx := pagetest.Browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 900)); err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, ctx: ctx, w: w, axe: string(axe), scripts: scripts, looks: []string{"light", "dark"}, looked: map[string]bool{}}
	r.allow(scripts)
	return r
}

// allow lets pages run scripts, or not.
func (r *reader) allow(scripts bool) {
	r.t.Helper()
	if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts}); err != nil {
		r.t.Fatal(err)
	}
}

// open goes to an address by typing it in.
func (r *reader) open(name, url string) {
	r.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = r.w.url + url
	}
	r.do("open "+url, chromedp.Navigate(url))
	r.look(name)
}

func (r *reader) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.t.Fatalf("%s, %s: %v", r.lang, what, err)
	}
}

// eval asks the page as developer tools do, whether or not it may run scripts.
func eval[T any](r *reader, script string) T {
	r.t.Helper()
	out, err := chromedp.Run(r.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		r.t.Fatalf("%s: %.80s: %v", r.lang, script, err)
	}
	return out
}

// reach presses Tab until the focus is on what the selector names, and wants it to be seen there.
func (r *reader) reach(selector string) {
	r.t.Helper()
	for range 120 {
		r.do("Tab", chromedp.KeyEvent(kb.Tab))
		where := eval[string](r, fmt.Sprintf(`(() => { const e = document.activeElement; if (!e || !e.matches(%q)) return ''; const s = getComputedStyle(e), b = e.getClientRects()[0] || e.getBoundingClientRect();
			return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 ? 'seen' : 'unseen') + (b.width && b.bottom > 0 && b.top < innerHeight ? '' : ' away')
				+ (b.bottom > innerHeight || b.top < 0 || e.contains(document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2)) || [...(e.labels || [])].some(l => l.contains(document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2))) ? '' : ' hidden'); })()`, selector))
		if where == "" {
			continue
		}
		if where != "seen" {
			r.t.Errorf("%s: the focus on %s is %s", r.lang, selector, where)
		}
		return
	}
	r.t.Fatalf("%s: the keyboard does not reach %s on %s", r.lang, selector, eval[string](r, `location.pathname + ' ' + document.title`))
}

// press reaches a button or a link and presses Enter, which leads to the next page.
func (r *reader) press(name, selector string) {
	r.t.Helper()
	r.reach(selector)
	answer, err := chromedp.RunResponse(r.ctx, chromedp.KeyEvent(kb.Enter))
	if err != nil {
		r.t.Fatalf("%s: Enter on %s: %v", r.lang, selector, err)
	}
	if answer != nil && answer.Status != http.StatusOK {
		r.t.Fatalf("%s: Enter on %s: %d %s", r.lang, selector, answer.Status, eval[string](r, `document.body.innerText`))
	}
	r.look(name)
}

// toggle reaches a box or the head of a fold and switches it.
func (r *reader) toggle(selector string) {
	r.t.Helper()
	r.reach(selector)
	r.do("space", chromedp.KeyEvent(" "))
}

// choose reaches a group of radio buttons and goes down in it by arrows.
func (r *reader) choose(group, value string) {
	r.t.Helper()
	r.reach(`input[type=radio][name="` + group + `"]`)
	r.do("space", chromedp.KeyEvent(" "))
	for range 8 {
		if eval[bool](r, fmt.Sprintf(`document.activeElement.value === %q && document.activeElement.checked`, value)) {
			return
		}
		r.do("arrow", chromedp.KeyEvent(kb.ArrowDown))
	}
	r.t.Fatalf("%s: no arrow leads to %s=%s", r.lang, group, value)
}

func (r *reader) write(selector, text string) {
	r.t.Helper()
	r.reach(selector)
	r.do("type", chromedp.KeyEvent(text))
}

// says wants a text on the page.
func (r *reader) says(text string) {
	r.t.Helper()
	if page := eval[string](r, `document.body.innerText`); !strings.Contains(page, text) {
		r.t.Errorf("%s: the page does not say %q:\n%s", r.lang, text, page)
	}
}

// look wants the page to be in the reader's language, to fit, and to please axe in the light and in the dark (compliance 48, 49).
func (r *reader) look(name string) {
	r.t.Helper()
	if name == "" {
		return
	}
	r.seen++
	if lang := eval[string](r, `document.documentElement.lang`); r.lang != "" && lang != r.lang {
		r.t.Errorf("%s: %s is in %q", r.lang, name, lang)
	}
	if wide := eval[string](r, `document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.hp, .sr')).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join('; ') || 'wide' : ''`); wide != "" {
		r.t.Errorf("%s: %s is wider than 320 px: %s", r.lang, name, wide)
	}
	if r.axe == "" || r.looked[name+r.lang] {
		return
	}
	r.looked[name+r.lang] = true
	r.allow(true) // axe waits for timers; the page has been loaded without, and its policy allows no script
	defer r.allow(r.scripts)
	r.do("axe", chromedp.Evaluate[chromedp.Void](r.axe))
	for i, look := range r.looks {
		rules := `['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']`
		if i > 0 { // all that another scheme can change
			rules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
		}
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
		if _, err := chromedp.Call(r.ctx, emulation.SetEmulatedMedia, media); err != nil {
			r.t.Fatal(err)
		}
		var found []string
		if err := json.Unmarshal([]byte(eval[string](r, `axe.run(document, {runOnly: `+rules+`, iframes: false, preload: false, resultTypes: ['violations']})
			.then(a => JSON.stringify(a.violations.flatMap(v => v.nodes.map(n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary))))`)), &found); err != nil {
			r.t.Fatal(err)
		}
		if len(found) > 0 {
			r.t.Errorf("%s, %s, %s: %s", r.lang, name, look, strings.Join(found, "\n"))
		}
		if dir := os.Getenv(pagetest.PictureDir); dir != "" && strings.Contains(name, os.Getenv(pagetest.PicturePages)) {
			r.picture(filepath.Join(dir, "real-"+strings.ReplaceAll(name, " ", "-")+"."+r.lang+"."+look))
		}
	}
}

func (r *reader) picture(file string) {
	for _, width := range []int64{1280, 390} {
		r.do("size", chromedp.EmulateViewport(width, 900))
		shot, err := chromedp.Run(r.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("%s.%d.png", file, width), shot, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.do("size", chromedp.EmulateViewport(320, 900))
}

// noCookies is a browser that takes and sends no cookie: it tells whether one was offered.
type noCookies struct {
	mu      sync.Mutex
	offered []string
}

func (n *noCookies) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Cookie")
		next.ServeHTTP(w, r)
		if c := w.Header().Values("Set-Cookie"); len(c) > 0 {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.offered = append(n.offered, r.URL.Path)
		}
	})
}
