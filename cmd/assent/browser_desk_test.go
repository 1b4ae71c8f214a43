package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"assent/preferences/staff/access"
	"assent/templates/pagetest"
)

// clerk is somebody of the staff at a real browser, before the whole product.
type clerk struct {
	t   *testing.T
	ctx context.Context
	o   *officeRoom
}

// trap notes every breach of the content policy, every error of a script, and every script that got to say something.
const trap = `window.breaches = [];
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.breaches.push('a script ran'); };
document.addEventListener('securitypolicyviolation', e => window.breaches.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
window.addEventListener('error', e => { if (e.message) window.breaches.push('error: ' + e.message); });
window.addEventListener('unhandledrejection', e => window.breaches.push('rejected: ' + e.reason));`

// seat opens a browser for somebody of a role.
func (o *officeRoom) seat(role access.Role) *clerk {
	o.t.Helper()
	ctx := pagetest.Browser(o.t, chromedp.Flag("disable-features", "site-per-process,IsolateSandboxedIframes,Translate"))
	c := &clerk{t: o.t, ctx: ctx, o: o}
	if _, err := chromedp.Call(c.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: trap}); err != nil {
		o.t.Fatal(err)
	}
	c.as(role)
	return c
}

// as lets somebody of another role sit down.
func (c *clerk) as(role access.Role) {
	c.t.Helper()
	if _, err := chromedp.Call(c.ctx, network.SetCookie, network.SetCookieParams{Name: "assent", Value: c.o.sessions[role], URL: c.o.url}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clerk) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, steps...); err != nil {
		c.t.Fatalf("%s: %v\n%s", what, err, c.reads())
	}
}

func (c *clerk) open(path string) {
	c.t.Helper()
	c.do("open "+path, chromedp.Navigate(c.o.url+path), chromedp.WaitReady("main"))
}

func (c *clerk) ask(expression string) (string, error) {
	return chromedp.Run(c.ctx, chromedp.Evaluate[string]("(async () => String(await ("+expression+")))()", chromedp.EvalAwaitPromise))
}

func (c *clerk) reads() string {
	text, _ := c.ask(`location.pathname + '\n' + (document.body ? document.body.innerText : '')`)
	return text
}

// until waits for an expression to be true; the page may be on its way to the next.
func (c *clerk) until(expression string) {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got, err := c.ask("Boolean(" + expression + ")"); err == nil && got == "true" {
			return
		}
	}
	c.shot("failed")
	c.t.Fatalf("never: %s\n%s", expression, c.reads())
}

// says waits until the page says something.
func (c *clerk) says(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		c.until("document.readyState === 'complete' && document.body.innerText.includes(" + jsText(text) + ")")
	}
}

func (c *clerk) silent(text string) {
	c.t.Helper()
	if strings.Contains(c.reads(), text) {
		c.t.Errorf("the page says %q:\n%s", text, c.reads())
	}
}

// press clicks on the first thing in sight that a selector finds and whose text begins so, where a hand would: what lies over it gets the click.
func (c *clerk) press(selector, text string) {
	c.t.Helper()
	c.hit(fmt.Sprintf(`[...document.querySelectorAll(%s)].find(e => e.checkVisibility() && e.textContent.trim().startsWith(%s))`, jsText(selector), jsText(text)))
}

func (c *clerk) hit(element string) {
	c.t.Helper()
	var at []float64
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		got, err := c.ask(`(() => { const e = document.readyState === 'complete' && ` + element + `; if (!e) return '[]'; e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getClientRects()[0]; return JSON.stringify([r.left + r.width / 2, r.top + r.height / 2]); })()`)
		if err == nil && json.Unmarshal([]byte(got), &at) == nil && len(at) == 2 {
			break
		}
		if time.Now().After(end) {
			c.shot("failed")
			c.t.Fatalf("never there: %s\n%s", element, c.reads())
		}
	}
	c.do("click "+element, chromedp.MouseClickXY(at[0], at[1]))
}

// fill writes into the field of a name, opening what it is folded into.
func (c *clerk) fill(name, text string) {
	c.t.Helper()
	field := `[...document.querySelectorAll('main [name="` + name + `"]')].find(e => e.checkVisibility())`
	c.until(`document.querySelector('main [name="` + name + `"]')`)
	if got, _ := c.ask(field); got == "undefined" {
		c.hit(`document.querySelector('main [name="` + name + `"]').closest('details').querySelector('summary')`)
	}
	if kind, _ := c.ask(field + ".type"); strings.HasPrefix(kind, "date") || strings.HasPrefix(kind, "select") { // what keys mean there is the browser's own
		c.until(`(() => { const e = ` + field + `; e.value = ` + jsText(text) + `; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value; })()`)
		return
	}
	c.hit(field)
	c.until(`(() => { const e = ` + field + `; e.select(); return document.activeElement === e; })()`)
	c.do("write "+name, chromedp.KeyEvent(text))
}

// framed waits until the frame of a mail says something. The frame is nobody's origin, so only the developer tools see into it.
func (c *clerk) framed(texts ...string) {
	c.t.Helper()
	said := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		answer, err := chromedp.Call(c.ctx, dom.GetDocument, dom.GetDocumentParams{Depth: new(int64(-1)), Pierce: new(true)})
		if err != nil {
			continue
		}
		said = strings.Join(strings.Fields(frames(answer.Root, false)), " ")
		missing := slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(said, text) })
		if !missing {
			return
		}
	}
	c.t.Fatalf("the frame does not say %q: %s", texts, said)
}

func frames(n *cdp.Node, in bool) (said string) {
	if in && n.NodeType == 3 {
		said = n.NodeValue + " "
	}
	for _, child := range n.Children {
		said += frames(child, in)
	}
	if n.ContentDocument != nil {
		said += frames(n.ContentDocument, true)
	}
	return said
}

// sound fails if something ran that must not, or the policy was breached.
func (c *clerk) sound(what string) {
	c.t.Helper()
	if got, err := c.ask("JSON.stringify(window.breaches)"); err != nil || got != "[]" {
		c.t.Errorf("%s: %s %v", what, got, err)
	}
}

// shot takes pictures, for a desk and a telephone, in the light and in the dark, when pictures are asked for.
func (c *clerk) shot(name string) {
	dir := os.Getenv(pagetest.PictureDir)
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
			if _, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, media); err != nil {
				c.t.Log(err)
				return
			}
			c.do("size", chromedp.EmulateViewport(width, 900), chromedp.Sleep(150*time.Millisecond))
			picture, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.%s.%d.png", name, scheme, width)), picture, 0o644)
			}
			if err != nil {
				c.t.Log(err)
			}
		}
	}
	c.do("size", chromedp.EmulateViewport(1280, 900))
}

func jsText(s string) string {
	out, _ := json.Marshal(s) // texts always encode
	return string(out)
}
