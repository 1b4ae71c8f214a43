package segments

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Bounds of one rule.
const (
	maxRule  = 64 << 10
	maxDepth = 12
	maxNodes = 300
	maxList  = 1000
	maxValue = 500
	maxDays  = 36500
)

// Compiled is a rule that was read without a fault. Its zero value picks nobody.
type Compiled struct {
	root      node
	topics    []reference
	campaigns []reference
}

// reference is something that a rule names, and where.
type reference struct{ path, key string }

// Compile reads a rule. The error names every faulty place in it, such as rules.all[1].value.
func Compile(rules json.RawMessage) (Compiled, error) {
	p := &parser{}
	if len(rules) > maxRule {
		p.faults.Add("rules", "must have at most %d bytes", maxRule)
		return Compiled{}, p.faults.Err()
	}
	if raw := bytes.TrimSpace(rules); len(raw) == 0 || string(raw) == "null" {
		p.faults.Require("rules", "")
		return Compiled{}, p.faults.Err()
	}
	root := p.rule("rules", rules, 0)
	if err := p.faults.Err(); err != nil {
		return Compiled{}, err
	}
	return Compiled{root, p.topics, p.campaigns}, nil
}

type parser struct {
	faults            problem.Collector
	nodes             int
	topics, campaigns []reference
}

func (p *parser) rule(path string, raw json.RawMessage, depth int) node {
	p.nodes++
	switch {
	case p.nodes == maxNodes+1:
		p.faults.Add("rules", "must have at most %d conditions", maxNodes)
		return nil
	case p.nodes > maxNodes:
		return nil
	case depth > maxDepth:
		p.faults.Add(path, "is nested deeper than %d groups", maxDepth)
		return nil
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '[' {
		return p.group(path, raw, depth, true)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		p.faults.Add(path, `must be a condition such as {"field": "country", "op": "eq", "value": "NL"} or a list of conditions`)
		return nil
	}
	for _, group := range []struct {
		key string
		all bool
	}{{"all", true}, {"and", true}, {"any", false}, {"or", false}} {
		if list, ok := members[group.key]; ok {
			p.only(path, members, group.key)
			return p.group(path+"."+group.key, list, depth, group.all)
		}
	}
	switch {
	case has(members, "not"):
		p.only(path, members, "not")
		return negation{p.rule(path+".not", members["not"], depth+1)}
	case has(members, "field"):
		return p.condition(path, members)
	case has(members, "topic"):
		return p.consent(path, members)
	case has(members, "delivery"), has(members, "campaign"):
		return p.delivery(path, members)
	}
	return p.shorthand(path, members)
}

func has(members map[string]json.RawMessage, key string) bool { _, ok := members[key]; return ok }

// only notes members that a rule of this shape does not have.
func (p *parser) only(path string, members map[string]json.RawMessage, known ...string) {
	for _, key := range sorted(members) {
		if !slices.Contains(known, key) {
			p.faults.Add(path+"."+key, "does not belong here; known are %s", strings.Join(known, ", "))
		}
	}
}

func sorted(members map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (p *parser) group(path string, raw json.RawMessage, depth int, all bool) node {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		p.faults.Add(path, "must be a list of conditions")
		return nil
	}
	g := group{all: all}
	for i, member := range list {
		g.members = append(g.members, p.rule(path+"["+strconv.Itoa(i)+"]", member, depth+1))
	}
	return g
}

// shorthand reads {"country": "NL", …}.
func (p *parser) shorthand(path string, members map[string]json.RawMessage) node {
	g := group{all: true}
	for _, name := range sorted(members) {
		f, ok := fieldNamed(name)
		if !ok {
			p.faults.Add(path+"."+name, "is neither a field nor one of all, any, not, field, topic, delivery")
			continue
		}
		op := opEq
		if raw := bytes.TrimSpace(members[name]); len(raw) > 0 && raw[0] == '[' {
			op = opIn
		}
		g.members = append(g.members, p.comparison(path, path+"."+name, f, name, op, members[name]))
	}
	return g
}

func (p *parser) condition(path string, members map[string]json.RawMessage) node {
	p.only(path, members, "field", "op", "value")
	name := p.word(path+".field", members["field"])
	f, ok := fieldNamed(name)
	if !ok {
		if name != "" {
			p.faults.Add(path+".field", "%q is not a field; known are %s and attributes.NAME", clip(name), strings.Join(Fields(), ", "))
		}
		return nil
	}
	op := opEq
	if raw, ok := members["op"]; ok {
		op = p.word(path+".op", raw)
	}
	if spelled, ok := symbols[op]; ok {
		op = spelled
	}
	return p.comparison(path+".op", path+".value", f, name, op, members["value"])
}

func (p *parser) comparison(opPath, path string, f field, name, op string, raw json.RawMessage) node {
	if !slices.Contains(operators[f.kind], op) {
		p.faults.Add(opPath, "%q does not go with %s; it takes %s", clip(op), name, strings.Join(operators[f.kind], ", "))
		return nil
	}
	c := comparison{field: f, op: op}
	switch op {
	case opExists, opNotExists:
		if v := bytes.TrimSpace(raw); len(v) > 0 && string(v) != "null" && string(v) != "true" {
			p.faults.Add(path, "does not belong to %s", op)
		}
	case opIn, opNotIn:
		c.list = p.list(path, raw)
	case opWithinDays, opBirthdayWithinDays:
		limit := maxDays
		if op == opBirthdayWithinDays {
			limit = 366
		}
		c.days = p.days(path, raw, limit)
	default:
		p.single(path, &c, raw)
	}
	return c
}

// single reads the one value that c compares with.
func (p *parser) single(path string, c *comparison, raw json.RawMessage) {
	v, err := readValue(raw)
	if err != nil {
		p.faults.Add(path, "%s", err)
		return
	}
	byDate := c.op == opBefore || c.op == opAfter
	switch {
	case c.field.kind == kindBool:
		if v.text != "true" && v.text != "false" {
			p.faults.Add(path, "must be true or false")
		}
		c.truth = v.text == "true"
	case c.field.kind == kindDate, c.field.kind == kindTime, byDate:
		c.span, err = readSpan(v.text)
		switch {
		case c.field.kind == kindDate && (err != nil || !c.span.day):
			p.faults.Add(path, "must be a date such as 2026-05-01")
		case err != nil:
			p.faults.Add(path, "must be a date such as 2026-05-01 or a time such as 2026-05-01T09:00:00Z")
		}
	}
	c.value = v
}

func (p *parser) list(path string, raw json.RawMessage) []value {
	var members []json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || len(members) == 0 || len(members) > maxList {
		p.faults.Add(path, "must be a list of 1 to %d values", maxList)
		return nil
	}
	list := make([]value, len(members))
	for i, member := range members {
		v, err := readValue(member)
		if err != nil {
			p.faults.Add(path+"["+strconv.Itoa(i)+"]", "%s", err)
		}
		list[i] = v
	}
	return list
}

func (p *parser) days(path string, raw json.RawMessage, limit int) int {
	v, err := readValue(raw)
	n, numeric := strconv.Atoi(v.text)
	if err != nil || numeric != nil || n < 1 || n > limit {
		p.faults.Add(path, "must be a number of days from 1 to %d", limit)
	}
	return n
}

func (p *parser) word(path string, raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || s == "" || strings.ContainsRune(s, 0) {
		p.faults.Add(path, "must be a text")
		return ""
	}
	return s
}

var consentStates = []string{"pending", "given", "withdrawn", "objected", "expired", "none"}

func (p *parser) consent(path string, members map[string]json.RawMessage) node {
	p.only(path, members, "topic", "state", "within_days")
	c := consent{topic: p.word(path+".topic", members["topic"]), states: []string{"given"}}
	p.topics = append(p.topics, reference{path + ".topic", c.topic})
	if raw, ok := members["state"]; ok {
		var one string
		if err := json.Unmarshal(raw, &one); err == nil {
			c.states = []string{one}
		} else if err := json.Unmarshal(raw, &c.states); err != nil || len(c.states) == 0 {
			p.faults.Add(path+".state", "must be a state or a list of states")
			c.states = nil
		}
	}
	for _, state := range c.states {
		if !slices.Contains(consentStates, state) {
			p.faults.Add(path+".state", "%q is not a state; known are %s", clip(state), strings.Join(consentStates, ", "))
		}
	}
	if raw, ok := members["within_days"]; ok {
		c.days = p.days(path+".within_days", raw, maxDays)
		if slices.Contains(c.states, "none") {
			p.faults.Add(path+".within_days", "does not go with the state none, which has no beginning")
		}
	}
	return c
}

func (p *parser) delivery(path string, members map[string]json.RawMessage) node {
	p.only(path, members, "delivery", "campaign", "within_days")
	d := delivery{outcome: "received"}
	if raw, ok := members["delivery"]; ok {
		d.outcome = p.word(path+".delivery", raw)
		if _, ok := outcomes[d.outcome]; !ok && d.outcome != "" {
			p.faults.Add(path+".delivery", "%q is not an outcome; known are %s", clip(d.outcome), strings.Join(outcomeNames(), ", "))
		}
	}
	if raw, ok := members["campaign"]; ok {
		d.campaign = p.word(path+".campaign", raw)
		if d.campaign != "" && !sqldb.IsID(d.campaign) {
			p.faults.Add(path+".campaign", "must be the id of a campaign")
		}
		p.campaigns = append(p.campaigns, reference{path + ".campaign", d.campaign})
	}
	if raw, ok := members["within_days"]; ok {
		d.days = p.days(path+".within_days", raw, maxDays)
	}
	return d
}

// clip shortens what is told back to a caller.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return fmt.Sprintf("%s…", string([]rune(s)[:most]))
}
