package content

import (
	"fmt"
	"regexp"
	"strings"
)

// Fields lists the merge fields that can be written; besides them attributes.NAME for any attribute.
func Fields() []string { return append([]string(nil), fieldNames[:]...) }

// field says which value of a [Person] stands in a place.
type field uint8

const (
	firstName field = iota
	lastName
	company
	localeTag
	country
	unsubscribeURL
	preferencesURL
	whyURL
	viewURL
	attribute // by name
	constant  // {{ "text" }}: the fallback alone
	clickURL  // a counted link, by its id; nobody can write it
)

var fieldNames = [...]string{
	"first_name", "last_name", "company", "locale", "country",
	"unsubscribe_url", "preferences_url", "why_url", "view_url",
}

// link tells whether the field's value is a whole URL that Assent made.
func (f field) link() bool { return f >= unsubscribeURL && f <= viewURL }

// ref is one written merge field: {{ first_name | "there" }}.
type ref struct {
	field    field
	name     string // of the attribute
	fallback string
}

func (r ref) String() string {
	switch r.field {
	case attribute:
		return "attributes." + r.name
	case constant:
		return r.fallback
	case clickURL:
		return "click_url"
	}
	return fieldNames[r.field]
}

// part is a stretch of a text: a literal, or a field if ref is not nil.
type part struct {
	literal string
	ref     *ref
}

var attributeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

// split cuts a text at its merge fields. Everything in double braces must be a field: what is not is an error that
// names it. A literal pair of braces is written {{ "{{" }}.
func split(s string) ([]part, error) {
	var parts []part
	for {
		start := strings.Index(s, "{{")
		if start < 0 {
			if s != "" {
				parts = append(parts, part{literal: s})
			}
			return parts, nil
		}
		if start > 0 {
			parts = append(parts, part{literal: s[:start]})
		}
		r, rest, err := parseRef(s[start+2:])
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{ref: &r})
		s = rest
	}
}

// parseRef reads a field behind its opening braces and returns what follows the closing ones.
func parseRef(s string) (r ref, rest string, err error) {
	body := strings.TrimLeft(s, " \t")
	if quoted, after, ok := quotedText(body); ok {
		r = ref{field: constant, fallback: quoted}
		body = after
	} else {
		end := strings.IndexFunc(body, func(c rune) bool { return c == ' ' || c == '\t' || c == '|' || c == '}' })
		if end < 0 {
			return r, "", fmt.Errorf("the braces of {{%s are not closed", clip(s))
		}
		if r, err = byName(body[:end]); err != nil {
			return r, "", err
		}
		body = strings.TrimLeft(body[end:], " \t")
		if after, ok := strings.CutPrefix(body, "|"); ok {
			quoted, after, ok := quotedText(strings.TrimLeft(after, " \t"))
			if !ok {
				return r, "", fmt.Errorf(`the field %s needs a text in double quotes behind the |, such as {{ %s | "there" }}`, r, r)
			}
			r.fallback, body = quoted, after
		}
	}
	body = strings.TrimLeft(body, " \t")
	rest, ok := strings.CutPrefix(body, "}}")
	if !ok {
		return r, "", fmt.Errorf("the field %s must end with }}", clip(r.String()))
	}
	return r, rest, nil
}

func byName(name string) (ref, error) {
	for i, n := range fieldNames {
		if n == name {
			return ref{field: field(i)}, nil
		}
	}
	if a, ok := strings.CutPrefix(name, "attributes."); ok {
		if !attributeName.MatchString(a) {
			return ref{}, fmt.Errorf("%q is not the name of an attribute", clip(a))
		}
		return ref{field: attribute, name: a}, nil
	}
	return ref{}, fmt.Errorf("the merge field %q is not known; use %s or attributes.NAME", clip(name), known(fieldNames[:]))
}

// quotedText reads a text in double quotes, where \" and \\ stand for themselves.
func quotedText(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", s, false
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", s, false
}

// clip shortens what a message repeats.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
