package site

import (
	"strings"
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// CameBackView lists what came back about mails: bounces, complaints, wishes to stop, automatic answers.
type CameBackView struct {
	Page
	Listing
	Tabs []ui.Tab
	Rows []CameBackRow
}

// CameBackRow is one of them.
type CameBackRow struct {
	At                      time.Time
	Kind, Class, Code, Said string
	Effect                  string
	Email, PersonURL        string
	About, AboutURL         string // the campaign or message
	Way                     string // smtp, imap, file or a provider
}

// CameBackPath is where they are listed.
func CameBackPath() string { return Path(NavDeliverability) + "/returned" }

var effectTones = map[string]ui.Tone{"suppress": ui.Bad, "complain": ui.Bad, "withdraw": ui.Warn, "count": ui.Warn, "brake": ui.Warn}

func (v CameBackView) what(r CameBackRow) ui.Cell {
	text := v.t("site.cameback.kind." + r.Kind)
	if r.Class != "" {
		text = v.t("site.cameback.class." + r.Class)
	}
	if r.Kind == "delayed" {
		text = v.t("site.cameback.kind.delayed") + ": " + text
	}
	return ui.Cell{Badge: ui.Badge{Text: text, Tone: effectTones[r.Effect]}, Sub: v.t("site.cameback.effect." + r.Effect)}
}

func (v CameBackView) table() ui.Table {
	t := ui.Table{Stacked: true, Caption: v.t("site.cameback.title"), Columns: []ui.Column{{Label: v.t("site.cameback.who")}, {Label: v.t("site.cameback.what")}, {Label: v.t("site.cameback.about"), Quiet: true}, {Label: v.t("site.cameback.at"), Date: true}}}
	for _, r := range v.Rows {
		way := ProviderNames[r.Way]
		if way == "" {
			way = v.t("site.cameback.way." + r.Way)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: orElse(r.Email, v.t("site.cameback.nobody")), URL: r.PersonURL, Sub: strings.TrimSpace(r.Code + " " + r.Said)}, v.what(r), {Text: orElse(r.About, "–"), URL: r.AboutURL, Sub: way}, {Text: v.when(r.At)},
		}})
	}
	return t
}

// CameBack is the page.
func CameBack(v CameBackView) templ.Component {
	v.Page = under(v.Page, NavDeliverability)
	return listPage(sheet{
		Page: v.Page, Listing: v.Listing, Tabs: v.Tabs, Table: v.table(), Head: ui.Head{Title: v.t("site.cameback.title"), Lead: v.t("site.cameback.lead")},
		Empty: ui.Empty{Icon: NavDeliverability, Title: v.t("site.cameback.empty"), Text: v.t("site.cameback.empty_text")},
	})
}
