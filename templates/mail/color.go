package mail

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour with channels from 0 to 255.
type rgb struct{ r, g, b uint8 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

var (
	white = rgb{255, 255, 255}
	black = rgb{17, 24, 39}
	blue  = rgb{31, 79, 163}
)

// parseColor reads "#rrggbb" or "#rgb".
func parseColor(s string) (rgb, bool) {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), "#")
	if !ok {
		return rgb{}, false
	}
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	if len(s) != 6 {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// ColorOK tells whether a brand's colour can be read.
func ColorOK(s string) bool {
	_, ok := parseColor(s)
	return ok
}

// luminance is WCAG 2.2's relative luminance.
func (c rgb) luminance() float64 {
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.r) + 0.7152*lin(c.g) + 0.0722*lin(c.b)
}

// contrast is WCAG 2.2's contrast ratio, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// on is the label colour for a background: white where it can be read (4.5:1), else near-black.
func on(background rgb) rgb {
	if contrast(white, background) >= 4.5 {
		return white
	}
	if contrast(black, background) >= 4.5 {
		return black
	}
	return rgb{} // plain black reaches 4.5 wherever white does not
}

// readable moves c towards the far end of the scale until it reads as text on the background at 4.5:1.
func readable(c, background rgb) rgb {
	goal := rgb{}
	if background.luminance() < 0.18 {
		goal = white
	}
	mix := func(a, b uint8, t float64) uint8 { return uint8(math.Round(float64(a)*(1-t) + float64(b)*t)) }
	for i := 0; i <= 20; i++ {
		t := float64(i) / 20
		m := rgb{mix(c.r, goal.r, t), mix(c.g, goal.g, t), mix(c.b, goal.b, t)}
		if contrast(m, background) >= 4.5 {
			return m
		}
	}
	return goal
}
