package pagetest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/templates/assets"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Settings of the browser tests. Without AxeFile they are skipped.
const (
	// AxeFile names axe.min.js of the npm package axe-core.
	AxeFile = "ASSENT_TEST_AXE"
	// AllLooks, when set, opens the pages of every language in every look.
	AllLooks = "ASSENT_TEST_ALL_LOOKS"
	// PictureDir names a folder for pictures of every page. Empty: none are taken.
	PictureDir = "ASSENT_TEST_PICTURES"
	// PicturePages limits the pictures to pages whose names contain it.
	PicturePages = "ASSENT_TEST_PICTURE_PAGES"
)

// Look is one way to see a page.
type Look struct {
	Name   string
	Width  int64
	Scheme string // light or dark
}

// Looks are the ways every page is looked at.
var Looks = []Look{{"desk", 1280, "light"}, {"desk-dark", 1280, "dark"}, {"phone", 390, "light"}, {"phone-dark", 390, "dark"}, {"narrow", 320, "light"}}

// programs are the browsers that will do, the best one first.
var programs = []string{"chromium-headless-shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Browser starts a browser, 1280 wide, that ends with the test; without one installed the test is skipped.
func Browser(t testing.TB, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := ""
	for _, name := range programs {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no browser: apt-get install chromium-headless-shell, or run `make test`")
	}
	options = append([]chromedp.ExecAllocatorOption{chromedp.NoSandbox, chromedp.ExecPath(path), chromedp.WSURLReadTimeout(5 * time.Minute)}, options...)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], options...)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	ctx, end := context.WithTimeout(ctx, 30*time.Minute)
	t.Cleanup(end)
	return ctx
}

// Browse opens every page in a real browser, in the looks of looksFor, under the given content policy. A page fails if axe finds a
// violation of WCAG 2.2 AA, if it is wider than the window, or if the browser reports a breach of the policy.
func Browse(t *testing.T, policy string, pages map[string]string) {
	t.Helper()
	axe, err := os.ReadFile(os.Getenv(AxeFile))
	if err != nil {
		t.Skipf("set %s to axe.min.js of the npm package axe-core, or run `make test`, which fetches it", AxeFile)
	}
	mux := http.NewServeMux()
	mux.Handle(assets.Prefix, assets.Handler())
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(pages[r.URL.Query().Get("name")]))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>Mail</title><main><h1>A mail</h1><p>Text.</p></main></html>`))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := Browser(t)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listen}); err != nil {
		t.Fatal(err)
	}
	for name := range pages {
		if only := os.Getenv(PicturePages); only != "" && !strings.Contains(name, only) {
			continue
		}
		for _, look := range looksFor(name) {
			if err := visit(ctx, server.URL, name, look, string(axe)); err != nil {
				t.Errorf("%s, %s: %v", name, look.Name, err)
			}
		}
	}
}

// looksFor is every look for the pages in English, and for those in other languages one, another from page to page: what differs
// there is the length of the words and the direction. With AllLooks set it is every look for every page.
func looksFor(name string) []Look {
	if strings.HasPrefix(name, "en/") || !strings.Contains(name, "/") || os.Getenv(AllLooks) != "" {
		return Looks
	}
	sum := 0
	for _, c := range name {
		sum += int(c)
	}
	return Looks[sum%len(Looks):][:1]
}

const inspect = `(async () => {
	const r = await axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa'], iframes: false});
	const found = r.violations.flatMap(v => v.nodes.map(n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary));
	if (document.documentElement.scrollWidth > window.innerWidth) {
		const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest('.scroll, .hp, .sr')).slice(0, 4);
		found.push('wider than the window: ' + document.documentElement.scrollWidth + ' ' + wide.map(e => e.tagName + '.' + e.className).join(', '));
	}
	return JSON.stringify(found.concat(window.breaches || []));
})()`

const listen = `window.breaches = []; document.addEventListener('securitypolicyviolation', e => window.breaches.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI));`

func visit(ctx context.Context, base, name string, look Look, axe string) error {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.Scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(look.Width, 900),
		chromedp.Navigate(base+"/page?name="+url.QueryEscape(name)),
		chromedp.Evaluate[chromedp.Void](axe),
	)
	if err != nil {
		return err
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](inspect, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	if dir := os.Getenv(PictureDir); dir != "" {
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			return err
		}
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+"."+look.Name+".png")
		if err := os.WriteFile(file, picture, 0o644); err != nil {
			return err
		}
	}
	var problems []string
	if err := json.Unmarshal([]byte(found), &problems); err != nil {
		return err
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	return nil
}
