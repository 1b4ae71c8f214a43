package mail

import (
	"strings"

	"github.com/a-h/templ"
)

// silence keeps inboxes from showing the start of the body behind the preheader.
var silence = strings.Repeat("&#847;&zwnj;&nbsp;", 60)

// link is the last guard of every href and src: a scheme other than the four that a mail may have becomes "#".
// Callers check before; this holds if one forgets.
func link(url string) templ.SafeURL {
	trimmed := strings.TrimLeft(url, " \t\r\n\f\x00")
	end := strings.IndexAny(trimmed, ":/?#")
	if end < 0 || trimmed[end] != ':' {
		return templ.SafeURL(trimmed)
	}
	switch strings.ToLower(trimmed[:end]) {
	case "http", "https", "mailto", "tel":
		return templ.SafeURL(trimmed)
	}
	return "#"
}

// speaks marks our own texts where they are in another language than the mail (WCAG 3.1.2). What we have texts in is
// written from left to right.
func (t theme) speaks() templ.Attributes {
	if t.foreign == "" {
		return nil
	}
	return templ.Attributes{"lang": t.foreign, "dir": "ltr"}
}

// own is [theme.speaks] for a body that is our own text.
func (m Message) own(t theme) templ.Attributes {
	if !m.typed {
		return nil
	}
	return t.speaks()
}

// fit is the image's width in a column of the given width.
func (b Image) fit(width int) int {
	if b.Width > 0 && b.Width < width {
		return b.Width
	}
	return width
}

// columnWidth is what is left for content in one of n columns.
func columnWidth(width, n int) int { return width/n - gutter*(n-1)/n }

// columnPad shares the gutters so that all columns are equally wide and the outer edges are flush.
func (t theme) columnPad(i, n int) templ.SafeCSS {
	before, after := gutter*i/n, gutter*(n-1-i)/n
	if t.dir == "rtl" {
		before, after = after, before
	}
	return css("padding:0 %dpx 0 %dpx;", after, before)
}

func (t theme) factName() templ.SafeCSS {
	return css("padding:10px 0;padding-%s:16px;width:38%%;border-top:1px solid %s;%sfont-size:15px;line-height:22px;font-weight:400;color:%s;", t.end, t.line, font, t.muted)
}

func (t theme) factValue() templ.SafeCSS {
	return css("padding:10px 0;border-top:1px solid %s;%sfont-size:15px;line-height:22px;font-weight:600;color:%s;", t.line, font, t.ink)
}

// footerLink leaves room around each link: 24 px targets, WCAG 2.5.8.
func (t theme) footerLink() templ.SafeCSS {
	return css("color:%s;text-decoration:underline;display:inline-block;padding:2px 0;", t.link)
}
