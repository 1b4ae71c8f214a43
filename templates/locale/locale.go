package locale

import (
	"fmt"
	"sort"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Locale is one person's language. It is immutable and may be shared.
type Locale struct {
	tag     language.Tag // as asked for
	strings language.Tag // what the texts are in
	rtl     bool
	book    *book
	english *book
	printer *message.Printer
}

// known keeps one Locale per canonical tag. Tags come from outside, so it is bounded.
var known = struct {
	sync.RWMutex
	byTag map[string]*Locale
}{byTag: map[string]*Locale{}}

const knownMax = 1024

// Get returns the locale for a BCP 47 tag such as "nl", "en-US" or "ar". It never fails: an empty or malformed tag
// is English.
func Get(tag string) *Locale {
	known.RLock()
	l := known.byTag[tag]
	known.RUnlock()
	if l != nil {
		return l
	}
	parsed, err := language.Parse(tag)
	if err != nil || parsed == language.Und {
		parsed = language.English
	}
	l = build(parsed)
	known.Lock()
	defer known.Unlock()
	if len(known.byTag) < knownMax {
		known.byTag[tag] = l
	}
	return l
}

// Accept returns the locale that suits an Accept-Language header best (RFC 9110 §12.5.4).
func Accept(header string) *Locale {
	if len(header) > 256 {
		header = ""
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return Get("en")
	}
	for _, t := range tags {
		if _, _, conf := library.matcher.Match(t); conf > language.No {
			return Get(t.String())
		}
	}
	return Get("en")
}

func build(tag language.Tag) *Locale {
	_, i, conf := library.matcher.Match(tag)
	if conf == language.No {
		i = 0
	}
	b := library.books[i]
	l := &Locale{tag: tag, strings: b.tag, rtl: rightToLeft(tag), book: b, english: library.books[0]}
	if base, _ := tag.Base(); base == baseOf(b.tag) {
		l.strings = tag
	}
	l.printer = message.NewPrinter(l.strings)
	return l
}

func baseOf(t language.Tag) language.Base { b, _ := t.Base(); return b }

// rightToLeft tells by the tag's script, given or likely.
func rightToLeft(t language.Tag) bool {
	script, _ := t.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Samr", "Mand", "Aran":
		return true
	}
	return false
}

// Tag is the canonical tag that was asked for, for the `lang` of a person's mail or page.
func (l *Locale) Tag() string { return l.tag.String() }

// Language is the language that the texts are really in: one of [Languages].
func (l *Locale) Language() string { return l.book.tag.String() }

// Dir is "rtl" for languages written from right to left, also where the texts fall back to English, because what
// the company wrote itself is in the language that was asked for.
func (l *Locale) Dir() string {
	if l.rtl {
		return "rtl"
	}
	return "ltr"
}

// Has tells whether the key has a text in this language or in English.
func (l *Locale) Has(key string) bool {
	_, ok := l.find(key)
	return ok
}

func (l *Locale) find(key string) (*text, bool) {
	if t, ok := l.book.texts[key]; ok {
		return t, true
	}
	t, ok := l.english.texts[key]
	return t, ok
}

// T is the text of a key with its arguments, given as pairs of name and value: T("pages.hello", "name", n).
// Values are inserted as they are and never looked at again; the caller escapes the result for where it goes.
// A key that no language has is returned itself, so that it is seen.
func (l *Locale) T(key string, pairs ...any) string {
	t, ok := l.find(key)
	if !ok {
		return key
	}
	return t.other.fill(l, pairs)
}

// N is the text of a counting key in the plural form that n asks for; {n} is the number in the language's writing.
func (l *Locale) N(key string, n int, pairs ...any) string {
	t, ok := l.find(key)
	if !ok {
		return key
	}
	lang := l.strings
	if _, own := l.book.texts[key]; !own {
		lang = language.English
	}
	abs := n
	if abs < 0 {
		abs = -abs
	}
	form, ok := t.forms[plural.Cardinal.MatchPlural(lang, abs, 0, 0, 0, 0)]
	if !ok {
		form = t.other
	}
	return form.fill(l, append([]any{"n", n}, pairs...))
}

// value writes one argument: whole numbers by the language, all else as fmt does.
func (l *Locale) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return l.Number(int64(v))
	case int64:
		return l.Number(v)
	}
	return fmt.Sprint(v)
}

// Languages lists the languages that Assent has texts in, English first.
func Languages() []string {
	out := make([]string, len(library.books))
	for i, b := range library.books {
		out[i] = b.tag.String()
	}
	return out
}

// Name is what a shipped language calls itself, such as "Nederlands"; for any other tag, the tag.
func Name(tag string) string {
	for _, b := range library.books {
		if b.tag.String() == tag {
			return b.format.Name
		}
	}
	return tag
}

// Keys lists the keys of one language below a prefix, sorted. For tests and for tools of translators.
func Keys(lang, prefix string) []string {
	var out []string
	for _, b := range library.books {
		if b.tag.String() != lang {
			continue
		}
		for k := range b.texts {
			if strings.HasPrefix(k, prefix) {
				out = append(out, k)
			}
		}
	}
	sort.Strings(out)
	return out
}
