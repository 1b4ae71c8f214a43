package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// QueuesView shows the queues of both streams.
type QueuesView struct {
	Page
	Rows []QueueRow
	// Down says that the queue does not answer; nothing is lost, as SQL holds the work.
	Down string
}

// QueueRow is one queue.
type QueueRow struct {
	Name, Stream                                 string
	Waiting, Active, Scheduled, Retrying, Failed int
	Latency                                      time.Duration // of the oldest waiting task
	Paused                                       bool
	Posts                                        []ui.Post
}

// Queues is its page.
func Queues(v QueuesView) templ.Component {
	p := under(v.Page, NavQueues)
	t := ui.Table{Caption: p.t("site.nav.queues"), Actions: p.t("site.actions"), Columns: []ui.Column{{Label: p.t("site.queues.name")}, {Label: p.t("site.queues.waiting"), Number: true}, {Label: p.t("site.queues.active"), Number: true}, {Label: p.t("site.queues.scheduled"), Number: true, Quiet: true}, {Label: p.t("site.queues.retrying"), Number: true}, {Label: p.t("site.queues.failed"), Number: true}, {Label: p.t("site.queues.latency"), Number: true}}}
	for _, r := range v.Rows {
		name := ui.Cell{Text: r.Name + " ", Badge: StreamBadge(p.Locale, r.Stream)}
		if r.Paused {
			name.Sub = p.t("site.status.paused")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: p.n(r.Waiting)}, {Text: p.n(r.Active)}, {Text: p.n(r.Scheduled)}, {Text: p.n(r.Retrying)}, {Text: p.n(r.Failed)}, {Text: r.Latency.Round(time.Millisecond).String()}}, Posts: r.Posts})
	}
	var notes []remark
	if v.Down != "" {
		notes = append(notes, remark{ui.Bad, p.t("site.queues.down"), v.Down})
	}
	return listPage(sheet{
		Page: p, Table: t, Notes: notes, Head: ui.Head{Title: p.t("site.nav.queues"), Lead: p.t("site.queues.lead")},
		Empty: ui.Empty{Icon: NavQueues, Title: p.t("site.queues.empty"), Text: p.t("site.queues.empty_text")},
	})
}

// DeliverabilityView shows whether mail will arrive: set-up, the way back, warm-up.
type DeliverabilityView struct {
	Page
	Streams []Stream
	Checks  []Check // DNS, alignment, TLS: what the last examination found
	// Examined is when it ended, Running when one began that has not; zero for none. Fault is why it could not be done.
	Examined, Running time.Time
	Fault             string
	Examine           *ui.Post // begins one; nil: not offered
	Try               *TryForm // sends test mails; nil: not offered
	URL               string   // of the page, which looks for news while an examination runs
	Returned          Returned
	Keys              []SigningKey
	NewKey            *KeyForm // makes one; nil: not offered
	WarmUp            *WarmUp
}

// WarmUp is where the warm-up plan stands.
type WarmUp struct {
	Day, Days, Sent, Limit int
}

// WebhooksView lists outgoing webhooks. Its form adds one; fields: url, events (repeated).
type WebhooksView struct {
	Page
	Rows   []WebhookRow
	Action string
	URL    string
	// Description is what it is for.
	Description string
	Ticked      []string
	Events      []ui.Option
	Errors      map[string]string
	// Secret is that of a webhook just added, to check signatures with. It is shown this once.
	Secret string
}

// WebhookRow is one of them.
type WebhookRow struct {
	Target, URL, Events string
	Failing             string // why; empty while it answers
	Off                 bool   // switched off
	LastAt              time.Time
	Posts               []ui.Post
}

func (v WebhooksView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.webhooks"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.webhooks.target")}, {Label: v.t("site.campaigns.status")}, {Label: v.t("site.webhooks.last"), Quiet: true, Date: true}}}
	for _, r := range v.Rows {
		state := ui.Cell{Badge: ui.Badge{Text: v.t("site.webhooks.answers"), Tone: ui.Good}}
		if r.Off {
			state = ui.Cell{Badge: ui.Badge{Text: v.t("site.webhooks.off"), Tone: ui.Mute}, Sub: r.Failing}
		} else if r.Failing != "" {
			state = ui.Cell{Badge: ui.Badge{Text: v.t("site.webhooks.fails"), Tone: ui.Bad}, Sub: r.Failing}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Target, URL: r.URL, Mono: true, Sub: r.Events}, state, {Text: v.when(r.LastAt)}}, Posts: r.Posts})
	}
	return t
}

func (v WebhooksView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.webhooks.add"), Fields: []ui.Field{
		{Name: "url", Kind: "url", Label: v.t("site.webhooks.target"), Value: v.URL, Required: true, Placeholder: "https://"},
		{Name: "description", Label: v.t("site.webhooks.about"), Value: v.Description, MaxLength: 255},
		{Name: "events", Kind: "checks", Label: v.t("site.webhooks.events"), Hint: v.t("site.webhooks.events_hint"), Options: v.Events, Values: v.Ticked},
	}}.WithErrors(v.Errors)
}

// WebhookView is one webhook with what became of its calls. Its form changes it; fields: description, events (repeated).
type WebhookView struct {
	Page
	Target, Description, Action string
	Off, Secret                 string // why it is off; a secret just made, shown this once
	Waiting, Failed             int
	Tabs                        []ui.Tab
	Calls                       []CallRow
	Pager                       ui.Pager
	Events                      []ui.Option
	Ticked                      []string
	Errors                      map[string]string
	Posts                       []ui.Post
}

// CallRow is one call. Status is waiting, done or failed.
type CallRow struct {
	Event, Status, ID, Answer string
	Attempts                  int
	At, Next                  time.Time
	Again                     *ui.Post
}

var callTones = map[string]ui.Tone{"waiting": ui.Info, "done": ui.Good, "failed": ui.Bad}

func (v WebhookView) head() ui.Head {
	h := ui.Head{Title: v.Target, Lead: v.Description, Back: v.back(NavWebhooks), Posts: v.Posts}
	if v.Off != "" {
		h.Badge = ui.Badge{Text: v.t("site.webhooks.off"), Tone: ui.Mute}
	}
	return h
}

func (v WebhookView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.webhooks.calls"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.webhooks.event")}, {Label: v.t("site.campaigns.status")}, {Label: v.t("site.webhooks.answer")}, {Label: v.t("site.webhooks.attempts"), Number: true, Quiet: true}, {Label: v.t("site.webhooks.last"), Quiet: true}}}
	for _, c := range v.Calls {
		state := ui.Cell{Badge: badge(v.Locale, "site.webhooks.status.", c.Status, callTones)}
		if c.Status == "waiting" && c.Attempts > 0 {
			state.Sub = v.t("site.webhooks.next", "at", v.when(c.Next))
		}
		row := ui.Row{Cells: []ui.Cell{{Text: c.Event, Mono: true, Sub: c.ID}, state, {Text: orElse(c.Answer, "–")}, {Text: v.n(c.Attempts)}, {Text: v.when(c.At)}}}
		if c.Again != nil {
			row.Posts = []ui.Post{*c.Again}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v WebhookView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.save"), Fields: []ui.Field{
		{Name: "description", Label: v.t("site.webhooks.about"), Value: v.Description, MaxLength: 255},
		{Name: "events", Kind: "checks", Label: v.t("site.webhooks.events"), Hint: v.t("site.webhooks.events_hint"), Options: v.Events, Values: v.Ticked},
	}}.WithErrors(v.Errors)
}

// TryForm sends test mails. Its field is to.
type TryForm struct {
	Action, To string
	Errors     map[string]string
}

// Returned is how mail comes back: at a server of ours, out of a mailbox, by webhooks of providers, or not at all.
type Returned struct {
	Addr, Mailbox string
	Providers     []string  // whose webhooks are set up
	ProvidersURL  string    // where they are; empty: not offered
	GoodAt        time.Time // of the last visit without a fault
	Fails, Mails  int
	Fault         string
}

func (r Returned) nothing() bool { return r.Addr == "" && r.Mailbox == "" && len(r.Providers) == 0 }

// KeyForm makes a signing key. Its fields are stream, domain, selector and auto.
type KeyForm struct {
	Action, Stream, Domain, Selector, Auto string
	Errors                                 map[string]string
}

// SigningKey is one with which mail is signed, and what to publish for it.
type SigningKey struct {
	Stream, Domain, Selector, State, Fault string
	Records                                []Header
	Looked, Keep                           time.Time // Keep: until when the records of a retired key stay in DNS
	Posts                                  []ui.Post
}

func (v DeliverabilityView) tryForm() ui.FormOf {
	return ui.FormOf{Action: v.Try.Action, Submit: v.t("site.examination.mail_run"), Fields: []ui.Field{
		{Name: "to", Kind: "email", Label: v.t("site.examination.mail_to"), Hint: v.t("site.examination.mail_to_hint"), Value: v.Try.To, Autocomplete: "email"},
	}}.WithErrors(v.Try.Errors)
}

func (v DeliverabilityView) keyForm() ui.FormOf {
	k := v.NewKey
	return ui.FormOf{Action: k.Action, Submit: v.t("site.signing.add"), Fields: []ui.Field{
		{Name: "stream", Kind: "select", Label: v.t("site.signing.stream"), Value: k.Stream, Required: true, Options: []ui.Option{{Value: "marketing", Label: v.t("site.stream.marketing")}, {Value: "transactional", Label: v.t("site.stream.transactional")}}},
		{Name: "domain", Label: v.t("site.signing.domain"), Hint: v.t("site.signing.domain_hint"), Value: k.Domain, Required: true, MaxLength: 253, InputMode: "url"},
		{Name: "selector", Label: v.t("site.signing.selector"), Hint: v.t("site.signing.selector_hint"), Value: k.Selector, MaxLength: 60},
		{Name: "auto", Kind: "checkbox", Label: v.t("site.signing.auto"), Value: k.Auto},
	}}.WithErrors(k.Errors)
}

func (v DeliverabilityView) examinationHead() ui.Head {
	h := ui.Head{Title: v.t("site.nav.deliverability"), Lead: v.t("site.deliverability.lead")}
	if v.Examine != nil {
		h.Posts = []ui.Post{*v.Examine}
	}
	return h
}

func (v DeliverabilityView) examined() string {
	switch {
	case !v.Running.IsZero():
		return v.t("site.examination.running", "at", v.when(v.Running))
	case v.Examined.IsZero():
		return v.t("site.examination.never")
	}
	return v.t("site.examination.at", "at", v.when(v.Examined))
}

// signingState is how far a key has come.
func (v DeliverabilityView) signingState(state string) ui.Badge {
	switch state {
	case "signing":
		return ui.Badge{Text: v.t("site.signing.signing"), Tone: ui.Good}
	case "seen":
		return ui.Badge{Text: v.t("site.signing.seen"), Tone: ui.Info}
	case "retired":
		return ui.Badge{Text: v.t("site.signing.retired"), Tone: ui.Plain}
	}
	return ui.Badge{Text: v.t("site.signing.waiting"), Tone: ui.Warn}
}
