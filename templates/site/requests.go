package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// The parts of the list of requests, in the order of their tabs.
var requestParts = []string{"waiting", "unconfirmed", "closed", "all"}

// RequestsView lists data-rights requests. Show is the part of them that is shown; counts are by part. Filters: kind.
type RequestsView struct {
	Page
	Listing
	Rows          []RequestRow
	Now           time.Time
	Show          string
	Counts        map[string]int
	Overdue, Soon int
	Closed, Late  int // in the last year
	PartURL       func(part string) string
}

// RequestRow is one of them.
type RequestRow struct {
	Number, URL, Kind, Email, Status string
	Received, Due                    time.Time
}

var requestTones = map[string]ui.Tone{"unconfirmed": ui.Plain, "open": ui.Info, "in_progress": ui.Info, "done": ui.Good, "refused": ui.Warn, "withdrawn": ui.Plain}

// RequestStatus is its badge.
func RequestStatus(p Page, status string) ui.Badge {
	return badge(p.Locale, "site.requests.status.", status, requestTones)
}

// due is how long there is left, with a tone: overdue is bad, five days or less is to be watched.
func (p Page) due(due, now time.Time, status string) ui.Badge {
	if due.IsZero() || status == "done" || status == "refused" || status == "withdrawn" {
		return ui.Badge{}
	}
	days := int(due.Sub(now).Hours() / 24)
	switch {
	case due.Before(now):
		return ui.Badge{Text: p.t("site.requests.overdue"), Tone: ui.Bad}
	case days < 1:
		return ui.Badge{Text: p.t("site.requests.today"), Tone: ui.Bad}
	case days <= 5:
		return ui.Badge{Text: p.Locale.N("site.days", days), Tone: ui.Warn}
	}
	return ui.Badge{Text: p.Locale.N("site.days", days)}
}

// Requests is the list of data-rights requests, the most urgent first.
func Requests(v RequestsView) templ.Component {
	p := under(v.Page, NavRequests)
	create := v.create(p, NavRequests, "site.requests.new")
	t := ui.Table{Caption: p.t("site.nav.requests"), Columns: []ui.Column{
		v.column(p.t("site.requests.kind"), ""), v.column(p.t("site.email"), ""), v.column(p.t("site.campaigns.status"), ""), v.column(p.t("site.requests.due"), ""), quiet(v.column(p.t("site.requests.received"), "")),
	}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: word(p.Locale, "site.requests.kinds.", r.Kind), URL: r.URL, Sub: r.Number}, {Text: orElse(r.Email, p.t("site.requests.nobody"))}, {Badge: RequestStatus(p, r.Status)}, {Text: p.day(r.Due) + " ", Badge: p.due(r.Due, v.Now, r.Status)}, {Text: p.day(r.Received)}}})
	}
	s := sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:   ui.Head{Title: p.t("site.nav.requests"), Lead: p.t("site.requests.lead"), Actions: create},
		Filter: v.filter(p, NavRequests, p.t("site.requests.search"), choose(p, "kind", p.t("site.requests.kind"), p.t("site.requests.any_kind"), "site.requests.kinds.", requestKinds...)),
		Empty:  ui.Empty{Icon: NavRequests, Title: p.t("site.requests.empty"), Text: p.t("site.requests.empty_text"), Action: first(create)},
	}
	if v.PartURL == nil {
		return listPage(s)
	}
	s.Filter.Keep = []ui.Hidden{{Name: "show", Value: v.Show}}
	for _, part := range requestParts {
		tab := ui.Tab{Label: p.t("site.requests.part." + part), URL: v.PartURL(part), Current: part == v.Show}
		if n := v.Counts[part]; n > 0 && part != "all" {
			tab.Count = p.n(n)
		}
		s.Tabs = append(s.Tabs, tab)
	}
	if v.Counts["all"] > 0 {
		s.Empty = ui.Empty{Icon: "check", Title: p.t("site.requests.calm"), Text: p.t("site.requests.calm_text"), Action: first(create)}
		s.Stats = v.stats()
	}
	return listPage(s)
}

func (v RequestsView) stats() []ui.Stat {
	overdue := ui.Stat{Label: v.t("site.requests.overdue"), Value: v.n(v.Overdue)}
	if v.Overdue > 0 {
		overdue.Tone = ui.Bad
	}
	out := []ui.Stat{overdue, {Label: v.t("site.requests.soon"), Value: v.n(v.Soon)}, {Label: v.t("site.requests.part.waiting"), Value: v.n(v.Counts["waiting"])}}
	if v.Closed > 0 {
		out = append(out, ui.Stat{Label: v.t("site.requests.in_time"), Value: ui.ShareOf(v.Closed-v.Late, v.Closed), Note: v.t("site.requests.in_year", "n", v.n(v.Closed))})
	}
	return out
}

// RequestView is one request. What can be done with it are the Tasks.
type RequestView struct {
	Page
	RequestRow
	PersonURL, Message, Source string
	Change                     []Header // what is to be corrected
	Now                        time.Time
	Verified                   time.Time
	VerifiedBy                 string // link, or how staff know
	Extended, Answer           string
	Files                      []ui.Link // the copy of the person's data
	Posts                      []ui.Post
	Tasks                      []RequestTask
	History                    []ui.Entry
}

// The tasks of a request.
const (
	TaskIdentify = "identify" // fields: verified_by
	TaskDecide   = "decide"   // fields: outcome (done, refused, withdrawn), answer
	TaskExtend   = "extend"   // fields: due_at, extended
)

// RequestTask is one thing that can be done with a request. ByItself tells that Assent carries it out.
type RequestTask struct {
	Name, Action   string
	ByItself       bool
	Known          bool // who asks
	Values, Errors map[string]string
}

func (v RequestView) head() ui.Head {
	return ui.Head{Title: word(v.Locale, "site.requests.kinds.", v.Kind), Lead: orElse(v.Email, v.t("site.requests.nobody")), Back: v.back(NavRequests), Badge: RequestStatus(v.Page, v.Status), Posts: v.Posts}
}

func (v RequestView) closed() bool {
	return v.Status == "done" || v.Status == "refused" || v.Status == "withdrawn"
}

func (v RequestView) overdue() bool { return !v.closed() && !v.Due.IsZero() && v.Due.Before(v.Now) }

func (v RequestView) verified() string {
	switch {
	case v.Verified.IsZero():
		return v.t("site.requests.unverified")
	case v.VerifiedBy == "" || v.VerifiedBy == "link":
		return v.t("site.requests.verified", "at", v.when(v.Verified))
	}
	return v.t("site.requests.verified_by", "by", v.VerifiedBy, "at", v.when(v.Verified))
}

func (v RequestView) form(task RequestTask) ui.FormOf {
	f := ui.FormOf{Action: task.Action, Submit: v.t("site.requests.task." + task.Name + "_do")}
	switch task.Name {
	case TaskIdentify:
		f.Fields = []ui.Field{{Name: "verified_by", Label: v.t("site.requests.task.how"), Hint: v.t("site.requests.task.how_hint"), Value: task.Values["verified_by"], Required: true, MaxLength: 255}}
	case TaskExtend:
		f.Fields = []ui.Field{
			{Name: "due_at", Kind: "date", Label: v.t("site.requests.task.until"), Hint: v.t("site.requests.task.until_hint"), Value: task.Values["due_at"], Required: true, Short: true},
			{Name: "extended", Kind: "textarea", Rows: 3, Label: v.t("site.requests.task.why"), Hint: v.t("site.requests.answer_hint"), Value: task.Values["extended"], Required: true},
		}
	case TaskDecide:
		f.Fields = []ui.Field{v.outcome(task), {Name: "answer", Kind: "textarea", Rows: 4, Label: v.t("site.requests.answer"), Hint: v.t("site.requests.task.answer_hint"), Value: task.Values["answer"]}}
	}
	for i := range f.Fields {
		f.Fields[i].Prefix = task.Name + "-"
	}
	return f.WithErrors(task.Errors)
}

// outcome says for each way out what it does.
func (v RequestView) outcome(task RequestTask) ui.Field {
	field := ui.Field{Name: "outcome", Kind: "radio", Label: v.t("site.requests.outcome"), Value: task.Values["outcome"], Required: true}
	if task.Known {
		done := "site.requests.carry.other"
		if task.ByItself {
			done = "site.requests.carry." + v.Kind
		}
		field.Options = append(field.Options, ui.Option{Value: "done", Label: v.t(done), Hint: v.t(done + "_hint")})
	}
	field.Options = append(field.Options, ui.Option{Value: "refused", Label: v.t("site.requests.task.refuse"), Hint: v.t("site.requests.refused_hint")},
		ui.Option{Value: "withdrawn", Label: v.t("site.requests.task.withdraw"), Hint: v.t("site.requests.task.withdraw_hint")})
	return field
}

var requestKinds = []string{"access", "portability", "rectification", "erasure", "restriction", "objection", "complaint"}

// RequestFormView records a request that came by letter or telephone. Fields: kind, email, received_at, message, verified_by,
// and for a correction change.email, change.first_name and change.last_name.
type RequestFormView struct {
	Page
	Action string
	Values map[string]string
	Errors map[string]string
}

// RequestForm is its page.
func RequestForm(v RequestFormView) templ.Component {
	p, val := under(v.Page, NavRequests), v.Values
	kind := ui.Field{Name: "kind", Kind: "radio", Label: p.t("site.requests.kind"), Value: orElse(val["kind"], "access"), Required: true}
	for _, k := range requestKinds {
		kind.Options = append(kind.Options, ui.Option{Value: k, Label: p.t("site.requests.kinds." + k), Hint: p.t("site.requests.means." + k)})
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.requests.record"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavRequests)}, Fields: []ui.Field{
		{Name: "email", Kind: "email", Label: p.t("site.requests.of"), Value: val["email"], Required: true, MaxLength: 320}, kind,
		{Name: "received_at", Kind: "date", Label: p.t("site.requests.received"), Hint: p.t("site.requests.received_hint"), Value: val["received_at"], Short: true},
		{Name: "message", Kind: "textarea", Label: p.t("site.requests.message"), Value: val["message"]},
		{Name: "verified_by", Label: p.t("site.requests.task.how"), Hint: p.t("site.requests.how_new"), Value: val["verified_by"], MaxLength: 255},
		{Kind: "title", Label: p.t("site.requests.correct"), Hint: p.t("site.requests.correct_hint")},
		{Name: "change.first_name", Label: p.t("site.requests.first_name"), Value: val["change.first_name"], MaxLength: 255},
		{Name: "change.last_name", Label: p.t("site.requests.last_name"), Value: val["change.last_name"], MaxLength: 255},
		{Name: "change.email", Kind: "email", Label: p.t("site.requests.new_email"), Value: val["change.email"], MaxLength: 320},
	}}
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.requests.new"), Back: p.back(NavRequests)}, Form: f.WithErrors(v.Errors)})
}
