package mail

import (
	"strings"
	"testing"

	"assent/templates/locale"

	"golang.org/x/net/html"
)

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</style><svg/onload=alert(1)>`,
	`--><script>alert(1)</script><!--`, `{{env "PATH"}}`, `{{7}}`, `{brand}`, "%s%d", `javascript:alert(1)`, "a\u2028b", `<![endif]-->`,
	`&lt;script&gt;`, `\u003cscript\u003e`,
}

// Names, titles and references come from outside: they are shown, never obeyed (CVE-2025-49136, CVE-2026-21483).
func TestHostileValuesStayText(t *testing.T) {
	for _, h := range hostile {
		brand := acme
		brand.Name, brand.PostalAddress, brand.Color, brand.LogoURL, brand.Website = h, h, h, h, h
		for _, v := range []View{
			ConfirmSignup{Topics: []string{h}, URL: h}, Document{Title: h, URL: h}, ContactReceived{Kind: h, Reference: h},
			RightsDone{Kind: h, Reference: h, Note: h}, EventMail{Title: h, Place: h, URL: h, CancelURL: h, TimeZone: h, Note: Linked(h, h, h, h), SharedWith: []string{h}},
			StaffInvite{By: h, Role: h, URL: h}, ContractNotice{Stage: "confirmed", Contract: h, Details: []Fact{{h, h}}, Body: []Node{P(h), {Kind: Link, URL: h}}, URL: h},
			PaymentNotice{Stage: "due", Invoice: h, Amount: h, Currency: h}, PolicyChange{Title: h, Summary: []string{h}},
		} {
			m := Compose(brand, To{Locale: locale.Get(h), Name: h, TimeZone: h}, v)
			m.Preheader = h
			page := mustHTML(t, m)
			walk(parse(t, page), func(n *html.Node) {
				if n.Type != html.ElementNode {
					return
				}
				switch n.Data {
				case "script", "svg", "form", "iframe":
					t.Errorf("%T: %q became <%s>", v, h, n.Data)
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || (a.Key == "href" || a.Key == "src") && strings.Contains(strings.ToLower(a.Val), "javascript:") {
						t.Errorf("%T: %q became %s=%q", v, h, a.Key, a.Val)
					}
				}
			})
			if strings.HasPrefix(h, "{{") && !strings.Contains(html.UnescapeString(page), h) {
				t.Errorf("%T: %q was evaluated", v, h)
			}
		}
	}
}

// A stranger can type anything into a form: a name that advertises is not repeated to whom the mail goes.
func TestGreetingRepeatsNoLink(t *testing.T) {
	for name, greeted := range map[string]bool{"Anna": true, "Anne-Marie d'Arc": true, "see http://spam.example": false, "www.spam.example": false, "a@b": false, "x\ny": false, "<b>": false, strings.Repeat("n", 61): false, "": false} {
		m := Compose(acme, To{Locale: locale.Get("en"), Name: name}, ExportReady{URL: url})
		if got := name != "" && strings.Contains(m.Text(), "Hello "+name+","); got != greeted {
			t.Errorf("name %q greeted: %v", name, got)
		}
	}
}

func TestLinkLetsOnlyFourSchemesThrough(t *testing.T) {
	for in, want := range map[string]string{
		"https://a/": "https://a/", "HTTP://a": "HTTP://a", "mailto:a@b": "mailto:a@b", "tel:+31": "tel:+31", "/path:x": "/path:x", "\U000F0001": "\U000F0001",
		"javascript:alert(1)": "#", " \tJaVaScRiPt:alert(1)": "#", "data:text/html,x": "#", "vbscript:x": "#", "java\nscript:x": "#", "file:///etc": "#",
	} {
		if got := string(link(in)); got != want {
			t.Errorf("link(%q) = %q, want %q", in, got, want)
		}
	}
}

// Compliance 50: warned at 90 KB, over at the 102 KB behind which Gmail cuts a mail off.
func TestWeigh(t *testing.T) {
	for n, want := range map[int]Weight{0: WeightFine, HTMLWarn - 1: WeightFine, HTMLWarn: WeightWarn, HTMLMax: WeightWarn, HTMLMax + 1: WeightOver} {
		if got := Weigh(n); got != want {
			t.Errorf("Weigh(%d) = %v, want %v", n, got, want)
		}
	}
}

func BenchmarkNewsletter(b *testing.B) {
	m := newsletter("en")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.HTML(); err != nil {
			b.Fatal(err)
		}
		_ = m.Text()
	}
}
