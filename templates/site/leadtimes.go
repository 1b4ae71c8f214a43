package site

import "assent/templates/site/ui"

// LeadTimesView is how long before a change takes effect people must have been told. Fields: lead.OBLIGATION (a number; empty: as
// usual), unit.OBLIGATION (D or M), and jurisdictions.
type LeadTimesView struct {
	Page
	Action string // empty: whoever looks may not change it
	Rows   []LeadTimeRow
	Laws   []string // that the company can be under
	Ticked []string // those that it is
	Wrong  bool
}

// LeadTimeRow is that of one obligation. Usual holds unless something is set here; Holds is what comes of it, by a law if it is
// longer.
type LeadTimeRow struct {
	Obligation, Number, Unit string
	Usual, Holds             string
	ByLaw                    bool
	Error                    string
}

// table tells whoever may only look what holds, and lets others set it.
func (v LeadTimesView) table() ui.Table {
	what, usual := ui.Column{Label: v.t("site.notices.obligation")}, ui.Column{Label: v.t("site.leads.usual"), Quiet: true}
	t := ui.Table{Caption: v.t("site.leads.title"), Columns: []ui.Column{what, {Label: v.t("site.leads.holds")}, usual}}
	if v.Action != "" {
		t.Stacked, t.Columns = true, []ui.Column{what, {Label: v.t("site.leads.own")}, usual}
	}
	for _, r := range v.Rows {
		name, holds := ui.Cell{Text: Obligation(v.Page, r.Obligation)}, ui.Cell{Text: r.Holds}
		if r.ByLaw {
			holds.Sub = v.t("site.leads.by_law")
		}
		if v.Action != "" {
			name.Sub = v.t("site.leads.holds_is", "lead", r.Holds)
			if r.ByLaw {
				name.Sub += ", " + holds.Sub
			}
			holds = ui.Cell{Component: leadTimeInput(v, r)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, holds, {Text: r.Usual}}})
	}
	return t
}

func (v LeadTimesView) laws() ui.Field {
	f := ui.Field{Name: "jurisdictions", Kind: "checks", Label: v.t("site.leads.laws"), Hint: v.t("site.leads.laws_hint"), Values: v.Ticked, Disabled: v.Action == ""}
	for _, key := range v.Laws {
		f.Options = append(f.Options, ui.Option{Value: key, Label: v.t("site.jurisdiction." + key), Hint: v.t("site.law." + key)})
	}
	return f
}
