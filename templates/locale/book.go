package locale

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A language is a folder named by its tag, with its texts in as many files as suit its translators: one will do. The table
// format, in format.toml or in any of them, says how it writes dates and amounts; the table said, what the engine's English is
// in it, see [Locale.Said].
//
//go:embed */*.toml
var files embed.FS

// fallback is the language that all others fall back to.
const fallback = "en"

type shelf struct {
	books   []*book
	matcher language.Matcher
}

// book is one language's texts.
type book struct {
	tag    language.Tag
	texts  map[string]*text
	said   []saying
	format format
}

// text is one message: forms is nil unless it counts.
type text struct {
	other pattern
	forms map[plural.Form]pattern
}

var library = mustLoad(files)

func mustLoad(from fs.FS) *shelf {
	s, err := stock(from)
	if err != nil {
		panic(err) // the files are compiled in: a test finds this before anybody else does
	}
	return s
}

// stock reads every language, the fallback first, then by the position that they give themselves, then by tag.
func stock(from fs.FS) (*shelf, error) {
	folders, err := fs.Glob(from, "*")
	if err != nil {
		return nil, err
	}
	s := &shelf{}
	for _, folder := range folders {
		b, err := load(from, folder)
		if err != nil {
			return nil, err
		}
		s.books = append(s.books, b)
	}
	slices.SortStableFunc(s.books, func(a, b *book) int {
		return cmp.Compare(a.place(), b.place())
	})
	var tags []language.Tag
	for _, b := range s.books {
		tags = append(tags, b.tag)
	}
	s.matcher = language.NewMatcher(tags)
	return s, nil
}

// place is where the language stands among the others: the fallback first, those that say nothing last.
func (b *book) place() int {
	if b.tag.String() == fallback {
		return 0
	}
	return cmp.Or(b.format.Position, 1000)
}

func load(from fs.FS, folder string) (*book, error) {
	tag, err := language.Parse(folder)
	if err != nil {
		return nil, fmt.Errorf("locale: %s is no language tag: %w", folder, err)
	}
	b := &book{tag: tag, texts: map[string]*text{}}
	names, err := fs.Glob(from, path.Join(folder, "*.toml"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		about, err := toml.Decode(string(raw), &tree)
		if err != nil {
			return nil, fmt.Errorf("locale: %s: %w", name, err)
		}
		if about.IsDefined("format") {
			var own struct{ Format format }
			if _, err := toml.Decode(string(raw), &own); err != nil {
				return nil, fmt.Errorf("locale: %s: %w", name, err)
			}
			b.format = own.Format
			delete(tree, "format")
		}
		if said, ok := tree["said"].(map[string]any); ok {
			if err := b.learn(said); err != nil {
				return nil, fmt.Errorf("locale: %s: %w", name, err)
			}
			delete(tree, "said")
		}
		if err := b.add("", tree); err != nil {
			return nil, fmt.Errorf("locale: %s: %w", name, err)
		}
	}
	return b, nil
}

func (b *book) add(prefix string, tree map[string]any) error {
	for k, v := range tree {
		key := k
		if prefix != "" {
			key = prefix + "." + k
		}
		switch v := v.(type) {
		case string:
			p, err := parsePattern(v)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			if err := b.put(key, &text{other: p}); err != nil {
				return err
			}
		case map[string]any:
			t, ok, err := counting(v)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			if ok {
				err = b.put(key, t)
			} else {
				err = b.add(key, v)
			}
			if err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s: a text or a table is wanted", key)
		}
	}
	return nil
}

func (b *book) put(key string, t *text) error {
	if _, twice := b.texts[key]; twice {
		return fmt.Errorf("%s is given twice", key)
	}
	b.texts[key] = t
	return nil
}

var formNames = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// counting reads a table as plural forms if it has nothing but their names, "other" among them.
func counting(table map[string]any) (*text, bool, error) {
	if _, ok := table["other"].(string); !ok {
		return nil, false, nil
	}
	t := &text{forms: map[plural.Form]pattern{}}
	for k, v := range table {
		form, known := formNames[k]
		s, isText := v.(string)
		if !known || !isText {
			return nil, false, nil
		}
		p, err := parsePattern(s)
		if err != nil {
			return nil, false, err
		}
		t.forms[form] = p
	}
	t.other = t.forms[plural.Other]
	return t, true, nil
}

// pattern is a message cut into literals and arguments.
type pattern []piece

type piece struct{ literal, arg string }

func parsePattern(s string) (pattern, error) {
	var p pattern
	var lit strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c == '{' || c == '}') && i+1 < len(s) && s[i+1] == c {
			lit.WriteByte(c)
			i++
			continue
		}
		switch c {
		case '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, fmt.Errorf("%q: a brace is not closed", s)
			}
			name := s[i+1 : i+end]
			if !argName(name) {
				return nil, fmt.Errorf("%q: {%s} is no argument name", s, name)
			}
			p = append(p, piece{literal: lit.String(), arg: name})
			lit.Reset()
			i += end
		case '}':
			return nil, fmt.Errorf("%q: a brace is not opened", s)
		default:
			lit.WriteByte(c)
		}
	}
	if lit.Len() > 0 || len(p) == 0 {
		p = append(p, piece{literal: lit.String()})
	}
	return p, nil
}

func argName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c == '_') {
			return false
		}
	}
	return s != ""
}

func (p pattern) fill(l *Locale, pairs []any) string {
	if len(p) == 1 && p[0].arg == "" {
		return p[0].literal
	}
	var b strings.Builder
	for _, pc := range p {
		b.WriteString(pc.literal)
		if pc.arg == "" {
			continue
		}
		found := false
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == pc.arg {
				b.WriteString(l.value(pairs[i+1]))
				found = true
				break
			}
		}
		if !found {
			b.WriteString("{" + pc.arg + "}")
		}
	}
	return b.String()
}

func (p pattern) args() []string {
	var out []string
	for _, pc := range p {
		if pc.arg != "" {
			out = append(out, pc.arg)
		}
	}
	return out
}
