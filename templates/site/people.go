package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// SuppressionsView lists blocked addresses. Filters: reason. Its form blocks one; fields: email, note.
type SuppressionsView struct {
	Page
	Listing
	Rows   []SuppressionRow
	Action string
	Values map[string]string
	Errors map[string]string
	// ExportURL is the list as a file, ImportAction takes one: its fields are file and file_reason. Empty: not offered.
	ExportURL, ImportAction string
}

// LiftView asks why a block is lifted. Fields: note, and those that say which.
type LiftView struct {
	Page
	Action, Back  string
	Email, Reason string
	Missing       string // what is wrong with the note
}

func (v LiftView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.desk.lift"), Fields: []ui.Field{
		{Name: "email", Kind: "hidden", Value: v.Email}, {Name: "reason", Kind: "hidden", Value: v.Reason}, {Name: "back", Kind: "hidden", Value: v.Back},
		{Name: "note", Label: v.t("site.lift.note"), Hint: v.t("site.lift.hint"), Required: true, MaxLength: 500, Error: v.Missing},
	}}
}

// SuppressionRow is one of them.
type SuppressionRow struct {
	Email, PersonURL, Reason, Note string
	At                             time.Time
	// Lift takes the block away; nil where that is not for staff to do.
	Lift *ui.Post
}

var suppressionTones = map[string]ui.Tone{"bounced": ui.Bad, "complained": ui.Bad, "manual": ui.Warn, "erased": ui.Plain}

// SuppressionReason is its badge.
func SuppressionReason(p Page, r string) ui.Badge {
	return badge(p.Locale, "site.suppression.", r, suppressionTones)
}

func (v SuppressionsView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.suppressions"), Actions: v.t("site.actions"), Columns: []ui.Column{v.column(v.t("site.email"), ""), v.column(v.t("site.campaign.reason"), ""), date(v.column(v.t("site.person.since"), ""))}}
	for _, r := range v.Rows {
		row := ui.Row{Cells: []ui.Cell{{Text: orElse(r.Email, v.t("site.suppressions.fingerprint")), URL: r.PersonURL, Sub: r.Note}, {Badge: SuppressionReason(v.Page, r.Reason), Sub: v.stops(r.Reason)}, {Text: v.day(r.At)}}}
		if r.Lift != nil {
			row.Posts = []ui.Post{*r.Lift}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v SuppressionsView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.suppressions.add"), Fields: []ui.Field{
		{Name: "email", Kind: "email", Label: v.t("site.email"), Value: v.Values["email"], Required: true, MaxLength: 320},
		{Name: "note", Label: v.t("site.suppressions.note"), Hint: v.t("site.suppressions.note_hint"), Value: v.Values["note"], MaxLength: 500},
	}}.WithErrors(v.Errors)
}

// stops is what a block of this reason keeps from an address.
func (v SuppressionsView) stops(reason string) string {
	switch reason {
	case "bounced":
		return v.t("site.suppressions.stops_bounced")
	case "complained":
		return v.t("site.suppressions.stops_complained")
	case "erased":
		return v.t("site.suppressions.stops_erased")
	}
	return v.t("site.suppressions.stops_manual")
}

func (v SuppressionsView) importForm() ui.FormOf {
	return ui.FormOf{Action: v.ImportAction, Submit: v.t("site.suppressions.import"), Upload: true, Fields: []ui.Field{
		{Name: "file", Kind: "file", Label: v.t("site.suppressions.file"), Hint: v.t("site.suppressions.file_hint"), Required: true, Error: v.Errors["file"]},
		{Name: "file_reason", Kind: "select", Label: v.t("site.suppressions.file_reason"), Value: "manual", Options: []ui.Option{{Value: "manual", Label: v.t("site.suppression.manual")}, {Value: "bounced", Label: v.t("site.suppression.bounced")}, {Value: "complained", Label: v.t("site.suppression.complained")}}},
	}}
}

func (v SuppressionsView) head() ui.Head {
	h := ui.Head{Title: v.t("site.nav.suppressions"), Lead: v.t("site.suppressions.lead")}
	if v.ExportURL != "" {
		h.Actions = []ui.Link{{Label: v.t("site.suppressions.export"), URL: v.ExportURL, Icon: "download"}}
	}
	return h
}

func (v SuppressionsView) filterBar() *ui.Filter {
	return v.filter(v.Page, NavSuppressions, v.t("site.suppressions.search"), choose(v.Page, "reason", v.t("site.campaign.reason"), v.t("site.deliveries.any_reason"), "site.suppression.", "bounced", "complained", "manual", "erased"))
}

// SegmentsView lists segments.
type SegmentsView struct {
	Page
	Listing
	Rows []SegmentRow
}

// SegmentRow is one of them. People is negative while not counted.
type SegmentRow struct {
	Key, URL, Name string
	People         int
	ChangedAt      time.Time
}

// Segments is the list of segments.
func Segments(v SegmentsView) templ.Component {
	p := under(v.Page, NavSegments)
	create := v.create(p, NavSegments, "site.segments.new")
	t := ui.Table{Caption: p.t("site.nav.segments"), Columns: []ui.Column{v.column(p.t("site.brands.name"), ""), number(v.column(p.t("site.campaign.people"), "")), quiet(v.column(p.t("site.changed"), ""))}}
	for _, r := range v.Rows {
		people := "–"
		if r.People >= 0 {
			people = p.n(r.People)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Key}, {Text: people}, {Text: p.when(r.ChangedAt)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.segments"), Lead: p.t("site.segments.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavSegments, Title: p.t("site.segments.empty"), Text: p.t("site.segments.empty_text"), Action: first(create)},
	})
}
