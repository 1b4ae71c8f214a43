package content

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"assent/templates/mail"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markdown keeps raw HTML, so that a pasted <b> or <br> works; allowed decides what of it stays.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Strikethrough, extension.Linkify),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// allowed is all that prose may be. Relative links pass here only because a whole link field is one until it is
// filled; [nodes] drops every other.
var allowed = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "b", "em", "i", "del", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr",
		"h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}()

// Markdown reads prose without merge fields: what is in double braces is text. For policies, archives and notices.
func Markdown(src string) ([]mail.Node, error) {
	var none marks
	return none.nodes(scrub(src))
}

// MarkdownHTML is the same prose as safe HTML for a page.
func MarkdownHTML(src string) (string, error) {
	clean, err := sanitised(scrub(src))
	return string(clean), err
}

func sanitised(src string) ([]byte, error) {
	if err := tangled(src); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := markdown.Convert([]byte(src), &b); err != nil {
		return nil, err
	}
	return allowed.SanitizeBytes(b.Bytes()), nil
}

// nodes turns Markdown whose fields are bound into formatted prose.
func (m *marks) nodes(src string) ([]mail.Node, error) {
	clean, err := sanitised(src)
	if err != nil {
		return nil, err
	}
	parsed, err := xhtml.ParseFragment(bytes.NewReader(clean), &xhtml.Node{Type: xhtml.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return nil, errTangled // the parser gives up 512 elements deep
	}
	var out, loose []mail.Node
	flush := func() {
		if len(loose) > 0 {
			out = append(out, mail.Node{Kind: mail.Paragraph, Children: loose})
		}
		loose = nil
	}
	for _, p := range parsed {
		nodes, err := m.node(p)
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			if !n.Inline() {
				flush()
				out = append(out, n)
			} else if len(loose) > 0 || n.Kind != mail.Words || strings.TrimSpace(n.Text) != "" {
				loose = append(loose, n)
			}
		}
	}
	flush()
	return out, nil
}

// CheckProse refuses prose that would keep the parser busy for long.
func CheckProse(src string) error { return tangled(src) }

var errTangled = errors.New("is nested too deeply")

// tangled refuses what takes the parser time that grows with the square of the length: markers within markers, and
// brackets that are never closed.
func tangled(src string) error {
	const maxMarkers, maxBrackets = 24, 500
	brackets := 0
	for line := range strings.Lines(src) {
		text := strings.TrimLeft(line, "> \t*+-_=~0123456789.)")
		if strings.Count(line[:len(line)-len(text)], " ")+strings.Count(line[:len(line)-len(text)], ">") > 4*maxMarkers {
			return errTangled
		}
		if strings.TrimSpace(line) == "" {
			brackets = 0
		}
		if brackets += strings.Count(line, "["); brackets > maxBrackets {
			return errors.New("has too many brackets in one paragraph")
		}
	}
	return nil
}

var kinds = map[atom.Atom]mail.Kind{
	atom.P: mail.Paragraph, atom.Ul: mail.List, atom.Ol: mail.List, atom.Li: mail.Item, atom.Blockquote: mail.Quote, atom.Hr: mail.Rule,
	atom.Strong: mail.Strong, atom.B: mail.Strong, atom.Em: mail.Emphasis, atom.I: mail.Emphasis, atom.Del: mail.Struck, atom.S: mail.Struck,
	atom.Code: mail.Code, atom.Br: mail.Break, atom.A: mail.Link, atom.Pre: mail.Verbatim,
	atom.H1: mail.Title, atom.H2: mail.Title, atom.H3: mail.Title, atom.H4: mail.Title, atom.H5: mail.Title, atom.H6: mail.Title,
}

func (m *marks) node(p *xhtml.Node) ([]mail.Node, error) {
	if p.Type == xhtml.TextNode {
		return []mail.Node{{Text: p.Data}}, nil
	}
	kind, ok := kinds[p.DataAtom]
	n := mail.Node{Kind: kind}
	switch {
	case kind == mail.Verbatim && ok:
		n.Text = plain(p)
		return []mail.Node{n}, nil
	case kind == mail.Title:
		n.N = int(p.Data[1] - '0')
	case p.DataAtom == atom.Ol:
		n.N = 1
		if start, err := strconv.Atoi(attr(p, "start")); err == nil && start > 0 {
			n.N = start
		}
	case kind == mail.Link:
		url, err := m.link(attr(p, "href"))
		if err != nil {
			return nil, err
		}
		n.URL, ok = url, url != ""
	}
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		inner, err := m.node(c)
		if err != nil {
			return nil, err
		}
		for _, x := range inner {
			if kind == mail.List && x.Kind != mail.Item {
				if x.Kind == mail.Words && strings.TrimSpace(x.Text) == "" {
					continue
				}
				x = mail.Node{Kind: mail.Item, Children: []mail.Node{x}}
			}
			if x.Kind == mail.Words && strings.TrimSpace(x.Text) == "" && (kind == mail.Item || kind == mail.Quote) && strings.Contains(x.Text, "\n") {
				continue
			}
			n.Children = append(n.Children, x)
		}
	}
	if !ok {
		return n.Children, nil
	}
	return []mail.Node{n}, nil
}

// link rebinds a link's marks for their place in a link; "" drops a link that leads nowhere allowed.
func (m *marks) link(href string) (string, error) {
	parts := m.cut(unescapeMarks(href))
	if checkLink(parts) != nil {
		return "", nil
	}
	bound, err := m.join(parts, placeOf(parts))
	if err != nil {
		return "", err
	}
	return m.counted(bound)
}

// unescapeMarks undoes what Markdown's URL escaping did to marks. Authors cannot write such escapes.
func unescapeMarks(s string) string {
	return escapedMark.ReplaceAllStringFunc(s, func(e string) string {
		raw := make([]byte, 0, markSize)
		for i := 0; i < len(e); i += 3 {
			b, err := strconv.ParseUint(e[i+1:i+3], 16, 8)
			if err != nil {
				return e
			}
			raw = append(raw, byte(b))
		}
		return string(raw)
	})
}

var escapedMark = regexp.MustCompile(`%F3%B0(?:%[89AB][0-9A-F]){2}`)

func plain(p *xhtml.Node) string {
	if p.Type == xhtml.TextNode {
		return p.Data
	}
	var b strings.Builder
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(plain(c))
	}
	return b.String()
}

func attr(p *xhtml.Node, key string) string {
	for _, a := range p.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// markdownProblems says what is wrong with prose whose merge fields are known to be right.
func markdownProblems(src string) []error {
	var m marks
	bound, err := m.bind(src)
	if err != nil {
		return []error{err}
	}
	if _, err := m.nodes(bound); err != nil {
		return []error{err}
	}
	var out []error
	raw := []byte(bound)
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(raw)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || len(out) >= maxWrong {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			parts := m.cut(unescapeMarks(string(util.URLEscape(n.Destination, true))))
			if err := checkLink(parts); err != nil {
				out = append(out, fmt.Errorf("the link %q %w", clip(written(parts)), err))
			}
		case *ast.AutoLink:
			next, _ := n.NextSibling().(*ast.Text)
			if hasMark(string(n.URL(raw))) || next != nil && n.AutoLinkType == ast.AutoLinkURL && startsWithMark(string(next.Segment.Value(raw))) {
				out = append(out, errors.New("a link with a merge field must be written as [label](https://…)"))
			}
		case *ast.Image:
			out = append(out, errors.New("cannot hold a picture: use an image block"))
		}
		return ast.WalkContinue, nil
	})
	return out
}

func startsWithMark(s string) bool {
	for _, r := range s {
		return isMark(r)
	}
	return false
}

// written shows a cut text as its author wrote it.
func written(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.ref != nil {
			b.WriteString("{{ " + p.ref.String() + " }}")
		} else {
			b.WriteString(p.literal)
		}
	}
	return b.String()
}
