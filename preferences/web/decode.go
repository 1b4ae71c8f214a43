package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/strict"
)

// Decode reads the JSON body into v. An unknown field (names are read letter by letter), a value of the wrong kind and anything after the document are errors that name the field.
func Decode(c echo.Context, v any) error {
	media, _, _ := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if media != "" && media != echo.MIMEApplicationJSON && !strings.HasSuffix(media, "+json") {
		return problem.New(http.StatusUnsupportedMediaType, "Send the body as application/json.")
	}
	read, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return decodeError(err)
	}
	if err := strict.Unmarshal(read, v); errors.Is(err, strict.ErrMore) {
		return problem.Malformed("The body must be one JSON document and nothing after it.")
	} else if err != nil {
		if bad := (*time.ParseError)(nil); errors.As(err, &bad) {
			return problem.Invalid(fieldOf(read, strings.Trim(bad.Value, `"`)), "must be a time such as 2026-05-01T09:00:00Z")
		}
		return decodeError(err)
	}
	return sound(read)
}

// sound refuses what the decoder lets through: null in place of the document, bytes that are no text, and NUL in a text, which
// no database and no mail holds.
func sound(document []byte) error {
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("null")):
		return problem.Malformed("The body must be a JSON object, not null.")
	case !utf8.Valid(document):
		return problem.Malformed("The body is not valid UTF-8.")
	case bytes.Contains(document, []byte(`\u0000`)):
		if field := fieldThat(document, func(text string) bool { return strings.ContainsRune(text, 0) }); field != "" {
			return problem.Invalid(field, "must not hold the character NUL")
		}
	}
	return nil
}

// fieldOf is the path of the first field whose text is value: what the decoder does not say of a time that it cannot read.
func fieldOf(document []byte, value string) string {
	return fieldThat(document, func(text string) bool { return text == value })
}

// fieldThat is the path of the first text that fits.
func fieldThat(document []byte, fits func(text string) bool) string {
	var v any
	if json.Unmarshal(document, &v) != nil {
		return ""
	}
	var find func(path string, v any) string
	find = func(path string, v any) string {
		switch v := v.(type) {
		case string:
			if fits(v) {
				return path
			}
		case []any:
			for i, item := range v {
				if found := find(fmt.Sprintf("%s[%d]", path, i), item); found != "" {
					return found
				}
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if found := find(strings.TrimPrefix(path+"."+name, "."), v[name]); found != "" {
					return found
				}
			}
		}
		return ""
	}
	return find("", v)
}

// DecodeOptional is [Decode] for a body that may be left out.
func DecodeOptional(c echo.Context, v any) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	err := Decode(c, v)
	if p, ok := problem.As(err); ok && p.Detail == emptyBody {
		return nil
	}
	return err
}

const emptyBody = "The body is empty; it must be a JSON document."

func decodeError(err error) error {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
		large  *http.MaxBytesError
	)
	switch {
	case errors.As(err, &large):
		return err
	case errors.Is(err, io.EOF):
		return problem.Malformed(emptyBody)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return problem.Malformed("The body ends in the middle of the JSON document.")
	case errors.As(err, &syntax):
		return problem.Malformed(fmt.Sprintf("The body is not JSON: %s at byte %d.", syntax.Error(), syntax.Offset))
	case errors.As(err, &kind):
		return problem.Malformed("A field has a value of the wrong kind.", problem.Field{Field: kind.Field, Detail: "must be " + kindName(kind)})
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, _ = strconv.Unquote(name)
		return problem.Malformed("The body has a field that is not known here.", problem.Field{Field: name, Detail: "is not a known field"})
	}
	if _, ok := problem.As(err); ok {
		return err
	}
	return problem.Malformed("The body cannot be read: " + err.Error())
}

func kindName(e *json.UnmarshalTypeError) string {
	switch name := e.Type.String(); {
	case name == "string":
		return "a text"
	case name == "bool":
		return "true or false"
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"), strings.HasPrefix(name, "float"):
		return "a number"
	case strings.HasPrefix(name, "[]"):
		return "a list"
	case name == "time.Time":
		return "a time such as 2026-05-01T09:00:00Z"
	default:
		return "an object"
	}
}
