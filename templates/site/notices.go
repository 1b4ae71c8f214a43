package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// NoticesView lists mandatory mail: broadcasts, or single notices. Filters: status, obligation.
type NoticesView struct {
	Page
	Listing
	Broadcasts    bool // which of the two lists it is
	BroadcastsURL string
	SinglesURL    string
	Rows          []NoticeRow
}

// NoticeRow is one of them. For a broadcast Done of Total have an outcome, and Unserved cannot be reached.
type NoticeRow struct {
	Subject, URL, Obligation, Status, To string
	Done, Total, Unserved                int
	At                                   time.Time
}

var obligations = []string{"contract", "account", "payment", "terms_change", "privacy_change", "service_change", "security", "legal"}

// Notices is the list of notices.
func Notices(v NoticesView) templ.Component {
	p := under(v.Page, NavNotices)
	create := v.create(p, NavNotices, "site.notices.new")
	tabs := []ui.Tab{{Label: p.t("site.notices.broadcasts"), URL: v.BroadcastsURL, Current: v.Broadcasts}, {Label: p.t("site.notices.singles"), URL: v.SinglesURL, Current: !v.Broadcasts}}
	t := ui.Table{Caption: p.t("site.nav.notices"), Columns: []ui.Column{{Label: p.t("site.campaign.subject")}, {Label: p.t("site.campaigns.status")}, {Label: p.t("site.notices.obligation"), Quiet: true}}}
	states, prefix := []string{"queued", "sending", "sent", "deferred", "bounced", "unserved"}, "site.delivery."
	if v.Broadcasts {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.notices.reached"), Number: true}, ui.Column{Label: p.t("site.delivery.unserved"), Number: true})
		states, prefix = []string{"in_review", "scheduled", "sending", "finished", "cancelled"}, "site.status."
	} else {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.mail.to")})
	}
	t.Columns = append(t.Columns, ui.Column{Label: p.t("site.mail.at"), Quiet: true})
	for _, r := range v.Rows {
		cells := []ui.Cell{{Text: r.Subject, URL: r.URL}, {Badge: DeliveryStatus(p.Locale, r.Status)}, {Text: word(p.Locale, "pages.obligation.", r.Obligation)}}
		if v.Broadcasts {
			cells[1].Badge = CampaignStatus(p.Locale, r.Status)
			cells = append(cells, ui.Cell{Text: p.t("site.progress", "done", r.Done, "total", r.Total)}, ui.Cell{Text: p.n(r.Unserved)})
		} else {
			cells = append(cells, ui.Cell{Text: r.To})
		}
		t.Rows = append(t.Rows, ui.Row{Cells: append(cells, ui.Cell{Text: p.when(r.At)})})
	}
	f := v.filter(p, NavNotices, p.t("site.notices.search"), choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), prefix, states...), choose(p, "obligation", p.t("site.notices.obligation"), p.t("site.notices.any"), "pages.obligation.", obligations...))
	f.Action = v.SinglesURL
	if v.Broadcasts {
		f.Action = v.BroadcastsURL
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Tabs: tabs, Filter: f,
		Head:  ui.Head{Title: p.t("site.nav.notices"), Lead: p.t("site.notices.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavNotices, Title: p.t("site.notices.empty"), Text: p.t("site.notices.empty_text"), Action: first(create)},
	})
}

// BroadcastView is one broadcast: its content, its lead time, and the coverage of everybody it must reach.
type BroadcastView struct {
	Page
	Subject, Status, StatusReason string
	Obligation, Basis, Audience   string
	Author, Approver              string
	PolicyURL, PolicyName         string
	EffectiveAt, ScheduledAt      time.Time
	Coverage                      *CoverageView
	Lint                          []Check
	PreviewURL                    string
	Posts                         []ui.Post
	Links                         []ui.Link // CSV, JSON, printable
	People                        *PeopleByOutcome
	History                       []ui.Entry
}

// CoverageView counts everybody addressed by outcome; the figures add up to Addressed.
type CoverageView struct {
	Addressed, Accepted, Pending, Bounced, Unserved, Served int
	LeadTimeMet                                             bool
	// LeadNote says in words how it stands: "for 19,988 of 20,000".
	LeadNote string
}

// PeopleByOutcome is the list of people with one outcome.
type PeopleByOutcome struct {
	Tabs  []ui.Tab
	Rows  []CoveragePerson
	Pager ui.Pager
}

// CoveragePerson is one of them. Serve marks the person as served by another channel; nil: not to be done.
type CoveragePerson struct {
	Email, URL, Outcome, Reason string
	At                          time.Time
	Serve                       *ui.Post
}

func (v BroadcastView) head() ui.Head {
	return ui.Head{Title: v.Subject, Back: v.back(NavNotices), Badge: CampaignStatus(v.Locale, v.Status), Actions: v.Links, Posts: v.Posts}
}

func (v BroadcastView) shares() []ui.Share {
	c := v.Coverage
	return []ui.Share{
		{Name: v.t("site.delivery.accepted"), Value: c.Accepted, Tone: ui.Good}, {Name: v.t("site.notices.served"), Value: c.Served, Tone: ui.Info}, {Name: v.t("site.delivery.pending"), Value: c.Pending, Tone: ui.Mute},
		{Name: v.t("site.delivery.bounced"), Value: c.Bounced, Tone: ui.Warn}, {Name: v.t("site.delivery.unserved"), Value: c.Unserved, Tone: ui.Bad},
	}
}

func (v BroadcastView) lead() ui.Badge {
	if v.Coverage.LeadTimeMet {
		return ui.Badge{Text: v.t("site.notices.lead_met"), Tone: ui.Good}
	}
	return ui.Badge{Text: v.t("site.notices.lead_unmet"), Tone: ui.Bad}
}

func (v BroadcastView) people() ui.Table {
	t := ui.Table{Caption: v.t("site.notices.people"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.email")}, {Label: v.t("site.notices.outcome")}, {Label: v.t("site.campaign.reason")}, {Label: v.t("site.mail.at"), Quiet: true}}}
	for _, r := range v.People.Rows {
		row := ui.Row{Cells: []ui.Cell{{Text: r.Email, URL: r.URL}, {Badge: DeliveryStatus(v.Locale, r.Outcome)}, {Text: reason(v.Locale, r.Reason)}, {Text: v.when(r.At)}}}
		if r.Serve != nil {
			row.Posts = []ui.Post{*r.Serve}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// BroadcastFormView writes a broadcast. Fields: obligation, basis, audience, effective_at, policy, and
// subject.LANG and text.LANG for each language.
type BroadcastFormView struct {
	Page
	Action    string
	Values    map[string]string
	Errors    map[string]string
	Audiences []ui.Option
	Policies  []ui.Option // versions that it can be about
	Languages []string
}

// BroadcastForm is its page.
func BroadcastForm(v BroadcastFormView) templ.Component {
	p, val := under(v.Page, NavNotices), v.Values
	obligation := ui.Field{Name: "obligation", Kind: "select", Label: p.t("site.notices.obligation"), Hint: p.t("site.notices.obligation_hint"), Value: val["obligation"], Required: true}
	for _, o := range obligations {
		obligation.Options = append(obligation.Options, ui.Option{Value: o, Label: p.t("pages.obligation." + o)})
	}
	basis := ui.Field{Name: "basis", Kind: "select", Label: p.t("site.topics.basis"), Value: val["basis"], Required: true}
	for _, b := range []string{"contract", "legal_obligation", "legitimate_interests", "vital_interests", "public_task"} {
		basis.Options = append(basis.Options, ui.Option{Value: b, Label: p.t("site.basis." + b)})
	}
	fields := []ui.Field{
		obligation, basis,
		{Name: "audience", Kind: "select", Label: p.t("site.notices.audience"), Options: v.Audiences, Value: val["audience"], Required: true},
		{Name: "effective_at", Kind: "datetime-local", Label: p.t("site.notices.effective"), Hint: p.t("site.notices.effective_hint"), Value: val["effective_at"], Required: true},
	}
	if len(v.Policies) > 0 {
		fields = append(fields, ui.Field{Name: "policy", Kind: "select", Label: p.t("site.notices.policy"), Options: append([]ui.Option{{Value: "", Label: p.t("site.notices.no_policy")}}, v.Policies...), Value: val["policy"]})
	}
	for i, tag := range v.Languages {
		fields = append(fields,
			ui.Field{Kind: "title", Label: locale.Name(tag)},
			ui.Field{Name: "subject." + tag, Label: p.t("site.campaign.subject"), Value: val["subject."+tag], Required: i == 0, MaxLength: 200},
			ui.Field{Name: "text." + tag, Kind: "textarea", Rows: 10, Label: p.t("site.notices.text"), Hint: p.t("site.notices.text_hint"), Value: val["text."+tag], Required: i == 0},
		)
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.notices.review_do"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavNotices)}, Fields: fields}
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.notices.new"), Back: p.back(NavNotices)}, Notes: []remark{{ui.Info, "", p.t("site.notices.rules")}}, Form: f.WithErrors(v.Errors)})
}

// NoticeView is one notice to one person with its evidence.
type NoticeView struct {
	Page
	Subject, Status, To, PersonURL string
	Obligation, Basis, Reference   string
	At                             time.Time
	Attempts                       []ui.Entry
	Evidence                       []Header // SHA-256, Message-ID, relay, TLS, reply, time
	PreviewURL, ProofURL           string
}

func (v NoticeView) head() ui.Head {
	h := ui.Head{Title: v.Subject, Lead: v.To, Back: v.back(NavNotices), Badge: DeliveryStatus(v.Locale, v.Status)}
	if v.ProofURL != "" {
		h.Actions = []ui.Link{{Label: v.t("site.notices.proof"), URL: v.ProofURL, Icon: "download"}}
	}
	return h
}
