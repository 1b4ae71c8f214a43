package parts

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/japanese"
)

// Plain makes s fit to be kept and shown: valid UTF-8 on one line, without
// control and direction-changing characters, white space collapsed, at most
// max bytes.
func Plain(s string, max int) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			continue
		}
		n := utf8.RuneLen(r)
		if space {
			n++
		}
		if b.Len()+n > max {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// utf8Text is body as valid UTF-8 with LF line ends and no control characters
// but the tab. Undeclared ISO-2022-JP, recognised by its escapes, is decoded.
func utf8Text(body []byte) string {
	if bytes.Contains(body, []byte("\x1b$B")) || bytes.Contains(body, []byte("\x1b$@")) {
		if d, err := japanese.ISO2022JP.NewDecoder().Bytes(body); err == nil {
			body = d
		}
	}
	var b strings.Builder
	b.Grow(len(body))
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		body = body[n:]
		switch {
		case r == utf8.RuneError && n == 1, r == '\r':
			continue
		case r == '\n' || r == '\t' || !unicode.IsControl(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// htmlText is the readable text of an HTML part: tags away, entities decoded,
// a new line where a block ends.
func htmlText(src string) string {
	var b strings.Builder
	hidden := 0
	z := html.NewTokenizer(strings.NewReader(src))
	z.SetMaxBuf(64 << 10)
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			return b.String()
		}
		if tt == html.TextToken {
			if hidden == 0 {
				b.Write(z.Text())
			}
			continue
		}
		name, _ := z.TagName()
		switch string(name) {
		case "script", "style", "title", "head":
			if tt == html.StartTagToken {
				hidden++
			} else if tt == html.EndTagToken && hidden > 0 {
				hidden--
			}
		case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "pre", "hr", "blockquote":
			b.WriteByte('\n')
		case "td", "th":
			b.WriteByte(' ')
		case "body":
			hidden = 0
		}
	}
}
