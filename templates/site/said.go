package site

import (
	"regexp"
	"strings"

	"assent/templates/locale"
)

// FieldName is what a field of a record or a form is called: "customer_since" is "Customer since". A field of a field is named
// by both; one that has no name here keeps its own.
func FieldName(l *locale.Locale, field string) string {
	if key := "site.field." + field; field != "" && l.Has(key) {
		return l.T(key)
	}
	if first, rest, ok := strings.Cut(field, "."); ok {
		if key := "site.field." + first; l.Has(key) {
			return l.T(key) + " · " + FieldName(l, rest)
		}
	}
	return field
}

// ofField is a sentence that begins with the field it is about.
var ofField = regexp.MustCompile(`^([a-z][a-z0-9_.\[\]]*): (.+)$`)

// Told is a problem of the engine as a person reads it; see [locale.Locale.Said].
func Told(l *locale.Locale, text string) string {
	if parts := ofField.FindStringSubmatch(text); parts != nil {
		return FieldName(l, parts[1]) + ": " + l.Said(parts[2])
	}
	return l.Said(text)
}
