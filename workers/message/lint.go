package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Lint names every breach of the formats that a mail's bytes have: RFC 5322 §2.1.1 and §3.6, RFC 2047 §2 and §5, RFC 2045 §6.7, and MIME
// that can be taken apart.
func Lint(raw []byte) (found []string) {
	l := linter{}
	l.lines(raw)
	fields, _, err := split(raw)
	if err != nil {
		return append(l.found, err.Error())
	}
	l.fields(fields)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return append(l.found, err.Error())
	}
	l.part(textproto.MIMEHeader(m.Header), m.Body, 0)
	return l.found
}

type linter struct{ found []string }

func (l *linter) add(format string, args ...any) {
	if len(l.found) < 50 {
		l.found = append(l.found, fmt.Sprintf(format, args...))
	}
}

func (l *linter) lines(raw []byte) {
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		l.add("the last line has no end")
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		l.add("it has a NUL")
	}
	for n, line := range bytes.Split(raw, []byte("\r\n")) {
		if len(line) > 998 {
			l.add("line %d has %d octets", n+1, len(line))
		}
		if bytes.ContainsAny(line, "\r\n") {
			l.add("line %d has a bare CR or LF", n+1)
		}
	}
}

var quotedString = regexp.MustCompile(`"(\\.|[^"\\])*"`)

var word = regexp.MustCompile(`=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=`)

func (l *linter) fields(fields []field) {
	count := map[string]int{}
	for _, f := range fields {
		count[strings.ToLower(f.name)]++
		for _, line := range strings.Split(strings.TrimSuffix(string(f.raw), "\r\n"), "\r\n") {
			words := word.FindAllString(line, -1)
			if len(words) > 0 && len(line) > 76 {
				l.add("%s: a line with encoded-words has %d octets", f.name, len(line))
			}
			if strings.TrimSpace(line) == "" {
				l.add("%s: a line of blanks alone", f.name)
			}
			if strings.Contains(quotedString.ReplaceAllString(word.ReplaceAllString(line, ""), ""), "=?") && f.name != "List-Unsubscribe" {
				l.add("%s: a broken encoded-word in %q", f.name, line)
			}
			for _, w := range words {
				text, err := new(mime.WordDecoder).Decode(w)
				if len(w) > 75 || err != nil || !utf8.ValidString(text) {
					l.add("%s: encoded-word %q", f.name, w)
				}
			}
			if open, end := strings.IndexByte(line, '<'), strings.LastIndexByte(line, '>'); open >= 0 && end > open && strings.Contains(line[open:end], "=?") {
				l.add("%s: an encoded-word in an address", f.name)
			}
		}
	}
	for _, name := range []string{"From", "Date", "Subject", "Message-ID", "To", "MIME-Version"} {
		if n := count[strings.ToLower(name)]; n != 1 {
			l.add("%d fields %s", n, name)
		}
	}
	for _, name := range order {
		if n := count[strings.ToLower(name)]; n > 1 {
			l.add("%d fields %s", n, name)
		}
	}
}

// part checks one MIME part, and those inside it.
func (l *linter) part(h textproto.MIMEHeader, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || depth > 5 {
		l.add("content type %q", h.Get("Content-Type"))
		return
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for n := 0; ; n++ {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				if n == 0 {
					l.add("%s without parts", kind)
				}
				return
			}
			if err != nil {
				l.add("%s: %v", kind, err)
				return
			}
			l.part(p.Header, p, depth+1)
		}
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		l.add("%s: %v", kind, err)
		return
	}
	var text []byte
	switch enc := strings.ToLower(h.Get("Content-Transfer-Encoding")); enc {
	case "quoted-printable":
		l.quoted(kind, raw)
		text, err = io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	case "base64":
		text, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(raw)))
	default:
		l.add("%s: transfer encoding %q", kind, enc)
	}
	if err != nil {
		l.add("%s: %v", kind, err)
	}
	if strings.HasPrefix(kind, "text/") && strings.EqualFold(params["charset"], "utf-8") && !utf8.Valid(text) {
		l.add("%s: not UTF-8", kind)
	}
}

// quotable tells whether a line is well-formed quoted-printable.
func quotable(line []byte) bool {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case plain[c]:
		case c != '=':
			return false
		case i+1 == len(line): // a soft line break
		case i+2 < len(line) && strings.IndexByte(hexDigits, line[i+1]) >= 0 && strings.IndexByte(hexDigits, line[i+2]) >= 0:
			i += 2
		default:
			return false
		}
	}
	return true
}

func (l *linter) quoted(kind string, raw []byte) {
	for _, line := range bytes.Split(raw, []byte("\r\n")) {
		switch {
		case len(line) > 76:
			l.add("%s: a quoted-printable line of %d octets", kind, len(line))
		case bytes.HasSuffix(line, []byte{' '}) || bytes.HasSuffix(line, []byte{'\t'}):
			l.add("%s: a quoted-printable line ends in a blank", kind)
		case !quotable(line):
			l.add("%s: not quoted-printable: %q", kind, line)
		}
	}
}
