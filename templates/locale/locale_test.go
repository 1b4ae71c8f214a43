package locale

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/language"
)

func TestLanguageIsMatchedNotCompared(t *testing.T) {
	for tag, want := range map[string][3]string{ // tag → texts in, Tag, Dir
		"en": {"en", "en", "ltr"}, "en-US": {"en", "en-US", "ltr"}, "nl_BE": {"nl", "nl-BE", "ltr"},
		"de-CH": {"de", "de-CH", "ltr"}, "gsw": {"de", "gsw", "ltr"}, "fr-CA": {"fr", "fr-CA", "ltr"},
		"ja": {"en", "ja", "ltr"}, "ar": {"en", "ar", "rtl"}, "he-IL": {"en", "he-IL", "rtl"}, "fa": {"en", "fa", "rtl"},
		"uz-Arab": {"en", "uz-Arab", "rtl"}, "": {"en", "en", "ltr"}, "not a tag": {"en", "en", "ltr"},
		"\"><script>": {"en", "en", "ltr"},
	} {
		l := Get(tag)
		if got := [3]string{l.Language(), l.Tag(), l.Dir()}; got != want {
			t.Errorf("Get(%q) = %v, want %v", tag, got, want)
		}
	}
}

func TestAcceptLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"nl-BE,nl;q=0.9,en;q=0.8": "nl", "ja,de;q=0.5": "de", "": "en", "*": "en", ";;;": "en",
		strings.Repeat("nl,", 200): "en",
	} {
		if got := Accept(header).Language(); got != want {
			t.Errorf("Accept(%.30q) = %s, want %s", header, got, want)
		}
	}
}

func TestManyForeignTagsDoNotGrowMemoryForEver(t *testing.T) {
	for i := range 3000 {
		Get("en-x-a" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)))
	}
	known.RLock()
	defer known.RUnlock()
	if len(known.byTag) > knownMax {
		t.Fatalf("%d locales kept", len(known.byTag))
	}
}

func testBook(t *testing.T, texts map[string]any) *Locale {
	t.Helper()
	b := &book{tag: library.books[0].tag, texts: map[string]*text{}, format: library.books[0].format}
	if err := b.add("", texts); err != nil {
		t.Fatal(err)
	}
	l := *Get("en")
	l.book, l.english = b, b
	return &l
}

func TestArgumentsAreInsertedOnceAndNeverReadAgain(t *testing.T) {
	l := testBook(t, map[string]any{"a": "Hi {name}, {other} {{braces}}"})
	if got, want := l.T("a", "name", "{other}{{", "other", 12345), "Hi {other}{{, 12,345 {braces}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := l.T("a", "name", "x"), "Hi x, {other} {braces}"; got != want {
		t.Errorf("a missing argument must be seen: %q, want %q", got, want)
	}
	if got := l.T("no.such.key"); got != "no.such.key" {
		t.Errorf("a missing key must be seen: %q", got)
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	for _, bad := range []string{"{", "a } b", "{Name}", "{}", "{a b}"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestPlurals(t *testing.T) {
	l := testBook(t, map[string]any{"n": map[string]any{"one": "{n} mail", "other": "{n} mails"}})
	for n, want := range map[int]string{0: "0 mails", 1: "1 mail", 2: "2 mails", 1234: "1,234 mails", -1: "-1 mail"} {
		if got := l.N("n", n); got != want {
			t.Errorf("N(%d) = %q, want %q", n, got, want)
		}
	}
	fr := *Get("fr")
	fr.book, fr.english = l.book, l.book
	if got := fr.N("n", 0); got != "0 mail" {
		t.Errorf("French counts nought as one: %q", got)
	}
}

func TestDatesTimesNumbers(t *testing.T) {
	at := time.Date(2026, 3, 3, 13, 5, 0, 0, time.UTC)
	for tag, want := range map[string][5]string{
		"en":    {"3 March 2026", "Tuesday 3 March 2026", "3 March 2026, 14:05 CET", "12,345", "EUR 1,234.50"},
		"en-US": {"March 3, 2026", "Tuesday, March 3, 2026", "March 3, 2026, 2:05 PM CET", "12,345", "EUR 1,234.50"},
		"nl":    {"3 maart 2026", "dinsdag 3 maart 2026", "3 maart 2026, 14:05 CET", "12.345", "EUR 1.234,50"},
		"de":    {"3. März 2026", "Dienstag, 3. März 2026", "3. März 2026, 14:05 Uhr (CET)", "12.345", "1.234,50 EUR"},
		"fr":    {"3 mars 2026", "mardi 3 mars 2026", "3 mars 2026 à 14:05 (CET)", "12\u00a0345", "1\u00a0234,50 EUR"},
		"ja":    {"3 March 2026", "Tuesday 3 March 2026", "3 March 2026, 14:05 CET", "12,345", "EUR 1,234.50"},
	} {
		l := Get(tag)
		got := [5]string{l.Date(at), l.Day(at), l.DateTime(at, "Europe/Amsterdam"), l.Number(12345), l.Money("1234.5", "EUR")}
		if got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
	for tz, want := range map[string]string{
		"": "3 March 2026, 13:05 UTC", "No/Where": "3 March 2026, 13:05 UTC", "../etc/passwd": "3 March 2026, 13:05 UTC",
		"Local": "3 March 2026, 13:05 UTC", "Asia/Dubai": "3 March 2026, 17:05 UTC+04",
	} {
		if got := Get("en").DateTime(at, tz); got != want {
			t.Errorf("zone %q: %q, want %q", tz, got, want)
		}
	}
	for amount, want := range map[string]string{"free": "free EUR", "-3": "-3,00 EUR", "0.005": "0,00 EUR", "1e9": "1e9 EUR", "1.2.3": "1.2.3 EUR"} {
		if got := Get("de").Money(amount, "EUR"); got != want && !(amount == "0.005" && got == "0,01 EUR") {
			t.Errorf("Money(%q) = %q, want %q", amount, got, want)
		}
	}
}

// The areas that recipients read are whole in every language; the staff's in English and Dutch.
func TestEveryLanguageIsWhole(t *testing.T) {
	areas := map[string][]string{"mail.": {"nl", "de", "fr"}, "pages.": {"nl", "de", "fr"}, "rights.": {"nl", "de", "fr"}, "reasons.": {"nl", "de", "fr"}, "centre.": {"nl", "de", "fr"}, "history.": {"nl", "de", "fr"}, "receipts.": {"nl", "de", "fr"}, "site.": {"nl"}}
	for area, langs := range areas {
		english := Keys("en", area)
		for _, lang := range langs {
			for _, k := range english {
				if !slices.Contains(Keys(lang, area), k) {
					t.Errorf("%s lacks %s", lang, k)
				}
			}
		}
	}
	for _, b := range library.books[1:] {
		for k, tr := range b.texts {
			en, ok := library.books[0].texts[k]
			if !ok {
				t.Errorf("%s has %s, which English lacks", b.tag, k)
				continue
			}
			if (en.forms == nil) != (tr.forms == nil) {
				t.Errorf("%s: %s counts in one language only", b.tag, k)
			}
			if a, b2 := names(en), names(tr); !slices.Equal(a, b2) {
				t.Errorf("%s: %s has arguments %v, English %v", b.tag, k, b2, a)
			}
		}
	}
	for _, b := range library.books {
		if len(b.format.Months) != 12 || len(b.format.Weekdays) != 7 || b.format.Name == "" {
			t.Errorf("%s: format.toml is not whole", b.tag)
		}
		for k, tx := range b.texts {
			if len(tx.other) == 1 && strings.TrimSpace(tx.other[0].literal) == "" && tx.other[0].arg == "" {
				t.Errorf("%s: %s is empty", b.tag, k)
			}
		}
	}
}

func names(t *text) []string {
	a := t.other.args()
	slices.Sort(a)
	return slices.Compact(a)
}

// Every key that a source file names has an English text, and every English text is named by one: whole, as the beginning of
// a key that is put together, or without the _ask and _text that belong to a question.
func TestKeysInTheCodeExist(t *testing.T) {
	call := regexp.MustCompile(`\.[TNt]\("((?:mail|pages|site|rights|reasons|centre|history)\.[a-z0-9_.]+[a-z0-9_])"`)
	literal := regexp.MustCompile(`"([a-z0-9_.]+)"`)
	found := 0
	named, begun := map[string]bool{}, []string{}
	for _, dir := range []string{"..", "../../campaigns", "../../preferences", "../../workers", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !(strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".templ")) ||
				strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range call.FindAllStringSubmatch(string(src), -1) {
				found++
				if !Get("en").Has(m[1]) {
					t.Errorf("%s names %s, which has no text", path, m[1])
				}
			}
			for _, m := range literal.FindAllStringSubmatch(string(src), -1) {
				if named[m[1]] = true; strings.HasSuffix(m[1], ".") || strings.HasSuffix(m[1], "_") {
					begun = append(begun, m[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d uses", found)
	for key := range Get("en").english.texts {
		trunk := strings.TrimSuffix(strings.TrimSuffix(key, "_ask"), "_text")
		if !named[key] && !named[trunk] && !slices.ContainsFunc(begun, func(b string) bool { return strings.HasPrefix(key, b) }) {
			t.Errorf("%s is a text that nothing shows", key)
		}
	}
}

func BenchmarkT(b *testing.B) {
	l := Get("nl")
	for b.Loop() {
		l.T("reasons.paused")
	}
}

// Adding a language is one file: it is found, offered, matched, and falls back to English for what it lacks.
func TestALanguageIsOneFile(t *testing.T) {
	more := fstest.MapFS{"eo/eo.toml": {Data: []byte("[format]\nname = \"Esperanto\"\nmonths = [\"jan\"]\n\n[pages.unsubscribe]\ntitle = \"Malaboni\"\n")}}
	for _, b := range library.books {
		names, _ := fs.Glob(files, b.tag.String()+"/*.toml")
		for _, name := range names {
			raw, err := files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			more[name] = &fstest.MapFile{Data: raw}
		}
	}
	before := library
	defer func() { library = before }()
	var err error
	if library, err = stock(more); err != nil {
		t.Fatal(err)
	}
	if got := Languages(); !slices.Equal(got, []string{"en", "nl", "de", "fr", "eo"}) || Name("eo") != "Esperanto" {
		t.Errorf("%v", got)
	}
	if l := build(language.MustParse("eo")); l.T("pages.unsubscribe.title") != "Malaboni" || l.T("pages.preferences.title") != "Your mail, your choice" {
		t.Errorf("%q, %q", l.T("pages.unsubscribe.title"), l.T("pages.preferences.title"))
	}
	for name, bad := range map[string]string{"x!/x.toml": "", "eo/b.toml": "[pages.unsubscribe]\ntitle = \"twice\"", "eo/c.toml": "[pages]\nn = 1", "eo/d.toml": "["} {
		broken := maps.Clone(more)
		broken[name] = &fstest.MapFile{Data: []byte(bad)}
		if _, err := stock(broken); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
