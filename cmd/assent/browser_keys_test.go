package main

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"assent/preferences/staff/access"
)

var bearer = regexp.MustCompile(`Bearer (ak_\w+)`)

// An administrator rotates a key on a telephone: makes the new one, which is shown once and works, and then revokes the old one,
// which is refused from then on.
func TestAdministratorRotatesAKeyInABrowser(t *testing.T) {
	o := newOffice(t)
	r := newReader(t, o.whole, true)
	if _, err := chromedp.Call(r.ctx, network.SetCookie, network.SetCookieParams{Name: "assent", Value: o.sessions[access.Administrator], URL: o.url}); err != nil {
		t.Fatal(err)
	}
	answers := func(key string) int {
		q, err := http.NewRequest("GET", o.url+"/api/v1/topics", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+key)
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		return a.StatusCode
	}
	make := func(name string) string {
		r.do("the form", chromedp.Navigate(o.url+"/admin/keys/new"), chromedp.WaitVisible(`input[name=name]`), chromedp.SendKeys(`input[name=name]`, name),
			chromedp.Click(`input[name=scope][value=read]`), chromedp.Click(`form[action="/admin/keys"] button[type=submit]`), chromedp.WaitVisible(`main .secret, main code`))
		page, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](`document.querySelector('main').innerText`))
		if err != nil {
			t.Fatal(err)
		}
		m := bearer.FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no key is shown: %s", page)
		}
		return m[1]
	}
	old, fresh := make("Shop 2025"), make("Shop 2026")
	if answers(old) != 200 || answers(fresh) != 200 {
		t.Fatalf("old %d, new %d", answers(old), answers(fresh))
	}
	r.do("revoke", chromedp.Navigate(o.url+"/admin/keys"), chromedp.WaitReady(`main table`),
		chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('main tbody tr')].find(r => r.textContent.includes('Shop 2025')).querySelector('button[popovertarget]').click()`),
		chromedp.Click(`.dialog:popover-open button[type=submit]`, chromedp.NodeVisible), chromedp.WaitVisible(`.flash`))
	if answers(old) != 401 || answers(fresh) != 200 {
		t.Errorf("after revoking the old one: old %d, new %d", answers(old), answers(fresh))
	}
}
