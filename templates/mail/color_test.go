package mail

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever colour a brand picks, labels and links can be read (WCAG 1.4.3), in light and in dark.
func TestEveryBrandColourIsReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rgb{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
		m := newsletter("en")
		m.Brand.Color = c.String()
		th := themeOf(m)
		for name, pair := range map[string][2]rgb{
			"button": {th.label, th.accent}, "link": {th.link, th.card}, "footer link": {th.link, th.bg},
			"dark link": {th.darkLink, th.dCard}, "dark footer link": {th.darkLink, th.dBg}, "dark button": {on(th.darkAccent), th.darkAccent},
			"text": {th.ink, th.card}, "small": {th.muted, th.bg}, "dark text": {th.dInk, th.dCard}, "dark small": {th.dM, th.dBg},
		} {
			if got := contrast(pair[0], pair[1]); got < 4.5 {
				t.Errorf("brand %s: %s %s on %s has contrast %.2f", c, name, pair[0], pair[1], got)
			}
		}
		if got := contrast(th.darkAccent, th.dCard); got < 3 {
			t.Errorf("brand %s: dark button %s does not stand out: %.2f", c, th.darkAccent, got)
		}
	})
}

func TestColoursAreReadOrRefused(t *testing.T) {
	for s, want := range map[string]string{"#abc": "#aabbcc", "#0B6E4F": "#0b6e4f", " #000000 ": "#000000", "red": "", "#12": "", "#gggggg": "", "#000;}": "", "": ""} {
		c, ok := parseColor(s)
		if ok != (want != "") || ok && c.String() != want || ColorOK(s) != ok {
			t.Errorf("parseColor(%q) = %v, %v", s, c, ok)
		}
	}
}
