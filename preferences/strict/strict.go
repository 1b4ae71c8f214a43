// Package strict reads JSON that people and programs write to us: what is not known is an error, not ignored.
package strict

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// ErrMore is returned for a document with something after it.
var ErrMore = errors.New("something stands after the JSON object")

// Unmarshal reads one document into v. A field that v does not have is an error, and so is one that it has in other letters: encoding/json
// takes Email for email, and would so let a misspelt field decide over the one that is meant. Errors are those of encoding/json but for [ErrMore].
func Unmarshal(document []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrMore
	}
	if name, ok := unknown(json.NewDecoder(bytes.NewReader(document)), reflect.TypeOf(v)); ok {
		return fmt.Errorf("json: unknown field %q", name) // as encoding/json says it
	}
	return nil
}

var (
	reader     = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// unknown is the first name in the next value of a sound document that t does not have letter by letter.
func unknown(d *json.Decoder, t reflect.Type) (string, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	own := reflect.PointerTo(t).Implements(reader) || reflect.PointerTo(t).Implements(textReader) // it reads its names itself
	kind := t.Kind()
	if own || kind != reflect.Struct && kind != reflect.Map && kind != reflect.Slice && kind != reflect.Array {
		_ = d.Decode(new(json.RawMessage)) // nothing to look at
		return "", false
	}
	if open, _ := d.Token(); open != json.Delim('{') && open != json.Delim('[') {
		return "", false // null, or bytes
	}
	var fields map[string]reflect.Type
	if kind == reflect.Struct {
		fields = names(t)
	}
	for d.More() {
		of := t
		switch kind {
		case reflect.Struct:
			name, _ := d.Token()
			text, _ := name.(string)
			ok := false
			if of, ok = fields[text]; !ok {
				return text, true
			}
		case reflect.Map:
			_, _ = d.Token()
			of = t.Elem()
		default:
			of = t.Elem()
		}
		if name, ok := unknown(d, of); ok {
			return name, true
		}
	}
	_, _ = d.Token() // the closing one
	return "", false
}

// names are the fields of a struct as JSON calls them, with the type of each.
func names(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() || f.Anonymous && name == "":
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}
