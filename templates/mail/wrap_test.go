package mail

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct{ text, first, rest, want string }{
		{"", "", "", "\n"},
		{"one  two", "- ", "  ", "- one two\n"},
		{strings.Repeat("word ", 16), "> ", "> ", "> " + strings.Repeat("word ", 14) + "word\n> word\n"},
		{"see " + strings.Repeat("u", 90) + " now", "", "", "see\n" + strings.Repeat("u", 90) + "\nnow\n"},
		{strings.Repeat("語", 40), "", "", strings.Repeat("語", 38) + "\n語語\n"},
		{"a\u00a0b " + strings.Repeat("x", 73), "", "", "a\u00a0b\n" + strings.Repeat("x", 73) + "\n"},
	} {
		if got := string(Wrap(nil, c.text, c.first, c.rest)); got != c.want {
			t.Errorf("Wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// Wrapping loses no word, adds none, and breaks only where it must.
func TestWrapKeepsEveryWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zé語 ]{0,300}`).Draw(t, "text")
		rest := rapid.SampledFrom([]string{"", "> ", "   "}).Draw(t, "rest")
		got := string(Wrap(nil, text, rest, rest))
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		var words string
		for _, l := range lines {
			if !strings.HasPrefix(l, strings.TrimRight(rest, " ")) {
				t.Fatalf("line %q lost its prefix", l)
			}
			l = strings.TrimPrefix(l, rest)
			words += l
			if measure(rest+l) > TextWidth && strings.Contains(l, " ") {
				t.Fatalf("line %q of %d columns", l, measure(rest+l))
			}
		}
		if strings.ReplaceAll(words, " ", "") != strings.ReplaceAll(text, " ", "") && strings.TrimSpace(text) != "" {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
