package segments

import (
	"slices"
	"sort"
	"strings"
)

// kind is how a field is compared.
type kind int

const (
	kindText kind = iota + 1
	kindExact
	kindDate
	kindTime
	kindBool
	kindAttribute
)

type field struct {
	kind   kind
	column string // over the alias s; for a bool the condition itself
}

// domainOf is everything after the last @: rtrim takes off all characters but @ from the end, which leaves what is before the domain.
const domainOf = "substr(s.email_key, length(rtrim(s.email_key, replace(s.email_key, '@', ''))) + 1)"

var fields = map[string]field{
	"email":          {kindText, "s.email_key"},
	"email_domain":   {kindText, domainOf},
	"first_name":     {kindText, "s.first_name"},
	"last_name":      {kindText, "s.last_name"},
	"company":        {kindText, "s.company"},
	"phone":          {kindText, "s.phone"},
	"locale":         {kindText, "s.locale"},
	"timezone":       {kindText, "s.timezone"},
	"country":        {kindText, "s.country"},
	"source":         {kindText, "s.source"},
	"external_id":    {kindExact, "COALESCE(s.external_id, '')"},
	"birth_date":     {kindDate, "s.birth_date"},
	"customer_since": {kindTime, "s.customer_since"},
	"created_at":     {kindTime, "s.created_at"},
	"customer":       {kindBool, "s.customer_since IS NOT NULL"},
}

const (
	attributePrefix = "attributes."
	maxAttribute    = 100
)

func fieldNamed(name string) (field, bool) {
	if f, ok := fields[name]; ok {
		return f, true
	}
	attribute, ok := strings.CutPrefix(name, attributePrefix)
	if !ok || attribute == "" || len(attribute) > maxAttribute || strings.ContainsRune(attribute, 0) {
		return field{}, false
	}
	return field{kindAttribute, attribute}, true
}

// Fields are the names of all fields, for rule builders; an attribute is named with the prefix "attributes." beside them.
func Fields() []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// The operators.
const (
	opEq                 = "eq"
	opNe                 = "ne"
	opIn                 = "in"
	opNotIn              = "not_in"
	opContains           = "contains"
	opStartsWith         = "starts_with"
	opGt                 = "gt"
	opGte                = "gte"
	opLt                 = "lt"
	opLte                = "lte"
	opBefore             = "before"
	opAfter              = "after"
	opExists             = "exists"
	opNotExists          = "not_exists"
	opWithinDays         = "within_days"
	opBirthdayWithinDays = "birthday_within_days"
)

var operators = map[kind][]string{
	kindText:      {opEq, opNe, opIn, opNotIn, opContains, opStartsWith, opExists, opNotExists},
	kindExact:     {opEq, opNe, opIn, opNotIn, opContains, opStartsWith, opExists, opNotExists},
	kindDate:      {opEq, opNe, opGt, opGte, opLt, opLte, opBefore, opAfter, opExists, opNotExists, opBirthdayWithinDays},
	kindTime:      {opEq, opNe, opGt, opGte, opLt, opLte, opBefore, opAfter, opExists, opNotExists, opWithinDays},
	kindBool:      {opEq, opNe},
	kindAttribute: {opEq, opNe, opIn, opNotIn, opContains, opStartsWith, opGt, opGte, opLt, opLte, opBefore, opAfter, opExists, opNotExists, opWithinDays},
}

// Operators are the operators that a field takes, or none when there is no such field.
func Operators(name string) []string {
	f, ok := fieldNamed(name)
	if !ok {
		return nil
	}
	return slices.Clone(operators[f.kind])
}

// symbols are other spellings that people bring along.
var symbols = map[string]string{
	"=": opEq, "==": opEq, "is": opEq, "equals": opEq, "!=": opNe, "<>": opNe, "is_not": opNe, "not_equals": opNe,
	">": opGt, ">=": opGte, "<": opLt, "<=": opLte, "nin": opNotIn,
}
