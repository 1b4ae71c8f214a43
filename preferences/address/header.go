package address

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// ErrUnsafeHeader is returned for text that must not go into a mail header.
var ErrUnsafeHeader = errors.New("holds a line break or a control character")

// HeaderSafe refuses text that could end a header line or start another one:
// CR, LF, NUL and every other control character, the line and paragraph
// separators of Unicode, and bytes that are not UTF-8. It is for every value
// that comes from outside: names, subjects, addresses, links.
func HeaderSafe(s string) error {
	for i, r := range s {
		if unsafe(r) {
			return ErrUnsafeHeader
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return ErrUnsafeHeader
			}
		}
	}
	return nil
}

// unsafe covers C0, DEL and C1 (with NEL), U+2028 and U+2029.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// invisible characters have no place in an address: two addresses that look
// the same would be different people.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point, unicode.Variation_Selector) ||
		r == utf8.RuneError
}
