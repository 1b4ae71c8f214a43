package content

import "unicode/utf8"

// medium is the part of a mail that a segment belongs to: it decides with the place how a value is written.
type medium uint8

const (
	header medium = iota
	htmlPart
	textPart
)

// appendValue writes a value for where it stands. It is the only way that a person's value enters a mail.
func appendValue(dst []byte, v string, in medium, at place) []byte {
	switch {
	case at == inQuery:
		return appendQuery(dst, v)
	case in == htmlPart:
		return appendHTML(dst, v)
	}
	return appendClean(dst, v)
}

// cleanRune is what a rune of a value becomes: line breaks and controls would end a header or forge a line, and
// directional overrides would turn the text around them. ok is false for what is left out.
func cleanRune(r rune) (clean rune, ok bool) {
	switch {
	case breaks(r), r == '\t':
		return ' ', true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff':
		return 0, false
	}
	return r, true // invalid UTF-8 arrives as U+FFFD
}

func appendClean(dst []byte, v string) []byte {
	from := 0
	for i := 0; i < len(v); {
		if c := v[i]; c >= ' ' && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(v[i:])
		dst = append(dst, v[from:i]...)
		i += size
		from = i
		if r, ok := cleanRune(r); ok {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, v[from:]...)
}

// appendHTML escapes for HTML text and for a quoted attribute; the five entities are those of html.EscapeString.
func appendHTML(dst []byte, v string) []byte {
	from := 0
	for i := 0; i < len(v); {
		c := v[i]
		entity := ""
		switch {
		case c == '&':
			entity = "&amp;"
		case c == '<':
			entity = "&lt;"
		case c == '>':
			entity = "&gt;"
		case c == '"':
			entity = "&#34;"
		case c == '\'':
			entity = "&#39;"
		case c >= ' ' && c < 0x7f:
			i++
			continue
		}
		dst = append(dst, v[from:i]...)
		if entity != "" {
			dst = append(dst, entity...)
			i++
		} else {
			r, size := utf8.DecodeRuneInString(v[i:])
			i += size
			if r, ok := cleanRune(r); ok {
				dst = utf8.AppendRune(dst, r)
			}
		}
		from = i
	}
	return append(dst, v[from:]...)
}

// appendQuery escapes everything that RFC 3986 §2.3 does not call unreserved: the result means the same in a path
// and in a query, and needs no escaping in HTML.
func appendQuery(dst []byte, v string) []byte {
	const hex = "0123456789ABCDEF"
	var clean [utf8.UTFMax]byte
	for _, r := range v {
		r, ok := cleanRune(r)
		if !ok {
			continue
		}
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' || r == '~') {
			dst = append(dst, byte(r))
			continue
		}
		for _, c := range utf8.AppendRune(clean[:0], r) {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
