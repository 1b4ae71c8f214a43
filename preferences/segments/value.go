package segments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/sqldb"
)

// value is what a field is compared with.
type value struct {
	text    string
	number  float64
	numeric bool // compare as numbers
}

// maxNumber bounds how long a text may be to count as a number: fifteen digits stay exact in a float64.
const maxNumber = 15

// decimal is a plain JSON number without an exponent. A leading zero makes it a text, as in a postal code.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func readValue(raw json.RawMessage) (value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var any any
	if err := d.Decode(&any); err != nil {
		return value{}, errors.New("is required")
	}
	switch v := any.(type) {
	case string:
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || len(v) > maxValue {
			return value{}, fmt.Errorf("must be a text of at most %d bytes", maxValue)
		}
		if len(v) <= maxNumber && decimal.MatchString(v) {
			n, err := strconv.ParseFloat(v, 64)
			return value{v, n, true}, err
		}
		return value{text: v}, nil
	case bool:
		return value{text: strconv.FormatBool(v)}, nil
	case json.Number:
		n, err := v.Float64()
		if err != nil || n > 1e90 || n < -1e90 {
			return value{}, errors.New("is too large a number")
		}
		return value{v.String(), n, true}, nil
	}
	return value{}, errors.New("must be a text, a number, true or false")
}

// fold is what is compared of a text: ASCII letters in lower case, which both engines do alike.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// span is a day in UTC or one instant: from is inside, to is not. Both in microseconds.
type span struct {
	from, to int64
	day      bool
}

func readSpan(s string) (span, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return span{sqldb.Micros(t), sqldb.Micros(t.AddDate(0, 0, 1)), true}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return span{sqldb.Micros(t), sqldb.Micros(t) + 1, false}, err
}

// date is the day of the span in UTC.
func (s span) date() string { return sqldb.Time(s.from).Format(time.DateOnly) }
