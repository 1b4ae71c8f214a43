package content

import (
	"strings"
	"testing"
	"time"

	"assent/templates/mail"
)

func textOf(t *testing.T, md string) string {
	t.Helper()
	nodes, err := Markdown(md)
	if err != nil {
		t.Fatal(err)
	}
	return mail.Join(mail.BodyParas([]mail.Block{mail.Text{Nodes: nodes}}))
}

func TestMarkdownReadsAsText(t *testing.T) {
	for md, want := range map[string]string{
		"a\nb":                           "a b\n",
		"a  \nb":                         "a\nb\n",
		"# T\n\ntext":                    "T\n\ntext\n",
		"- a\n- b\n\n  c\n- d":           "- a\n- b\n\n  c\n- d\n",
		"3. a\n4. b":                     "3. a\n4. b\n",
		"- a\n  1. b\n  2. c\n- d":       "- a\n  1. b\n  2. c\n- d\n",
		"> a\n>\n> - b":                  "> a\n\n> - b\n",
		"```\na  b\n c\n```":             "a  b\n c\n",
		"[a](https://x.example/)":        "a (https://x.example/)\n",
		"<https://x.example/>":           "https://x.example/\n",
		"see www.x.example":              "see www.x.example (http://www.x.example)\n",
		"help@x.example":                 "help@x.example\n",
		"a ~~b~~ <b>c</b><br>d":          "a b c\nd\n",
		"a <script>alert(1)</script> b":  "a  b\n",
		"<style>x</style>\n\na":          "a\n",
		`<a href="javascript:x">y</a>`:   "y\n",
		`<a href="/x">y</a>`:             "y\n",
		"a & b < c {{ first_name }} {{7": "a & b < c {{ first_name }} {{7\n",
		"---":                            strings.Repeat("-", 24) + "\n",
	} {
		if got := strings.ReplaceAll(textOf(t, md), "  b", " b"); got != strings.ReplaceAll(want, "  b", " b") {
			t.Errorf("%q reads %q, want %q", md, got, want)
		}
	}
}

func TestMarkdownHTMLIsSafe(t *testing.T) {
	for md, want := range map[string]string{
		"**a** <script>x</script>":       "<p><strong>a</strong> </p>\n",
		"[a](javascript:x)":              "<p>a</p>\n",
		"[a](https://x.example)":         `<p><a href="https://x.example">a</a></p>` + "\n",
		`<p onclick="x" style="y">a</p>`: "<p>a</p>",
		`<img src=x onerror=y>a`:         "<p>a</p>\n",
	} {
		got, err := MarkdownHTML(md)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", md, got, err, want)
		}
	}
}

// A text that is made to be slow is refused, not read.
func TestMarkdownIsReadInTime(t *testing.T) {
	for _, s := range []string{"> ", "- ", "1. ", "[a](", "![](", "[", "*a ", "_a__", "`a``", "<a ", "&", "<div>", "www.a.b ", "a@b.c ", "1. a\n   ", ">\n", "[a]: b\n"} {
		start := time.Now()
		_ = check(Content{Subject: "s", Blocks: Blocks{Text{Markdown: strings.Repeat(s, 60_000/len(s))}}})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("60 KB of %q took %v", s, d)
		}
	}
}
