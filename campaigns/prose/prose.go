// Package prose turns Markdown that staff have written into harmless HTML for public pages.
package prose

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"assent/campaigns/content"
	"assent/preferences/names"
	"assent/preferences/problem"
)

// Markdown reads Markdown with tables and struck text. Raw HTML is left out by its renderer; the sanitiser would drop it too.
var Markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
	goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(below{}, 100))),
)

// below moves headings one level down, because a page has a title of its own.
type below struct{}

// Transform is called by the parser.
func (below) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			h.Level = min(h.Level+1, 6)
		}
		return ast.WalkContinue, nil
	})
}

// sections gives headings ids that can meet no other id of the page.
type sections struct{ n int }

// Generate is called by the parser for each heading.
func (s *sections) Generate([]byte, ast.NodeKind) []byte {
	s.n++
	return []byte("section-" + strconv.Itoa(s.n))
}

// Put is part of the parser's interface.
func (s *sections) Put([]byte) {}

var allowed = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "hr", "br", "del", "h2", "h3", "h4", "h5", "h6",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^section-[0-9]+$`)).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.AllowAttrs("href").OnElements("a")
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}()

// Check refuses a body that [HTML] would take long over; it says why.
func Check(body string) error { return content.CheckProse(body) }

// CheckTexts notes the languages whose body [Check] refuses.
func CheckTexts(c *problem.Collector, field string, bodies names.Texts) {
	for _, tag := range bodies.Languages() {
		if err := Check(bodies[tag]); err != nil {
			c.Add(field+"."+tag, "%s", err)
		}
	}
}

// HTML renders a body: harmless HTML whose headings begin at h2. Pictures and raw HTML are left out.
func HTML(body string) (string, error) {
	if err := Check(body); err != nil {
		return "", fmt.Errorf("prose: a body that %w", err)
	}
	var out bytes.Buffer
	source := []byte(body)
	doc := Markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(&sections{}))))
	if err := Markdown.Renderer().Render(&out, source, doc); err != nil {
		return "", fmt.Errorf("prose: render: %w", err)
	}
	return string(allowed.SanitizeBytes(out.Bytes())), nil
}
