package site

import (
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
}

// AuditKinds are the kinds of action that can be filtered by, AuditPeriods the periods in days.
var (
	AuditKinds   = []string{"campaign", "notice", "policy", "subscriber", "suppression", "segment", "import", "request", "topic", "form", "event", "brand", "partner", "user", "key", "passkey", "webhook", "settings"}
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
	t := ui.Table{Caption: v.t("site.nav.audit"), Columns: []ui.Column{
		{Label: v.t("site.staff.audit.what")}, {Label: v.t("site.staff.audit.change")}, {Label: v.t("site.staff.audit.who")}, {Label: v.t("site.staff.audit.at"), Date: true},
	}}
	for _, line := range v.Lines {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: line.Action, Sub: line.Object, Mono: true},
			{Component: changes(v.Page, line.Changes)},
			{Text: line.Name, Sub: v.t("site.staff.audit.actor."+line.actor()) + dotted(line.IP)},
			{Text: v.when(line.At)},
		}})
	}
	return t
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
