// Package segments keeps saved rules that pick subscribers, and turns a rule into SQL.
//
// A rule is JSON. It is a condition or a group of rules:
//
//	{"all": [rule, …]}  {"any": [rule, …]}  {"not": rule}  [rule, …] means all
//	{"field": "country", "op": "eq", "value": "NL"}
//	{"topic": "newsletter", "state": "given", "within_days": 30}      states may be a list; "none" is never touched
//	{"delivery": "received", "campaign": "ID", "within_days": 90}     campaign and within_days may be left out
//	{"country": "NL", "attributes.plan": ["pro", "team"]}             short for eq and in
//
// Every condition is true or false, never unknown: what a person lacks equals nothing, and "ne" and "not_in" are the
// opposites of "eq" and "in". Texts are compared without regard to the case of ASCII letters. An attribute that is a list
// meets a condition when one of its elements does; two values that both look like plain decimal numbers are compared as
// numbers. A date stands for its whole day in UTC.
//
// Values and attribute names are always bound, never written into the SQL.
package segments
