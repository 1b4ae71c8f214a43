package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

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
	c.shot("officer-noted")
	c.press("main .flash button", "Take it back")
	c.says("Taken back: the person is still to be reached.", "gone@example.com")
	c.press("main button", "Mark as served")
	c.fill("note", "Letter 3S-77")
	c.press(".dialog:popover-open button[type=submit]", "Note it")
	c.says("Noted.")
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

// A privacy officer sends a contract by hand: a file that is too large is told before it is sent, and the one that fits arrives.
func TestAnOfficerSendsAFileInABrowser(t *testing.T) {
	o := newOffice(t)
	o.customer("kim@example.com", "en")
	dir := t.TempDir()
	small, large := filepath.Join(dir, "contract.pdf"), filepath.Join(dir, "scan.pdf")
	for name, data := range map[string][]byte{small: []byte("%PDF-1.7 the contract"), large: make([]byte, 7<<20+1)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := o.seat(access.PrivacyOfficer)
	c.open("/admin/notices/single/new")
	c.fill("to", "kim@example.com")
	c.fill("obligation", "contract")
	c.fill("subject", "Your contract")
	c.fill("text", "Your contract is attached.")
	c.do("choose", chromedp.SetUploadFiles(`main [name=files]`, []string{large}))
	c.says("These files have more than 7 MB together.")
	c.shot("notice-too-large")
	c.press("main form button.primary", "Send now")
	c.do("choose", chromedp.SetUploadFiles(`main [name=files]`, []string{small}))
	c.until(`!document.body.innerText.includes('These files have more')`)
	c.press("main button[formtarget]", "English")
	c.framed("Your contract is attached.")
	c.press("main form button.primary", "Send now")
	c.says("The notice is on its way.", "Your contract")
	here, _ := c.ask("location.pathname")
	o.until("it is sent", func() bool {
		return o.api("GET", "/notices/"+here[strings.LastIndexByte(here, '/')+1:], "")["status"] == "sent"
	})
	c.open(here)
	c.says("contract.pdf (1 KB)")
	c.shot("notice-file")
	c.open(here + "/source")
	c.says(`contract.pdf`, base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 the contract")))
	// without the page's script, more than the server reads at all is told in words too
	got, err := c.ask(`(async () => { const page = await fetch('/admin/notices/single/new').then(r => r.text()); const form = new FormData(); form.set('csrf', new DOMParser().parseFromString(page, 'text/html').querySelector('[name=csrf]').value);
		form.set('files', new Blob([new Uint8Array(13 << 20)]), 'huge.pdf'); const answer = await fetch('/admin/notices/single', {method: 'POST', body: form}); return answer.status + ' ' + await answer.text(); })()`)
	if err != nil || !strings.HasPrefix(got, "413") || !strings.Contains(got, "What you sent is too large") {
		t.Errorf("%.300s %v", got, err)
	}
	c.sound("a file by hand")
}
