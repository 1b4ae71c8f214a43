package policies_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"assent/campaigns/policies"
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
	got, err := policies.HTML(full)
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
		out, err := policies.HTML(in)
		if err != nil {
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

func FuzzHTML(f *testing.F) {
	f.Add(full)
	f.Fuzz(func(t *testing.T, body string) {
		out, err := policies.HTML(body)
		if err != nil || strings.Contains(strings.ToLower(out), "<script") {
			t.Errorf("%q: %v, %q", body, err, out)
		}
	})
}

// shape writes a comparison as one text: [-removed-] and {+added+}, a line a paragraph.
func shape(c policies.Comparison) string {
	var lines []string
	for _, p := range c.Paragraphs {
		line := p.Kind + ": "
		for _, s := range p.Spans {
			line += map[policies.Op]string{policies.Same: s.Text, policies.Added: "{+" + s.Text + "+}", policies.Removed: "[-" + s.Text + "-]"}[s.Op]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestChangesAreToldByTheWord(t *testing.T) {
	for name, tt := range map[string]struct{ older, newer, want string }{
		"a word":              {"We keep it for five years.", "We keep it for two years.", "paragraph: We keep it for [-five-]{+two+} years."},
		"nothing":             {"Same *text*.", "Same text.", "paragraph: Same text."},
		"a paragraph more":    {"One.\n\nThree.", "One.\n\nTwo words.\n\nThree.", "paragraph: One.\nparagraph: {+Two words.+}\nparagraph: Three."},
		"a paragraph less":    {"One.\n\nTwo words.\n\nThree.", "One.\n\nThree.", "paragraph: One.\nparagraph: [-Two words.-]\nparagraph: Three."},
		"where a link leads":  {"[Ask](https://a.example) us", "[Ask](https://b.example) us", "paragraph: Ask (https://[-a-]{+b+}.example) us"},
		"a list":              {"- mail\n- phone", "- mail\n- post", "item: mail\nitem: [-phone-]{+post+}"},
		"a heading":           {"# Old title\n\nText", "# New title\n\nText", "heading: [-Old-]{+New+} title\nparagraph: Text"},
		"a table":             {"|a|b|\n|-|-|\n|1|2|", "|a|b|\n|-|-|\n|1|3|", "row: a | b\nrow: 1 | [-2-]{+3+}"},
		"punctuation":         {"No, never", "No never", "paragraph: No[-,-] never"},
		"without spaces":      {"我们保存五年", "我们保存两年", "paragraph: 我们保存[-五-]{+两+}年"},
		"all new":             {"", "Hello", "paragraph: {+Hello+}"},
		"only line breaks":    {"One two\nthree", "One\ntwo three", "paragraph: One two three"},
		"combining and marks": {"naïve café", "naïve cafés", "paragraph: naïve [-café-]{+cafés+}"},
	} {
		c := policies.Compare(tt.older, tt.newer)
		if diff := cmp.Diff(tt.want, shape(c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	c := policies.Compare("We keep it for five years.", "We keep it, at most, for two years.")
	if c.Added != 3 || c.Removed != 1 {
		t.Errorf("%d added, %d removed", c.Added, c.Removed)
	}
}

// sides are the two texts that a comparison stands for, without the marks.
func sides(c policies.Comparison) (older, newer string) {
	for _, p := range c.Paragraphs {
		for _, s := range p.Spans {
			if s.Op != policies.Added {
				older += s.Text
			}
			if s.Op != policies.Removed {
				newer += s.Text
			}
		}
	}
	return older, newer
}

// Nothing is lost and nothing is made up: each side of a comparison reads as its own text does.
func TestAComparisonHoldsBothTextsWhole(t *testing.T) {
	word := rapid.SampledFrom([]string{"we", "keep", "your", "data", "five", "years", ",", ".", "\n\n", "\n- ", "\n# ", "*x*", "[a](b)", "`c`", "é", "年", "\n|a|b|\n|-|-|\n|1|2|\n"})
	rapid.Check(t, func(t *rapid.T) {
		older := strings.Join(rapid.SliceOfN(word, 0, 60).Draw(t, "older"), " ")
		newer := strings.Join(rapid.SliceOfN(word, 0, 60).Draw(t, "newer"), " ")
		gotOlder, gotNewer := sides(policies.Compare(older, newer))
		wantOlder, _ := sides(policies.Compare(older, older))
		wantNewer, _ := sides(policies.Compare(newer, newer))
		if gotOlder != wantOlder || gotNewer != wantNewer {
			t.Fatalf("%q → %q: %q, %q", older, newer, gotOlder, gotNewer)
		}
		for _, p := range policies.Compare(older, older).Paragraphs {
			if p.Changed() {
				t.Fatalf("%q differs from itself", older)
			}
		}
	})
}
