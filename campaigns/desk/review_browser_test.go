package desk_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// An approver gives a campaign back with a reason, its author reads it and submits again, and then it is let go.
func TestAnApproverRefusesThenApprovesInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	h.Give(h.Person("p@example.com", nil), "news")
	m := h.Campaign("news", nil)
	ada, olga := h.As("Ada", access.Marketer), h.As("Olga", access.Approver)
	b := browse(t, h.serve(t), ada)
	here := "/admin/campaigns/" + m.ID
	b.open(here)
	b.do("submit", chromedp.Click(`form[action$="/submit"] button`))
	b.until(`document.body?.innerText?.includes("In review")`)
	if b.js(`!!document.querySelector('form[action$="/approve"], form[action$="/refuse"]')`) != "false" {
		t.Error("an author is offered to decide")
	}

	b.prepare(olga)
	b.open(here)
	b.do("refuse", chromedp.SendKeys(`form[action$="/refuse"] [name=reason]`, "The price is last year's."), chromedp.Click(`form[action$="/refuse"] button`))
	b.until(`document.body?.innerText?.includes("Given back to its author.")`)

	b.prepare(ada)
	b.open(here)
	b.until(`document.body?.innerText?.includes("The price is last year's.")`)
	b.do("submit again", chromedp.Click(`form[action$="/submit"] button`))
	b.until(`document.body?.innerText?.includes("In review")`)

	b.prepare(olga)
	b.open(here)
	b.do("approve", chromedp.Click(`form[action$="/approve"] button`))
	b.until(`document.body?.innerText?.includes("Approved. It can be scheduled now.")`)
	b.do("schedule", chromedp.Click(`form[action$="/schedule"] button[type=submit]`))
	b.until(`document.querySelector('form[action$="/schedule"] input[name=now]')`)
	b.do("send it now", chromedp.Click(`form[action$="/schedule"] button[type=submit]`))
	b.until(`document.body?.innerText?.includes("It is scheduled")`)
	h.SendAll(m)
	if report := h.Report(m); report.Sent != 1 {
		t.Errorf("%+v", report)
	}
	if got := b.js(`window.breaches.join("; ") + window.ran`); got != "0" {
		t.Errorf("the page breaks its policy: %s", got)
	}
}
