package mail

// Contrasts are how well a brand's colour can be told apart in a mail (WCAG 2.2, 1.4.3 and 1.4.11): the words on a button
// from the button, and the button from the card that it lies on, in light and dark. A colour that is none is the default.
type Contrasts struct{ Label, Edge, DarkLabel, DarkEdge float64 }

// ContrastsOf computes them as the renderer draws.
func ContrastsOf(color string) Contrasts {
	accent := blue
	if c, ok := parseColor(color); ok {
		accent = c
	}
	dark := rgb{0x1c, 0x21, 0x28}
	own := accent
	if contrast(accent, dark) < 3 {
		own = readable(accent, dark)
	}
	return Contrasts{contrast(on(accent), accent), contrast(accent, white), contrast(on(own), own), contrast(own, dark)}
}
