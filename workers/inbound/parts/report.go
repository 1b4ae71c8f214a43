package parts

import (
	"bytes"
	"strings"
)

// Find is the first part of one of the types.
func (m *Message) Find(types ...string) (Part, bool) {
	for _, p := range m.Parts {
		for _, t := range types {
			if p.Type == t {
				return p, true
			}
		}
	}
	return Part{}, false
}

// Body is the text that a person would read: the text/plain parts, or the
// text/html ones where there is no plain, without attachments.
func (m *Message) Body() string {
	for _, want := range []string{"text/plain", "text/html"} {
		var b strings.Builder
		for _, p := range m.Parts {
			if p.Type != want || p.Attach {
				continue
			}
			if t := p.Text(); strings.TrimSpace(t) != "" {
				b.WriteString(t)
				b.WriteByte('\n')
			}
		}
		if b.Len() > 0 {
			return b.String()
		}
	}
	return ""
}

// Original is the header of the message that this one speaks of: embedded as a
// whole or by its header (RFC 6522 §3, RFC 6533 §6). Where a gateway wrapped a
// report in another message, it is the one that the inner report speaks of.
func (m *Message) Original() (Header, bool) {
	if inner, ok := m.Wrapped(); ok {
		m = inner
	}
	p, ok := m.Find("message/rfc822", "text/rfc822-headers", "message/global",
		"message/global-headers", "message/rfc822-headers", "text/rfc822-header", "text/rfc822")
	if !ok {
		return Header{}, false
	}
	head, _, _ := split(trimBlankLines(p.Body), len(p.Body))
	h := ParseHeader(head)
	return h, h.Len() > 0
}

// Wrapped is the report that is embedded in this message, which is none itself.
func (m *Message) Wrapped() (*Message, bool) {
	p, ok := m.Find("message/rfc822")
	if !ok || m.Report != "" {
		return nil, false
	}
	inner, err := Read(bytes.NewReader(trimBlankLines(p.Body)), Limits{})
	if err != nil || inner.Report == "" {
		return nil, false
	}
	return inner, true
}

func trimBlankLines(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}
