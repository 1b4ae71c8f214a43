package policies_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"assent/campaigns/policies"
)

// shape writes a comparison as one text: [-removed-] and {+added+}, a line a paragraph.
func shape(c policies.Comparison) string {
	var lines []string
	for _, p := range c.Paragraphs {
		line := p.Kind + ": "
		for _, s := range p.Spans {
			line += map[policies.Op]string{policies.Same: s.Text, policies.Added: "{+" + s.Text + "+}", policies.Removed: "[-" + s.Text + "-]"}[s.Op]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestChangesAreToldByTheWord(t *testing.T) {
	for name, tt := range map[string]struct{ older, newer, want string }{
		"a word":              {"We keep it for five years.", "We keep it for two years.", "paragraph: We keep it for [-five-]{+two+} years."},
		"nothing":             {"Same *text*.", "Same text.", "paragraph: Same text."},
		"a paragraph more":    {"One.\n\nThree.", "One.\n\nTwo words.\n\nThree.", "paragraph: One.\nparagraph: {+Two words.+}\nparagraph: Three."},
		"a paragraph less":    {"One.\n\nTwo words.\n\nThree.", "One.\n\nThree.", "paragraph: One.\nparagraph: [-Two words.-]\nparagraph: Three."},
		"where a link leads":  {"[Ask](https://a.example) us", "[Ask](https://b.example) us", "paragraph: Ask (https://[-a-]{+b+}.example) us"},
		"a list":              {"- mail\n- phone", "- mail\n- post", "item: mail\nitem: [-phone-]{+post+}"},
		"a heading":           {"# Old title\n\nText", "# New title\n\nText", "heading: [-Old-]{+New+} title\nparagraph: Text"},
		"a table":             {"|a|b|\n|-|-|\n|1|2|", "|a|b|\n|-|-|\n|1|3|", "row: a | b\nrow: 1 | [-2-]{+3+}"},
		"punctuation":         {"No, never", "No never", "paragraph: No[-,-] never"},
		"without spaces":      {"我们保存五年", "我们保存两年", "paragraph: 我们保存[-五-]{+两+}年"},
		"all new":             {"", "Hello", "paragraph: {+Hello+}"},
		"only line breaks":    {"One two\nthree", "One\ntwo three", "paragraph: One two three"},
		"combining and marks": {"naïve café", "naïve cafés", "paragraph: naïve [-café-]{+cafés+}"},
	} {
		c := policies.Compare(tt.older, tt.newer)
		if diff := cmp.Diff(tt.want, shape(c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	c := policies.Compare("We keep it for five years.", "We keep it, at most, for two years.")
	if c.Added != 3 || c.Removed != 1 {
		t.Errorf("%d added, %d removed", c.Added, c.Removed)
	}
}

// sides are the two texts that a comparison stands for, without the marks.
func sides(c policies.Comparison) (older, newer string) {
	for _, p := range c.Paragraphs {
		for _, s := range p.Spans {
			if s.Op != policies.Added {
				older += s.Text
			}
			if s.Op != policies.Removed {
				newer += s.Text
			}
		}
	}
	return older, newer
}

// Nothing is lost and nothing is made up: each side of a comparison reads as its own text does.
func TestAComparisonHoldsBothTextsWhole(t *testing.T) {
	word := rapid.SampledFrom([]string{"we", "keep", "your", "data", "five", "years", ",", ".", "\n\n", "\n- ", "\n# ", "*x*", "[a](b)", "`c`", "é", "年", "\n|a|b|\n|-|-|\n|1|2|\n"})
	rapid.Check(t, func(t *rapid.T) {
		older := strings.Join(rapid.SliceOfN(word, 0, 60).Draw(t, "older"), " ")
		newer := strings.Join(rapid.SliceOfN(word, 0, 60).Draw(t, "newer"), " ")
		gotOlder, gotNewer := sides(policies.Compare(older, newer))
		wantOlder, _ := sides(policies.Compare(older, older))
		wantNewer, _ := sides(policies.Compare(newer, newer))
		if gotOlder != wantOlder || gotNewer != wantNewer {
			t.Fatalf("%q → %q: %q, %q", older, newer, gotOlder, gotNewer)
		}
		for _, p := range policies.Compare(older, older).Paragraphs {
			if p.Changed() {
				t.Fatalf("%q differs from itself", older)
			}
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add("# A\n\nb", "- c\n\n    code\n|x|y|\n|-|-|\n|1|2|\n<b>d</b>")
	f.Fuzz(func(t *testing.T, older, newer string) {
		gotOlder, gotNewer := sides(policies.Compare(older, newer))
		if backNewer, backOlder := sides(policies.Compare(newer, older)); gotOlder != backOlder || gotNewer != backNewer {
			t.Errorf("%q, %q: the way back holds other texts", older, newer)
		}
	})
}
