package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// Figures is how the figures of a broadcast come: with the page, or after it where there are many people to be counted.
type Figures struct {
	CountURL string // the same page with them; empty: they came with the page
	Counted  bool   // this is that page
	Moving   bool   // they change: they are counted anew after a while
}

// Waiting tells whether they are not there yet.
func (f Figures) Waiting() bool { return f.CountURL != "" && !f.Counted }

// late are the attributes of the part of the page that has them; others are more parts.
func (f Figures) late(part, others string) templ.Attributes {
	trigger := "load"
	switch {
	case f.CountURL == "" || f.Counted && !f.Moving:
		return nil
	case f.Counted:
		trigger = "load delay:10s"
	}
	return templ.Attributes{"hx-get": f.CountURL, "hx-trigger": trigger, "hx-select": part, "hx-select-oob": others, "hx-swap": "outerHTML"}
}

// BroadcastView is one broadcast: what it says, whom it is for, who approved it, and how it goes.
type BroadcastView struct {
	Page
	Figures
	URL, Subject, Status        string
	Held, Refused               string // why the brake stopped it, why the second person refused it
	RefusedBy, AgainURL         string
	Own                         bool // whoever looks wrote it, so somebody else decides
	Obligation, Basis, Audience string
	AudienceURL                 string
	Jurisdiction, Brand         string
	Author, Approver            string
	PolicyURL, PolicyName       string
	EffectiveAt, AcceptBy       time.Time
	Lead                        string // the lead time in words; empty: none
	Expected                    *ExpectedView
	Coverage                    *CoverageView
	Started                     bool
	Trial                       int // how many get it first, while they do
	Checks                      []Check
	FrameURL, Language          string
	Languages                   []ui.Tab
	Reads                       string // the subject in that language
	Refuse                      *ui.FormOf
	Posts                       []ui.Post
	Links                       []ui.Link
	History                     []ui.Entry
}

// ExpectedView is whom a broadcast would address now, by the outcome that is to be expected.
type ExpectedView struct {
	Addressed, Deliverable int
	ByReason               []Count // why others cannot be reached by mail
	ByLanguage             []Count // the language that they will read it in
	Elsewhere              int     // people who prefer a language that it is not written in
}

// CoverageView counts everybody addressed by outcome; accepted, pending, bounced and unserved add up to addressed.
type CoverageView struct {
	Addressed, Accepted, Pending, Bounced, Unserved int
	Served                                          int // of the bounced and unserved, reached by other means
	Joined, Late                                    int
	InTime, JoinedLate, NotReached                  int // with Late and Pending, everybody
	LeadTimeMet                                     bool
	LastAt, Earliest                                time.Time
}

func (c CoverageView) done() int { return c.Addressed - c.Pending }

// Open is how many nothing has reached yet.
func (c CoverageView) Open() int { return max(0, c.Bounced+c.Unserved-c.Served) }

func (v BroadcastView) head() ui.Head {
	return ui.Head{Title: v.Subject, Back: v.back(NavNotices), Badge: CampaignStatus(v.Locale, v.Status), Actions: v.Links, Posts: v.Posts}
}

// expectation is what the figures of a broadcast that was not counted yet will be.
func (v BroadcastView) expectation() string {
	if v.Started {
		return v.t("site.notices.coverage")
	}
	return v.t("site.broadcast.expected")
}

func (v BroadcastView) expected() []ui.Share {
	out := []ui.Share{{Name: v.t("site.broadcast.deliverable"), Value: v.Expected.Deliverable, Tone: ui.Good}}
	for _, c := range v.Expected.ByReason {
		out = append(out, ui.Share{Name: reason(v.Locale, c.Reason), Value: c.N, Tone: ui.Bad, URL: c.URL})
	}
	return out
}

func (v BroadcastView) languages() (out []ui.Share) {
	for _, c := range v.Expected.ByLanguage {
		out = append(out, ui.Share{Name: locale.Name(c.Reason), Value: c.N, Tone: ui.Info})
	}
	return out
}

func (p Page) outcomes(c CoverageView, url func(outcome string) string) []ui.Share {
	return []ui.Share{
		{Name: p.t("site.delivery.accepted"), Value: c.Accepted, Tone: ui.Good, URL: url("accepted")}, {Name: p.t("site.delivery.pending"), Value: c.Pending, Tone: ui.Mute, URL: url("pending")},
		{Name: p.t("site.delivery.bounced"), Value: c.Bounced, Tone: ui.Warn, URL: url("bounced")}, {Name: p.t("site.delivery.unserved"), Value: c.Unserved, Tone: ui.Bad, URL: url("unserved")},
	}
}

// punctual is everybody by whether the lead time was theirs.
func (p Page) punctual(c CoverageView, url func(outcome string) string) []ui.Share {
	return []ui.Share{
		{Name: p.t("site.punctual.in_time"), Value: c.InTime, Tone: ui.Good}, {Name: p.t("site.punctual.late"), Value: c.Late, Tone: ui.Bad}, {Name: p.t("site.punctual.joined_late"), Value: c.JoinedLate, Tone: ui.Info},
		{Name: p.t("site.punctual.not_reached"), Value: c.NotReached, Tone: ui.Warn, URL: url("open")}, {Name: p.t("site.punctual.pending"), Value: c.Pending, Tone: ui.Mute, URL: url("pending")},
	}
}

// punctualSum is the reckoning of [Page.punctual] in one line.
func (p Page) punctualSum(c CoverageView) string {
	return p.n(c.InTime) + " + " + p.n(c.Late) + " + " + p.n(c.JoinedLate) + " + " + p.n(c.NotReached) + " + " + p.n(c.Pending) + " = " + p.n(c.Addressed)
}

// sum is the reckoning in one line: "18,986 + 900 + 100 + 14 = 20,000".
func (p Page) sum(c CoverageView) string {
	return p.n(c.Accepted) + " + " + p.n(c.Pending) + " + " + p.n(c.Bounced) + " + " + p.n(c.Unserved) + " = " + p.n(c.Addressed)
}

func (p Page) leadBadge(c CoverageView) ui.Badge {
	switch {
	case c.Late > 0:
		return ui.Badge{Text: p.t("site.notices.lead_unmet"), Tone: ui.Bad}
	case c.LeadTimeMet:
		return ui.Badge{Text: p.t("site.notices.lead_met"), Tone: ui.Good}
	}
	return ui.Badge{Text: p.t("site.broadcast.lead_runs"), Tone: ui.Info}
}

// BroadcastFormView writes a broadcast. Fields: obligation, basis, jurisdiction, audience (customers, contract, or segment:KEY),
// contract, effective_at, policy (SLUG/VERSION), brand, and subject.LANG and text.LANG for each language; do: check or send.
type BroadcastFormView struct {
	Page
	Action        string
	Values        map[string]string
	Errors        map[string]string
	Segments      []ui.Option
	Contracts     []string // types of contract that customers have
	Policies      []ui.Option
	Brands        []ui.Option
	Jurisdictions []string
	Languages     []string
	Lead, Who     string // what the lead time and the audience come to, in words
	Checked       bool   // it was looked through, and nothing is wrong
	Again         string // why the one before it was refused
}

func (v BroadcastFormView) form() ui.FormOf {
	val := v.Values
	audience := ui.Field{Name: "audience", Kind: "select", Label: v.t("site.notices.audience"), Value: val["audience"], Required: true, Options: []ui.Option{{Value: "customers", Label: v.t("site.broadcast.customers")}}}
	if len(v.Contracts) > 0 || val["audience"] == "contract" {
		audience.Options = append(audience.Options, ui.Option{Value: "contract", Label: v.t("site.broadcast.contract")})
	}
	for _, s := range v.Segments {
		audience.Options = append(audience.Options, ui.Option{Value: "segment:" + s.Value, Label: v.t("site.broadcast.segment", "name", s.Label)})
	}
	jurisdiction := ui.Field{Name: "jurisdiction", Kind: "select", Label: v.t("site.broadcast.jurisdiction"), Hint: v.t("site.broadcast.jurisdiction_hint"), Value: val["jurisdiction"], Options: []ui.Option{{Value: "", Label: v.t("site.broadcast.no_jurisdiction")}}}
	for _, j := range v.Jurisdictions {
		jurisdiction.Options = append(jurisdiction.Options, ui.Option{Value: j, Label: v.t("site.jurisdiction." + j)})
	}
	fields := []ui.Field{{Kind: "title", Label: v.t("site.broadcast.what")}}
	if len(v.Policies) > 0 {
		fields = append(fields, ui.Field{Name: "policy", Kind: "select", Label: v.t("site.notices.policy"), Hint: v.t("site.broadcast.policy_hint"), Options: append([]ui.Option{{Value: "", Label: v.t("site.notices.no_policy")}}, v.Policies...), Value: val["policy"]})
	}
	fields = append(fields, obligationField(v.Page, val["obligation"]), basisField(v.Page, val["basis"]),
		ui.Field{Kind: "title", Label: v.t("site.broadcast.whom")}, audience)
	if len(v.Contracts) > 0 || val["contract"] != "" {
		contract := ui.Field{Name: "contract", Kind: "select", Label: v.t("site.broadcast.contract_type"), Hint: v.t("site.broadcast.contract_hint"), Value: val["contract"], Options: []ui.Option{{Value: "", Label: "–"}}}
		for _, c := range v.Contracts {
			contract.Options = append(contract.Options, ui.Option{Value: c, Label: c})
		}
		fields = append(fields, contract)
	}
	fields = append(fields, ui.Field{Kind: "title", Label: v.t("site.broadcast.when")}, jurisdiction,
		ui.Field{Name: "effective_at", Kind: "datetime-local", Label: v.t("site.notices.effective"), Hint: v.t("site.broadcast.effective_hint"), Value: val["effective_at"], Short: true})
	if len(v.Brands) > 1 {
		fields = append(fields, ui.Field{Name: "brand", Kind: "select", Label: v.t("site.campaign.brand"), Options: v.Brands, Value: val["brand"]})
	}
	for i, tag := range v.Languages {
		text := ui.Field{Name: "text." + tag, Kind: "textarea", Rows: 9, Label: v.t("site.notices.text"), Value: val["text."+tag], Required: i == 0}
		title := ui.Field{Kind: "title", Label: locale.Name(tag)}
		if i == 0 {
			title.Hint, text.Hint = v.t("site.broadcast.rules"), v.t("site.notices.text_hint")
		}
		subject := ui.Field{Name: "subject." + tag, Label: v.t("site.campaign.subject"), Value: val["subject."+tag], Required: i == 0, MaxLength: 200}
		if i > 0 {
			fields = append(fields, ui.Fold(locale.Name(tag), subject, text))
			continue
		}
		fields = append(fields, title, subject, text)
	}
	return ui.FormOf{Action: v.Action, Fields: fields}.WithErrors(v.Errors)
}

// CoverageReport is the outcome of everybody whom a broadcast addresses, with the people.
type CoverageReport struct {
	Page
	CoverageView
	Figures
	Subject, URL, Status, Audience   string
	EffectiveAt, AcceptBy            time.Time
	Lead                             string
	Tabs                             []ui.Tab
	Rows                             []CoveragePerson
	Pager                            ui.Pager
	CSVURL, JSONURL, PrintURL, ByURL string // ByURL with an outcome behind it is the people with it
	Today                            string
	ServeAll                         string // marks all who are open; empty: not for this person, or nobody is
	Showing                          string // the outcome that is shown
}

// CoveragePerson is one of them. ServeURL marks the person as served by another channel; empty: not to be done.
type CoveragePerson struct {
	Email, URL, NoticeURL, Outcome, Reason, Reply string
	SubscriberID                                  string
	Joined                                        bool
	At                                            time.Time
	Served                                        string // how and when, if otherwise
	ServedNote                                    string
	ServeURL                                      string
	UndoURL                                       string // takes the mark back; empty: not to be done
}

func (v CoverageReport) head() ui.Head {
	return ui.Head{Title: v.t("site.notices.coverage"), Lead: v.Subject, Back: ui.Link{Label: v.t("site.broadcast.this"), URL: v.URL}, Badge: CampaignStatus(v.Locale, v.Status), Actions: []ui.Link{
		{Label: v.t("site.broadcast.print"), URL: v.PrintURL}, {Label: v.t("site.list.export"), URL: v.CSVURL, Icon: "download"}, {Label: "JSON", URL: v.JSONURL, Icon: "download"},
	}}
}

func (v CoverageReport) by(outcome string) string { return v.ByURL + outcome }

func (v CoverageReport) work() []ui.Share {
	return []ui.Share{{Name: v.t("site.notices.served"), Value: v.Served, Tone: ui.Good, URL: ""}, {Name: v.t("site.broadcast.open"), Value: v.Open(), Tone: ui.Bad, URL: v.by("open")}}
}

func (v CoverageReport) table() ui.Table {
	t := ui.Table{Stacked: true, Caption: v.t("site.notices.people"), Columns: []ui.Column{{Label: v.t("site.email")}, {Label: v.t("site.notices.outcome")}, {Label: v.t("site.campaign.reason"), Quiet: true}, {Label: v.t("site.mail.at"), Quiet: true}, {Label: v.t("site.notices.served")}}}
	for i, r := range v.Rows {
		email := ui.Cell{Text: r.Email, URL: r.URL}
		if r.Joined {
			email.Sub = v.t("site.broadcast.joined_later")
		}
		why := ui.Cell{Text: reason(v.Locale, r.Reason), Sub: r.Reply}
		served := ui.Cell{Text: r.Served, Sub: r.ServedNote}
		switch {
		case r.ServeURL != "":
			served = ui.Cell{Component: serveDialog(v, i, r)}
		case r.UndoURL != "":
			served = ui.Cell{Component: servedCell(v, r)}
		case r.Served == "":
			served = ui.Cell{Text: "–"}
		}
		outcome := ui.Cell{Badge: DeliveryStatus(v.Locale, r.Outcome)}
		if r.NoticeURL != "" {
			outcome = ui.Cell{Component: outcomeLink(v, r)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{email, outcome, why, {Text: v.when(r.At)}, served}})
	}
	return t
}

// PaperView is the coverage of a broadcast as a document on paper.
type PaperView struct {
	Page
	CoverageView
	Broadcast BroadcastView
	ID        string
	PrintedAt time.Time
	Head      string // of the chain of evidence
	Texts     []PaperText
	Unreached []CoveragePerson
	More      int // people who cannot be reached and are not listed
	BackURL   string
}

// PaperText is what it said in one language.
type PaperText struct{ Language, Tag, Subject, Text string }
