package site

import (
	"strconv"

	"assent/templates/site/ui"
)

// SegmentFormView makes or changes a segment. Fields: key, name; for the rule at PATH (0 is the whole, 0-2 its third
// member) r.PATH.is for a group, else r.PATH.what and what goes with it; raw and rules (JSON) in place of them. Each
// button is a field do: save, add-rule-PATH, add-group-PATH, drop-PATH, again.
type SegmentFormView struct {
	Page
	Record
	Action string
	Values map[string]string
	Count  SegmentCount
	// Root is the rule as the builder shows it; nil when it has no form for it.
	Root              *RuleNode
	Fields            []string // the fields of a person, by name
	Topics, Campaigns []ui.Option
	BuildURL          string // redraws the rules; CountURL counts afresh
	CountURL          string
	Write             bool
}

// SegmentCount is how many people a rule picks now.
type SegmentCount struct {
	People int // negative: not counted
	Why    string
	// Next is where a count that is not over goes on; empty: that is all of them. PostURL goes on with the rules of the form,
	// GetURL with those that are stored.
	Next, PostURL, GetURL string
	Sample                []SamplePerson
}

// SamplePerson is one of those whom a rule picks.
type SamplePerson struct{ Email, Name, URL string }

// RuleNode is a group of rules or one rule.
type RuleNode struct {
	// Is makes a group: all, any or none. Empty: a rule.
	Is      string
	Members []RuleNode
	// What is a field of a person, "attributes." with the name in Attribute, "topic" or "delivery".
	What, Attribute, Op, Value string
	Topic, State               string
	Outcome, Campaign, Days    string
	Ops                        []string // operators of the field
	Takes                      string   // text, list, date, time, days, truth or nothing
	Error                      string
}

// RuleStates and RuleOutcomes are what can be asked of consent and of mail.
var (
	RuleStates   = []string{"given", "pending", "withdrawn", "objected", "expired", "none"}
	RuleOutcomes = []string{"received", "sent", "bounced", "complained", "unsubscribed", "skipped", "failed", "uncertain"}
)

func (v SegmentFormView) title() string {
	if v.New || v.Values["name"] == "" {
		return v.t("site.segments.new")
	}
	return v.Values["name"]
}

func (v SegmentFormView) fields() []ui.Field {
	val, key := v.Values, v.key(v.Values, v.New)
	key.Error = v.Errors["key"]
	return []ui.Field{
		{Name: "name", Label: v.t("site.brands.name"), Value: val["name"], Required: true, MaxLength: 200, Error: v.Errors["name"]},
		key,
	}
}

// json are the rules as the API takes them.
func (v SegmentFormView) json() []ui.Field {
	out := []ui.Field{{Name: "rules", Kind: "textarea", Rows: 10, Label: v.t("site.segments.rules"), Hint: v.t("site.segments.rules_hint"), Value: v.Values["rules"], Mono: true, Required: v.Root == nil, Error: v.Errors["rules"]}}
	if v.Root != nil {
		out = append(out, ui.Field{Name: "raw", Kind: "checkbox", Label: v.t("site.rules.raw"), Value: v.Values["raw"]})
	}
	return out
}

func ruleName(path, field string) string { return "r." + path + "." + field }

func ruleID(path, field string) string { return "rule-" + path + "-" + field }

func below(path string, i int) string { return path + "-" + strconv.Itoa(i) }

func (v SegmentFormView) whats() []ui.Option {
	var out []ui.Option
	for _, name := range append([]string{"topic", "delivery", "attributes."}, v.Fields...) {
		out = append(out, ui.Option{Value: name, Label: word(v.Locale, "site.rules.what.", trimDot(name))})
	}
	return out
}

func trimDot(s string) string {
	if n := len(s); n > 0 && s[n-1] == '.' {
		return s[:n-1]
	}
	return s
}

func (v SegmentFormView) words(prefix string, values []string) []ui.Option {
	var out []ui.Option
	for _, value := range values {
		out = append(out, ui.Option{Value: value, Label: word(v.Locale, prefix, value)})
	}
	return out
}

func inputKind(takes string) string {
	switch takes {
	case "date", "time":
		return "date"
	case "days":
		return "number"
	}
	return "text"
}
