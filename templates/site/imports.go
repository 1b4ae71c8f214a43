package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// ImportsView lists imports.
type ImportsView struct {
	Page
	Listing
	Rows []ImportRow
}

// ImportRow is one of them.
type ImportRow struct {
	URL, File, By, Status  string
	DryRun                 bool
	Rows, Created, Skipped int
	At                     time.Time
}

var importTones = map[string]ui.Tone{"queued": ui.Info, "running": ui.Info, "finished": ui.Good, "failed": ui.Bad, "undoing": ui.Info, "undone": ui.Plain}

func importStatus(p Page, status string) ui.Badge {
	return badge(p.Locale, "site.imports.status.", status, importTones)
}

// Imports is the list of imports.
func Imports(v ImportsView) templ.Component {
	p := under(v.Page, NavImports)
	create := v.create(p, NavImports, "site.imports.new")
	t := ui.Table{Caption: p.t("site.nav.imports"), Columns: []ui.Column{
		v.column(p.t("site.imports.file"), ""), v.column(p.t("site.campaigns.status"), ""), number(v.column(p.t("site.imports.rows"), "")), number(v.column(p.t("site.imports.created"), "")), quiet(number(v.column(p.t("site.imports.skipped"), ""))), quiet(v.column(p.t("site.mail.at"), "")),
	}}
	for _, r := range v.Rows {
		file := ui.Cell{Text: r.File, URL: r.URL, Sub: r.By}
		if r.DryRun {
			file.Sub = p.t("site.imports.dry")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{file, {Badge: importStatus(p, r.Status)}, {Text: p.n(r.Rows)}, {Text: p.n(r.Created)}, {Text: p.n(r.Skipped)}, {Text: p.when(r.At)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.imports"), Lead: p.t("site.imports.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavImports, Title: p.t("site.imports.empty"), Text: p.t("site.imports.empty_text"), Action: first(create)},
	})
}

// ImportFormView begins an import, in two steps. First the file (multipart: file). Then, with Columns, what each of them
// is (map.N), and the evidence: topics (repeated), action, source, wording, collected_at, url, document, confirmed; dry_run.
type ImportFormView struct {
	Page
	Action  string
	Values  map[string]string
	Ticked  []string // topics
	Errors  map[string]string
	Topics  []ui.Option
	Columns []ImportColumn
	Targets []ui.Option // what a column can be
	File    string      // its name, in the second step
	Upload  string      // its id, as the hidden field upload
}

// ImportColumn is one column of the file with its first values.
type ImportColumn struct {
	Name, Sample, Target string
}

// ImportForm is its page.
func ImportForm(v ImportFormView) templ.Component {
	p, val := under(v.Page, NavImports), v.Values
	f := ui.FormOf{Action: v.Action, Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavImports)}}
	head := ui.Head{Title: p.t("site.imports.new"), Back: p.back(NavImports)}
	if len(v.Columns) == 0 {
		f.Upload, f.Submit = true, p.t("site.imports.upload")
		f.Fields = []ui.Field{{Name: "file", Kind: "file", Label: p.t("site.imports.file"), Hint: p.t("site.imports.file_hint"), Required: true, Accept: ".csv,text/csv"}}
		return formPage(form{Page: p, Head: head, Notes: []remark{{ui.Info, "", p.t("site.imports.safe")}}, Form: f.WithErrors(v.Errors)})
	}
	head.Lead = v.File
	f.Submit = p.t("site.imports.start")
	f.Fields = []ui.Field{{Name: "upload", Kind: "hidden", Value: v.Upload}, {Kind: "title", Label: p.t("site.imports.mapping"), Hint: p.t("site.imports.mapping_hint")}}
	for i, c := range v.Columns {
		f.Fields = append(f.Fields, ui.Field{Name: "map." + itoa(i), Kind: "select", Label: orElse(c.Name, p.t("site.imports.unnamed", "n", i+1)), Hint: c.Sample, Options: v.Targets, Value: c.Target, Short: true, Sometimes: true})
	}
	f.Fields = append(f.Fields,
		ui.Field{Kind: "title", Label: p.t("site.imports.evidence"), Hint: p.t("site.imports.evidence_hint")},
		ui.Field{Name: "topics", Kind: "checks", Label: p.t("site.nav.topics"), Hint: p.t("site.imports.topics_hint"), Options: v.Topics, Values: v.Ticked},
		ui.Field{Name: "action", Kind: "radio", Label: p.t("site.person.action"), Value: orElse(val["action"], "give"), Options: []ui.Option{
			{Value: "give", Label: p.t("site.person.give"), Hint: p.t("site.imports.give_hint")}, {Value: "withdraw", Label: p.t("site.person.withdraw"), Hint: p.t("site.imports.withdraw_hint")},
			{Value: "object", Label: p.t("site.imports.object"), Hint: p.t("site.imports.object_hint")},
		}},
		ui.Field{Name: "source", Label: p.t("site.person.source"), Hint: p.t("site.person.source_hint"), Value: val["source"], MaxLength: 200},
		ui.Field{Name: "wording", Kind: "textarea", Rows: 3, Label: p.t("site.person.wording"), Hint: p.t("site.imports.wording_hint"), Value: val["wording"], Sometimes: true},
		ui.Field{Name: "collected_at", Kind: "datetime-local", Label: p.t("site.person.collected"), Hint: p.t("site.imports.column_hint"), Value: val["collected_at"], Short: true},
		ui.Field{Name: "url", Kind: "url", Label: p.t("site.person.proof"), Hint: p.t("site.person.proof_hint"), Value: val["url"]},
		ui.Field{Name: "document", Label: p.t("site.imports.document"), Hint: p.t("site.imports.document_hint"), Value: val["document"], MaxLength: 500},
		ui.Field{Name: "confirmed", Kind: "checkbox", Label: p.t("site.imports.confirmed"), Hint: p.t("site.imports.confirmed_hint"), Value: val["confirmed"]},
		ui.Field{Kind: "title", Label: p.t("site.imports.how")},
		ui.Field{Name: "dry_run", Kind: "checkbox", Label: p.t("site.imports.dry_run"), Hint: p.t("site.imports.dry_run_hint"), Value: orElse(val["dry_run"], "1")},
	)
	return formPage(form{Page: p, Head: head, Form: f.WithErrors(v.Errors)})
}

// ImportView is one import: its progress and its result. Done and Size are bytes.
type ImportView struct {
	Page
	ImportRow
	Done, Size, Updated, Confirmations int
	SkippedBy, PartlyBy                []Count // by reason
	Mistakes                           []Mistake
	MoreMistakes                       int
	RejectsURL                         string // the refused lines as CSV
	LiveURL                            string // where the page hears how it goes on
	Failure                            string
	Settings                           []Header // what it was told to do
	Undone                             *ImportUndone
	Actions                            []ui.Link
	Posts                              []ui.Post
}

// ImportUndone is what an undo took back.
type ImportUndone struct{ Removed, Restored, Kept int }

// Mistake is one line that was refused.
type Mistake struct {
	Line int
	Text string
}

func (v ImportView) running() bool {
	return v.Status == "queued" || v.Status == "running" || v.Status == "undoing"
}

func (v ImportView) head() ui.Head {
	h := ui.Head{Title: v.File, Back: v.back(NavImports), Badge: importStatus(v.Page, v.Status), Posts: v.Posts, Actions: v.Actions}
	if v.DryRun {
		h.Lead = v.t("site.imports.dry_lead")
	}
	return h
}

func (v ImportView) stats() []ui.Stat {
	out := []ui.Stat{
		{Label: v.t("site.imports.rows"), Value: v.n(v.ImportRow.Rows)}, {Label: v.t("site.imports.created"), Value: v.n(v.Created)},
		{Label: v.t("site.imports.updated"), Value: v.n(v.Updated)}, {Label: v.t("site.imports.skipped"), Value: v.n(v.Skipped)},
	}
	if v.Confirmations > 0 {
		out = append(out, ui.Stat{Label: v.t("site.imports.asked"), Value: v.n(v.Confirmations)})
	}
	return out
}

// said tells how far it is.
func (v ImportView) said() string {
	if v.Status == "undoing" {
		return v.t("site.imports.undoing")
	}
	return v.t("site.imports.at", "rows", v.n(v.ImportRow.Rows), "share", ui.ShareOf(v.Done, max(v.Size, 1)))
}

// importShares name reasons of the gate and of the import alike.
func (v ImportView) shares(counts []Count) []ui.Share {
	out := v.Page.shares(counts)
	for i, c := range counts {
		if key := "site.imports.reason." + c.Reason; v.Locale.Has(key) {
			out[i].Name = v.t(key)
		}
	}
	return out
}

// ImportUndoView asks before an import is taken back, and says what that will do.
type ImportUndoView struct {
	Page
	File, Action, Back         string
	Removed, Restored, Changed int
}

// ImportUndo is its page.
func ImportUndo(v ImportUndoView) templ.Component {
	p := under(v.Page, NavImports)
	var notes []remark
	for _, part := range []struct {
		key string
		n   int
	}{{"removes", v.Removed}, {"restores", v.Restored}, {"leaves", v.Changed}} {
		if part.n > 0 || part.key == "removes" {
			notes = append(notes, remark{ui.Info, "", p.Locale.N("site.imports.undo."+part.key, part.n)})
		}
	}
	notes = append(notes, remark{ui.Good, "", p.t("site.imports.undo.optouts")})
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.imports.undo.title"), Lead: v.File, Back: ui.Link{Label: v.File, URL: v.Back}}, Notes: notes,
		Form: ui.FormOf{Action: v.Action, Submit: p.t("site.imports.undo.do"), Danger: true, Cancel: ui.Link{Label: p.t("site.cancel"), URL: v.Back}}})
}
