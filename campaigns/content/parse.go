package content

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assent/preferences/problem"
)

// Parse reads a JSON list of blocks. A block of an unknown type, an unknown field and a value of the wrong kind are
// a malformed-input problem that names each by its path, such as "blocks[2].url". It does not check what the values
// say: see [Content.Check].
func Parse(raw []byte) (Blocks, error) {
	var r reader
	b := r.blocks("blocks", raw, false)
	if len(r.wrong) > 0 {
		return nil, problem.Malformed(r.wrong[0].Field+": "+r.wrong[0].Detail, r.wrong...)
	}
	return b, nil
}

// UnmarshalJSON is [Parse].
func (b *Blocks) UnmarshalJSON(raw []byte) error {
	parsed, err := Parse(raw)
	if err != nil {
		return err
	}
	*b = parsed
	return nil
}

// maxWrong ends the collecting of errors: a hostile body shall not be answered by a longer one.
const maxWrong = 20

type reader struct{ wrong []problem.Field }

func (r *reader) add(path, format string, args ...any) {
	if len(r.wrong) < maxWrong {
		r.wrong = append(r.wrong, problem.Field{Field: path, Detail: fmt.Sprintf(format, args...)})
	}
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func (r *reader) list(path string, raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		r.add(path, "must be a list")
	}
	return list
}

func (r *reader) blocks(path string, raw json.RawMessage, inColumn bool) Blocks {
	out := Blocks{}
	for i, item := range r.list(path, raw) {
		if b := r.block(index(path, i), item, inColumn); b != nil {
			out = append(out, b)
		}
	}
	return out
}

func (r *reader) block(path string, raw json.RawMessage, inColumn bool) Block {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		r.add(path, "must be an object with a type")
		return nil
	}
	var kind string
	if t, ok := fields["type"]; !ok || json.Unmarshal(t, &kind) != nil {
		r.add(path+".type", "must be one of heading, text, image, button, divider, columns, event")
		return nil
	}
	delete(fields, "type")
	switch kind {
	case "heading":
		return read(r, path, fields, func(b *Heading) shape { return shape{"text": &b.Text, "level": &b.Level} })
	case "text":
		return read(r, path, fields, func(b *Text) shape { return shape{"markdown": &b.Markdown} })
	case "image":
		return read(r, path, fields, func(b *Image) shape {
			return shape{"url": &b.URL, "alt": &b.Alt, "decorative": &b.Decorative, "link": &b.Link, "width": &b.Width}
		})
	case "button":
		return read(r, path, fields, func(b *Button) shape { return shape{"label": &b.Label, "url": &b.URL} })
	case "divider":
		return read(r, path, fields, func(*Divider) shape { return shape{} })
	case "event":
		return read(r, path, fields, func(b *Event) shape { return shape{"event": &b.Event} })
	case "columns":
		if inColumn {
			r.add(path+".type", "columns cannot stand in columns")
			return nil
		}
		var lists []json.RawMessage
		read(r, path, fields, func(*Divider) shape { return shape{"columns": &lists} })
		c := Columns{Columns: []Blocks{}}
		for i, l := range lists {
			c.Columns = append(c.Columns, r.blocks(index(path+".columns", i), l, true))
		}
		return c
	}
	r.add(path+".type", "%.40q is not a block type; use heading, text, image, button, divider, columns or event", kind)
	return nil
}

// shape maps the JSON fields of a block to where they are kept.
type shape map[string]any

func read[T Block](r *reader, path string, fields map[string]json.RawMessage, of func(*T) shape) Block {
	var b T
	want := of(&b)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		at := path + "." + name
		to, ok := want[name]
		if !ok {
			r.add(at, "is not a field of this block")
			continue
		}
		if bytes.Equal(fields[name], []byte("null")) || json.Unmarshal(fields[name], to) != nil {
			r.add(at, "must be %s", kindOf(to))
		}
	}
	return b
}

func kindOf(to any) string {
	switch to.(type) {
	case *string:
		return "a text"
	case *int:
		return "a whole number"
	case *bool:
		return "true or false"
	}
	return "a list"
}

// known joins names for a message.
func known(names []string) string { return strings.Join(names, ", ") }
