package locale

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// saying is one sentence of the engine, in English, and what it is in another language. Both have the same arguments, which the
// other language need not all use.
type saying struct {
	english, own pattern
	literal      int // bytes of the English that are no argument: the more, the surer
	match        *regexp.Regexp
}

// The engine's problems, reasons and refusals are English sentences: that is what the API answers and what is stored. Their
// arguments are recognised by their names: {why} is a sentence of its own, {status} the word of a state.
const (
	argWhy    = "why"
	argStatus = "status"
)

// learn reads the table said: English on the left, this language on the right.
func (b *book) learn(table map[string]any) error {
	for english, v := range table {
		own, ok := v.(string)
		if !ok {
			return fmt.Errorf("said.%q: a text is wanted", english)
		}
		s := saying{}
		var err error
		if s.english, err = parsePattern(english); err == nil {
			s.own, err = parsePattern(own)
		}
		if err != nil {
			return err
		}
		for _, arg := range s.own.args() {
			if !slices.Contains(s.english.args(), arg) {
				return fmt.Errorf("%q: the English has no {%s}", own, arg)
			}
		}
		expr := ""
		for _, p := range s.english {
			expr += regexp.QuoteMeta(p.literal)
			s.literal += len(p.literal)
			if p.arg != "" {
				expr += "(.*?)"
			}
		}
		if s.match, err = regexp.Compile("(?s)^" + expr + "$"); err != nil {
			return err
		}
		b.said = append(b.said, s)
	}
	slices.SortFunc(b.said, func(x, y saying) int {
		return cmp.Or(y.literal-x.literal, strings.Compare(x.match.String(), y.match.String()))
	})
	return nil
}

// Said is a sentence of the engine in this language; what is not known, and all of it in English, stays as it is.
func (l *Locale) Said(text string) string {
	if text == "" {
		return text
	}
	for _, s := range l.book.said {
		if !strings.HasPrefix(text, s.english[0].literal) {
			continue
		}
		values := s.match.FindStringSubmatch(text)
		if values == nil {
			continue
		}
		var pairs []any
		for i, arg := range s.english.args() {
			value := values[i+1]
			switch {
			case strings.HasPrefix(arg, argWhy):
				value = l.Said(value)
			case arg == argStatus:
				value = l.state(value)
			}
			pairs = append(pairs, arg, value)
		}
		return s.own.fill(l, pairs)
	}
	return text
}

// state is the word of a campaign's or a mail's status.
func (l *Locale) state(value string) string {
	for _, table := range []string{"site.status.", "site.delivery."} {
		if l.Has(table + value) {
			return l.T(table + value)
		}
	}
	return value
}

// Sayings lists the sentences of the engine that a language has words for, in English. For tests and for tools of translators.
func Sayings(lang string) []string {
	var out []string
	for _, b := range library.books {
		if b.tag.String() != lang {
			continue
		}
		for _, s := range b.said {
			text := ""
			for _, p := range s.english {
				text += p.literal
				if p.arg != "" {
					text += "{" + p.arg + "}"
				}
			}
			out = append(out, text)
		}
	}
	return out
}
