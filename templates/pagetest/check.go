// Package pagetest holds what the tests of pages share: a reading of the HTML for what a strict content policy and
// an assistive program need, a corpus of hostile values, and a real browser that runs axe and takes pictures.
package pagetest

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

// Render returns the page as text.
func Render(t testing.TB, c templ.Component) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Hostile are values that must come out as text, whatever field they are put in.
var Hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`,
	`</title><script>alert(1)</script>`, `{{7*7}} ${7*7} {name}`, `</textarea><svg/onload=alert(1)>`, "a\u202eb\u2028c\x00d",
	`data:text/html,<script>alert(1)</script>`, `//evil.example/x`, `&lt;script&gt;alert(1)&lt;/script&gt;`, strings.Repeat("W", 300),
}

var (
	keyLike  = regexp.MustCompile(`\b(?:mail|pages|site|reasons|rights)\.[a-z0-9]+[_a-z0-9]*\.?[a-z0-9_]*\b`)
	argument = regexp.MustCompile(`\{[a-z_]+\}`)
)

// Check reads a page and reports what a strict policy or an assistive program would trip over.
// Texts of the page may say what looks like a missing key or argument only if loose is set (for hostile values).
func Check(t testing.TB, name, page string, loose bool) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := checker{t: t, name: name, loose: loose, ids: map[string]bool{}, labelled: map[string]bool{}}
	c.walk(root)
	for _, ref := range c.refs {
		if !c.ids[ref] {
			t.Errorf("%s: no element has the id %q that another names", name, ref)
		}
	}
	for _, id := range c.controls {
		if !c.labelled[id] {
			t.Errorf("%s: control %q has no label", name, id)
		}
	}
	if c.h1 != 1 {
		t.Errorf("%s: %d h1", name, c.h1)
	}
}

type checker struct {
	t             testing.TB
	name          string
	loose         bool
	ids, labelled map[string]bool
	refs          []string
	controls      []string
	h1            int
}

func (c *checker) walk(n *html.Node) {
	switch n.Type {
	case html.ElementNode:
		c.element(n)
	case html.TextNode:
		c.text(n.Data)
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		c.walk(k)
	}
}

func (c *checker) text(s string) {
	if c.loose {
		return
	}
	if m := keyLike.FindString(s); m != "" {
		c.t.Errorf("%s: shows the key %s", c.name, m)
	}
	if m := argument.FindString(s); m != "" {
		c.t.Errorf("%s: shows the argument %s", c.name, m)
	}
}

func (c *checker) element(n *html.Node) {
	attr := map[string]string{}
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
			c.t.Errorf("%s: <%s> has an inline %s", c.name, n.Data, a.Key)
		}
		if a.Key == "alt" || a.Key == "title" || a.Key == "aria-label" || a.Key == "placeholder" {
			c.text(a.Val)
		}
	}
	if id := attr["id"]; id != "" {
		if c.ids[id] {
			c.t.Errorf("%s: id %q twice", c.name, id)
		}
		c.ids[id] = true
	}
	for _, k := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"} {
		c.refs = append(c.refs, strings.Fields(attr[k])...)
	}
	for _, k := range []string{"href", "action", "formaction", "src", "xlink:href"} {
		if v := strings.ToLower(strings.TrimSpace(attr[k])); strings.HasPrefix(v, "javascript:") || strings.HasPrefix(v, "data:") || strings.HasPrefix(v, "vbscript:") {
			c.t.Errorf("%s: <%s %s=%q>", c.name, n.Data, k, v)
		}
	}
	c.known(n, attr)
}

func (c *checker) known(n *html.Node, attr map[string]string) {
	switch n.Data {
	case "html":
		if attr["lang"] == "" || attr["dir"] == "" {
			c.t.Errorf("%s: html without lang and dir", c.name)
		}
	case "style":
		c.t.Errorf("%s: inline style sheet", c.name)
	case "script", "img", "iframe", "source", "embed":
		if src := attr["src"]; !strings.HasPrefix(src, "/") || strings.HasPrefix(src, "//") {
			c.t.Errorf("%s: <%s> loads %q", c.name, n.Data, src)
		}
		if _, ok := attr["alt"]; n.Data == "img" && !ok {
			c.t.Errorf("%s: image without alt", c.name)
		}
	case "link":
		if href := attr["href"]; strings.Contains(attr["rel"], "stylesheet") && (!strings.HasPrefix(href, "/") || strings.HasPrefix(href, "//")) {
			c.t.Errorf("%s: style sheet from %q", c.name, href)
		}
	case "label":
		c.labelled[attr["for"]] = true
	case "h1":
		c.h1++
	case "input", "select", "textarea":
		if attr["type"] != "hidden" && attr["aria-label"] == "" {
			c.controls = append(c.controls, attr["id"])
		}
	}
}
