package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// NoticesView lists mandatory mail: broadcasts (filter: status), or single notices (filters: status, obligation, and a search
// for a reference or an address).
type NoticesView struct {
	Page
	Listing
	Broadcasts bool // which of the two lists it is
	SinglesURL string
	CountURL   string // the same list with the figures of those that have many people; empty: they are there
	Rows       []NoticeRow
}

// NoticeRow is one of them. For a broadcast Done of Total have an outcome, and Unserved cannot be reached.
type NoticeRow struct {
	Subject, URL, Obligation, Status, To string
	Reference                            string
	Done, Total, Unserved                int
	Later                                bool // they are still to be counted
	At                                   time.Time
}

var obligations = []string{"contract", "account", "payment", "terms_change", "privacy_change", "service_change", "security", "legal"}

// Obligation is the word for a reason for which a notice must be sent, as the staff reads it.
func Obligation(p Page, key string) string { return word(p.Locale, "site.obligation.", key) }

// NoticeTemplate is the name of a typed notice.
func NoticeTemplate(p Page, key string) string { return word(p.Locale, "site.notice.template.", key) }

// Notices is the list of notices.
func Notices(v NoticesView) templ.Component {
	if v.Broadcasts {
		return broadcastList(v)
	}
	p := under(v.Page, NavNotices)
	var create []ui.Link
	if v.Write {
		create = []ui.Link{{Label: p.t("site.notice.new"), URL: v.SinglesURL + "/new", Icon: "plus"}}
	}
	t := ui.Table{Caption: p.t("site.notices.singles"), Columns: []ui.Column{{Label: p.t("site.campaign.subject")}, {Label: p.t("site.mail.to")}, {Label: p.t("site.campaigns.status")}, {Label: p.t("site.notices.obligation"), Quiet: true}, {Label: p.t("site.mail.at"), Quiet: true}}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Subject, URL: r.URL, Sub: r.Reference}, {Text: r.To}, {Badge: DeliveryStatus(p.Locale, r.Status)}, {Text: Obligation(p, r.Obligation)}, {Text: p.when(r.At)}}})
	}
	f := v.filter(p, NavNotices, p.t("site.notice.search"), choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), "site.delivery.", "queued", "sending", "sent", "deferred", "bounced", "unserved"), choose(p, "obligation", p.t("site.notices.obligation"), p.t("site.notices.any"), "site.obligation.", obligations...))
	f.Action = v.SinglesURL
	if f.Clear != "" {
		f.Clear = v.SinglesURL
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Tabs: noticeTabs(p, "/single"), Filter: f,
		Head:  ui.Head{Title: p.t("site.nav.notices"), Lead: p.t("site.notices.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavNotices, Title: p.t("site.notice.empty"), Text: p.t("site.notice.empty_text"), Action: first(create)},
	})
}

// noticeTabs are the pages of mandatory mail; current is the end of the address of the one that is shown.
func noticeTabs(p Page, current string) (out []ui.Tab) {
	for _, tab := range []struct{ label, path string }{{"site.notices.broadcasts", ""}, {"site.notices.singles", "/single"}, {"site.leads.title", "/lead-times"}} {
		out = append(out, ui.Tab{Label: p.t(tab.label), URL: Path(NavNotices) + tab.path, Current: tab.path == current})
	}
	return out
}

func broadcastList(v NoticesView) templ.Component {
	p := under(v.Page, NavNotices)
	create := v.create(p, NavNotices, "site.notices.new")
	t := ui.Table{Caption: p.t("site.notices.broadcasts"), Columns: []ui.Column{{Label: p.t("site.campaign.subject")}, {Label: p.t("site.campaigns.status")}, {Label: p.t("site.notices.reached"), Number: true}, {Label: p.t("site.broadcast.open"), Number: true}, {Label: p.t("site.notices.effective"), Quiet: true}}}
	for _, r := range v.Rows {
		reached, open := ui.Cell{Text: "–"}, ui.Cell{Text: "–"}
		if r.Later {
			reached, open = ui.Cell{Text: "…"}, ui.Cell{Text: "…"}
		}
		if r.Total > 0 {
			reached, open = ui.Cell{Text: p.t("site.progress", "done", r.Done, "total", r.Total)}, ui.Cell{Text: p.n(r.Unserved)}
		}
		if r.Unserved > 0 {
			open = ui.Cell{Badge: ui.Badge{Text: p.n(r.Unserved), Tone: ui.Bad}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Subject, URL: r.URL, Sub: Obligation(p, r.Obligation)}, {Badge: CampaignStatus(p.Locale, r.Status)}, reached, open, {Text: p.when(r.At)}}})
	}
	if len(v.Rows) > 0 {
		t.Later = v.CountURL
	}
	f := v.filter(p, NavNotices, "", choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), "site.status.", "in_review", "scheduled", "sending", "finished", "cancelled"))
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Tabs: noticeTabs(p, ""), Filter: f,
		Head:  ui.Head{Title: p.t("site.nav.notices"), Lead: p.t("site.notices.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavNotices, Title: p.t("site.broadcast.empty"), Text: p.t("site.broadcast.empty_text"), Action: first(create)},
	})
}

// NoticeView is one notice to one person with its evidence.
type NoticeView struct {
	Page
	Subject, Status, Reason, To, PersonURL string
	Obligation, Basis, Reference, Template string
	Author                                 string
	At                                     time.Time
	BroadcastURL, OriginalURL              string
	Deliveries                             []NoticeDelivery // to the person, and copies to others
	Attempts                               []ui.Entry
	Evidence                               []EvidenceRow
	FrameURL, RawURL, TextURL              string // empty: not to be seen
	Unseen                                 string // why the mail is not shown
	Sound                                  *bool  // whether the mail that is kept is the one that was accepted
	ProofURL, JSONURL                      string
	Files                                  []string // that went with it
}

// NoticeDelivery is one of the mails of a notice.
type NoticeDelivery struct {
	To, URL, Status, Reason, Relay, Reply string
	Copy                                  bool
	At                                    time.Time
}

// EvidenceRow is one row of the chain about a notice.
type EvidenceRow struct {
	Title  string
	Sound  bool
	Erased bool
	At     time.Time
	Facts  []Header
}

func (v NoticeView) head() ui.Head {
	h := ui.Head{Title: v.Subject, Lead: v.To, Back: ui.Link{Label: v.t("site.notices.singles"), URL: Path(NavNotices) + "/single"}, Badge: DeliveryStatus(v.Locale, v.Status)}
	if v.BroadcastURL != "" {
		h.Back = ui.Link{Label: v.t("site.broadcast.this"), URL: v.BroadcastURL}
	}
	h.Actions = []ui.Link{{Label: v.t("site.notices.proof"), URL: v.ProofURL}, {Label: "JSON", URL: v.JSONURL, Icon: "download"}}
	if v.RawURL != "" {
		h.Actions = append(h.Actions, ui.Link{Label: v.t("site.notice.raw"), URL: v.RawURL, Icon: "download"})
	}
	return h
}

func (v NoticeView) deliveries() ui.Table {
	t := ui.Table{Caption: v.t("site.notice.deliveries"), Columns: []ui.Column{{Label: v.t("site.mail.to")}, {Label: v.t("site.notices.outcome")}, {Label: v.t("site.notice.relay"), Quiet: true}, {Label: v.t("site.mail.at"), Quiet: true}}}
	for _, d := range v.Deliveries {
		to := ui.Cell{Text: d.To, URL: d.URL}
		if d.Copy {
			to.Sub = v.t("site.notice.copy")
		}
		said := d.Reply
		if d.Reason != "" {
			said = reason(v.Locale, d.Reason) + " " + said
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{to, {Badge: DeliveryStatus(v.Locale, d.Status), Sub: said}, {Text: d.Relay}, {Text: v.when(d.At)}}})
	}
	return t
}

// NoticeProofView is the proof of what became of a notice, as text to print or to keep.
type NoticeProofView struct {
	Page
	Subject, BackURL, Text string
	JSONURL, TextURL       string
}

// NoticeFormView sends one notice to one person. Fields: template (empty: own words), to, name, locale, reference, brand, cc,
// obligation, basis, files, subject and text, or data.NAME for each field of the template.
type NoticeFormView struct {
	Page
	Action     string
	Values     map[string]string
	Errors     map[string]string
	Templates  []string
	Fields     []NoticeInput
	Brands     []ui.Option
	Languages  []string
	Obligation string // that the template fulfils
	// MaxFiles and MaxBytes bound the files that go with it.
	MaxFiles, MaxBytes int
}

// NoticeInput is one field of a typed notice. Kind is text, markdown, url, time, facts, lines or flag.
type NoticeInput struct {
	Name, Kind string
	Required   bool
}

func (v NoticeFormView) templates() ui.Field {
	f := ui.Field{Name: "template", Kind: "select", Label: v.t("site.notice.kind"), Value: v.Values["template"], Required: true, Options: []ui.Option{{Value: "", Label: v.t("site.notice.own")}}}
	for _, key := range v.Templates {
		f.Options = append(f.Options, ui.Option{Value: key, Label: NoticeTemplate(v.Page, key)})
	}
	return f
}

// recipient is to whom it goes.
func (v NoticeFormView) recipient() []ui.Field {
	val := v.Values
	languages := ui.Field{Name: "locale", Kind: "select", Label: v.t("site.notice.locale"), Hint: v.t("site.notice.locale_hint"), Value: val["locale"], Options: []ui.Option{{Value: "", Label: v.t("site.notice.locale_own")}}}
	for _, tag := range v.Languages {
		languages.Options = append(languages.Options, ui.Option{Value: tag, Label: languageName(tag)})
	}
	return []ui.Field{
		{Name: "to", Kind: "email", Label: v.t("site.notice.to"), Value: val["to"], Required: true, MaxLength: 254, Autocomplete: "off"},
		{Name: "name", Label: v.t("site.notice.name"), Hint: v.t("site.notice.name_hint"), Value: val["name"], MaxLength: 255, Autocomplete: "off"},
		languages,
		{Name: "cc", Kind: "textarea", Rows: 2, Label: v.t("site.notice.cc"), Hint: v.t("site.notice.cc_hint"), Value: val["cc"]},
		{Name: "reference", Label: v.t("site.notices.reference"), Hint: v.t("site.notice.reference_hint"), Value: val["reference"], MaxLength: 255},
	}
}

// content is what it says.
func (v NoticeFormView) content() (out []ui.Field) {
	val := v.Values
	if val["template"] == "" {
		out = append(out, obligationField(v.Page, val["obligation"]))
	}
	out = append(out, basisField(v.Page, val["basis"]))
	if len(v.Brands) > 1 {
		out = append(out, ui.Field{Name: "brand", Kind: "select", Label: v.t("site.campaign.brand"), Options: v.Brands, Value: val["brand"]})
	}
	if val["template"] == "" {
		return append(out,
			ui.Field{Name: "subject", Label: v.t("site.campaign.subject"), Value: val["subject"], Required: true, MaxLength: 255},
			ui.Field{Name: "text", Kind: "textarea", Rows: 10, Label: v.t("site.notices.text"), Hint: v.t("site.policies.markdown"), Value: val["text"], Required: true})
	}
	for _, in := range v.Fields {
		f := ui.Field{Name: "data." + in.Name, Label: v.t("site.notice.field." + in.Name), Value: val["data."+in.Name], Required: in.Required}
		switch in.Kind {
		case "markdown":
			f.Kind, f.Rows, f.Hint = "textarea", 8, v.t("site.policies.markdown")
		case "url":
			f.Kind = "url"
		case "time":
			f.Kind, f.Short = "datetime-local", true
		case "facts":
			f.Kind, f.Rows, f.Hint = "textarea", 4, v.t("site.notice.facts_hint")
		case "lines":
			f.Kind, f.Rows, f.Hint = "textarea", 4, v.t("site.notice.lines_hint")
		case "flag":
			f.Kind = "checkbox"
		}
		out = append(out, f)
	}
	return out
}

// form is all its fields with what is wrong with them.
func (v NoticeFormView) form() ui.FormOf {
	fields := append([]ui.Field{{Kind: "hidden", Name: "template", Value: v.Values["template"]}, {Kind: "title", Label: v.t("site.notice.whom")}}, v.recipient()...)
	fields = append(fields, ui.Field{Kind: "title", Label: v.t("site.notice.says"), Hint: v.t("site.broadcast.rules")})
	fields = append(append(fields, v.content()...), ui.Field{Name: "files", Kind: "file", Label: v.t("site.notice.files"), Hint: v.t("site.notice.files_hint", "n", v.MaxFiles, "mb", v.MaxBytes>>20),
		Multiple: true, MaxBytes: v.MaxBytes, TooLarge: v.t("site.notice.files_large", "mb", v.MaxBytes>>20)})
	return ui.FormOf{Action: v.Action, Fields: fields}.WithErrors(v.Errors)
}

func obligationField(p Page, value string) ui.Field {
	f := ui.Field{Name: "obligation", Kind: "select", Label: p.t("site.notices.obligation"), Hint: p.t("site.broadcast.obligation_hint"), Value: value, Required: true}
	for _, o := range obligations {
		f.Options = append(f.Options, ui.Option{Value: o, Label: Obligation(p, o)})
	}
	return f
}

func basisField(p Page, value string) ui.Field {
	f := ui.Field{Name: "basis", Kind: "select", Label: p.t("site.topics.basis"), Value: value, Required: true}
	for _, b := range []string{"contract", "legal_obligation", "legitimate_interests", "vital_interests", "public_task"} {
		f.Options = append(f.Options, ui.Option{Value: b, Label: p.t("site.basis." + b)})
	}
	return f
}
