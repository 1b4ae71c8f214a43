package segments

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/sqldb"
)

// node is one part of a rule. It writes a condition that is true or false, never NULL, so that a negation means what it says.
type node interface{ where(b *builder) string }

// Where is the rule as a condition on subscribers under the alias s. Its placeholders begin at start and follow each other
// in order of first appearance; args are their values. now is what within_days counts back from.
func (c Compiled) Where(start int, d sqldb.Dialect, now time.Time) (sql string, args []any) {
	if c.root == nil {
		return "1 = 0", nil
	}
	b := &builder{dialect: d, now: now.UTC(), next: start}
	return c.root.where(b), b.args
}

type builder struct {
	dialect sqldb.Dialect
	now     time.Time
	next    int
	args    []any
}

func (b *builder) postgres() bool { return b.dialect == sqldb.PostgreSQL }

// bind takes a value and returns its placeholder, which must stand to the right of all earlier ones.
func (b *builder) bind(v any) string {
	b.args = append(b.args, v)
	b.next++
	return "$" + strconv.Itoa(b.next-1)
}

// isIn binds a list of texts that the left side is compared with.
func (b *builder) isIn(list []string) string {
	b.bind(b.dialect.List(list))
	return " " + b.dialect.In(b.next-1)
}

// fold writes what [fold] does.
func (b *builder) fold(text string) string {
	if b.postgres() {
		return "lower((" + text + `) COLLATE "C")`
	}
	return "lower(" + text + ")"
}

// bytewise makes a comparison of texts go by their bytes on both engines.
func (b *builder) bytewise(text string) string {
	if b.postgres() {
		return "(" + text + `) COLLATE "C"`
	}
	return text
}

// position is where the text of placeholder part begins in text, 0 for nowhere.
func (b *builder) position(text, part string) string {
	if b.postgres() {
		return "strpos(" + text + ", CAST(" + part + " AS TEXT))"
	}
	return "instr(" + text + ", " + part + ")"
}

// since bounds column to the last days; a NULL column is outside.
func (b *builder) since(column string, days int) string {
	from := b.bind(sqldb.Micros(b.now.AddDate(0, 0, -days)))
	return "(" + column + " IS NOT NULL AND " + column + " > " + from + " AND " + column + " <= " + b.bind(sqldb.Micros(b.now)) + ")"
}

type group struct {
	all     bool
	members []node
}

func (g group) where(b *builder) string {
	word, empty := " OR ", "1 = 0"
	if g.all {
		word, empty = " AND ", "1 = 1"
	}
	if len(g.members) == 0 {
		return empty
	}
	parts := make([]string, len(g.members))
	for i, member := range g.members {
		parts[i] = member.where(b)
	}
	return "(" + strings.Join(parts, word) + ")"
}

type negation struct{ member node }

func (n negation) where(b *builder) string { return "NOT (" + n.member.where(b) + ")" }

// comparison compares one field.
type comparison struct {
	field field
	op    string
	value value
	list  []value
	span  span
	days  int
	truth bool
}

func (c comparison) where(b *builder) string {
	switch c.op { // the opposites, for every kind of field
	case opNe:
		c.op = opEq
		return "NOT " + c.where(b)
	case opNotIn:
		c.op = opIn
		return "NOT " + c.where(b)
	case opNotExists:
		c.op = opExists
		return "NOT " + c.where(b)
	}
	switch c.field.kind {
	case kindAttribute:
		return c.attribute(b)
	case kindBool:
		if c.truth {
			return "(" + c.field.column + ")"
		}
		return "(NOT (" + c.field.column + "))"
	case kindTime:
		return c.time(b)
	case kindDate:
		return c.date(b)
	case kindExact:
		return c.text(b, c.field.column, func(s string) string { return s })
	}
	return c.text(b, b.fold(c.field.column), fold)
}

// text compares the expression text, whose values go through like.
func (c comparison) text(b *builder, text string, like func(string) string) string {
	switch c.op {
	case opExists:
		return "(" + text + " <> '')"
	case opIn:
		list := make([]string, len(c.list))
		for i, v := range c.list {
			list[i] = like(v.text)
		}
		return "(" + text + b.isIn(list) + ")"
	case opContains:
		return "(" + b.position(text, b.bind(like(c.value.text))) + " > 0)"
	case opStartsWith:
		want := like(c.value.text)
		length := b.bind(utf8.RuneCountInString(want))
		return "(substr(" + text + ", 1, " + length + ") = " + b.bind(want) + ")"
	}
	sign := map[string]string{opEq: "=", opGt: ">", opGte: ">=", opLt: "<", opLte: "<="}[c.op]
	return "(" + b.bytewise(text) + " " + sign + " " + b.bind(like(c.value.text)) + ")"
}

func (c comparison) time(b *builder) string {
	column := c.field.column
	switch c.op {
	case opExists:
		return "(" + column + " IS NOT NULL)"
	case opWithinDays:
		return b.since(column, c.days)
	case opEq:
		from := b.bind(c.span.from)
		return "(" + column + " IS NOT NULL AND " + column + " >= " + from + " AND " + column + " < " + b.bind(c.span.to) + ")"
	}
	sign, at := c.bound()
	return "(" + column + " IS NOT NULL AND " + column + sign + b.bind(at) + ")"
}

// bound is the side of the span that an order compares with: after a day is after its end, before it is before its beginning.
func (c comparison) bound() (sign string, at int64) {
	switch c.op {
	case opGt, opAfter:
		return " >= ", c.span.to
	case opGte:
		return " >= ", c.span.from
	case opLte:
		return " < ", c.span.to
	default:
		return " < ", c.span.from
	}
}

func (c comparison) date(b *builder) string {
	column := c.field.column
	switch c.op {
	case opExists:
		return "(" + column + " <> '')"
	case opBirthdayWithinDays:
		return "(substr(" + column + ", 6, 5)" + b.isIn(birthdays(b.now, c.days)) + ")"
	}
	return "(" + column + " <> '' AND " + b.bytewise(column) + " " + dateSigns[c.op] + " " + b.bind(c.span.date()) + ")"
}

var dateSigns = map[string]string{opEq: "=", opGt: ">", opAfter: ">", opGte: ">=", opLt: "<", opBefore: "<", opLte: "<="}

// birthdays are the days of the year, as 05-01, from today until so many days later. In a year without 29 February those
// born on it have their day on the 28th.
func birthdays(now time.Time, days int) []string {
	var list []string
	for n := range days + 1 {
		day := now.AddDate(0, 0, n)
		list = append(list, day.Format("01-02"))
		if day.Month() == time.February && day.Day() == 28 && day.AddDate(0, 0, 1).Day() == 1 {
			list = append(list, "02-29")
		}
	}
	return list
}

// consent compares where a person stands on a topic.
type consent struct {
	topic  string
	states []string
	days   int
}

func (c consent) where(b *builder) string {
	states := slices.Clone(c.states)
	slices.Sort(states)
	var parts []string
	row := func(condition func() string) string {
		head := "EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id AND c.topic_id = (SELECT t.id FROM topics t WHERE t.key = " + b.bind(c.topic) + ")"
		return head + condition() + ")"
	}
	for _, state := range slices.Compact(states) {
		if state == "none" {
			parts = append(parts, "NOT "+row(func() string { return "" }))
			continue
		}
		parts = append(parts, row(func() string {
			condition := " AND " + c.state(b, state)
			if c.days > 0 {
				condition += " AND " + b.since("c.since", c.days)
			}
			return condition
		}))
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// state knows that a given consent whose time is over has expired, also before anything has written so.
func (c consent) state(b *builder, state string) string {
	switch state {
	case "given":
		return "c.state = 'given' AND (c.expires_at IS NULL OR c.expires_at > " + b.bind(sqldb.Micros(b.now)) + ")"
	case "expired":
		return "(c.state = 'expired' OR c.state = 'given' AND c.expires_at IS NOT NULL AND c.expires_at <= " + b.bind(sqldb.Micros(b.now)) + ")"
	}
	return "c.state = '" + state + "'" // one of consentStates
}

// outcomes are what may have become of a delivery, each with the column of its time.
var outcomes = map[string]struct{ condition, at string }{
	"sent":         {"d.status = 'sent'", "d.at"},
	"received":     {"d.status = 'sent' AND d.bounced_at IS NULL", "d.at"},
	"bounced":      {"(d.status = 'bounced' OR d.bounced_at IS NOT NULL)", "COALESCE(d.bounced_at, d.at)"},
	"complained":   {"d.complained_at IS NOT NULL", "d.complained_at"},
	"unsubscribed": {"d.unsubscribed_at IS NOT NULL", "d.unsubscribed_at"},
	"skipped":      {"d.status = 'skipped'", "d.at"},
	"failed":       {"d.status = 'failed'", "d.at"},
	"uncertain":    {"d.status = 'uncertain'", "d.at"},
}

func outcomeNames() []string { return slices.Sorted(maps.Keys(outcomes)) }

// delivery compares what became of campaign mail to a person.
type delivery struct {
	outcome  string
	campaign string
	days     int
}

func (d delivery) where(b *builder) string {
	outcome := outcomes[d.outcome]
	sql := "EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber_id = s.id AND " + outcome.condition
	if d.campaign != "" {
		sql += " AND d.campaign_id = " + b.bind(d.campaign)
	}
	if d.days > 0 {
		sql += " AND " + b.since(outcome.at, d.days)
	}
	return sql + ")"
}
