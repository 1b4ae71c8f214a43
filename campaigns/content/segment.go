package content

import (
	"strings"
	"unicode/utf8"

	"assent/templates/mail"
)

// Segment is a stretch of a compiled mail: a literal that is the same for everybody, or something that is written
// for each person.
type Segment struct {
	literal     string
	ref         *ref
	in          medium
	at          place
	flow        []Segment // the end of a text paragraph, wrapped for each person
	first, rest string    // prefixes of its lines
}

// Static tells whether everybody gets the same, which is then [Segment.Literal].
func (s *Segment) Static() bool { return s.ref == nil && s.flow == nil }

// Literal is the text of a static segment.
func (s *Segment) Literal() string { return s.literal }

// Append writes the segment for a person onto dst, escaped for where it stands, as bytes of UTF-8 before any
// transfer encoding. Lines end with "\n".
func (s *Segment) Append(dst []byte, p *Person) []byte {
	switch {
	case s.ref != nil:
		return appendValue(dst, p.value(s.ref), s.in, s.at)
	case s.flow != nil:
		at := len(dst)
		dst = Append(dst, s.flow, p)
		line := string(dst[at:])
		return mail.Wrap(dst[:at], line, s.first, s.rest)
	}
	return append(dst, s.literal...)
}

// Append writes a list of segments for a person onto dst.
func Append(dst []byte, list []Segment, p *Person) []byte {
	for i := range list {
		dst = list[i].Append(dst, p)
	}
	return dst
}

// Plain reads segments for a list or a log: fields show as their names, in braces.
func Plain(list []Segment) string {
	var b strings.Builder
	for i := range list {
		switch s := &list[i]; {
		case s.ref != nil:
			b.WriteString("{{ " + s.ref.String() + " }}")
		case s.flow != nil:
			b.WriteString(Plain(s.flow))
		default:
			b.WriteString(s.literal)
		}
	}
	return b.String()
}

// segments cuts a rendered stretch at its marks.
func (m *marks) segments(s string, in medium) []Segment {
	var out []Segment
	for {
		lit, u, rest, ok := m.next(s)
		if lit != "" {
			out = append(out, Segment{literal: lit})
		}
		if !ok {
			return out
		}
		r := u.ref
		out = append(out, Segment{ref: &r, in: in, at: u.place})
		s = rest
	}
}

// builder joins neighbouring literals.
type builder struct {
	out []Segment
	lit []byte
}

func (b *builder) add(list ...Segment) {
	for _, s := range list {
		if s.Static() {
			b.lit = append(b.lit, s.literal...)
			continue
		}
		b.flush()
		b.out = append(b.out, s)
	}
}

func (b *builder) flush() {
	if len(b.lit) > 0 {
		b.out = append(b.out, Segment{literal: string(b.lit)})
		b.lit = b.lit[:0]
	}
}

// text wraps what is the same for everybody now, and leaves the lines that depend on a value to be wrapped for
// each person.
func (m *marks) text(paras []mail.Para) []Segment {
	var b builder
	for i := range paras {
		p := &paras[i]
		if !hasMark(p.Text) {
			b.lit = p.Append(b.lit, i == 0)
			continue
		}
		if i > 0 && !p.Tight {
			b.lit = append(b.lit, '\n')
		}
		prefix := p.First
		for rest, more := p.Text, true; more; prefix = p.Rest {
			var line string
			line, rest, more = strings.Cut(rest, "\n")
			m.line(&b, line, prefix, p.Rest, p.Verbatim)
		}
	}
	b.flush()
	return b.out
}

func (m *marks) line(b *builder, line, first, rest string, verbatim bool) {
	switch {
	case verbatim || m.oneLink(line):
		b.lit = append(b.lit, first...)
		b.add(m.segments(line, textPart)...)
		b.lit = append(b.lit, '\n')
	case !hasMark(line):
		b.lit = mail.Wrap(b.lit, line, first, rest)
	default:
		// The lines before the word with the first mark do not depend on any value.
		word := strings.LastIndexAny(line[:strings.Index(line, markLead)], " \t") + 1
		head := string(mail.Wrap(nil, line[:word], first, rest))
		if cut := strings.LastIndexByte(strings.TrimSuffix(head, "\n"), '\n') + 1; cut > 0 {
			b.lit = append(b.lit, head[:cut]...)
			line = strings.TrimPrefix(strings.TrimSuffix(head[cut:], "\n"), rest) + " " + line[word:]
			first = rest
		}
		b.add(Segment{flow: m.segments(line, textPart), first: first, rest: rest})
	}
}

// oneLink tells whether a line is one word whose fields are parts of links, which is never wrapped.
func (m *marks) oneLink(line string) bool {
	if strings.ContainsAny(line, " \t") {
		return false
	}
	for s := line; ; {
		before, u, rest, ok := m.next(s)
		if !ok {
			return !wide(s)
		}
		if u.place == inText || wide(before) {
			return false
		}
		s = rest
	}
}

func wide(s string) bool { return len(s) != utf8.RuneCountInString(s) }
