package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Build makes the bytes of one mail. The same message always gives the same bytes.
func Build(m Message) ([]byte, error) {
	m, err := m.check()
	if err != nil {
		return nil, err
	}
	return m.build()
}

func (m *Message) build() ([]byte, error) {
	// A new Msg for each mail: go-mail's Reset keeps preformatted headers, and with them somebody else's unsubscribe link.
	g := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	m.headers(g)
	g.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		g.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		if err := g.AttachReader(a.Filename, bytes.NewReader(a.Data), a.headers); err != nil {
			return nil, invalid("attachment %s: %w", a.Filename, err)
		}
	}
	var raw bytes.Buffer
	raw.Grow(2*len(m.HTML) + 2*len(m.Text) + 4096)
	if _, err := g.WriteTo(&raw); err != nil {
		return nil, invalid("%w", err)
	}
	return reorder(m.boundaries(raw.Bytes()))
}

// headers says how a file is shown. go-mail would write its name as an encoded-word in a quoted string, which RFC 2047 §5 forbids.
func (a Attachment) headers(f *gomail.File) {
	name := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, a.Filename)
	f.Header.Set("Content-Type", fold(a.ContentType))
	f.Header.Set("Content-Disposition", fold(mime.FormatMediaType("attachment", map[string]string{"filename": name}))) // RFC 2231
}

// fold breaks the line before each parameter.
func fold(s string) string { return strings.ReplaceAll(s, "; ", ";\r\n ") }

// boundaries replaces go-mail's random boundaries with ones that depend on the Message-ID alone.
func (m *Message) boundaries(raw []byte) []byte {
	for n := 0; ; n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "boundary %d %s", n, m.MessageID))
		fresh := hex.AppendEncode(nil, sum[:30])
		at := -1
		for from := 0; ; {
			i := bytes.Index(raw[from:], []byte("\r\n boundary="))
			if i < 0 {
				return raw
			}
			at = from + i + len("\r\n boundary=")
			if !bytes.HasPrefix(raw[at:], []byte("assent")) {
				break
			}
			from = at
		}
		end := bytes.Index(raw[at:], []byte("\r\n"))
		if end != len(fresh) || len(bytes.Trim(raw[at:at+end], "0123456789abcdef")) > 0 { // a line of somebody's text
			return raw
		}
		copy(fresh, "assent")
		raw = bytes.ReplaceAll(raw, slices.Clone(raw[at:at+end]), fresh)
	}
}

// field is one header field with its folded lines and their ends.
type field struct {
	name string
	raw  []byte
}

// split takes the header apart; body begins behind the empty line.
func split(raw []byte) (fields []field, body []byte, err error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, nil, invalid("it has no body")
	}
	for _, line := range bytes.SplitAfter(append(head[:len(head):len(head)], "\r\n"...), []byte("\r\n")) {
		switch {
		case len(line) == 0:
		case line[0] == ' ' || line[0] == '\t':
			if len(fields) == 0 {
				return nil, nil, invalid("it begins with a continuation line")
			}
			last := &fields[len(fields)-1]
			last.raw = append(last.raw, line...)
		default:
			name, _, ok := bytes.Cut(line, []byte{':'})
			if !ok {
				return nil, nil, invalid("header line %q", line)
			}
			fields = append(fields, field{string(name), slices.Clone(line)})
		}
	}
	return fields, body, nil
}

// reorder brings the header fields into our order; go-mail's is random.
func reorder(raw []byte) ([]byte, error) {
	fields, body, err := split(raw)
	if err != nil {
		return nil, err
	}
	for i, f := range fields {
		if f.name == "Message-ID" { // go-mail folds a long one, which some readers do not bear
			fields[i].raw = bytes.Replace(f.raw, []byte(":\r\n "), []byte(": "), 1)
		}
		if !slices.Contains(order, f.name) {
			return nil, invalid("header %s is not one of ours", f.name)
		}
	}
	slices.SortStableFunc(fields, func(a, b field) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
	out := make([]byte, 0, len(raw))
	for _, f := range fields {
		out = append(out, f.raw...)
	}
	return append(append(out, "\r\n"...), body...), nil
}
