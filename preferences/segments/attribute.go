package segments

import (
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// An attribute is a member of the JSON text s.attributes. Its name is compared with the keys of that object as a bound value,
// so that no name is ever read as a path.

// attribute writes a comparison with one attribute or with the elements of an attribute that is a list: the condition stands
// twice, on the attribute j itself and on its elements v.
func (c comparison) attribute(b *builder) string {
	name := b.bind(c.field.column)
	// On PostgreSQL -> takes the name of a member, never a path; on SQLite it would take a path, so there the names are compared.
	from := "(SELECT CAST(s.attributes AS json) -> CAST(" + name + " AS TEXT)) AS j(value) WHERE"
	elements := "json_array_elements(CASE WHEN json_typeof(j.value) = 'array' THEN j.value END) AS v(value)"
	text, number, present := postgresText, postgresNumber, "json_typeof(v.value) IN ('string', 'number', 'boolean')"
	if !b.postgres() {
		from = "json_each(s.attributes) AS j WHERE j.key = " + name + " AND"
		elements = "json_each(CASE j.type WHEN 'array' THEN j.value ELSE '[]' END) AS v"
		text, number, present = sqliteText, sqliteNumber, "v.type IN ('text', 'integer', 'real', 'true', 'false')"
	}
	condition := c.scalar(b, text, number, present)
	return "EXISTS (SELECT 1 FROM " + from + " (" + strings.ReplaceAll(condition, "v.", "j.") +
		" OR EXISTS (SELECT 1 FROM " + elements + " WHERE " + condition + ")))"
}

// The text and the number that a scalar counts as, NULL where it does not. A text that holds an escaped NUL, which PostgreSQL
// cannot make into a text, counts as neither.
const (
	postgresText = `(CASE WHEN json_typeof(v.value) = 'boolean' THEN CAST(v.value AS TEXT)
		WHEN json_typeof(v.value) = 'string' AND strpos(CAST(v.value AS TEXT), '\u0000') = 0 THEN v.value #>> '{}' END)`
	postgresNumber = `(CASE WHEN json_typeof(v.value) = 'number' AND CAST(v.value AS TEXT) ~ '^-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$'
		THEN CAST(CAST(v.value AS TEXT) AS DOUBLE PRECISION)
		WHEN json_typeof(v.value) = 'string' AND length(CAST(v.value AS TEXT)) <= 17 AND CAST(v.value AS TEXT) ~ '^"-?(0|[1-9][0-9]*)(\.[0-9]+)?"$'
		THEN CAST(trim(CAST(v.value AS TEXT), '"') AS DOUBLE PRECISION) END)`
	sqliteText   = `(CASE v.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'text' THEN v.value END)`
	sqliteNumber = `(CASE WHEN v.type IN ('integer', 'real') THEN CAST(v.value AS REAL)
		WHEN v.type = 'text' AND length(v.value) <= 15 AND v.value NOT GLOB '*[^0-9.-]*' AND json_valid(v.value) THEN CAST(v.value AS REAL) END)`
)

func (c comparison) scalar(b *builder, text, number, present string) string {
	text = b.fold(text)
	switch c.op {
	case opExists:
		return "(" + present + ")"
	case opIn:
		return c.member(b, text, number)
	case opContains, opStartsWith:
		return c.text(b, text, fold)
	case opBefore, opAfter:
		return "(" + isDate(b, text) + " AND " + b.bytewise("substr("+text+", 1, 10)") + " " + dateSigns[c.op] + " " + b.bind(c.span.date()) + ")"
	case opWithinDays:
		from := b.bind(b.now.AddDate(0, 0, -c.days).Format(time.DateOnly))
		day := b.bytewise("substr(" + text + ", 1, 10)")
		return "(" + isDate(b, text) + " AND " + day + " > " + from + " AND " + day + " <= " + b.bind(b.now.Format(time.DateOnly)) + ")"
	}
	if c.value.numeric {
		return "(" + number + " " + dateSigns[c.op] + " " + b.bind(c.value.number) + ")"
	}
	return c.text(b, text, fold)
}

// isDate tells whether a text begins as a date does.
func isDate(b *builder, text string) string {
	if b.postgres() {
		return text + " ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'"
	}
	return text + " GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
}

// member compares with a list: its numbers as numbers, its texts as texts.
func (c comparison) member(b *builder, text, number string) string {
	var texts []string
	var numbers []float64
	for _, v := range c.list {
		if v.numeric {
			numbers = append(numbers, v.number)
		} else {
			texts = append(texts, fold(v.text))
		}
	}
	var parts []string
	if len(texts) > 0 {
		parts = append(parts, text+b.isIn(texts))
	}
	if len(numbers) > 0 {
		list := b.bind(sqldb.JSON(numbers)) // they are finite
		set := "(SELECT value FROM json_each(" + list + "))"
		if b.postgres() {
			set = "(SELECT CAST(n AS DOUBLE PRECISION) FROM json_array_elements_text(CAST(" + list + " AS json)) AS n)"
		}
		parts = append(parts, number+" IN "+set)
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}
