package site

import (
	"strings"
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// TopicsView lists topics.
type TopicsView struct {
	Page
	Listing
	Rows  []TopicRow
	Usual bool // some of the usual topics are not there yet
	// CountURL is the same page with its people counted; empty: this is it.
	CountURL string
}

// TopicRow is one of them.
type TopicRow struct {
	Key, URL, Name, Class, Basis string
	DoubleOptIn                  bool
	On, Pending                  int
	Lacking                      []string // languages in which it has no name
}

func (v TopicsView) counted(n int) string {
	if v.CountURL != "" {
		return "…"
	}
	return v.n(n)
}

// Topics is the list of topics.
func Topics(v TopicsView) templ.Component {
	p := under(v.Page, NavTopics)
	create := v.create(p, NavTopics, "site.topics.new")
	start, other := first(create), ui.Link{}
	if v.Usual && v.Write {
		other = start
		start = ui.Link{Label: p.t("site.topics.usual"), URL: Path(NavTopics) + "/usual"}
		create = append(create, start)
	}
	t := ui.Table{Caption: p.t("site.nav.topics"), Columns: []ui.Column{
		v.column(p.t("site.topics.name"), ""), quiet(v.column(p.t("site.topics.class"), "")), quiet(v.column(p.t("site.topics.basis"), "")), number(v.column(p.t("site.consent.given"), "")), number(v.column(p.t("site.consent.pending"), "")),
	}}
	for _, r := range v.Rows {
		basis := ui.Cell{Text: word(p.Locale, "site.basis.", r.Basis)}
		if r.DoubleOptIn {
			basis.Sub = p.t("site.topics.double")
		}
		name := ui.Cell{Text: r.Name, URL: r.URL, Sub: r.Key}
		if len(r.Lacking) > 0 {
			name.Badge = ui.Badge{Text: p.t("site.lacking.badge", "languages", strings.Join(r.Lacking, ", ")), Tone: ui.Warn}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: word(p.Locale, "site.class.", r.Class)}, basis, {Text: v.counted(r.On)}, {Text: v.counted(r.Pending)}}})
	}
	if len(v.Rows) > 0 {
		t.Later = v.CountURL
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.topics"), Lead: p.t("site.topics.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavTopics, Title: p.t("site.topics.empty"), Text: p.t("site.topics.empty_text"), Action: start, More: other},
	})
}

// UsualTopicsView offers the topics that installations usually start with. Field: topics, once for each that is wanted.
type UsualTopicsView struct {
	Page
	Action string
	Topics []UsualTopic
	Errors map[string]string
}

// UsualTopic is one of them.
type UsualTopic struct {
	Key, Name, Description, Basis string
	DoubleOptIn                   bool
}

// UsualTopics is its page.
func UsualTopics(v UsualTopicsView) templ.Component {
	p := under(v.Page, NavTopics)
	topics := ui.Field{Name: "topics", Kind: "checks", Label: p.t("site.nav.topics")}
	for _, t := range v.Topics {
		basis := word(p.Locale, "site.basis.", t.Basis)
		if t.DoubleOptIn {
			basis += ", " + p.t("site.topics.double")
		}
		topics.Options = append(topics.Options, ui.Option{Value: t.Key, Label: t.Name, Hint: t.Description + " " + p.t("site.topics.basis") + ": " + basis + "."})
		topics.Values = append(topics.Values, t.Key)
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.topics.usual_add"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavTopics)}, Fields: []ui.Field{topics}}
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.topics.usual"), Lead: p.t("site.topics.usual_lead"), Back: p.back(NavTopics)}, Form: f.WithErrors(v.Errors)})
}

// TopicFormView makes or changes a topic. Fields: key, class, basis, double_opt_in, similar_goods, consent_lifetime_days,
// brand, partner, and names.LANG and descriptions.LANG for each language.
type TopicFormView struct {
	Page
	Record
	Action           string
	Values           map[string]string
	Brands, Partners []ui.Option
	Languages        []string
	Lacking          []Lack
}

// Lack is what was written in some languages only: names or descriptions. Who reads one of the others gets Instead.
type Lack struct {
	What      string
	Languages []string
	Instead   string
}

// lacks tells of texts that some recipients read in another language than their own.
func lacks(p Page, list []Lack) (notes []remark) {
	for _, l := range list {
		key := "site.lacking." + l.What
		if l.Instead == "" {
			key = "site.lacking.nothing"
		}
		notes = append(notes, remark{ui.Warn, "", p.t(key, "languages", strings.Join(l.Languages, ", "), "text", l.Instead)})
	}
	return notes
}

// TopicForm is its page.
func TopicForm(v TopicFormView) templ.Component {
	p, val := under(v.Page, NavTopics), v.Values
	title := val["names."+p.Locale.Language()]
	if v.New || title == "" {
		title = p.t("site.topics.new")
		if !v.New {
			title = val["key"]
		}
	}
	fields := append(translated(p, v.Languages, val), ui.Field{Kind: "title", Label: p.t("site.topics.rules")}, p.key(val, v.New))
	fields = append(fields, []ui.Field{
		{Name: "class", Kind: "radio", Label: p.t("site.topics.class"), Value: orElse(val["class"], "marketing"), Disabled: !v.New, Options: []ui.Option{
			{Value: "marketing", Label: p.t("site.class.marketing"), Hint: p.t("site.topics.marketing_hint")}, {Value: "research", Label: p.t("site.class.research"), Hint: p.t("site.topics.research_hint")},
		}},
		{Name: "basis", Kind: "radio", Label: p.t("site.topics.basis"), Value: orElse(val["basis"], "consent"), Disabled: !v.New, Options: []ui.Option{
			{Value: "consent", Label: p.t("site.basis.consent"), Hint: p.t("site.topics.consent_hint")},
			{Value: "soft_opt_in", Label: p.t("site.basis.soft_opt_in"), Hint: p.t("site.topics.soft_hint")},
			{Value: "legitimate_interests", Label: p.t("site.basis.legitimate_interests"), Hint: p.t("site.topics.interests_hint")},
		}},
		{Name: "double_opt_in", Kind: "checkbox", Label: p.t("site.topics.double"), Hint: p.t("site.topics.double_hint"), Value: val["double_opt_in"]},
		{Name: "similar_goods", Kind: "checkbox", Label: p.t("site.topics.similar"), Hint: p.t("site.topics.similar_hint"), Value: val["similar_goods"]},
		{Name: "consent_lifetime_days", Kind: "number", Label: p.t("site.topics.lifetime"), Hint: p.t("site.topics.lifetime_hint"), Value: val["consent_lifetime_days"], Short: true, InputMode: "numeric"},
	}...)
	if len(v.Brands) > 1 {
		fields = append(fields, ui.Field{Name: "brand", Kind: "select", Label: p.t("site.campaign.brand"), Options: v.Brands, Value: val["brand"], Required: true})
	}
	if len(v.Partners) > 0 {
		fields = append(fields, ui.Field{Name: "partner", Kind: "select", Label: p.t("site.topics.partner"), Hint: p.t("site.topics.partner_hint"), Options: append([]ui.Option{{Value: "", Label: p.t("site.topics.no_partner")}}, v.Partners...), Value: val["partner"]})
	}
	f := ui.FormOf{Locked: v.Locked, Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavTopics)}, Fields: fields}
	return formPage(form{Page: p, Head: ui.Head{Title: title, Back: p.back(NavTopics)}, Notes: lacks(p, v.Lacking), Form: f.WithErrors(v.Errors), Posts: v.posts()})
}

// translated are the fields names.LANG and descriptions.LANG, the first language's required.
func translated(p Page, languages []string, val map[string]string) []ui.Field {
	var fields []ui.Field
	for i, tag := range languages {
		fields = inLanguage(fields, i, tag,
			ui.Field{Name: "names." + tag, Label: p.t("site.topics.name"), Value: val["names."+tag], Required: i == 0, MaxLength: 200},
			ui.Field{Name: "descriptions." + tag, Kind: "textarea", Rows: 2, Label: p.t("site.topics.description"), Hint: p.t("site.topics.description_hint"), Value: val["descriptions."+tag]},
		)
	}
	return fields
}

// inLanguage adds the texts of the i-th language: the site's own under its name, the others folded.
func inLanguage(fields []ui.Field, i int, tag string, texts ...ui.Field) []ui.Field {
	if i > 0 {
		return append(fields, ui.Fold(locale.Name(tag), texts...))
	}
	return append(append(fields, ui.Field{Kind: "title", Label: locale.Name(tag)}), texts...)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// BrandsView lists brands.
type BrandsView struct {
	Page
	Listing
	Rows []BrandRow
}

// BrandRow is one of them.
type BrandRow struct {
	Key, URL, Name, From string
	Complete             bool // has a postal address, so that marketing may go out
}

// Brands is the list of brands.
func Brands(v BrandsView) templ.Component {
	p := under(v.Page, NavBrands)
	create := v.create(p, NavBrands, "site.brands.new")
	t := ui.Table{Caption: p.t("site.nav.brands"), Columns: []ui.Column{v.column(p.t("site.brands.name"), ""), quiet(v.column(p.t("site.brands.from"), "")), v.column(p.t("site.campaigns.status"), "")}}
	for _, r := range v.Rows {
		state := ui.Badge{Text: p.t("site.brands.complete"), Tone: ui.Good}
		if !r.Complete {
			state = ui.Badge{Text: p.t("site.brands.no_address"), Tone: ui.Warn}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Key}, {Text: r.From}, {Badge: state}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.brands"), Lead: p.t("site.brands.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavBrands, Title: p.t("site.brands.empty"), Text: p.t("site.brands.lead"), Action: first(create)},
	})
}

// BrandFormView makes or changes a brand. Fields as in the API.
type BrandFormView struct {
	Page
	Record
	Action string
	Values map[string]string
}

// BrandForm is its page.
func BrandForm(v BrandFormView) templ.Component {
	p, val := under(v.Page, NavBrands), v.Values
	title := val["name"]
	if v.New || title == "" {
		title = p.t("site.brands.new")
	}
	f := ui.FormOf{Locked: v.Locked, Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavBrands)}, Fields: []ui.Field{
		{Name: "name", Label: p.t("site.brands.name"), Hint: p.t("site.brands.name_hint"), Value: val["name"], Required: true, MaxLength: 200},
		p.key(val, v.New),
		{Kind: "title", Label: p.t("site.brands.sender"), Hint: p.t("site.brands.sender_hint")},
		{Name: "from_name", Label: p.t("site.brands.from_name"), Value: val["from_name"], Required: true, MaxLength: 200},
		{Name: "from_email", Kind: "email", Label: p.t("site.brands.from_email"), Value: val["from_email"], Required: true},
		{Name: "notice_from_email", Kind: "email", Label: p.t("site.brands.notice_from"), Hint: p.t("site.brands.notice_from_hint"), Value: val["notice_from_email"]},
		{Name: "reply_to", Kind: "email", Label: p.t("site.brands.reply_to"), Hint: p.t("site.brands.reply_to_hint"), Value: val["reply_to"], Required: true},
		{Name: "postal_address", Kind: "textarea", Rows: 4, Label: p.t("site.brands.postal"), Hint: p.t("site.brands.postal_hint"), Value: val["postal_address"], MaxLength: 500},
		{Kind: "title", Label: p.t("site.brands.look")},
		{Name: "color", Label: p.t("site.brands.color"), Hint: p.t("site.brands.color_hint"), Value: val["color"], Placeholder: "#0a674d", Mono: true, Short: true, MaxLength: 7},
		{Name: "logo_url", Kind: "url", Label: p.t("site.brands.logo"), Hint: p.t("site.brands.logo_hint"), Value: val["logo_url"]},
	}}
	return formPage(form{Page: p, Head: ui.Head{Title: title, Back: p.back(NavBrands)}, Form: f.WithErrors(v.Errors), Posts: v.posts()})
}

// PartnersView lists partners. Its form makes one; fields: key, name.
type PartnersView struct {
	Page
	Listing
	Rows   []PartnerRow
	Action string
	Values map[string]string
	Errors map[string]string
}

// PartnerRow is one of them.
type PartnerRow struct {
	Key, Name, URL string
	OptedOut       int
	Since          time.Time
}

func (v PartnersView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.partners"), Columns: []ui.Column{{Label: v.t("site.brands.name")}, {Label: v.t("site.partners.opted_out"), Number: true}, {Label: v.t("site.subscribers.since"), Quiet: true}}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Key}, {Text: v.n(r.OptedOut)}, {Text: v.day(r.Since)}}})
	}
	return t
}

func (v PartnersView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.partners.add"), Fields: []ui.Field{
		{Name: "name", Label: v.t("site.brands.name"), Value: v.Values["name"], Required: true, MaxLength: 200},
		v.key(v.Values, true),
	}}.WithErrors(v.Errors)
}

// PartnerFormView gives a partner another name. Fields: key, name.
type PartnerFormView struct {
	Page
	Record
	Action string
	Values map[string]string
}

// PartnerForm is its page.
func PartnerForm(v PartnerFormView) templ.Component {
	p, val := under(v.Page, NavPartners), v.Values
	f := ui.FormOf{Locked: v.Locked, Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavPartners)}, Fields: []ui.Field{
		{Name: "name", Label: p.t("site.brands.name"), Value: val["name"], Required: true, MaxLength: 200},
		p.key(val, false),
	}}
	return formPage(form{Page: p, Head: ui.Head{Title: orElse(val["name"], val["key"]), Back: p.back(NavPartners)}, Form: f.WithErrors(v.Errors), Posts: v.posts()})
}
