package content

import (
	"strings"

	"assent/preferences/problem"
)

// Sound is the body without what is wrong in it, so that a draft can be looked at while it is being written. Of a body
// in which nothing is wrong it is all. Events that are not known are left out; a nil known knows all.
func (b Blocks) Sound(known func(slug string) bool) Blocks {
	out := Blocks{}
	for _, block := range b {
		if c, ok := block.(Columns); ok {
			kept := Columns{}
			for _, column := range c.Columns {
				kept.Columns = append(kept.Columns, column.Sound(known))
			}
			block = kept
		}
		if i, ok := block.(Image); ok && strings.TrimSpace(i.Alt) == "" { // what it shows is asked for, but it can be seen
			i.Alt, i.Link, i.Decorative = "", "", true
			block = i
		}
		if e, ok := block.(Event); ok && known != nil && !known(e.Event) {
			continue
		}
		var wrong problem.Collector
		Blocks{block}.Check(&wrong)
		if wrong.Err() == nil {
			out = append(out, block)
		}
	}
	return out
}

// FillLine is a subject or preheader as a person reads it, and whether anything in it is of that person.
func FillLine(s string, p *Person) (line string, personal bool) {
	parts, err := split(s)
	if err != nil {
		return SoundLine(s), false
	}
	var out []byte
	for _, part := range parts {
		if part.ref == nil {
			out = append(out, part.literal...)
			continue
		}
		personal = personal || part.ref.field != constant
		out = appendValue(out, p.value(part.ref), header, inText)
	}
	return string(out), personal
}

// SoundLine is a subject or preheader with its braces taken apart while a merge field in it is wrong.
func SoundLine(s string) string {
	s = scrub(s)
	if _, err := split(s); err != nil {
		return strings.NewReplacer("{{", "{ ", "}}", " }").Replace(s)
	}
	return s
}
