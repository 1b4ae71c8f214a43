package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"assent/preferences/staff/access"
	"assent/workers/smtptest"
)

// published is DNS as somebody fills it by hand.
type published struct {
	mu  sync.Mutex
	txt map[string]string
}

func (p *published) put(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.txt[name] = value
}

func (p *published) LookupTXT(_ context.Context, name string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.txt[strings.TrimSuffix(name, ".")]; ok {
		return []string{v}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (p *published) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (p *published) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (p *published) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

// A marketer is told before sending that nothing proves the sender; an administrator makes a signing key, publishes it, signs with
// it and later rotates it; mail is signed with whichever is in use (compliance 5, 6, 20).
func TestAdministratorRotatesASigningKeyInABrowser(t *testing.T) {
	sink := smtptest.Serve(t, smtptest.Options{})
	o := officeWith(t, &Settings{SMTPURL: "smtp://" + sink.Addr + "?tls=none"})
	dns := &published{txt: map[string]string{}}
	o.a.signing.Resolver = dns
	o.api("PATCH", "/brands/default", `{"from_email": "news@shop.example", "reply_to": "news@shop.example"}`)
	o.api("POST", "/topics", `{"key": "news", "class": "marketing", "basis": "consent", "double_opt_in": false, "names": {"en": "News"}}`)
	person := o.customer("kim@example.com", "en")
	o.api("POST", "/subscribers/"+person+"/consents", `{"topic": "news", "action": "give", "source": "fair", "wording": "Yes"}`)
	draft := func() string {
		return text(o.api("POST", "/campaigns", `{"name": "Spring", "topic": "news", "subject": "Hello", "blocks": [{"type": "text", "markdown": "Spring is here."}]}`)["id"])
	}
	campaign := draft()
	signed := func(selector string) {
		t.Helper()
		before := len(sink.Messages())
		o.api("POST", "/campaigns/"+draft()+"/schedule", `{}`)
		o.until("the mail is out", func() bool { return len(sink.Messages()) > before })
		mail := string(sink.Messages()[before].Data)
		if got := strings.Contains(mail, "DKIM-Signature"); got != (selector != "") || !strings.Contains(strings.Join(strings.Fields(mail), ""), "s="+selector) {
			t.Errorf("not signed with %q: %s", selector, mail)
		}
	}
	c := o.seat(access.Marketer)
	c.open("/admin/campaigns/" + campaign)
	c.says("Nothing proves that it is from shop.example")
	c.shot("check-unaligned")
	c.as(access.Administrator)
	rotate := func(selector string) {
		t.Helper()
		c.open("/admin/deliverability")
		c.fill("stream", "marketing")
		c.fill("domain", "shop.example")
		c.fill("selector", selector)
		c.press("main form button[type=submit]", "Make a key")
		c.says("The key is made. Publish its records.")
		mine := `main section[aria-label="` + selector + ` shop.example"]`
		c.press(mine+" button", "Look at DNS again")
		c.says("Not in DNS yet")
		got, err := c.ask(`[...document.querySelectorAll(` + jsText(mine+" code") + `)].map(e => e.textContent.trim()).join('\n')`)
		if err != nil {
			t.Fatal(err)
		}
		for lines := strings.Split(got, "\n"); len(lines) > 1; lines = lines[2:] { // copied from the page
			dns.put(lines[0], lines[1])
		}
		c.press(mine+" button", "Look at DNS again")
		c.says("The records are in DNS.")
		c.press(mine+" button", "Sign with this key")
		c.press(".dialog:popover-open button[type=submit]", "Sign with this key")
		c.says("Mail is signed with this key now.")
		c.shot("dkim-" + selector)
		c.sound("signing with " + selector)
	}
	signed("")
	rotate("spring")
	signed("spring")
	rotate("autumn")
	c.says("Retired", "Leave these records in DNS until")
	signed("autumn")
	c.as(access.Marketer)
	c.open("/admin/campaigns/" + campaign)
	c.says("Mailboxes can tell that it is from shop.example")
}

// elements are those of a page that an attribute names and a test picks.
func elements(page, name string, pick func(attr map[string]string) string) (out []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			if got := pick(attr); got != "" && !slices.Contains(out, got) {
				out = append(out, got)
			}
		}
	}
	return out
}

// Nobody is led to where they may not go: over every page of the staff that a role may read, each link opens for that role, and
// those who only read are offered nothing that changes anything but their own account.
func TestNobodyIsOfferedWhatTheyMayNotDo(t *testing.T) {
	h := newHostile(t)
	routes := []string{}
	for _, r := range h.e.Routes() {
		if r.Method == http.MethodGet && (r.Path == "/admin" || strings.HasPrefix(r.Path, "/admin/")) && !strings.HasSuffix(r.Path, "/live") {
			routes = append(routes, r.Path)
		}
	}
	for _, role := range access.Roles {
		answers, pages, links := map[string]int{}, 0, 0
		for _, route := range routes {
			path := h.address(route)
			w := h.ask(role, "GET", path)
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				continue
			}
			pages++
			for _, to := range elements(w.Body.String(), "a", func(a map[string]string) string {
				to, _, _ := strings.Cut(a["href"], "#")
				return map[bool]string{true: to}[strings.HasPrefix(to, "/admin")]
			}) {
				if _, asked := answers[to]; !asked {
					answers[to] = h.ask(role, "GET", to).Code
					links++
				}
				if code := answers[to]; code >= 400 {
					t.Errorf("%s leads the %s to %s: %d", path, role, to, code)
				}
			}
			if role != access.ReadOnly || strings.HasPrefix(route, "/admin/account") || strings.HasPrefix(route, "/admin/sign-in") {
				continue
			}
			for _, does := range elements(w.Body.String(), "form", func(a map[string]string) string {
				return map[bool]string{true: a["action"]}[strings.EqualFold(a["method"], "post") && !strings.HasPrefix(a["action"], "/admin/sign-out") && !strings.HasPrefix(a["action"], "/admin/account")]
			}) {
				t.Errorf("%s offers %s to those who only read", path, does)
			}
		}
		if pages < 40 || links < 40 {
			t.Errorf("the %s saw %d pages and %d links", role, pages, links)
		}
	}
}

// Somebody who only reads looks at everything that goes on and finds nothing to press.
func TestSomebodyWhoReadsInABrowser(t *testing.T) {
	o := newOffice(t)
	o.api("POST", "/topics", `{"key": "news", "class": "marketing", "basis": "consent", "double_opt_in": false, "names": {"en": "News"}}`)
	person := o.customer("kim@example.com", "en")
	o.api("POST", "/subscribers/"+person+"/consents", `{"topic": "news", "action": "give", "source": "fair", "wording": "Yes"}`)
	campaign := text(o.api("POST", "/campaigns", `{"name": "Spring", "topic": "news", "subject": "Hello", "blocks": [{"type": "text", "markdown": "Spring is here."}]}`)["id"])
	c := o.seat(access.ReadOnly)
	c.open("/admin/campaigns")
	c.press("main a", "Spring")
	c.says("Draft", "Spring")
	for _, word := range []string{"Edit", "Delete", "Schedule", "Send a test"} {
		if got, _ := c.ask(fmt.Sprintf(`[...document.querySelectorAll('main button, main a')].some(e => e.textContent.trim().startsWith(%q))`, word)); got != "false" {
			t.Errorf("%s is offered: %s", word, c.reads())
		}
	}
	c.shot("reads-campaign")
	c.open("/admin/subscribers")
	c.press("main a", "kim@example.com")
	c.says("kim@example.com", "News")
	c.shot("reads-person")
	for _, path := range []string{"/admin/campaigns/" + campaign + "/schedule", "/admin/campaigns/" + campaign + "/delete", "/admin/subscribers/" + person + "/consents"} {
		// by hand, with the token that their own pages carry
		got, err := c.ask(`(async () => { const page = await fetch('/admin/account').then(r => r.text()); const token = new DOMParser().parseFromString(page, 'text/html').querySelector('[name=csrf]').value;
			return (await fetch(` + jsText(path) + `, {method: 'POST', body: new URLSearchParams({csrf: token}), redirect: 'manual'})).status; })()`)
		if err != nil || got != "403" {
			t.Errorf("POST %s: %s %v", path, got, err)
		}
	}
	c.sound("reading")
}
