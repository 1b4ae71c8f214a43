package parts

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// Header is a block of fields as it was found, repeated names included.
type Header struct{ h message.Header }

// Get is the first value of the field, unfolded but not decoded.
func (h Header) Get(name string) string { return h.h.Get(name) }

// Has reports whether the field is there at all.
func (h Header) Has(name string) bool { return h.h.Has(name) }

// Values are all values of the field in order.
func (h Header) Values(name string) []string { return h.h.Values(name) }

// Text is the first value with its encoded-words decoded (RFC 2047), as plain
// text on one line.
func (h Header) Text(name string) string {
	s, err := h.h.Text(name)
	if err != nil {
		s = h.h.Get(name)
	}
	return Plain(s, 998)
}

// Len is the number of fields.
func (h Header) Len() int { return h.h.Len() }

// Each calls f with every field in order.
func (h Header) Each(f func(name, value string)) {
	for fields := h.h.Fields(); fields.Next(); {
		f(fields.Key(), fields.Value())
	}
}

// ParseHeader reads the fields at the beginning of block, leaving out lines
// that are none (an mbox separator, text of a broken agent).
func ParseHeader(block []byte) Header {
	clean := make([]byte, 0, len(block)+4)
	keep := false
	for line := range bytes.Lines(block) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		switch {
		case line[0] == ' ' || line[0] == '\t':
			if !keep || len(bytes.TrimLeft(line, " \t")) == 0 {
				continue
			}
		default:
			keep = isField(line)
		}
		if keep {
			clean = append(append(clean, line...), '\r', '\n')
		}
	}
	clean = append(clean, '\r', '\n')
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(clean)))
	if err != nil && err != io.EOF {
		h = textproto.Header{}
	}
	return Header{message.Header{Header: h}}
}

// isField reports whether the line begins a field: printable ASCII without
// spaces, then a colon (RFC 5322 §3.6.8).
func isField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 100 {
		return false
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0 && !strings.ContainsAny(string(name), "()<>@,;\\\"/[]?={}")
}

// split cuts a message or part into its header block, at most max bytes of it,
// and its body.
func split(data []byte, max int) (header, body []byte, truncated bool) {
	end, next := len(data), len(data)
	for at := 0; at < len(data); {
		nl := bytes.IndexByte(data[at:], '\n')
		if nl < 0 {
			break
		}
		if len(bytes.TrimRight(data[at:at+nl], "\r")) == 0 {
			end, next = at, at+nl+1
			break
		}
		at += nl + 1
	}
	header, body = data[:end], data[next:]
	if len(header) > max {
		return header[:max], body, true
	}
	return header, body, false
}
