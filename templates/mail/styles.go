package mail

import (
	"fmt"

	"github.com/a-h/templ"
)

const font = "font-family:-apple-system,BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif;"

// Pixels: the card, and the room for content between its margins.
const (
	cardWidth  = 600
	cardMargin = 32
	fullWidth  = cardWidth - 2*cardMargin
	gutter     = 24
)

// theme is a message's look, computed once: inline styles for light clients and the style sheet for dark ones.
type theme struct {
	dir, start, end           string // "ltr", "left", "right" or their mirror
	accent, label, link       rgb
	darkLink, darkAccent      rgb
	bg, card, ink, muted      rgb
	line                      rgb
	foreign                   string // the language of our own texts where it is not the mail's
	dBg, dCard, dInk, dM, dLn rgb
}

func themeOf(m Message) theme {
	t := theme{
		dir: m.Locale.Dir(), start: "left", end: "right",
		bg: rgb{0xf3, 0xf4, 0xf6}, card: white, ink: rgb{0x1f, 0x29, 0x37}, muted: rgb{0x55, 0x5f, 0x6d}, line: rgb{0xdf, 0xe3, 0xe8},
		dBg: rgb{0x11, 0x14, 0x18}, dCard: rgb{0x1c, 0x21, 0x28}, dInk: rgb{0xe8, 0xea, 0xed}, dM: rgb{0xa8, 0xb0, 0xbb}, dLn: rgb{0x3a, 0x42, 0x4d},
	}
	if t.dir == "rtl" {
		t.start, t.end = "right", "left"
	}
	t.accent = blue
	if c, ok := parseColor(m.Brand.Color); ok {
		t.accent = c
	}
	t.label = on(t.accent)
	t.link = readable(t.accent, t.bg) // the footer's ground is the darker of the two
	t.darkLink = readable(t.accent, t.dCard)
	t.darkAccent = t.accent
	if contrast(t.accent, t.dCard) < 3 { // a button's edge, WCAG 1.4.11
		t.darkAccent = t.darkLink
	}
	if own := m.Locale.Language(); len(m.Locale.Tag()) < 2 || m.Locale.Tag()[:2] != own {
		t.foreign = own
	}
	return t
}

func css(format string, args ...any) templ.SafeCSS {
	return templ.SafeCSS(fmt.Sprintf(format, args...))
}

func (t theme) body() templ.SafeCSS {
	return css("margin:0;padding:0;width:100%%;background-color:%s;-webkit-text-size-adjust:100%%;", t.bg)
}

func (t theme) prose() templ.SafeCSS {
	return css("margin:0 0 16px;%sfont-size:16px;line-height:26px;color:%s;text-align:%s;", font, t.ink, t.start)
}

func (t theme) small() templ.SafeCSS {
	return css("margin:0 0 12px;%sfont-size:13px;line-height:20px;color:%s;text-align:%s;", font, t.muted, t.start)
}

// heading sizes fall from 28 px to 16 px.
func (t theme) heading(level int) templ.SafeCSS {
	sizes := [...]int{28, 22, 19, 17, 16, 16}
	s := sizes[min(max(level, 1), 6)-1]
	return css("margin:0 0 %dpx;%sfont-size:%dpx;line-height:%dpx;font-weight:700;color:%s;text-align:%s;",
		12, font, s, s+s/3, t.ink, t.start)
}

func (t theme) anchor() templ.SafeCSS { return css("color:%s;text-decoration:underline;", t.link) }

func (t theme) list() templ.SafeCSS {
	return css("margin:0 0 16px;padding:0;padding-%s:24px;%sfont-size:16px;line-height:26px;color:%s;text-align:%s;", t.start, font, t.ink, t.start)
}

func (t theme) quote() templ.SafeCSS {
	return css("margin:0 0 16px;padding:0;padding-%s:16px;border-%s:3px solid %s;", t.start, t.start, t.line)
}

func (t theme) code() templ.SafeCSS {
	return css("font-family:Menlo,Consolas,monospace;font-size:14px;color:%s;", t.ink)
}

func (t theme) pre() templ.SafeCSS {
	return css("margin:0 0 16px;font-family:Menlo,Consolas,monospace;font-size:14px;line-height:22px;white-space:pre-wrap;color:%s;", t.ink)
}

func (t theme) buttonCell() templ.SafeCSS {
	return css("border-radius:6px;background-color:%s;mso-padding-alt:13px 28px;", t.accent)
}

func (t theme) buttonLink() templ.SafeCSS {
	return css("display:inline-block;padding:13px 28px;border-radius:6px;%sfont-size:16px;line-height:22px;font-weight:600;color:%s;text-decoration:none;", font, t.label)
}

// sheet is the style sheet: what cannot be said inline. Clients that drop it still show a whole mail.
func (t theme) sheet() string {
	dark := func(scope string) string {
		return fmt.Sprintf(`%[1]s.bg{background-color:%[2]s!important}
%[1]s.card{background-color:%[3]s!important}
%[1]s.ink{color:%[4]s!important}
%[1]s.muted{color:%[5]s!important}
%[1]s.line{border-color:%[6]s!important}
%[1]s.link{color:%[7]s!important}
%[1]s.btn{background-color:%[8]s!important;color:%[9]s!important}
%[1]s.logo{background-color:#ffffff!important;padding:6px 8px!important;border-radius:6px!important}
`, scope, t.dBg, t.dCard, t.dInk, t.dM, t.dLn, t.darkLink, t.darkAccent, on(t.darkAccent))
	}
	return `:root{color-scheme:light dark;supported-color-schemes:light dark}
table{border-collapse:separate}
img{border:0;-ms-interpolation-mode:bicubic}
a.ink{text-decoration:none}
@media only screen and (max-width:599px){
.outer{padding:0!important}
.card{border-radius:0!important}
.pad{padding-left:20px!important;padding-right:20px!important}
.col{display:block!important;max-width:100%!important}
.colpad{padding-left:0!important;padding-right:0!important}
.fill{max-width:100%!important}
.h1{font-size:24px!important;line-height:32px!important}
}
@media (prefers-color-scheme:dark){
` + dark("") + `}
` + dark("[data-ogsc] ")
}

// outlook tells Outlook for Windows to show pixels as pixels.
const outlook = `<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript><![endif]-->`
