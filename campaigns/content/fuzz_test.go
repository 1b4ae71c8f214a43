package content

import (
	"strings"
	"testing"
	"unicode/utf8"

	"assent/templates/mail"

	"golang.org/x/net/html"
)

// Whatever an author writes: it is refused, or it is cut into parts that say the same.
func FuzzMergeFields(f *testing.F) {
	for _, s := range append(hostile, `{{ first_name | "there" }}`, `{{attributes.a-b|"\\\""}}`, `{{ "{{" }}`, `{{{ first_name }}}`, `{{ first_name | "a`, "{{", "}}") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, err := split(s)
		if err != nil {
			if !utf8.ValidString(err.Error()) && utf8.ValidString(s) {
				t.Errorf("message %q", err)
			}
			return
		}
		literals, rest := 0, s
		for _, p := range parts {
			if p.ref == nil {
				literals += len(p.literal)
				if strings.Contains(p.literal, "{{") {
					t.Errorf("%q: literal %q has a field", s, p.literal)
				}
				i := strings.Index(rest, p.literal)
				if i < 0 {
					t.Fatalf("%q: literal %q is not in order", s, p.literal)
				}
				rest = rest[i+len(p.literal):]
			} else if p.ref.field == attribute && !attributeName.MatchString(p.ref.name) {
				t.Errorf("%q: attribute %q", s, p.ref.name)
			}
		}
		if len(parts) == 1 && parts[0].ref == nil && parts[0].literal != s {
			t.Errorf("%q became %q", s, parts[0].literal)
		}
		if !strings.Contains(s, "{{") && literals != len(s) {
			t.Errorf("%q lost text", s)
		}
	})
}

// Whatever stands in Markdown, the mail has no element but those of prose and no link but the four schemes.
func FuzzMarkdown(f *testing.F) {
	for _, s := range append(hostile, "# a\n\n- b\n  - c\n\n1. d\n\n> e\n\n```\nf\n```\n***\n~~g~~ <b>h</b><script>i</script>", "[a](https://x.example/?{{ company }})",
		"<a href='javascript:x'>a</a> <a href=//x>b</a> <img src=x onerror=y> <svg/onload=z>", strings.Repeat("> ", 300)+"a", strings.Repeat("- ", 300)+"a", "<table><tr><td>a", "<!-- a", "&#0; &#x202e; &lt;") {
		f.Add(s)
	}
	ok := map[string]bool{"html": true, "head": true, "body": true}
	for _, tag := range strings.Fields("p br strong em del code pre ul ol li blockquote h2 h3 h4 a table tbody tr td") {
		ok[tag] = true
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4000 {
			return
		}
		problems := check(Content{Subject: "s", Blocks: Blocks{Text{Markdown: s}}})
		var m marks
		bound, err := m.bind(s)
		if err != nil {
			return
		}
		nodes, err := m.nodes(bound)
		if err != nil {
			return
		}
		page, err := mail.Message{Locale: setting("en").Locale, Blocks: []mail.Block{mail.Text{Nodes: nodes}}}.HTML()
		if err != nil {
			t.Fatal(err)
		}
		start, end := strings.Index(page, `style="padding:16px 32px 20px;">`), strings.LastIndex(page, "<p class=\"muted\"")
		if start < 0 || end < 0 {
			t.Fatal("the page has no body")
		}
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			return // deeper than the parser goes
		}
		var visit func(n *html.Node)
		visit = func(n *html.Node) {
			if n.Type == html.ElementNode {
				switch n.Data {
				case "script", "svg", "img", "iframe", "form", "input", "object", "math", "template", "base":
					t.Errorf("%q became <%s>", s, n.Data)
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "src" {
						t.Errorf("%q became %s=%q", s, a.Key, a.Val)
					}
					if scheme, _, has := strings.Cut(a.Val, ":"); a.Key == "href" && (!has || !strings.Contains(" http https mailto tel ", " "+strings.ToLower(scheme)+" ")) && !hasMark(a.Val) {
						t.Errorf("%q became a link to %q", s, a.Val)
					}
				}
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				visit(c)
			}
		}
		visit(root)
		if problems == nil {
			if _, err := Compile(Content{Subject: "s", Blocks: Blocks{Text{Markdown: s}}}, setting("en")); err != nil {
				t.Errorf("%q was checked and does not compile: %v", s, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(march))
	f.Add([]byte(`[{"type":"columns","columns":[[{"type":"image","url":"u","width":1e9}],[]]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := Parse(raw)
		if err != nil {
			return
		}
		c := Content{Subject: "s", Blocks: b}
		_, _, _, _ = b.Links(), b.Images(), b.Passages(), b.Unsubscribes()
		again, err := b.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(again); err != nil {
			t.Fatalf("%s was written as %s: %v", raw, again, err)
		}
		if check(c) != nil {
			return
		}
		s := setting("en")
		s.Event = func(string) (mail.Event, bool) { return mail.Event{Title: "e"}, true }
		if _, err := Compile(c, s); err != nil {
			t.Fatalf("%s was checked and does not compile: %v", raw, err)
		}
	})
}
