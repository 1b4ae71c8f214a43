package segments_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// person is one subscriber as the evaluator below sees it.
type person struct {
	id         string
	columns    map[string]string // text fields by their names in rules
	birthDate  string
	customer   *time.Time
	created    time.Time
	attributes map[string]any
	consents   map[string]standing
	deliveries []delivered
}

type standing struct {
	state   string
	since   time.Time
	expires *time.Time
}

type delivered struct {
	campaign, status                  string
	at                                time.Time
	bounced, complained, unsubscribed *time.Time
}

// picks says what a rule means, without SQL and without the package's own reader: the two must agree.
func (p person) picks(rule any, now time.Time) bool {
	switch r := rule.(type) {
	case []any:
		for _, member := range r {
			if !p.picks(member, now) {
				return false
			}
		}
		return true
	case map[string]any:
		if all, ok := r["all"]; ok {
			return p.picks(all, now)
		}
		if anyOf, ok := r["any"]; ok {
			return slices.ContainsFunc(anyOf.([]any), func(m any) bool { return p.picks(m, now) })
		}
		if not, ok := r["not"]; ok {
			return !p.picks(not, now)
		}
		if topic, ok := r["topic"]; ok {
			return p.stands(topic.(string), r, now)
		}
		if outcome, ok := r["delivery"]; ok {
			return p.got(outcome.(string), r, now)
		}
		return p.compares(r["field"].(string), r["op"].(string), r["value"], now)
	}
	panic("not a rule")
}

func within(t *time.Time, days any, now time.Time) bool {
	if days == nil {
		return t != nil
	}
	return t != nil && t.After(now.AddDate(0, 0, -days.(int))) && !t.After(now)
}

func (p person) stands(topic string, r map[string]any, now time.Time) bool {
	c, touched := p.consents[topic]
	state := "none"
	if touched {
		state = c.state
		if state == "given" && c.expires != nil && !c.expires.After(now) {
			state = "expired"
		}
	}
	for _, wanted := range r["state"].([]any) {
		if wanted == state && (r["within_days"] == nil || within(&c.since, r["within_days"], now)) {
			return true
		}
	}
	return false
}

func (p person) got(outcome string, r map[string]any, now time.Time) bool {
	return slices.ContainsFunc(p.deliveries, func(d delivered) bool {
		if r["campaign"] != nil && r["campaign"] != d.campaign {
			return false
		}
		var at *time.Time
		switch outcome {
		case "received":
			if d.status == "sent" && d.bounced == nil {
				at = &d.at
			}
		case "bounced":
			if at = d.bounced; at == nil && d.status == "bounced" {
				at = &d.at
			}
		case "complained":
			at = d.complained
		case "unsubscribed":
			at = d.unsubscribed
		default:
			if d.status == outcome {
				at = &d.at
			}
		}
		return within(at, r["within_days"], now)
	})
}

func (p person) compares(field, op string, want any, now time.Time) bool {
	switch op {
	case "ne":
		return !p.compares(field, "eq", want, now)
	case "not_in":
		return !p.compares(field, "in", want, now)
	case "not_exists":
		return !p.compares(field, "exists", want, now)
	case "in":
		return slices.ContainsFunc(want.([]any), func(v any) bool { return p.compares(field, "eq", v, now) })
	}
	if name, ok := strings.CutPrefix(field, "attributes."); ok {
		values := []any{p.attributes[name]}
		if list, ok := p.attributes[name].([]any); ok {
			values = list
		}
		return slices.ContainsFunc(values, func(v any) bool { return comparesAttribute(v, op, want, now) })
	}
	switch field {
	case "customer":
		return (p.customer != nil) == want.(bool)
	case "customer_since":
		return comparesTime(p.customer, op, want, now)
	case "created_at":
		return comparesTime(&p.created, op, want, now)
	case "birth_date":
		return comparesBirth(p.birthDate, op, want, now)
	case "external_id":
		return comparesText(p.columns[field], op, written(want))
	}
	return comparesText(asciiLower(p.columns[field]), op, asciiLower(written(want)))
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

func written(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func comparesText(have, op, want string) bool {
	switch op {
	case "eq":
		return have == want
	case "contains":
		return strings.Contains(have, want)
	case "starts_with":
		return strings.HasPrefix(have, want)
	case "exists":
		return have != ""
	case "gt", "gte", "lt", "lte":
		return ordered(strings.Compare(have, want), op)
	}
	panic(op)
}

func ordered(sign int, op string) bool {
	return sign < 0 && op[0] == 'l' || sign > 0 && op[0] == 'g' || sign == 0 && (len(op) == 3 || op == "eq")
}

func comparesTime(have *time.Time, op string, want any, now time.Time) bool {
	if op == "exists" || have == nil {
		return have != nil && op == "exists"
	}
	if op == "within_days" {
		return within(have, want, now)
	}
	from, err := time.Parse(time.DateOnly, want.(string))
	last := from.Add(24*time.Hour - time.Microsecond)
	if err != nil {
		from, _ = time.Parse(time.RFC3339, want.(string))
		last = from
	}
	switch op {
	case "eq":
		return !have.Before(from) && !have.After(last)
	case "gt", "after":
		return have.After(last)
	case "gte":
		return !have.Before(from)
	case "lt", "before":
		return have.Before(from)
	case "lte":
		return !have.After(last)
	}
	panic(op)
}

func comparesBirth(have, op string, want any, now time.Time) bool {
	switch {
	case op == "exists" || have == "":
		return have != "" && op == "exists"
	case op == "birthday_within_days":
		for n := range want.(int) + 1 {
			day := now.AddDate(0, 0, n)
			leap := day.Month() == 2 && day.Day() == 28 && day.AddDate(0, 0, 1).Month() == 3
			if have[5:] == day.Format("01-02") || leap && have[5:] == "02-29" {
				return true
			}
		}
		return false
	}
	op = strings.NewReplacer("before", "lt", "after", "gt").Replace(op)
	return ordered(strings.Compare(have, want.(string)), op)
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

// asNumber reads a number, and a text that is written as one.
func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case string:
		if len(v) <= 15 && plainNumber.MatchString(v) {
			n, err := strconv.ParseFloat(v, 64)
			return n, err == nil
		}
	}
	return 0, false
}

func comparesAttribute(have any, op string, want any, now time.Time) bool {
	text, isText := have.(string)
	if b, ok := have.(bool); ok {
		text, isText = strconv.FormatBool(b), true
	}
	number, isNumber := asNumber(have)
	text = asciiLower(text)
	dated := isText && regexp.MustCompile(`^\d{4}-\d\d-\d\d`).MatchString(text)
	switch op {
	case "exists":
		return isText || isNumber
	case "within_days":
		return dated && text[:10] > now.AddDate(0, 0, -want.(int)).Format(time.DateOnly) && text[:10] <= now.Format(time.DateOnly)
	case "before":
		return dated && text[:10] < want.(string)[:10]
	case "after":
		return dated && text[:10] > want.(string)[:10]
	case "contains", "starts_with":
		return isText && comparesText(text, op, asciiLower(written(want)))
	}
	if wanted, ok := asNumber(want); ok {
		sign := 0
		if number < wanted {
			sign = -1
		} else if number > wanted {
			sign = 1
		}
		return isNumber && ordered(sign, op)
	}
	return isText && comparesText(text, op, asciiLower(written(want)))
}
