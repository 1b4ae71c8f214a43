package office_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// On a telephone the navigation opens from the button above the page; on a laptop every entry of it is in sight.
func TestNavigationIsReachedAtEveryWidth(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	b := browse(t, h, h.As("Olga", access.Administrator))
	b.do("phone", chromedp.EmulateViewport(390, 844))
	b.open("/admin/forms")
	b.do("menu", chromedp.Click(`.topbar button[popovertarget=nav]`, chromedp.NodeVisible), chromedp.WaitVisible(`#nav a[href="/admin/events"]`), chromedp.Click(`#nav a[href="/admin/webhooks"]`))
	b.says("Webhooks")
	b.do("laptop", chromedp.EmulateViewport(1280, 900))
	b.open("/admin/forms")
	if got := b.js(`(() => { const box = document.querySelector('#nav .entries').getBoundingClientRect();
		return [...document.querySelectorAll('#nav .entries a')].filter(a => a.getBoundingClientRect().bottom > box.bottom + 1).map(a => a.textContent).join() + [...document.querySelectorAll('.topbar .narrow-only, #nav .narrow-only')].filter(e => e.getClientRects().length).length })()`); got != "0" {
		t.Errorf("entries out of sight, or buttons of the telephone on a laptop: %s", got)
	}
}
