package desk_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// A marketer schedules a campaign, watches it go without touching the page, pauses it, resumes it, and reads what came of it.
func TestAMarketerWatchesACampaignInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	h.Crowd(60, "news")
	m := h.Campaign("news", nil)
	send := func(n int) { // what the engine does
		h.Send(m, 0, n)
		h.Clock.Move(time.Minute)
	}
	ada := h.As("Ada", access.Marketer)
	b := browse(t, h.serve(t), ada)
	here := "/admin/campaigns/" + m.ID
	b.open(here)
	b.do("schedule", chromedp.Click(`form[action$="/schedule"] button[type=submit]`))
	b.until(`document.querySelector('form[action$="/schedule"] input[name=now]')`)
	b.do("send it now", chromedp.Click(`form[action$="/schedule"] button[type=submit]`))
	b.until(`document.querySelector("[data-live]") || document.body?.innerText?.includes("It is scheduled")`)
	send(10)
	b.until(`document.querySelector("#live-progress")?.innerText?.includes("10 of 60")`)
	b.js(`window.untouched = "yes"`)
	send(20)
	b.until(`document.querySelector("#live-progress")?.innerText?.includes("30 of 60")`)
	if b.js(`window.untouched`) != "yes" {
		t.Error("the page was read anew instead of its parts")
	}
	b.do("pause", chromedp.Click(`form[action$="/pause"] button`))
	b.until(`document.querySelector('form[action$="/resume"]')`)
	send(5)
	if got := b.js(`document.querySelector("#live-progress")?.innerText?.includes("30 of 60")`); got != "true" {
		t.Error("a paused campaign went on")
	}
	b.do("resume", chromedp.Click(`form[action$="/resume"] button`))
	b.until(`document.querySelector('form[action$="/pause"]')`)
	send(30)
	send(10) // nobody is left: it ends
	b.until(`document.body?.innerText?.includes("Finished") && document.body?.innerText?.includes("60 of 60") && !document.querySelector("[data-live]")`)
	b.until(`document.body?.innerText?.includes("Sent over time")`)
	if got := b.js(`window.breaches.join("; ") + window.ran`); got != "0" {
		t.Errorf("the page breaks its policy: %s", got)
	}
}
