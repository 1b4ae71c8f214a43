package assets

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The grounds that a brand's colour is read against: the darkest of the light ones and the lightest of the dark ones
// (see tokens.css), so that a colour that holds here holds everywhere.
var (
	lightGround = rgb{0xee, 0xec, 0xe5}
	darkGround  = rgb{0x17, 0x1e, 0x1b}
	white       = rgb{255, 255, 255}
	black       = rgb{0, 0, 0}
)

// minContrast is WCAG 2.2 §1.4.3 for text of normal size.
const minContrast = 4.5

const brandPrefix = Prefix + "brand/"

// BrandURL returns the address of a style sheet that makes color ("#rgb" or "#rrggbb") the accent of a page,
// or "" when color is not one. The colour is darkened or lightened as far as legible text needs.
func BrandURL(color string) string {
	c, ok := parse(color)
	if !ok {
		return ""
	}
	return brandPrefix + c.hex() + ".css"
}

func brandSheet(path string) (*asset, bool) {
	name, ok := strings.CutPrefix(path, brandPrefix)
	if !ok {
		return nil, false
	}
	name, ok = strings.CutSuffix(name, ".css")
	c, valid := parse("#" + name)
	if !ok || !valid || c.hex() != name {
		return nil, false
	}
	light, dark := c.legible(lightGround, black), c.legible(darkGround, white)
	sheet := scheme(light, light.mix(black, 0.22), white, light.mix(white, 0.88), black) +
		"@media (prefers-color-scheme: dark) {" + scheme(dark, dark.mix(white, 0.3), black, dark.mix(darkGround, 0.82), white) + "}\n"
	return &asset{name: name, url: path, contentType: types[".css"], body: []byte(sheet)}, true
}

func scheme(accent, strong, on, soft, towards rgb) string {
	return fmt.Sprintf(":root { --accent: #%s; --accent-strong: #%s; --on-accent: #%s; --accent-soft: #%s; --on-accent-soft: #%s; --c1: #%s; }\n",
		accent.hex(), strong.hex(), on.hex(), soft.hex(), accent.legible(soft, towards).hex(), accent.hex())
}

type rgb [3]uint8

func parse(s string) (rgb, bool) {
	s, ok := strings.CutPrefix(s, "#")
	if ok && len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if !ok || err != nil || len(s) != 6 {
		return rgb{}, false
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

func (c rgb) hex() string { return fmt.Sprintf("%02x%02x%02x", c[0], c[1], c[2]) }

func (c rgb) mix(other rgb, share float64) rgb {
	var out rgb
	for i := range c {
		out[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return out
}

// legible moves c towards another colour until it holds minContrast against ground.
func (c rgb) legible(ground, towards rgb) rgb {
	for share := 0.0; share < 1; share += 0.04 {
		if m := c.mix(towards, share); contrast(m, ground) >= minContrast {
			return m
		}
	}
	return towards
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c rgb) luminance() float64 {
	var l [3]float64
	for i, v := range c {
		s := float64(v) / 255
		if s <= 0.04045 {
			l[i] = s / 12.92
		} else {
			l[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}
