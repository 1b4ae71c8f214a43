package site

import (
	"time"

	"assent/templates/site/ui"
)

// ProcessingView is the record of processing activities, and the rules by which data is taken away.
type ProcessingView struct {
	Page
	Made       time.Time
	Controller []Header // what was said of it; empty lines are left out
	Activities []ProcessingActivity
	Recipients []string
	Security   []string
	Due, Last  []Header // what the rules would take away now, and took away last
	Counted    bool     // whether Due was counted
	LastRun    time.Time
	Rules      SettingsForm
	Who        SettingsForm
	Write      bool
}

// ProcessingActivity is one purpose.
type ProcessingActivity struct {
	Purpose, Basis, People, Data string
	Recipients                   []string
	Kept                         string
}

func (v ProcessingView) head() ui.Head {
	return ui.Head{Title: v.t("site.nav.processing"), Lead: v.t("site.processing.lead"), Actions: []ui.Link{
		{Label: v.t("site.processing.csv"), URL: Path(NavProcessing) + "/record.csv", Icon: "download"}, {Label: v.t("site.processing.json"), URL: Path(NavProcessing) + "/record.json", Icon: "download"},
	}}
}

func (v ProcessingView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.processing.activities")}
	for i, key := range []string{"purpose", "basis", "people", "data", "recipients", "kept"} {
		t.Columns = append(t.Columns, ui.Column{Label: v.t("site.processing." + key), Quiet: i > 1 && i < 5})
	}
	for _, a := range v.Activities {
		recipients := "–"
		for i, r := range a.Recipients {
			if i == 0 {
				recipients = r
			} else {
				recipients += ", " + r
			}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: a.Purpose}, {Text: a.Basis}, {Text: a.People}, {Text: a.Data}, {Text: recipients}, {Text: a.Kept}}})
	}
	return t
}
