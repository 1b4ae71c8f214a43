package desk_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/templates/pagetest"
)

// A picture is uploaded while writing: not without what it shows, and then it is in the block.
func TestPictureIsUploadedInTheEditor(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada := h.As("Ada", access.Marketer)
	mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "One").Want(303).Location()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ship.png")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := browse(t, h.serve(t), ada)
	b.open(mine + "/edit")
	b.click(`[data-palette]:not(.narrow) [data-add=image]`)
	b.wantKinds("text image")
	b.click(`#block-1 [data-do=pick]`)
	b.until(`document.querySelector('#media-dialog[open] input[type=file]')`)
	b.axe("pictures")
	b.do("choose", chromedp.SetUploadFiles(`#media-dialog input[type=file]`, []string{path}))
	b.click(`#media-dialog button[type=submit]`)
	b.until(`document.querySelector('[data-upload-state]').textContent.includes('say what the picture shows')`)
	b.shot("editor-media")
	b.js(`document.querySelector('#media-dialog [name=alt]').focus()`)
	b.keys("A ship")
	b.click(`#media-dialog button[type=submit]`)
	b.until(`!document.querySelector('#media-dialog').open`)
	if url, alt := b.js(`document.querySelector('[name="b.1.url"]').value`), b.js(`document.querySelector('[name="b.1.alt"]').value`); !strings.HasPrefix(url, "https://mail.example.com/media/") || alt != "A ship" {
		t.Errorf("%q %q", url, alt)
	}
	b.until(saved)
	ada.Get(mine+"/frame").Want(200, `alt="A ship"`)
}

// Names, subjects, Markdown, links and pictures that want to run do not, in the editor, its preview and its library.
func TestHostileTextsRunNothingInTheEditor(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada := h.As("Ada", access.Marketer)
	mine := ada.Post("/admin/campaigns", "name", "x", "topic", "news", "subject", "x", "b.0.type", "text", "b.0.markdown", "x").Want(303).Location()
	b := browse(t, h.serve(t), ada)
	for _, bad := range pagetest.Hostile {
		form := []string{"do", "force", "name", bad, "topic", "news", "subject", bad, "preheader", bad, "b.0.type", "heading", "b.0.text", bad, "b.0.level", "1", "b.1.type", "text", "b.1.markdown", "[" + bad + "](" + bad + ") ![" + bad + "](" + bad + ")\n\n" + bad,
			"b.2.type", "image", "b.2.url", bad, "b.2.alt", bad, "b.2.link", bad, "b.3.type", "button", "b.3.label", bad, "b.3.url", bad, "b.4.type", "columns", "b.4.columns", bad, "b.4-0-0.type", "event", "b.4-0-0.event", bad, "b.5.type", bad, "b.5.json", bad}
		if a := ada.Post(mine+"/edit", form...); a.Code >= 500 {
			t.Fatalf("%q: %d", bad, a.Code)
		}
		b.open(mine + "/edit")
		b.until(`document.querySelector('.editor.scripted')`)
		b.js(`(document.querySelector('[name="b.0.text"]').dispatchEvent(new Event('input', {bubbles: true})), document.querySelector('#block-0 [data-do=copy]').click(), 1)`)
		b.until(`['good', 'warn'].includes(document.querySelector('[data-state]').dataset.tone)`)
		if got := b.js(`window.ran + ' ' + document.querySelectorAll('main script:not([src^="/assets/"]), main [onerror], main [onload], main [onmouseover]').length`); got != "0 0" {
			t.Errorf("%q ran or became an element: %s", bad, got)
		}
		frame := ada.Get(b.js(`document.querySelector('.stage iframe').getAttribute('src')`)).Want(200)
		if csp := frame.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox;") || strings.Contains(csp, "script-src") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("the frame may do more: %s", csp)
		}
		if body := strings.ToLower(frame.Body.String()); strings.Contains(body, "<script") || strings.Contains(body, "<svg") || strings.Contains(body, `href="javascript`) || strings.Contains(body, `src="data`) {
			t.Errorf("%q is an element of the mail", bad)
		}
	}
	if got := b.js(`document.querySelector('.stage iframe').getAttribute('sandbox')`); got != "" {
		t.Errorf("the sandbox allows %q", got)
	}
}

// A page with all that it loads stays below 200 KB.
func TestEditorIsLight(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada := h.As("Ada", access.Marketer)
	mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "One").Want(303).Location()
	b := browse(t, h.serve(t), ada)
	for _, path := range []string{mine + "/edit", "/admin/campaigns/new", "/admin/media", "/admin/segments/new"} {
		b.open(path)
		b.js(`new Promise(done => setTimeout(done, 600))`)
		weight := b.js(`[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')].filter(e => e.initiatorType !== 'iframe').reduce((n, e) => n + e.decodedBodySize, 0)`)
		t.Logf("%s: %s bytes before compression", strings.ReplaceAll(path, mine, "…"), weight)
		if len(weight) > 6 || len(weight) == 6 && weight > "204800" {
			t.Errorf("%s weighs %s bytes", path, weight)
		}
	}
}
