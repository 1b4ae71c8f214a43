package policies

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"assent/campaigns/prose"
)

// A text is compared as a row of tokens: words, what stands between them, and before each paragraph a mark of its kind.

// The kinds of paragraphs.
const (
	KindHeading   = "heading"
	KindParagraph = "paragraph"
	KindItem      = "item"
	KindCode      = "code"
	KindRow       = "row" // of a table, its cells apart by " | "
)

// paragraphMark begins the token that stands before a paragraph; no word holds it.
const paragraphMark = "\n"

// tokens reads Markdown into tokens.
func tokens(body string) []string {
	source := []byte(body)
	t := &tokeniser{source: source}
	doc := prose.Markdown.Parser().Parse(text.NewReader(source))
	_ = ast.Walk(doc, t.visit)
	t.flush()
	return t.out
}

type tokeniser struct {
	source []byte
	out    []string
	item   bool // inside a list
	text   strings.Builder
}

func (t *tokeniser) begin(kind string) {
	t.flush()
	if kind == KindParagraph && t.item {
		kind = KindItem
	}
	t.out = append(t.out, paragraphMark+kind)
}

func (t *tokeniser) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch n := n.(type) {
	case *ast.ListItem:
		t.item = entering || insideList(n.Parent())
	case *ast.Heading:
		if entering {
			t.begin(KindHeading)
		}
	case *ast.Paragraph, *ast.TextBlock:
		if entering {
			t.begin(KindParagraph)
		}
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		if entering {
			t.begin(KindCode)
			lines := n.Lines()
			for i := range lines.Len() {
				line := lines.At(i)
				t.text.Write(line.Value(t.source))
			}
		}
		return ast.WalkSkipChildren, nil
	case *ast.HTMLBlock, *ast.RawHTML, *ast.Image:
		return ast.WalkSkipChildren, nil
	case *east.TableHeader, *east.TableRow:
		if entering {
			t.begin(KindRow)
		}
	case *east.TableCell:
		if entering && n.PreviousSibling() != nil {
			t.text.WriteString(" | ")
		}
	case *ast.Text:
		if entering {
			t.text.Write(n.Value(t.source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				t.text.WriteByte(' ')
			}
		}
	case *ast.String:
		if entering {
			t.text.Write(n.Value)
		}
	case *ast.AutoLink:
		if entering {
			t.text.Write(n.Label(t.source))
		}
	case *ast.Link:
		if !entering { // where a link leads is part of what a policy says
			t.text.WriteString(" (" + string(n.Destination) + ")")
		}
	}
	return ast.WalkContinue, nil
}

func insideList(n ast.Node) bool {
	for ; n != nil; n = n.Parent() {
		if _, ok := n.(*ast.ListItem); ok {
			return true
		}
	}
	return false
}

func (t *tokeniser) flush() {
	t.out = appendWords(t.out, strings.Join(strings.Fields(t.text.String()), " "))
	t.text.Reset()
}

// appendWords cuts a line into words, single spaces and single other characters.
func appendWords(out []string, line string) []string {
	start := -1
	for i, r := range line {
		if wordRune(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			out = append(out, line[start:i])
			start = -1
		}
		out = append(out, string(r))
	}
	if start >= 0 {
		out = append(out, line[start:])
	}
	return out
}

// wordRune tells what makes up words. Scripts that put no spaces between words are compared character by character.
func wordRune(r rune) bool {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '\'' || r == '’' || r == '\u200d'
}
