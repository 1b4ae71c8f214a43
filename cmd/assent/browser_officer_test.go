package main

import (
	"fmt"
	"testing"
	"time"

	"assent/preferences/staff/access"
)

// customer adds a customer who reads a language.
func (w *whole) customer(email, tag string) string {
	w.t.Helper()
	return text(w.api("POST", "/subscribers", fmt.Sprintf(`{"email": %q, "locale": %q, "first_name": "Kim", "customer_since": "2026-01-01T00:00:00Z"}`, email, tag))["id"])
}

// A privacy officer announces a change of the terms: from the text, over a refusal and an approval, to the letter for the one whom no
// mail reaches, and the evidence of another (compliance 71, 74, 75, 77, 78).
func TestAnOfficerAnnouncesAChangeInABrowser(t *testing.T) {
	o := newOffice(t)
	for i, tag := range []string{"en", "nl", "nl", ""} {
		o.customer(fmt.Sprintf("reader%d@example.com", i), tag)
	}
	o.customer("gone@example.com", "nl")
	o.api("POST", "/suppressions", `{"email": "gone@example.com", "reason": "bounced"}`)
	if to := o.customer("refuser@example.com", "nl"); to != "" {
		o.api("POST", "/subscribers/"+to+"/unsubscribe-all", `{}`) // refusing everything changes nothing here
	}
	c := o.seat(access.PrivacyOfficer)
	in := func(days int) string { return time.Now().AddDate(0, 0, days).Format("2006-01-02T15:04") }

	c.open("/admin/policies")
	c.shot("officer-policies")
	c.press("main a", "New policy")
	c.fill("slug", "terms")
	c.fill("names.en", "Terms of service")
	c.fill("names.nl", "Voorwaarden")
	c.shot("officer-policy-new")
	c.press("main form button", "Save")
	c.says("No version yet")
	c.shot("officer-policy")
	c.press("main a", "New version")
	c.fill("version", "2")
	c.fill("effective_at", in(45))
	c.press("main label", "Affects people's rights")
	c.fill("bodies.en", "# Terms\n\nYou can end your contract within **14 days**.")
	c.fill("bodies.nl", "# Voorwaarden\n\nU kunt uw contract binnen **14 dagen** beëindigen.")
	c.shot("officer-version-new")
	c.press("main form button", "Save and publish")
	c.says("The version is published.", "within 14 days", "A notice to everybody concerned")
	c.shot("officer-version")
	c.press("main a", "Nederlands")
	c.says("binnen 14 dagen")
	c.sound("the version")

	c.press("main a", "Announce it")
	c.until(`document.querySelector('main [name=policy]')?.value === 'terms/2'`)
	c.fill("subject.en", "Our terms change")
	c.fill("text.en", "Dear {{ first_name | \"customer\" }}, our terms change. Get 20% off with the code SPRING.")
	c.fill("subject.nl", "Onze voorwaarden veranderen")
	c.fill("text.nl", "Beste klant, onze voorwaarden veranderen: u kunt binnen 14 dagen beëindigen.")
	c.fill("effective_at", in(10))
	c.press("main form button", "Check")
	c.says("Too near", "which a mandatory notice must not")
	c.shot("officer-broadcast-wrong")
	c.fill("effective_at", in(45))
	c.fill("text.en", "Dear {{ first_name | \"customer\" }}, our terms change: you can end your contract sooner.")
	c.press("main button[formtarget]", "Nederlands")
	c.framed("Beste klant", "binnen 14 dagen")
	c.press("main button[formtarget]", "English")
	c.framed("Dear Anna", "you can end your contract sooner", "You can end your contract within 14 days")
	c.shot("officer-broadcast-new")
	c.press("main form button.primary", "Send for review")
	c.says("It waits for a second person now.", "You wrote it, so somebody else approves it.", "Can be reached by mail")
	c.shot("officer-broadcast-review")
	c.sound("the broadcast in review")
	here, _ := c.ask("location.pathname")

	c.as(access.Approver)
	c.open("/admin")
	c.shot("approver-home")
	c.press("main a", "Approve “Our terms change”")
	c.press("main summary", "Refuse it")
	c.fill("reason", "It does not say how to end the contract.")
	c.press("main button", "Refuse")
	c.says("Refused. Its author sees why.")
	c.shot("approver-refused")

	c.as(access.PrivacyOfficer)
	c.open(here)
	c.says("It does not say how to end the contract.")
	c.shot("officer-refused")
	c.press("main a", "Write it again from this text")
	c.says("It does not say how to end the contract.")
	c.until(`document.querySelector('main [name="text.nl"]').value.includes('Beste klant')`)
	c.fill("text.en", "Dear {{ first_name | \"customer\" }}, our terms change: you can end your contract within 14 days, by mail.")
	c.press("main form button.primary", "Send for review")
	c.says("It waits for a second person now.")
	here, _ = c.ask("location.pathname")

	c.as(access.Approver)
	c.open(here)
	c.shot("approver-again")
	c.press("main button", "Approve")
	c.shot("approver-ask")
	c.press(".dialog:popover-open button[type=submit]", "Approve")
	c.says("Approved. It begins at once")

	c.as(access.PrivacyOfficer)
	c.open(here)
	c.says("6 of 6 have an outcome")
	c.shot("officer-finished")
	c.press("main a", "The people")
	c.says("Everybody addressed", "5 + 0 + 0 + 1 = 6")
	c.shot("officer-coverage")
	c.press("main a", "Still to be reached")
	c.says("gone@example.com")
	c.silent("reader0@example.com")
	c.press("main button", "Mark as served")
	c.shot("officer-serve")
	c.fill("note", "Letter 3S-77")
	c.press(".dialog:popover-open button[type=submit]", "Note it")
	c.says("Noted.", "Everybody who is settled was reached")
	c.shot("officer-served")
	c.open(here + "/coverage?show=unserved")
	c.says("gone@example.com", "Letter 3S-77")

	c.open(here + "/coverage?show=accepted")
	c.press("main td a", "Evidence")
	c.says("Evidence", "SHA-256")
	c.framed("by mail")
	c.sound("the evidence")
	c.shot("officer-evidence")
	evidence, _ := c.ask(`(await fetch([...document.querySelectorAll('main a')].find(a => a.href.endsWith('/mail.eml')).href).then(r => r.arrayBuffer()).then(b => crypto.subtle.digest('SHA-256', b)).then(d => [...new Uint8Array(d)].map(b => b.toString(16).padStart(2, '0')).join('')))`)
	c.says(evidence)
	c.press("main a", "Byte for byte")
	c.says("Message-ID:", "Subject: Our terms change")
	c.shot("officer-source")
	c.open(here + "/paper")
	c.says("Letter 3S-77", "gone@example.com")
	c.shot("officer-paper")
	c.sound("the document")
}
