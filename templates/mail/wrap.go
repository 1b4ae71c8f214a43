package mail

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// TextWidth is the text part's longest line, in columns. Only a URL or a preformatted line is longer.
const TextWidth = 76

// Para is one paragraph of the text part before it is wrapped. First and Rest stand before its first and its other
// lines. A "\n" in Text is a line break that stays. Tight paragraphs have no empty line before them.
type Para struct {
	First, Rest string
	Text        string
	Tight       bool
	Verbatim    bool // not wrapped
}

// Join writes paragraphs one below the other.
func Join(paras []Para) string {
	var b []byte
	for i := range paras {
		b = paras[i].Append(b, i == 0)
	}
	return string(b)
}

// Append wraps the paragraph onto dst. The first paragraph of a text has no empty line before it.
func (p *Para) Append(dst []byte, first bool) []byte {
	if !first && !p.Tight {
		dst = append(dst, '\n')
	}
	prefix := p.First
	for text, more := p.Text, true; more; {
		var line string
		line, text, more = strings.Cut(text, "\n")
		if p.Verbatim {
			dst = append(append(dst, prefix...), line...)
			dst = append(dst, '\n')
		} else {
			dst = Wrap(dst, line, prefix, p.Rest)
		}
		prefix = p.Rest
	}
	return dst
}

// Wrap appends one logical line to dst, broken at spaces so that it is at most [TextWidth] columns where that can
// be, with a newline at the end. Words that are too long are kept whole, except that text without spaces in wide
// letters (Chinese, Japanese) is broken between them.
func Wrap(dst []byte, text, first, rest string) []byte {
	dst = append(dst, first...)
	col, empty := measure(first), true
	for len(text) > 0 {
		n := strings.IndexAny(text, " \t")
		var word string
		if n < 0 {
			word, text = text, ""
		} else {
			word, text = text[:n], text[n+1:]
		}
		if word == "" {
			continue
		}
		w := measure(word)
		if !empty && col+1+w > TextWidth {
			dst = append(append(dst, '\n'), rest...)
			col, empty = measure(rest), true
		}
		if !empty {
			dst = append(dst, ' ')
			col++
		}
		for col+w > TextWidth {
			cut := wideCut(word, TextWidth-col)
			if cut == 0 {
				break
			}
			dst = append(append(append(dst, word[:cut]...), '\n'), rest...)
			word = word[cut:]
			w, col = measure(word), measure(rest)
		}
		dst = append(dst, word...)
		col, empty = col+w, false
	}
	return append(trimRight(dst), '\n')
}

// trimRight drops the spaces of a prefix that nothing followed.
func trimRight(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

// measure counts the columns of a terminal: two for wide letters, none for what combines.
func measure(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			n++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x1100 {
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// wideCut is how many bytes of word fit into room columns if it may be broken there: behind or before a wide
// letter. 0 says that it may not.
func wideCut(word string, room int) int {
	cut, col, before := 0, 0, 0
	for i, r := range word {
		w := runeColumns(r)
		if i > 0 && (w == 2 || before == 2) {
			cut = i
		}
		if col += w; col > room {
			return cut
		}
		before = w
	}
	return 0
}
