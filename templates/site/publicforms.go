package site

import (
	"time"

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
	Archived                     bool
}

var formKinds = []string{"newsletter", "download", "contact", "demo", "survey"}

// Forms is the list of sign-up forms.
func Forms(v FormsView) templ.Component {
	p := under(v.Page, NavForms)
	create := v.create(p, NavForms, "site.forms.new")
	t := ui.Table{Caption: p.t("site.nav.forms"), Columns: []ui.Column{
		v.column(p.t("site.brands.name"), ""), quiet(v.column(p.t("site.forms.kind"), "")), quiet(v.column(p.t("site.nav.topics"), "")), number(v.column(p.t("site.forms.sent"), "")), number(v.column(p.t("site.forms.confirmed"), "")),
	}}
	for _, r := range v.Rows {
		name := ui.Cell{Text: r.Name, URL: r.URL, Sub: r.Key}
		if r.Archived {
			name.Badge = ui.Badge{Text: p.t("site.forms.archived"), Tone: ui.Mute}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: word(p.Locale, "site.forms.kinds.", r.Kind)}, {Text: r.Topics}, {Text: p.n(r.Sent)}, {Text: p.n(r.Confirmed)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.forms"), Lead: p.t("site.forms.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavForms, Title: p.t("site.forms.empty"), Text: p.t("site.forms.empty_text"), Action: first(create)},
	})
}

// FormEditView makes or changes a sign-up form. Fields: key, kind, topics (repeated), document, brand, ask_names, ask_age, country,
// names.LANG, intros.LANG, wording.TOPIC.LANG, q.N.name, q.N.label.LANG, q.N.kind, q.N.required, q.N.options, embed, back_url.
type FormEditView struct {
	Page
	Record
	Action             string
	Values             map[string]string
	Topics, Brands     []ui.Option
	Ticked             []string // topics
	Languages          []string
	Questions          int       // how many of its own are asked for, empty ones included
	PublicURL          string    // where the form is; shown once it exists
	Preview            string    // the form alone, to be framed
	Embed              string    // the snippet to paste into a site
	Links              []ui.Link // its wordings, what was sent in
	Archived           bool
	Started, Confirmed int
}

func (v FormEditView) title() string {
	if name := v.Values["names."+v.Locale.Language()]; name != "" && !v.New {
		return name
	}
	if !v.New {
		return v.Values["key"]
	}
	return v.t("site.forms.new")
}

func (v FormEditView) head() ui.Head {
	h := ui.Head{Title: v.title(), Back: v.back(NavForms), Actions: v.Links}
	if v.Archived {
		h.Badge = ui.Badge{Text: v.t("site.forms.archived"), Tone: ui.Mute}
	}
	return h
}

func (v FormEditView) stats() []ui.Stat {
	s := ui.Stat{Label: v.t("site.forms.confirmed"), Value: v.n(v.Confirmed)}
	if v.Started > 0 {
		s.Note = ui.ShareOf(v.Confirmed, v.Started)
	}
	return []ui.Stat{{Label: v.t("site.forms.sent"), Value: v.n(v.Started)}, s}
}

// questionKinds are what a question can ask for.
var questionKinds = []string{"text", "textarea", "choice", "choices", "number", "date", "email", "tel", "url"}

func (v FormEditView) form() ui.FormOf {
	p, val := v.Page, v.Values
	var fields []ui.Field
	kind := ui.Field{Name: "kind", Kind: "radio", Label: p.t("site.forms.kind"), Value: orElse(val["kind"], "newsletter"), Disabled: !v.New}
	for _, k := range formKinds {
		kind.Options = append(kind.Options, ui.Option{Value: k, Label: p.t("site.forms.kinds." + k), Hint: p.t("site.forms.about." + k)})
	}
	if v.New {
		fields = append(fields, kind)
	}
	for i, tag := range v.Languages {
		texts := []ui.Field{
			{Name: "names." + tag, Label: p.t("site.forms.heading"), Value: val["names."+tag], Required: i == 0, MaxLength: 200},
			{Name: "intros." + tag, Kind: "textarea", Rows: 2, Label: p.t("site.forms.intro"), Value: val["intros."+tag], MaxLength: 2000},
		}
		fields = inLanguage(fields, i, tag, texts...)
	}
	fields = append(fields, p.key(val, v.New))
	fields = append(fields, ui.Field{Kind: "title", Label: p.t("site.forms.offers")},
		ui.Field{Name: "topics", Kind: "checks", Label: p.t("site.nav.topics"), Hint: p.t("site.forms.topics_hint"), Options: v.Topics, Values: v.Ticked})
	if v.New || val["kind"] == "download" {
		fields = append(fields, ui.Field{Name: "document", Kind: "url", Label: p.t("site.forms.document"), Hint: p.t("site.forms.document_hint"), Value: val["document"], Placeholder: "https://"})
	}
	fields = append(fields, v.wordings()...)
	fields = append(fields, ui.Field{Kind: "title", Label: p.t("site.forms.asks")},
		ui.Field{Name: "ask_names", Kind: "checkbox", Label: p.t("site.forms.ask_names"), Value: val["ask_names"]},
		ui.Field{Name: "ask_age", Kind: "checkbox", Label: p.t("site.forms.ask_age"), Hint: p.t("site.forms.ask_age_hint"), Value: val["ask_age"]},
		ui.Field{Name: "country", Label: p.t("site.subscribers.country"), Hint: p.t("site.forms.country_hint"), Value: val["country"], Short: true, MaxLength: 2})
	fields = append(fields, v.questions()...)
	fields = append(fields, ui.Field{Kind: "title", Label: p.t("site.forms.place")})
	if len(v.Brands) > 1 {
		fields = append(fields, ui.Field{Name: "brand", Kind: "select", Label: p.t("site.campaign.brand"), Options: v.Brands, Value: val["brand"], Required: true})
	}
	fields = append(fields,
		ui.Field{Name: "embed", Kind: "textarea", Rows: 2, Label: p.t("site.forms.origins"), Hint: p.t("site.forms.origins_hint"), Value: val["embed"], Mono: true, Placeholder: "https://www.example.com"},
		ui.Field{Name: "back_url", Kind: "url", Label: p.t("site.forms.back"), Hint: p.t("site.forms.back_hint"), Value: val["back_url"], Placeholder: "https://"})
	return ui.FormOf{Locked: v.Locked, Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavForms)}, Fields: fields}.WithErrors(v.Errors)
}

// wordings are the texts beside the boxes of the topics that the form has.
func (v FormEditView) wordings() []ui.Field {
	var fields []ui.Field
	for _, topic := range v.Topics {
		ticked := false
		for _, key := range v.Ticked {
			ticked = ticked || key == topic.Value
		}
		if !ticked || v.New {
			continue
		}
		fields = append(fields, ui.Field{Kind: "title", Label: v.t("site.forms.wording", "topic", topic.Label), Hint: v.t("site.forms.wording_hint")})
		fields = append(fields, v.inLanguages(func(tag string) ui.Field {
			name := "wording." + topic.Value + "." + tag
			return ui.Field{Name: name, Kind: "textarea", Rows: 2, Label: locale.Name(tag), Value: v.Values[name], MaxLength: 1000}
		})...)
	}
	return fields
}

// inLanguages is one field in each language, all but the first of them folded away.
func (v FormEditView) inLanguages(field func(tag string) ui.Field) []ui.Field {
	var first, others []ui.Field
	for i, tag := range v.Languages {
		if i == 0 {
			first = append(first, field(tag))
		} else {
			others = append(others, field(tag))
		}
	}
	if len(others) == 0 {
		return first
	}
	return append(first, ui.Fold(v.t("site.folded.others"), others...))
}

func (v FormEditView) questions() []ui.Field {
	var fields []ui.Field
	for i := range v.Questions {
		q := "q." + itoa(i) + "."
		fields = append(fields, ui.Field{Name: q + "name", Kind: "hidden", Value: v.Values[q+"name"]}, ui.Field{Kind: "title", Label: v.t("site.forms.question", "n", i+1)})
		fields = append(fields, v.inLanguages(func(tag string) ui.Field {
			return ui.Field{Name: q + "label." + tag, Label: v.t("site.forms.question_text", "language", locale.Name(tag)), Value: v.Values[q+"label."+tag], MaxLength: 200}
		})...)
		kind := ui.Field{Name: q + "kind", Kind: "select", Label: v.t("site.forms.question_kind"), Value: orElse(v.Values[q+"kind"], "text"), Required: true, Short: true}
		for _, k := range questionKinds {
			kind.Options = append(kind.Options, ui.Option{Value: k, Label: v.t("site.forms.question_kinds." + k)})
		}
		fields = append(fields, kind,
			ui.Field{Name: q + "options", Kind: "textarea", Rows: 2, Label: v.t("site.forms.options"), Hint: v.t("site.forms.options_hint"), Value: v.Values[q+"options"]},
			ui.Field{Name: q + "required", Kind: "checkbox", Label: v.t("site.forms.required"), Value: v.Values[q+"required"]})
	}
	return fields
}

// ResponsesView lists what was sent in with a form.
type ResponsesView struct {
	Page
	Listing
	Form, Back string
	Tabs       []ui.Tab
	Rows       []ResponseRow
}

// ResponseRow is one of them.
type ResponseRow struct {
	Email, PersonURL, Reference, Answers, HandledBy string
	At                                              time.Time
	Handle                                          *ui.Post
}

// Responses is its page.
func Responses(v ResponsesView) templ.Component {
	p := under(v.Page, NavForms)
	t := ui.Table{Stacked: true, Caption: p.t("site.forms.responses"), Actions: p.t("site.actions"), Columns: []ui.Column{{Label: p.t("site.email")}, {Label: p.t("site.forms.answers")}, {Label: p.t("site.campaigns.status")}, {Label: p.t("site.mail.at"), Quiet: true}}}
	for _, r := range v.Rows {
		state := ui.Cell{Badge: ui.Badge{Text: p.t("site.forms.open"), Tone: ui.Info}}
		if r.HandledBy != "" {
			state = ui.Cell{Badge: ui.Badge{Text: p.t("site.forms.handled"), Tone: ui.Good}, Sub: r.HandledBy}
		}
		row := ui.Row{Cells: []ui.Cell{{Text: r.Email, URL: r.PersonURL, Sub: r.Reference}, {Text: orElse(r.Answers, "–")}, state, {Text: p.when(r.At)}}}
		if r.Handle != nil {
			row.Posts = []ui.Post{*r.Handle}
		}
		t.Rows = append(t.Rows, row)
	}
	return listPage(sheet{Page: p, Listing: v.Listing, Table: t, Tabs: v.Tabs, Head: ui.Head{Title: p.t("site.forms.responses"), Lead: v.Form, Back: ui.Link{Label: v.Form, URL: v.Back}},
		Empty: ui.Empty{Icon: NavForms, Title: p.t("site.forms.responses_empty"), Text: p.t("site.forms.responses_text")}})
}

// WordingsView lists the versions of the texts that a form has shown.
type WordingsView struct {
	Page
	Form, Back string
	Rows       []WordingRow
}

// WordingRow is the text beside one box in one version.
type WordingRow struct {
	Version, Language, Topic, Text string
	Since                          time.Time
}

// Wordings is its page.
func Wordings(v WordingsView) templ.Component {
	p := under(v.Page, NavForms)
	t := ui.Table{Stacked: true, Caption: p.t("site.forms.wordings"), Columns: []ui.Column{{Label: p.t("site.campaigns.topic")}, {Label: p.t("site.forms.text")}, {Label: p.t("site.subscribers.language")}, {Label: p.t("site.forms.since")}}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Topic, Sub: r.Version}, {Text: r.Text}, {Text: r.Language}, {Text: p.when(r.Since)}}})
	}
	return listPage(sheet{Page: p, Table: t, Head: ui.Head{Title: p.t("site.forms.wordings"), Lead: p.t("site.forms.wordings_lead"), Back: ui.Link{Label: v.Form, URL: v.Back}},
		Listing: Listing{Pager: ui.Pager{Locale: p.Locale}}, Empty: ui.Empty{Icon: NavForms, Title: p.t("site.forms.wordings_empty"), Text: p.t("site.forms.wordings_lead")}})
}
