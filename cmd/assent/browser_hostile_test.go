package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"assent/campaigns/media"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/together"
	"assent/preferences/tokens"
	"assent/workers/inbound"
)

// evil wants to run wherever it is put: in a text, an attribute in either quotes, a style, a script, a comment, a template or a
// cell of a spreadsheet. mark is how it is known again.
const (
	evil = `=m'"><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>' onmouseover='alert(1) </title></style></textarea>--><iframe srcdoc=x>`
	mark = `onerror=alert(1)`
	// evilText is the same as Markdown.
	evilText = evil + "\n\n[a link](javascript:alert%281%29) ![a picture](javascript:alert%281%29) [b](data:text/html,<script>alert(1)</script>) <https://example.com/\"onmouseover=alert(1)>"
	evilURL  = `https://example.com/'onmouseover='alert(1)?q=%22%3E%3Cscript%3E`
)

// hostile is an installation in which everything that anybody can write is written to run.
type hostile struct {
	*officeRoom
	fills map[string]string // what stands for the parameters of a route, by the route's beginning
}

// say is an API's body with evil in the places of the verb %q.
func say(format string) string {
	out, _ := json.Marshal(evil) // texts always encode
	text, _ := json.Marshal(evilText)
	link, _ := json.Marshal(evilURL)
	return strings.NewReplacer("EVIL", string(out), "TEXT", string(text), "LINK", string(link)).Replace(format)
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{newOffice(t), map[string]string{}}
	id := func(path, body string) string { return text(h.api("POST", path, say(body))["id"]) }
	system := audit.Actor{Kind: audit.KindUser, ID: h.staffID(access.Administrator), Name: evil, IP: "192.0.2.1"}

	h.api("PATCH", "/brands/default", say(`{"name": EVIL, "from_name": "x", "postal_address": EVIL, "logo_url": LINK}`))
	h.api("POST", "/partners", say(`{"key": "hub", "name": EVIL}`))
	h.api("POST", "/topics", say(`{"key": "news", "class": "marketing", "basis": "consent", "double_opt_in": false, "names": {"en": EVIL}, "descriptions": {"en": EVIL}, "partner": "hub"}`))
	person := id("/subscribers", `{"email": "'onmouseover='a@example.com", "external_id": EVIL, "first_name": EVIL, "last_name": EVIL, "company": EVIL, "customer_since": "2026-01-01T00:00:00Z", "attributes": {"plan": EVIL}}`)
	h.api("POST", "/subscribers/"+person+"/consents", say(`{"topic": "news", "action": "give", "source": EVIL, "wording": EVIL, "wording_version": "1", "user_agent": EVIL, "url": LINK}`))
	h.api("POST", "/subscribers/"+person+"/consents", say(`{"partner": "hub", "action": "object", "source": EVIL}`))
	h.api("POST", "/segments", say(`{"key": "all", "name": EVIL, "rules": {"field": "attributes.plan", "op": "eq", "value": EVIL}}`))
	h.api("POST", "/suppressions", say(`{"email": "gone@example.com", "reason": "bounced", "note": EVIL}`))
	h.api("POST", "/subscribers", say(`{"email": "gone@example.com", "first_name": EVIL, "customer_since": "2026-01-01T00:00:00Z"}`))
	request := id("/data-requests", `{"kind": "rectification", "subscriber_id": "`+person+`", "detail": EVIL, "verified_by": EVIL, "change": {"first_name": EVIL}}`)
	mine := id("/data-requests", `{"kind": "access", "subscriber_id": "`+person+`", "detail": EVIL, "verified_by": EVIL}`)
	h.api("POST", "/events", say(`{"slug": "day", "names": {"en": EVIL}, "descriptions": {"en": TEXT}, "starts_at": "2036-05-01T09:00:00Z", "ends_at": "2036-05-01T17:00:00Z", "timezone": "Europe/Amsterdam", "place": EVIL, "url": LINK, "partners": ["hub"]}`))
	h.api("POST", "/events/day/registrations", say(`{"email": "guest@example.com", "first_name": EVIL, "last_name": EVIL, "company": EVIL, "share": ["hub"], "wording": EVIL, "source": EVIL}`))
	h.api("POST", "/forms", say(`{"key": "talk", "kind": "contact", "names": {"en": EVIL}, "intros": {"en": EVIL}, "topics": ["news"], "wordings": {"news": {"en": EVIL}}, "questions": [{"name": "why", "kind": "text", "labels": {"en": EVIL}, "hints": {"en": EVIL}}]}`))
	h.post("/subscribe/talk", "email", "asks@example.com", "first_name", evil, "last_name", evil, "topics", "news", "message", evil, "why", evil)
	hook := text(h.api("POST", "/webhooks", say(`{"url": "https://hooks.example.com/in?x='onload=alert(1)", "description": EVIL}`))["id"])
	h.api("PUT", "/providers", say(`{"postmark": {"user": EVIL, "password": "secret"}}`))
	h.media(system)
	imported := h.importFile()
	h.api("POST", "/policies", say(`{"slug": "terms", "names": {"en": EVIL}}`))
	for i, version := range []string{"1", "2"} {
		h.api("POST", "/policies/terms/versions", fmt.Sprintf(say(`{"version": %q, "effective_at": %q, "affects_rights": false, "bodies": {"en": TEXT}}`), version, time.Now().AddDate(0, 0, i*60).UTC().Format(time.RFC3339)))
	}
	h.api("PUT", "/notice-settings", `{"lead_times": {"security": "P1D"}, "jurisdictions": ["telecoms"]}`)
	notice := id("/notices", `{"to": {"subscriber_id": "`+person+`", "name": EVIL}, "obligation": "account", "basis": "contract", "subject": EVIL, "reference": "r-1", "blocks": [{"type": "text", "markdown": EVIL}], "attachments": [{"filename": "x'onload=alert(1).txt", "content_type": "text/plain", "content": "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}]}`)
	broadcast := id("/notice-broadcasts", `{"obligation": "service_change", "basis": "contract", "audience": {"customers": true}, "subject": EVIL, "blocks": [{"type": "text", "markdown": EVIL}]}`)
	blocks := `[{"type": "heading", "text": EVIL, "level": 2}, {"type": "text", "markdown": EVIL}, {"type": "image", "url": LINK, "alt": EVIL, "link": LINK}, {"type": "button", "label": EVIL, "url": LINK}, {"type": "columns", "columns": [[{"type": "text", "markdown": EVIL}], [{"type": "event", "event": "day"}]]}]`
	campaign := id("/campaigns", `{"name": EVIL, "topic": "news", "subject": EVIL, "preheader": EVIL, "track_clicks": true, "blocks": `+blocks+`}`)
	draft := id("/campaigns", `{"name": EVIL, "topic": "news", "segment": "all", "subject": EVIL, "preheader": EVIL, "blocks": `+blocks+`, "ab_test": {"share": 50, "measure": "hand", "variants": [{"subject": EVIL, "blocks": `+blocks+`}]}}`)
	h.api("POST", "/campaigns/"+campaign+"/test", say(`{"to": ["colleague@example.com"]}`))
	h.api("POST", "/campaigns/"+campaign+"/schedule", `{}`)
	h.until("the campaign is finished", func() bool { return h.api("GET", "/campaigns/"+campaign+"/report", "")["status"] == "finished" })
	back := inbound.Event{Kind: inbound.Bounce, Class: inbound.Policy, Code: "5.7.1", Text: evil, Proof: inbound.ByReturnPath, Claims: tokens.Claims{Subject: person, Source: campaign}, Provider: "smtp", ProviderEventID: "1"}
	if err := h.a.feedback().Apply(t.Context(), []inbound.Event{back}); err != nil {
		t.Fatal(err)
	}
	h.until("the notice is out", func() bool { return h.api("GET", "/notices/"+notice, "")["status"] == "sent" })
	if _, _, err := h.a.apiKeys.Add(t.Context(), system, keys.New{Name: evil, Scopes: []access.Scope{"read"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.a.accounts.Add(t.Context(), system, accounts.NewUser{Email: "'onmouseover='b@staff.example", Name: evil, Password: "correct horse battery", Roles: []access.Role{access.ReadOnly}}); err != nil {
		t.Fatal(err)
	}
	_, _ = h.a.accounts.SignIn(t.Context(), "'onmouseover='b@staff.example", "wrong", accounts.From{IP: "192.0.2.1", UserAgent: evil})
	if _, err := h.a.together.Create(t.Context(), system, together.Request{Action: together.Suppress, Note: evil, Filter: preferences.Filter{Text: evil}, Everybody: true}); err != nil {
		t.Fatal(err)
	}
	job, err := h.a.together.Create(t.Context(), system, together.Request{Action: together.Withdraw, Topic: "news", Note: evil, Filter: preferences.Filter{Text: evil}, Everybody: true})
	if err != nil {
		t.Fatal(err)
	}
	for start, fill := range map[string]string{"/admin/subscribers/together/": job.ID, "/admin/brands/": "default", "/admin/campaigns/": campaign, "/admin/campaigns/:id/edit": draft, "/admin/campaigns/:id/text": draft, "/admin/campaigns/:id/variants": draft, "/admin/campaigns/:id/people": draft,
		"/admin/events/": "day", "/admin/forms/": "talk", "/admin/imports/": imported, "/admin/mailbox/": h.withAttachment(), "/admin/notices/": broadcast, "/admin/notices/single/": notice, "/admin/partners/": "hub", "/admin/people/": h.staffID(access.Marketer),
		"/admin/policies/": "terms", "/admin/requests/": request, "/admin/requests/:id/data": mine, "/admin/segments/": "all", "/admin/subscribers/": person, "/admin/topics/": "news", "/admin/webhooks/": hook, "/events/": "day", "/policies/": "terms", "/subscribe/": "talk"} {
		h.fills[start] = fill
	}
	return h
}

// withAttachment is the mail of the built-in mailbox that has a file.
func (h *hostile) withAttachment() string {
	h.t.Helper()
	for n := 1; n < 20; n++ {
		page := fmt.Sprintf("/admin/mailbox/%d", n)
		if strings.Contains(h.ask(access.Administrator, "GET", page).Body.String(), page+"/attachments/") {
			return fmt.Sprint(n)
		}
	}
	h.t.Fatal("no mail has a file")
	return ""
}

func (h *hostile) staffID(role access.Role) string {
	h.t.Helper()
	var id string
	if err := h.a.db.QueryRowContext(h.t.Context(), "SELECT id FROM staff_users WHERE email = $1", string(role)+"@staff.example").Scan(&id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// media keeps a picture whose name and description want to run.
func (h *hostile) media(actor audit.Actor) {
	h.t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 40, 20))); err != nil {
		h.t.Fatal(err)
	}
	store := &media.Store{DB: h.a.db, Now: time.Now}
	if _, err := store.Add(h.t.Context(), actor, media.Upload{Name: evil, Alt: evil, Data: append(file.Bytes(), "<script>alert(1)</script>"...)}); err != nil {
		h.t.Fatal(err)
	}
}

// importFile imports a file with a row that is taken and one that is refused.
func (h *hostile) importFile() string {
	h.t.Helper()
	cell := `"` + strings.ReplaceAll(evil, `"`, `""`) + `"`
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("evidence", say(`{"topic": "news", "source": EVIL, "wording": EVIL}`))
	file, _ := form.CreateFormFile("file", "people'onerror=alert(1).csv")
	_, _ = io.WriteString(file, "email,last_name,"+cell+"\nrow@example.com,"+cell+","+cell+"\n"+cell+",x,y\n")
	_ = form.Close()
	id := text(h.api("POST", "/imports", body.String(), "Content-Type", form.FormDataContentType())["id"])
	h.until("the import", func() bool { return h.api("GET", "/imports/"+id, "")["status"] == "finished" })
	return id
}

// address is a route with its parameters filled in.
func (h *hostile) address(route string) string {
	best := ""
	for start := range h.fills {
		if strings.HasPrefix(route, start) && len(start) > len(best) {
			best = start
		}
	}
	path := strings.NewReplacer(":version", "2", "attachments/:n", "attachments/0", ":n", "2", "partners/:key", "partners/hub").Replace(route)
	path = param.ReplaceAllString(path, h.fills[best])
	if strings.HasSuffix(path, "/changes") {
		path += "?from=1&to=2"
	}
	return path
}

// unseen are the pages that show nothing that anybody wrote, or that lead elsewhere.
var unseen = []string{"/admin/account", "/admin/address/:token", "/admin/imports/new", "/admin/notices/single/new", "/admin/requests", "/admin/segments/new", "/admin/subscribers/new", "/admin/webhooks", "/admin/brands/new", "/admin/deliverability", "/admin/notices/lead-times", "/admin/notices/preview", "/admin/notices/single/preview",
	"/admin/password/:token", "/admin/people/new", "/admin/people/:id", "/admin/policies/new", "/admin/queues", "/admin/requests/new", "/admin/set-up/:token", "/admin/settings", "/admin/topics/usual"}

// Nothing that anybody wrote runs on any page of the staff or of the public, and what was written is there to be read as it was
// written (compliance 61). The pages are taken from the router: one that is added is looked at too.
func TestHostileTextsRunNowhere(t *testing.T) {
	h := newHostile(t)
	c := h.seat(access.Administrator)
	seen := 0
	for _, r := range h.e.Routes() {
		public := r.Path == "/events/:slug" || strings.HasPrefix(r.Path, "/policies/:slug") || strings.HasPrefix(r.Path, "/subscribe/:form")
		if r.Method != http.MethodGet || !public && r.Path != "/admin" && !strings.HasPrefix(r.Path, "/admin/") || strings.HasSuffix(r.Path, "/live") {
			continue
		}
		path := h.address(r.Path)
		w := h.ask(access.Administrator, "GET", path)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Code == http.StatusOK { // files: the browser is told what they are, and to keep them
			if w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s may be taken for a page: %v", path, w.Header())
			}
			continue
		}
		if w.Code != http.StatusOK && w.Code != http.StatusSeeOther && !slices.Contains(unseen, r.Path) {
			t.Errorf("%s: %d", path, w.Code)
			continue
		}
		c.look(path)
		seen++
		if got, _ := c.ask(`document.documentElement.outerHTML.includes("` + mark + `")`); (got == "true") == slices.Contains(unseen, r.Path) {
			t.Errorf("%s: what was written is there: %s", r.Path, got)
		}
	}
	for _, q := range []string{"/admin/subscribers?q=", "/admin/campaigns?q=", "/admin/notices?q=", "/admin/suppressions?q=", "/admin/audit?actor=", "/admin/requests?show=", "/admin/sign-in?to=", "/admin/notices/single/new?to=", "/admin/notices/new?policy=", "/admin/x"} {
		c.look(q + url.QueryEscape(evil))
	}
	if seen < 90 {
		t.Errorf("%d pages were seen", seen)
	}
}

// look opens a page and fails if anything ran, wanted to run, or became a part of the page, and if a button says nothing: axe sees those
// of dialogs only when they are open.
func (c *clerk) look(path string) {
	c.t.Helper()
	c.do("open "+path, chromedp.Navigate(c.o.url+path), chromedp.WaitReady("body"))
	const inert = `JSON.stringify((window.breaches || []).concat([...document.querySelectorAll('[onerror], [onload], [onmouseover], [srcdoc], script:not([src]), iframe:not([sandbox]), a[href^="javascript" i], a[href^="data" i], img[src^="javascript" i]')].map(e => e.outerHTML.slice(0, 200))))`
	const mute = `JSON.stringify([...document.querySelectorAll('button')].filter(b => !(b.textContent + (b.getAttribute('aria-label') || '')).trim() && !b.querySelector('img')).map(b => b.closest('[role=dialog]')?.textContent || b.outerHTML))`
	for _, script := range []string{inert, mute} {
		if got, err := c.ask(script); err != nil || got != "[]" {
			c.t.Errorf("%s: %s %v", path, got, err)
		}
	}
}
