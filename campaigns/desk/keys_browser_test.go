package desk_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// Keys lead through the site, never while somebody writes, and can be turned off (WCAG 2.2, 2.1.4).
func TestKeyboardShortcuts(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	ada := h.As("Ada", access.Marketer)
	b := browse(t, h.serve(t), ada)
	b.open("/admin/campaigns")
	b.keys("?")
	b.until(`document.querySelector('#shortcuts').matches(':popover-open')`)
	b.axe("help sheet")
	b.shot("shortcuts")
	b.keys("gs") // keys of the page rest while the sheet is open
	b.keys(kb.Escape)
	b.until(`!document.querySelector('#shortcuts').matches(':popover-open')`)
	b.keys("gs")
	b.until(`location.pathname === '/admin/subscribers' && document.readyState === 'complete'`)
	b.keys("/")
	b.until(`document.activeElement.type === 'search'`)
	b.js(`document.activeElement.value = ''`) // the sign itself, which a driven browser types behind the key
	b.keys("gc?n")
	if got := b.js(`document.activeElement.value + location.pathname`); got != "gc?n/admin/subscribers" {
		t.Errorf("keys act while somebody writes: %s", got)
	}
	b.open("/admin/segments")
	b.keys("n")
	b.until(`location.pathname === '/admin/segments/new' && document.readyState === 'complete'`)
	b.keys("k", chromedp.ModifierCtrl)
	b.until(`document.activeElement.id === 'find'`)
	b.keys("camp")
	b.axe("finder")
	b.shot("finder")
	b.keys(kb.Enter)
	b.until(`location.pathname === '/admin/campaigns' && document.readyState === 'complete'`)
	b.keys("k", chromedp.ModifierCtrl)
	b.until(`document.activeElement.id === 'find'`)
	b.keys(`ann"><script>`)
	b.keys(kb.Enter)
	b.until(`location.pathname === '/admin/subscribers' && new URLSearchParams(location.search).get('q') === 'ann"><script>' && document.readyState === 'complete'`)
	b.js(`document.activeElement.blur()`)
	b.keys("?")
	b.until(`document.querySelector('#shortcuts').matches(':popover-open')`)
	b.click("#keys-on")
	b.keys(kb.Escape)
	b.open("/admin/campaigns")
	b.keys("gs?")
	b.js(`new Promise(done => setTimeout(done, 500))`)
	if got := b.js(`location.pathname + document.querySelector('#shortcuts').matches(':popover-open')`); got != "/admin/campaignsfalse" {
		t.Errorf("keys that are turned off act: %s", got)
	}
	b.sound()
}
