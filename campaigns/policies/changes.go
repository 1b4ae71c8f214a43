package policies

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Op says what became of a piece of text.
type Op int8

// The operations.
const (
	Removed Op = -1
	Same    Op = 0
	Added   Op = 1
)

// Span is a run of words that share what became of them.
type Span struct {
	Op   Op
	Text string
}

// Paragraph is one paragraph of the comparison.
type Paragraph struct {
	Kind  string
	Spans []Span
}

// Changed tells whether anything in the paragraph was added or removed.
func (p Paragraph) Changed() bool {
	for _, s := range p.Spans {
		if s.Op != Same {
			return true
		}
	}
	return false
}

// Comparison is what changed from one text to another.
type Comparison struct {
	Paragraphs     []Paragraph
	Added, Removed int // words
}

// compareTime bounds the search for the smallest difference; after it a larger one is taken, which is just as true.
const compareTime = 300 * time.Millisecond

// Compare tells word by word what changed between two Markdown texts.
func Compare(older, newer string) Comparison {
	a, b, words := numbered(tokens(older), tokens(newer))
	d := diffmatchpatch.New()
	d.DiffTimeout = compareTime
	diffs := d.DiffCleanupSemantic(d.DiffMainRunes(a, b, false))
	w := &writer{}
	for _, diff := range diffs {
		op := map[diffmatchpatch.Operation]Op{diffmatchpatch.DiffDelete: Removed, diffmatchpatch.DiffEqual: Same, diffmatchpatch.DiffInsert: Added}[diff.Type]
		for _, r := range diff.Text {
			w.add(op, words[r])
		}
	}
	w.flush()
	w.Paragraphs = tidied(w.Paragraphs)
	return w.Comparison
}

// writer puts tokens together to spans and paragraphs.
type writer struct {
	Comparison
	op   Op
	text strings.Builder
}

func (w *writer) add(op Op, token string) {
	if kind, ok := strings.CutPrefix(token, paragraphMark); ok {
		w.flush()
		w.Paragraphs = append(w.Paragraphs, Paragraph{Kind: kind})
		return
	}
	if op != w.op {
		w.flush()
		w.op = op
	}
	w.text.WriteString(token)
	if first, _ := utf8.DecodeRuneInString(token); unicode.IsLetter(first) || unicode.IsDigit(first) {
		switch op {
		case Added:
			w.Added++
		case Removed:
			w.Removed++
		}
	}
}

func (w *writer) flush() {
	if w.text.Len() == 0 {
		return
	}
	last := &w.Paragraphs[len(w.Paragraphs)-1] // every text begins with the mark of its first paragraph
	last.Spans = append(last.Spans, Span{w.op, w.text.String()})
	w.text.Reset()
}

// tidied drops the empty paragraphs that a moved boundary leaves behind.
func tidied(paragraphs []Paragraph) []Paragraph {
	out := paragraphs[:0]
	for _, p := range paragraphs {
		if len(p.Spans) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// numbered writes each distinct token as one character, so that the comparison goes by tokens.
func numbered(a, b []string) (x, y []rune, words map[rune]string) {
	words, numbers := map[rune]string{}, map[string]rune{}
	next := rune(1)
	write := func(tokens []string) []rune {
		out := make([]rune, len(tokens))
		for i, token := range tokens {
			r, ok := numbers[token]
			if !ok {
				if next == 0xD800 { // half characters do not survive in a string
					next = 0xE000
				}
				r = next
				next++
				numbers[token], words[r] = r, token
			}
			out[i] = r
		}
		return out
	}
	return write(a), write(b), words
}
