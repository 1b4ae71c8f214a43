package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assent/preferences/segments"
	"assent/templates/site"
)

// Bounds of what the builder shows; longer rules are JSON.
const (
	maxRuleDepth   = 6
	maxRuleMembers = 100
)

// ruleOf reads the builder's form: the rule at a path, and its members.
func ruleOf(val map[string]string, path string, depth int) (n site.RuleNode, ok bool) {
	get := func(field string) string { return strings.TrimSpace(val["r."+path+"."+field]) }
	switch get("type") {
	case "group":
		n.Is = get("is")
		if !slices.Contains([]string{"all", "any", "none"}, n.Is) {
			n.Is = "all"
		}
		for i := 0; i < maxRuleMembers && depth < maxRuleDepth; i++ {
			m, ok := ruleOf(val, path+"-"+strconv.Itoa(i), depth+1)
			if !ok {
				break
			}
			n.Members = append(n.Members, m)
		}
		return n, true
	case "rule":
		n = site.RuleNode{What: get("what"), Attribute: get("attribute"), Op: get("op"), Value: strings.ReplaceAll(get("value"), "\r\n", "\n"), Topic: get("topic"), State: get("state"), Outcome: get("outcome"), Campaign: get("campaign"), Days: get("days")}
		return n, true
	}
	return n, false
}

// reshape does what a button of the builder says.
func reshape(root site.RuleNode, do string) site.RuleNode {
	verb, path, _ := strings.Cut(do, "-")
	kind := ""
	if verb == "add" {
		kind, path, _ = strings.Cut(path, "-")
	}
	at, last, nested := cutLast(path)
	switch {
	case verb == "add":
		if g := nodeAt(&root, path); g != nil && g.Is != "" && len(g.Members) < maxRuleMembers {
			m := site.RuleNode{What: "country", Op: "eq"}
			if kind == "group" {
				m = site.RuleNode{Is: "any", Members: []site.RuleNode{m}}
			}
			g.Members = append(g.Members, m)
		}
	case verb == "drop" && nested:
		n, err := strconv.Atoi(last)
		if g := nodeAt(&root, at); err == nil && g != nil && n >= 0 && n < len(g.Members) {
			g.Members = slices.Delete(g.Members, n, n+1)
		}
	}
	return root
}

// nodeAt is the node at a path such as 0-2-1, or nil.
func nodeAt(root *site.RuleNode, path string) *site.RuleNode {
	parts := strings.Split(path, "-")
	if parts[0] != "0" {
		return nil
	}
	for _, p := range parts[1:] {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n >= len(root.Members) {
			return nil
		}
		root = &root.Members[n]
	}
	return root
}

// ruleJSON is a rule as the API takes it.
func ruleJSON(n site.RuleNode) any {
	if n.Is != "" {
		members := make([]any, 0, len(n.Members))
		for _, m := range n.Members {
			members = append(members, ruleJSON(m))
		}
		if n.Is == "none" {
			return map[string]any{"not": map[string]any{"any": members}}
		}
		return map[string]any{n.Is: members}
	}
	out := map[string]any{}
	days := func() {
		if d, err := strconv.Atoi(n.Days); err == nil {
			out["within_days"] = d
		} else if n.Days != "" {
			out["within_days"] = n.Days // told as wrong by who reads it
		}
	}
	switch n.What {
	case "topic":
		out["topic"], out["state"] = n.Topic, n.State
		if n.State != "none" {
			days()
		}
	case "delivery":
		out["delivery"] = n.Outcome
		if n.Campaign != "" {
			out["campaign"] = n.Campaign
		}
		days()
	default:
		out["field"], out["op"] = n.What, n.Op
		if n.What == "attributes." {
			out["field"] = n.What + n.Attribute
		}
		switch takes(n.What, n.Op) {
		case "nothing":
		case "list":
			list := []string{}
			for _, line := range strings.Split(n.Value, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					list = append(list, line)
				}
			}
			out["value"] = list
		case "days":
			out["value"] = n.Value
			if d, err := strconv.Atoi(n.Value); err == nil {
				out["value"] = d
			}
		case "truth":
			out["value"] = n.Value == "true"
		default:
			out["value"] = n.Value
		}
	}
	return out
}

// takes is what a comparison of a field wants beside it.
func takes(what, op string) string {
	switch {
	case op == "exists" || op == "not_exists":
		return "nothing"
	case op == "in" || op == "not_in":
		return "list"
	case strings.HasSuffix(op, "within_days"):
		return "days"
	case what == "customer":
		return "truth"
	case what == "birth_date" || op == "before" || op == "after":
		return "date"
	case what == "customer_since" || what == "created_at":
		return "time"
	}
	return "text"
}

// dress gives every rule what its controls need, and what it lacks.
func dress(n *site.RuleNode) {
	for i := range n.Members {
		dress(&n.Members[i])
	}
	if n.Is != "" {
		return
	}
	switch n.What {
	case "topic":
		if !slices.Contains(site.RuleStates, n.State) {
			n.State = "given"
		}
		return
	case "delivery":
		if !slices.Contains(site.RuleOutcomes, n.Outcome) {
			n.Outcome = "received"
		}
		return
	}
	name := n.What
	if name == "attributes." {
		name += "x" // all attributes take the same
	}
	if n.Ops = segments.Operators(name); len(n.Ops) == 0 {
		n.What, n.Ops = "country", segments.Operators("country")
	}
	if !slices.Contains(n.Ops, n.Op) {
		n.Op = n.Ops[0]
	}
	n.Takes = takes(n.What, n.Op)
}

// treeOf shows a stored rule in the builder; not ok when it says something that the builder has no control for.
func treeOf(raw json.RawMessage) (n site.RuleNode, ok bool) {
	n, ok = shown(raw, 0)
	if ok && n.Is == "" {
		n = site.RuleNode{Is: "all", Members: []site.RuleNode{n}}
	}
	return n, ok
}

func shown(raw json.RawMessage, depth int) (n site.RuleNode, ok bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return group("all", list, depth)
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || len(m) == 0 {
		return n, false
	}
	for key, is := range map[string]string{"all": "all", "and": "all", "any": "any", "or": "any"} {
		if inner, has := m[key]; has {
			if len(m) != 1 || json.Unmarshal(inner, &list) != nil {
				return n, false
			}
			return group(is, list, depth)
		}
	}
	if inner, has := m["not"]; has {
		g, ok := shown(inner, depth+1)
		if ok && g.Is == "any" {
			g.Is = "none"
			return g, len(m) == 1
		}
		return site.RuleNode{Is: "none", Members: []site.RuleNode{g}}, ok && len(m) == 1
	}
	switch {
	case m["field"] != nil:
		return comparison(m)
	case m["topic"] != nil:
		return consented(m)
	case m["delivery"] != nil, m["campaign"] != nil:
		return delivered(m)
	}
	out := site.RuleNode{Is: "all"}
	for _, name := range slices.Sorted(keysOf(m)) {
		op := json.RawMessage(`"eq"`)
		if json.Unmarshal(m[name], &list) == nil {
			op = json.RawMessage(`"in"`)
		}
		quoted, _ := json.Marshal(name) // a text always encodes
		r, ok := comparison(map[string]json.RawMessage{"field": quoted, "op": op, "value": m[name]})
		if !ok {
			return n, false
		}
		out.Members = append(out.Members, r)
	}
	if len(out.Members) == 1 {
		return out.Members[0], true
	}
	return out, true
}

func keysOf(m map[string]json.RawMessage) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func group(is string, list []json.RawMessage, depth int) (site.RuleNode, bool) {
	n := site.RuleNode{Is: is}
	if depth >= maxRuleDepth || len(list) > maxRuleMembers {
		return n, false
	}
	for _, raw := range list {
		m, ok := shown(raw, depth+1)
		if !ok {
			return n, false
		}
		n.Members = append(n.Members, m)
	}
	return n, true
}

// plain is a JSON text, number or truth as text.
func plain(raw json.RawMessage) (string, bool) {
	var v any
	if raw == nil {
		return "", true
	}
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, !strings.Contains(v, "\n")
	case float64:
		return string(raw), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", v == nil
}

var spelled = map[string]string{"=": "eq", "==": "eq", "is": "eq", "equals": "eq", "!=": "ne", "<>": "ne", "is_not": "ne", "not_equals": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "nin": "not_in", "": "eq"}

func comparison(m map[string]json.RawMessage) (n site.RuleNode, ok bool) {
	var right bool
	if n.What, ok = plain(m["field"]); !ok {
		return n, false
	}
	if n.Op, ok = plain(m["op"]); !ok {
		return n, false
	}
	if s, known := spelled[n.Op]; known {
		n.Op = s
	}
	if !slices.Contains(segments.Operators(n.What), n.Op) {
		return n, false
	}
	if name, is := strings.CutPrefix(n.What, "attributes."); is {
		n.What, n.Attribute = "attributes.", name
	}
	if takes(n.What, n.Op) == "list" {
		var list []json.RawMessage
		if json.Unmarshal(m["value"], &list) != nil {
			return n, false
		}
		var lines []string
		for _, raw := range list {
			line, ok := plain(raw)
			if !ok || strings.TrimSpace(line) != line || line == "" {
				return n, false
			}
			lines = append(lines, line)
		}
		n.Value = strings.Join(lines, "\n")
		return n, true
	}
	if n.Value, right = plain(m["value"]); !right || strings.TrimSpace(n.Value) != n.Value {
		return n, false
	}
	if t := takes(n.What, n.Op); (t == "date" || t == "time") && len(n.Value) != len("2006-01-02") {
		return n, false // an instant: the builder asks for days
	}
	return n, true
}

func consented(m map[string]json.RawMessage) (site.RuleNode, bool) {
	topic, ok := plain(m["topic"])
	days, right := plain(m["within_days"])
	states := []string{"given"}
	if raw := m["state"]; raw != nil {
		var one string
		if json.Unmarshal(raw, &one) == nil {
			states = []string{one}
		} else if json.Unmarshal(raw, &states) != nil {
			return site.RuleNode{}, false
		}
	}
	any := site.RuleNode{Is: "any"}
	for _, state := range states {
		any.Members = append(any.Members, site.RuleNode{What: "topic", Topic: topic, State: state, Days: days})
	}
	if len(states) == 1 {
		return any.Members[0], ok && right
	}
	return any, ok && right
}

func delivered(m map[string]json.RawMessage) (site.RuleNode, bool) {
	n := site.RuleNode{What: "delivery", Outcome: "received"}
	ok := true
	if m["delivery"] != nil {
		n.Outcome, ok = plain(m["delivery"])
	}
	campaign, fine := plain(m["campaign"])
	days, right := plain(m["within_days"])
	n.Campaign, n.Days = campaign, days
	return n, ok && fine && right
}

// faulty puts what is wrong at its rule, if the builder shows it.
func faulty(root *site.RuleNode, wrong map[string]string) {
	for field, text := range wrong {
		path := "0"
		rest := strings.TrimPrefix(field, "rules")
		for rest != "" {
			var i int
			if strings.HasPrefix(rest, "[") {
				if _, err := fmt.Sscanf(rest, "[%d]", &i); err != nil {
					break
				}
				path += "-" + strconv.Itoa(i)
				rest = rest[strings.IndexByte(rest, ']')+1:]
				continue
			}
			name := strings.TrimPrefix(rest, ".")
			end := strings.IndexAny(name, ".[")
			if end < 0 {
				end = len(name)
			}
			if word := name[:end]; word != "all" && word != "any" && word != "not" {
				break
			}
			rest = name[end:]
		}
		if n := nodeAt(root, path); n != nil && n.Is == "" {
			n.Error = strings.TrimSpace(n.Error + " " + text)
		}
	}
}
