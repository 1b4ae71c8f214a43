package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// RequestsView lists data-rights requests. Filters: status, kind.
type RequestsView struct {
	Page
	Listing
	Rows []RequestRow
	Now  time.Time
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
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: word(p.Locale, "site.requests.kinds.", r.Kind), URL: r.URL, Sub: r.Number}, {Text: r.Email}, {Badge: RequestStatus(p, r.Status)}, {Text: p.day(r.Due) + " ", Badge: p.due(r.Due, v.Now, r.Status)}, {Text: p.day(r.Received)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head: ui.Head{Title: p.t("site.nav.requests"), Lead: p.t("site.requests.lead"), Actions: create},
		Filter: v.filter(p, NavRequests, p.t("site.requests.search"),
			choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), "site.requests.status.", "unconfirmed", "open", "in_progress", "done", "refused", "withdrawn"),
			choose(p, "kind", p.t("site.requests.kind"), p.t("site.requests.any_kind"), "site.requests.kinds.", "access", "portability", "rectification", "erasure", "restriction", "objection", "complaint")),
		Empty: ui.Empty{Icon: NavRequests, Title: p.t("site.requests.empty"), Text: p.t("site.requests.empty_text"), Action: first(create)},
	})
}

// RequestView is one request.
type RequestView struct {
	Page
	RequestRow
	PersonURL, Message, Source string
	Now                        time.Time
	Verified                   time.Time // when the person confirmed from their mailbox
	Extended                   string
	Answer                     string
	Files                      []ui.Link // export packages
	Posts                      []ui.Post // carry out, take on
	// Reply closes it; nil while that cannot be. Fields: outcome (done, refused), answer.
	Reply   *ReplyForm
	History []ui.Entry
}

// ReplyForm answers a request.
type ReplyForm struct {
	Action, Outcome, Answer string
	Errors                  map[string]string
}

func (v RequestView) head() ui.Head {
	return ui.Head{Title: word(v.Locale, "site.requests.kinds.", v.Kind), Lead: v.Email, Back: v.back(NavRequests), Badge: RequestStatus(v.Page, v.Status), Posts: v.Posts}
}

func (v RequestView) replyForm() ui.FormOf {
	return ui.FormOf{Action: v.Reply.Action, Submit: v.t("site.requests.reply_do"), Fields: []ui.Field{
		{Name: "outcome", Kind: "radio", Label: v.t("site.requests.outcome"), Value: orElse(v.Reply.Outcome, "done"), Options: []ui.Option{{Value: "done", Label: v.t("site.requests.status.done")}, {Value: "refused", Label: v.t("site.requests.status.refused"), Hint: v.t("site.requests.refused_hint")}}},
		{Name: "answer", Kind: "textarea", Label: v.t("site.requests.answer"), Hint: v.t("site.requests.answer_hint"), Value: v.Reply.Answer, Required: true},
	}}.WithErrors(v.Reply.Errors)
}

// RequestFormView records a request that came by letter or telephone. Fields: kind, email, received_at, message.
type RequestFormView struct {
	Page
	Action string
	Values map[string]string
	Errors map[string]string
}

// RequestForm is its page.
func RequestForm(v RequestFormView) templ.Component {
	p, val := under(v.Page, NavRequests), v.Values
	kind := ui.Field{Name: "kind", Kind: "select", Label: p.t("site.requests.kind"), Value: val["kind"], Required: true}
	for _, k := range []string{"access", "portability", "rectification", "erasure", "restriction", "objection", "complaint"} {
		kind.Options = append(kind.Options, ui.Option{Value: k, Label: p.t("site.requests.kinds." + k)})
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavRequests)}, Fields: []ui.Field{
		kind, {Name: "email", Kind: "email", Label: p.t("site.email"), Value: val["email"], Required: true},
		{Name: "received_at", Kind: "date", Label: p.t("site.requests.received"), Hint: p.t("site.requests.received_hint"), Value: val["received_at"], Short: true},
		{Name: "message", Kind: "textarea", Label: p.t("site.requests.message"), Value: val["message"]},
	}}
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.requests.new"), Back: p.back(NavRequests)}, Form: f.WithErrors(v.Errors)})
}
