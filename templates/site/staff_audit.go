package site

import (
	"encoding/json"
	"strings"
	"time"

	"assent/templates/site/ui"
)

// AuditLine is one entry of the audit log.
type AuditLine struct {
	At         time.Time
	Name, Kind string // who, and what kind of actor: user, key, recipient, system
	IP         string
	Action     string // "campaign.schedule"
	Object     string // "campaign:0192…"
	Changes    []Change
}

// Change is one field that an action changed. Empty means absent.
type Change struct{ Field, Before, After string }

// AuditView is the audit log.
type AuditView struct {
	Page
	Object, Actor, Kind, Period string // the filter
	Actors                      []ui.Option
	Lines                       []AuditLine
	Older, Export               string // URLs
	Further                     Further
}

// AuditKinds are the kinds of action that can be filtered by, AuditPeriods the periods in days.
var (
	AuditKinds   = []string{"campaign", "notice", "notice_broadcast", "policy", "subscriber", "suppression", "segment", "import", "data_request", "topic", "form", "event", "brand", "partner", "media", "user", "key", "passkey", "webhook", "settings", "retention", "dkim"}
	AuditPeriods = []string{"1", "7", "30", "365"}
)

func (v AuditView) filtered() bool {
	return v.Object != "" || v.Actor != "" || v.Kind != "" || v.Period != ""
}

func (v AuditView) filter() ui.Filter {
	kinds := []ui.Option{{Label: v.t("site.staff.audit.kind.all")}}
	for _, kind := range AuditKinds {
		kinds = append(kinds, ui.Option{Value: kind, Label: v.t("site.staff.audit.kind." + kind)})
	}
	periods := []ui.Option{{Label: v.t("site.staff.audit.period.all")}}
	for _, period := range AuditPeriods {
		periods = append(periods, ui.Option{Value: period, Label: v.t("site.staff.audit.period." + period)})
	}
	f := ui.Filter{
		Locale: v.Locale, Action: Path(NavAudit), Search: v.Object, Hint: v.t("site.staff.audit.search"),
		Selects: []ui.Field{
			{Name: "actor", Label: v.t("site.staff.audit.who"), Value: v.Actor, Options: append([]ui.Option{{Label: v.t("site.staff.audit.who_all")}}, v.Actors...)},
			{Name: "kind", Label: v.t("site.staff.audit.what"), Value: v.Kind, Options: kinds},
			{Name: "period", Label: v.t("site.staff.audit.when"), Value: v.Period, Options: periods},
		},
		Export: ui.Link{Label: v.t("site.staff.audit.export"), URL: v.Export},
	}
	if v.filtered() {
		f.Clear = Path(NavAudit)
	}
	return f
}

func (v AuditView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.audit"), Stacked: true, Columns: []ui.Column{
		{Label: v.t("site.staff.audit.what")}, {Label: v.t("site.staff.audit.change")}, {Label: v.t("site.staff.audit.who")}, {Label: v.t("site.staff.audit.at"), Date: true},
	}}
	for _, line := range v.Lines {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: word(v.Locale, "site.audit.action.", line.Action), Sub: line.Object},
			{Component: changes(v.Page, line.Changes)},
			{Text: line.Name, Sub: v.t("site.staff.audit.actor."+line.actor()) + dotted(line.IP)},
			{Text: v.when(line.At)},
		}})
	}
	return t
}

// value is a value of a change as people read it: moments in their zone, words for yes and no and for states, lists without
// their brackets.
func (p Page) value(field, text string) string {
	switch text {
	case "true":
		return p.t("site.field.yes")
	case "false":
		return p.t("site.field.no")
	case "null", "[]", "{}":
		return ""
	}
	switch field {
	case "status":
		if key := "site.status." + text; p.Locale.Has(key) {
			return p.t(key)
		}
		return word(p.Locale, "site.delivery.", word(p.Locale, "site.requests.status.", text))
	case "class", "basis":
		return word(p.Locale, "site."+field+".", text)
	case "roles":
		var keys []string
		if json.Unmarshal([]byte(text), &keys) == nil {
			return p.roles(keys)
		}
	case "reason", "held_for", "disabled_for", "error":
		if key := "site.reason." + text; p.Locale.Has(key) {
			return p.t(key)
		}
		return p.Locale.Said(text)
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return p.when(at)
	}
	var list []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &list) == nil {
		return strings.Join(list, ", ")
	}
	return text
}

func (l AuditLine) actor() string {
	switch l.Kind {
	case "user", "key", "recipient":
		return l.Kind
	}
	return "system"
}

func dotted(s string) string {
	if s == "" {
		return ""
	}
	return " · " + s
}
