package names_test

import (
	"strings"
	"testing"

	"assent/preferences/names"
)

// What somebody writes as a name becomes a key, whatever letters it has; what has none of them becomes no key.
func TestAKeyIsMadeOfAName(t *testing.T) {
	for text, want := range map[string]string{
		"People in the Netherlands": "people-in-the-netherlands",
		"  Blumen & Meer, Köln! ":   "blumen-meer-koln",
		"Straße d’Été 5":            "strasse-dete-5",
		"Łódź – Ærø":                "lodz-aero",
		"日本":                        "",
		"—":                         "",
		"":                          "",
	} {
		if got := names.KeyOf(text); got != want {
			t.Errorf("%q became %q instead of %q", text, got, want)
		}
	}
	for _, text := range []string{strings.Repeat("ab ", 100), strings.Repeat("x", 300), strings.Repeat("é-", 200)} {
		if got := names.KeyOf(text); !names.IsKey(got) || len(got) > 63 {
			t.Errorf("%.20q… became %q", text, got)
		}
	}
}
