package site

import (
	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// FormsView lists sign-up forms.
type FormsView struct {
	Page
	Listing
	Rows []FormRow
}

// FormRow is one of them.
type FormRow struct {
	Key, URL, Name, Kind, Topics string
	Sent, Confirmed              int
}

var formKinds = []string{"newsletter", "download", "contact", "demo", "survey"}

// Forms is the list of sign-up forms.
func Forms(v FormsView) templ.Component {
	p := under(v.Page, NavForms)
	create := v.create(p, NavForms, "site.forms.new")
	t := ui.Table{Caption: p.t("site.nav.forms"), Columns: []ui.Column{
		v.column(p.t("site.brands.name"), ""), v.column(p.t("site.forms.kind"), ""), quiet(v.column(p.t("site.nav.topics"), "")), number(v.column(p.t("site.forms.sent"), "")), number(v.column(p.t("site.forms.confirmed"), "")),
	}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Key}, {Text: word(p.Locale, "site.forms.kinds.", r.Kind)}, {Text: r.Topics}, {Text: p.n(r.Sent)}, {Text: p.n(r.Confirmed)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.forms"), Lead: p.t("site.forms.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavForms, Title: p.t("site.forms.empty"), Text: p.t("site.forms.empty_text"), Action: first(create)},
	})
}

// FormEditView makes or changes a sign-up form. Fields: key, kind, names.LANG, topics (repeated), document.
type FormEditView struct {
	Page
	Record
	Action     string
	Values     map[string]string
	Topics     []ui.Option
	Ticked     []string // topics
	Documents  []ui.Option
	Languages  []string
	PublicURL  string // where the form is; shown once it exists
	Embed      string // the snippet to paste into a site
	WordingURL string // its wordings and their versions
}

func (v FormEditView) title() string {
	if name := v.Values["names."+v.Locale.Language()]; name != "" && !v.New {
		return name
	}
	return v.t("site.forms.new")
}

func (v FormEditView) form() ui.FormOf {
	p, val := v.Page, v.Values
	fields := []ui.Field{
		{Name: "key", Label: p.t("site.key"), Hint: p.t("site.key_hint"), Value: val["key"], Required: true, Disabled: !v.New, Mono: true, Short: true, MaxLength: 64},
	}
	kind := ui.Field{Name: "kind", Kind: "radio", Label: p.t("site.forms.kind"), Value: orElse(val["kind"], "newsletter"), Disabled: !v.New}
	for _, k := range formKinds {
		kind.Options = append(kind.Options, ui.Option{Value: k, Label: p.t("site.forms.kinds." + k), Hint: p.t("site.forms.about." + k)})
	}
	fields = append(fields, kind, ui.Field{Name: "topics", Kind: "checks", Label: p.t("site.nav.topics"), Hint: p.t("site.forms.topics_hint"), Options: v.Topics, Values: v.Ticked})
	if len(v.Documents) > 0 {
		fields = append(fields, ui.Field{Name: "document", Kind: "select", Label: p.t("site.forms.document"), Hint: p.t("site.forms.document_hint"), Options: append([]ui.Option{{Value: "", Label: p.t("site.forms.no_document")}}, v.Documents...), Value: val["document"]})
	}
	for i, tag := range v.Languages {
		fields = append(fields, ui.Field{Name: "names." + tag, Label: p.t("site.topics.name") + " (" + locale.Name(tag) + ")", Value: val["names."+tag], Required: i == 0, MaxLength: 200})
	}
	return ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavForms)}, Fields: fields}.WithErrors(v.Errors)
}
