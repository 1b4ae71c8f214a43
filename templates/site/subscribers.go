package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// SubscribersView lists people. Filters: status (see personStates), topic.
type SubscribersView struct {
	Bulk BulkForm // what was asked for several people and is wrong
	Page
	Listing
	Topics []ui.Option
	Rows   []SubscriberRow
	// NoImport tells that there is no page to import people on.
	NoImport bool
}

// BulkForm is what is done with several people. Fields: do (tag, untag, suppress, withdraw), tag, of (the topic), note, all, id (each that is ticked),
// and the filter: q, status, topic.
type BulkForm struct{ Values, Errors map[string]string }

// SubscriberRow is one of them. Status is one of personStates.
type SubscriberRow struct {
	ID, Email, URL, Name, Status string
	Topics                       int // that are on
	Since                        time.Time
}

var personTones = map[string]ui.Tone{
	"active": ui.Good, "none": ui.Plain, "pending": ui.Warn, "unsubscribed": ui.Plain, "bounced": ui.Bad, "complained": ui.Bad, "suppressed": ui.Bad, "restricted": ui.Warn, "objected": ui.Bad, "paused": ui.Info, "erased": ui.Plain,
}

var personStates = []string{"active", "none", "pending", "paused", "unsubscribed", "objected", "restricted", "bounced", "complained", "suppressed"}

// PersonStatus is the badge of how a person stands as a whole.
func PersonStatus(p Page, status string) ui.Badge {
	return badge(p.Locale, "site.person.", status, personTones)
}

// Subscribers is the list of people. Sort keys: email, since.
func Subscribers(v SubscribersView) templ.Component {
	p := under(v.Page, NavSubscribers)
	create := v.create(p, NavSubscribers, "site.subscribers.new")
	t := ui.Table{Caption: p.t("site.nav.subscribers"), Columns: []ui.Column{
		v.column(p.t("site.email"), "email"), v.column(p.t("site.subscribers.status"), ""), quiet(v.column(p.t("site.subscribers.name"), "")), number(v.column(p.t("site.subscribers.topics"), "")), date(v.column(p.t("site.subscribers.since"), "since")),
	}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Tick: r.ID, Cells: []ui.Cell{{Text: r.Email, URL: r.URL}, {Badge: PersonStatus(p, r.Status)}, {Text: r.Name}, {Text: p.n(r.Topics)}, {Text: p.day(r.Since)}}})
	}
	var together *bulk
	if v.Write {
		t.Ticks, t.Ticking = bulkID, p.t("site.bulk.tick")
		together = v.bulk(p)
	}
	topics := ui.Field{Name: "topic", Label: p.t("site.campaigns.topic"), Options: append([]ui.Option{{Value: "", Label: p.t("site.subscribers.any_topic")}}, v.Topics...)}
	begin, more := ui.Link{Label: p.t("site.imports.new"), URL: Path(NavImports) + "/new"}, first(create)
	if v.NoImport {
		begin, more = more, ui.Link{}
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Bulk: together,
		Head:   ui.Head{Title: p.t("site.nav.subscribers"), Lead: p.t("site.subscribers.lead"), Actions: create},
		Filter: v.filter(p, NavSubscribers, p.t("site.subscribers.search"), choose(p, "status", p.t("site.subscribers.status"), p.t("site.campaigns.any_status"), "site.person.", personStates...), topics),
		Empty:  ui.Empty{Icon: NavSubscribers, Title: p.t("site.subscribers.empty"), Text: p.t("site.subscribers.empty_text"), Action: begin, More: more},
	})
}

// bulkID is the id of the form of the ticked people.
const bulkID = "together"

// bulk does one thing with several people: with those who are ticked, or with all whom the filter finds.
func (v SubscribersView) bulk(p Page) *bulk {
	val := v.Bulk.Values
	f := ui.FormOf{ID: bulkID, Action: Path(NavSubscribers) + "/together", Submit: p.t("site.bulk.do"), Fields: []ui.Field{
		{Name: "do", Kind: "radio", Label: p.t("site.bulk.what"), Value: orElse(val["do"], "tag"), Options: []ui.Option{
			{Value: "tag", Label: p.t("site.bulk.tag"), Hint: p.t("site.bulk.tag_hint")}, {Value: "untag", Label: p.t("site.bulk.untag")}, {Value: "suppress", Label: p.t("site.bulk.suppress"), Hint: p.t("site.bulk.suppress_hint")},
			{Value: "withdraw", Label: p.t("site.bulk.withdraw"), Hint: p.t("site.bulk.withdraw_hint")},
		}},
		{Name: "tag", Label: p.t("site.bulk.name"), Value: val["tag"], Sometimes: true, Short: true, MaxLength: 64},
		{Name: "of", Kind: "select", Label: p.t("site.bulk.of"), Value: val["of"], Sometimes: true, Options: append([]ui.Option{{Value: "", Label: p.t("site.bulk.of_none")}}, v.Topics...)},
		{Name: "note", Label: p.t("site.bulk.note"), Hint: p.t("site.bulk.note_hint"), Value: val["note"], Sometimes: true, MaxLength: 200},
		{Name: "all", Kind: "checkbox", Label: p.t("site.bulk.all"), Hint: p.t("site.bulk.all_hint"), Value: val["all"]},
		{Name: "q", Kind: "hidden", Value: v.Search}, {Name: "status", Kind: "hidden", Value: v.Chosen["status"]}, {Name: "topic", Kind: "hidden", Value: v.Chosen["topic"]},
	}}
	f.Cancel = ui.Link{Label: p.t("site.bulk.earlier"), URL: togetherPath()}
	return &bulk{Title: p.t("site.bulk.title"), Form: f.WithErrors(v.Bulk.Errors), Open: len(v.Bulk.Errors) > 0}
}

// SubscriberView is one person: where they stand, what happened, what would happen.
type SubscriberView struct {
	Page
	Email, Name, Status                   string
	ExternalID, Company, Phone, Country   string
	Language, TimeZone                    string
	BirthDate                             string
	CustomerSince, CreatedAt, PausedUntil time.Time
	Frequency                             string // each, weekly, monthly
	Attributes                            []Header
	Consents                              []ConsentLine
	Suppressions                          []SuppressionRow
	Partners                              []string // opted out of
	WhatIf                                []WhatIf
	History                               []ui.Entry
	HistoryMore                           string
	Links                                 []ui.Link
	Posts                                 []ui.Post
	// Give records a consent; nil for whoever may not. Fields: topic, action, source, wording, collected_at, url.
	Give *ConsentForm
}

// ConsentLine is where a person stands on one topic.
type ConsentLine struct {
	Topic, TopicURL, State, How string
	Since, Expires              time.Time
}

// WhatIf is the gate's answer for one topic at this moment.
type WhatIf struct {
	Topic, Outcome, Reason string
	Until                  time.Time
}

// ConsentForm records a consent that was given elsewhere, with its evidence.
type ConsentForm struct {
	Action string
	Topics []ui.Option
	Values map[string]string
	Errors map[string]string
}

func (v SubscriberView) title() string {
	if v.Name != "" {
		return v.Name
	}
	return v.Email
}

func (v SubscriberView) head() ui.Head {
	h := ui.Head{Title: v.title(), Back: v.back(NavSubscribers), Badge: PersonStatus(v.Page, v.Status), Actions: v.Links, Posts: v.Posts}
	if v.Name != "" {
		h.Lead = v.Email
	}
	return h
}

func (v SubscriberView) consentTable() ui.Table {
	t := ui.Table{Caption: v.t("site.person.consents"), Columns: []ui.Column{{Label: v.t("site.campaigns.topic")}, {Label: v.t("site.campaigns.status")}, {Label: v.t("site.person.since")}, {Label: v.t("site.person.how"), Quiet: true}}}
	for _, c := range v.Consents {
		since := ui.Cell{Text: v.day(c.Since)}
		if !c.Expires.IsZero() {
			since.Sub = v.t("site.person.expires", "date", v.day(c.Expires))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: c.Topic, URL: c.TopicURL}, {Badge: ConsentState(v.Locale, c.State)}, since, {Text: c.How}}})
	}
	return t
}

func (v SubscriberView) whatIfTable() ui.Table {
	t := ui.Table{Caption: v.t("site.person.whatif"), Columns: []ui.Column{{Label: v.t("site.campaigns.topic")}, {Label: v.t("site.person.answer")}, {Label: v.t("site.campaign.reason")}}}
	for _, w := range v.WhatIf {
		why := ui.Cell{Text: reason(v.Locale, w.Reason)}
		if !w.Until.IsZero() {
			why.Sub = v.t("site.person.until", "at", v.when(w.Until))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: w.Topic}, {Badge: Outcome(v.Locale, w.Outcome)}, why}})
	}
	return t
}

func (v SubscriberView) giveForm() ui.FormOf {
	g := v.Give
	return ui.FormOf{Action: g.Action, Submit: v.t("site.person.record_do"), Fields: []ui.Field{
		{Name: "topic", Kind: "select", Label: v.t("site.campaigns.topic"), Options: g.Topics, Value: g.Values["topic"], Required: true},
		{Name: "action", Kind: "select", Label: v.t("site.person.action"), Value: g.Values["action"], Required: true, Options: []ui.Option{
			{Value: "withdraw", Label: v.t("site.person.withdraw")}, {Value: "object", Label: v.t("site.person.object")}, {Value: "give", Label: v.t("site.person.give")},
		}},
		{Name: "source", Label: v.t("site.person.source"), Hint: v.t("site.person.source_hint"), Value: g.Values["source"], Required: true, MaxLength: 200},
		{Name: "wording", Kind: "textarea", Rows: 3, Label: v.t("site.person.wording"), Hint: v.t("site.person.wording_hint"), Value: g.Values["wording"]},
		{Name: "collected_at", Kind: "datetime-local", Label: v.t("site.person.collected"), Value: g.Values["collected_at"]},
		{Name: "url", Kind: "url", Label: v.t("site.person.proof"), Hint: v.t("site.person.proof_hint"), Value: g.Values["url"]},
	}}.WithErrors(g.Errors)
}

// SubscriberFormView adds or changes a person. Fields as in the API.
type SubscriberFormView struct {
	Page
	Record
	Action string
	Back   string
	Values map[string]string
}

// SubscriberForm is its page.
func SubscriberForm(v SubscriberFormView) templ.Component {
	p, val := under(v.Page, NavSubscribers), v.Values
	title := p.t("site.subscribers.edit")
	if v.New {
		title = p.t("site.subscribers.new")
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: v.Back}, Fields: []ui.Field{
		{Name: "email", Kind: "email", Label: p.t("site.email"), Value: val["email"], Required: true, MaxLength: 320},
		{Name: "first_name", Label: p.t("site.subscribers.first_name"), Value: val["first_name"], MaxLength: 200},
		{Name: "last_name", Label: p.t("site.subscribers.last_name"), Value: val["last_name"], MaxLength: 200},
		{Name: "company", Label: p.t("site.subscribers.company"), Value: val["company"], MaxLength: 200},
		{Name: "phone", Kind: "tel", Label: p.t("site.subscribers.phone"), Value: val["phone"], MaxLength: 50, Short: true},
		{Name: "external_id", Label: p.t("site.subscribers.external"), Hint: p.t("site.subscribers.external_hint"), Value: val["external_id"], MaxLength: 200, Mono: true},
		{Name: "locale", Label: p.t("site.subscribers.language"), Hint: p.t("site.subscribers.language_hint"), Value: val["locale"], Placeholder: "nl", Short: true},
		{Name: "timezone", Label: p.t("site.subscribers.zone"), Value: val["timezone"], Placeholder: "Europe/Amsterdam", Short: true},
		{Name: "country", Label: p.t("site.subscribers.country"), Hint: p.t("site.subscribers.country_hint"), Value: val["country"], Placeholder: "NL", MaxLength: 2, Short: true},
		{Name: "customer_since", Kind: "date", Label: p.t("site.subscribers.customer"), Hint: p.t("site.subscribers.customer_hint"), Value: val["customer_since"], Short: true},
		{Name: "birth_date", Kind: "date", Label: p.t("site.subscribers.birth"), Value: val["birth_date"], Short: true},
		{Name: "attributes", Kind: "textarea", Label: p.t("site.subscribers.attributes"), Hint: p.t("site.subscribers.attributes_hint"), Value: val["attributes"], Mono: true},
	}}
	var notes []remark
	if v.New {
		notes = []remark{{ui.Info, "", p.t("site.subscribers.no_consent")}}
	}
	return formPage(form{Page: p, Head: ui.Head{Title: title, Back: p.back(NavSubscribers)}, Notes: notes, Form: f.WithErrors(v.Errors), Posts: v.posts()})
}
