package prose_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"assent/campaigns/prose"
)

const full = `# What we keep

We keep your *address* and your **name**.
It stays with us.

## Why

1. To write to you.
2. To [answer](https://acme.example/contact) you.
   - by mail

> As the law asks.

| What | How long |
|---|---|
| Mail | 2 years |

    code line

---
~~old~~ see https://acme.example/ ![picture](https://track.example/x.png)
`

func TestMarkdownBecomesHarmlessHTML(t *testing.T) {
	got, err := prose.HTML(full)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<h2 id="section-1">What we keep</h2>`, `<h3 id="section-2">Why</h3>`, "<em>address</em>", "<strong>name</strong>", "<ol>", "<blockquote>", "<td>2 years</td>",
		`<a href="https://acme.example/contact" rel="noreferrer">answer</a>`, "<del>old</del>", "<hr", "<pre><code>code line",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in %s", want, got)
		}
	}
	if strings.Contains(got, "<img") || strings.Contains(got, "track.example") {
		t.Errorf("a picture is loaded: %s", got)
	}
}

func TestHostileMarkdownIsHarmless(t *testing.T) {
	corpus := []string{
		"<script>alert(1)</script>", "[x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "![x](javascript:alert(1))",
		`<img src=x onerror=alert(1)>`, `<a href="javascript:alert(1)">x</a>`, "[x](<javascript:alert(1)>)", "<javascript:alert(1)>", `<svg/onload=alert(1)>`,
		"# <b onclick=alert(1)>x", "[x]: javascript:alert(1)\n\n[x]", `<style>*{display:none}</style>`, `<iframe src=//evil.example>`, "`<script>`", "<main id=main>",
		"[x](vbscript:x)", "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))", `[x](https://a.example "><script>alert(1)</script>")`,
	}
	check := func(t interface{ Errorf(string, ...any) }, in string) {
		out, err := prose.HTML(in)
		if err != nil && prose.Check(in) == nil {
			t.Errorf("%q: %v", in, err)
		}
		root, err := html.Parse(strings.NewReader("<body>" + out))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			return
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "script", "img", "svg", "style", "iframe", "main", "form", "object", "h1":
				t.Errorf("%q makes a <%s>: %s", in, n.Data, out)
			}
			for _, a := range n.Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:") || strings.HasPrefix(value, "vbscript:") {
					t.Errorf("%q makes %s=%q", in, a.Key, a.Val)
				}
			}
		}
	}
	for _, in := range corpus {
		check(t, in)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(corpus), rapid.SampledFrom([]string{"\n\n", "> ", "- ", "**", "[", "](", "<", "`", "|"})), 1, 12).Draw(t, "parts"), ""))
	})
}

// Anybody may ask for a page, so no text may take the parser long.
func TestWhatIsSlowToReadIsRefused(t *testing.T) {
	for name, piece := range map[string]string{"brackets": "[", "quotes": "> ", "links": "[a](", "references": "[a]: b\n"} {
		if _, err := prose.HTML(strings.Repeat(piece, 30_000)); err == nil {
			t.Errorf("%s are taken", name)
		}
	}
	for name, body := range map[string]string{
		"lists": strings.Repeat("- ", 20_000), "stars": strings.Repeat("**a *b ", 20_000), "tables": strings.Repeat("|a", 20_000) + "\n" + strings.Repeat("|-", 20_000),
		"tags": strings.Repeat("<a ", 40_000), "addresses": strings.Repeat("http://a.b ", 10_000), "nested": strings.Repeat("- a\n  ", 20_000),
	} {
		begun := time.Now()
		_, _ = prose.HTML(body)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s take %s", name, took)
		}
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(full)
	f.Fuzz(func(t *testing.T, body string) {
		out, err := prose.HTML(body)
		if err == nil && strings.Contains(strings.ToLower(out), "<script") {
			t.Errorf("%q: %v, %q", body, err, out)
		}
	})
}
