package content

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// While a mail is rendered, a merge field is one rune from a private plane: it needs no escaping in HTML, has no
// meaning in Markdown, and cannot come from an author, because [Content.Check] refuses these runes.
const (
	markFirst = 0xF0000
	markLast  = 0xF0FFF
	markCount = markLast - markFirst + 1
	markLead  = "\xf3\xb0" // the first two bytes of every mark in UTF-8
	markSize  = 4
)

// place is where a field stands, which decides how its value is escaped.
type place uint8

const (
	inText  place = iota // prose: HTML text and attributes, or the text part
	inURL                // the whole of a link
	inQuery              // a stretch of a link behind its host
)

// use is one place that a field stands in.
type use struct {
	ref   ref
	place place
}

// marks hands out marks and remembers what they stand for.
type marks struct {
	uses []use
	// track gives the id of a link whose clicks are counted; see [Setting].
	track func(url string) (id string, ok bool)
}

func (m *marks) mark(u use) (string, error) {
	if len(m.uses) == markCount {
		return "", errors.New("the mail has too many merge fields")
	}
	m.uses = append(m.uses, u)
	return string(rune(markFirst + len(m.uses) - 1)), nil
}

// bind replaces the merge fields of a text by marks.
func (m *marks) bind(s string) (string, error) {
	parts, err := split(s)
	if err != nil {
		return "", err
	}
	return m.join(parts, inText)
}

func (m *marks) join(parts []part, at place) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		if p.ref == nil {
			b.WriteString(scrub(p.literal))
			continue
		}
		s, err := m.mark(use{*p.ref, at})
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// bindURL replaces the merge fields of a link that [checkURL] has passed.
func (m *marks) bindURL(s string) (string, error) {
	parts, err := split(s)
	if err != nil {
		return "", err
	}
	return m.join(parts, placeOf(parts))
}

func placeOf(parts []part) place {
	if len(parts) == 1 && parts[0].ref != nil {
		return inURL
	}
	return inQuery
}

// cut splits a bound text at its marks.
func (m *marks) cut(s string) []part {
	var out []part
	for {
		lit, u, rest, ok := m.next(s)
		if lit != "" {
			out = append(out, part{literal: lit})
		}
		if !ok {
			return out
		}
		r := u.ref
		out = append(out, part{ref: &r})
		s = rest
	}
}

// next finds the first mark in s.
func (m *marks) next(s string) (before string, u use, rest string, ok bool) {
	for at := 0; ; {
		i := strings.Index(s[at:], markLead)
		if i < 0 || at+i+markSize > len(s) {
			return s, use{}, "", false
		}
		at += i
		if r, size := utf8.DecodeRuneInString(s[at:]); size == markSize && int(r)-markFirst < len(m.uses) {
			return s[:at], m.uses[r-markFirst], s[at+markSize:], true
		}
		at++
	}
}

var errReserved = errors.New("has a character of a private Unicode plane, U+F0000 to U+F0FFF")

// escapesMark tells whether a text has the URL escape of a mark.
func escapesMark(s string) bool { return strings.Contains(strings.ToLower(s), "%f3%b0") }

func hasMark(s string) bool {
	return strings.ContainsFunc(s, isMark)
}

func isMark(r rune) bool { return r >= markFirst && r <= markLast }

// scrub takes marks out of texts that are not checked: names of brands, topics and events.
func scrub(s string) string {
	if !strings.Contains(s, markLead) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
