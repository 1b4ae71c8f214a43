package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// EventsView lists events.
type EventsView struct {
	Page
	Listing
	Tabs []ui.Tab
	Rows []EventRow
}

// EventRow is one of them. Status is draft, open, full, over or cancelled. Capacity is 0 where there is no limit.
type EventRow struct {
	URL, Name, Place, Status      string
	Registered, Waiting, Capacity int
	StartsAt                      time.Time
	LocalZone                     string // of the place
}

var eventTones = map[string]ui.Tone{"draft": ui.Plain, "open": ui.Good, "full": ui.Warn, "closed": ui.Plain, "over": ui.Plain, "cancelled": ui.Bad}

// Events is the list of events.
func Events(v EventsView) templ.Component {
	p := under(v.Page, NavEvents)
	create := v.create(p, NavEvents, "site.events.new")
	t := ui.Table{Caption: p.t("site.nav.events"), Columns: []ui.Column{v.column(p.t("site.brands.name"), ""), v.column(p.t("site.campaigns.status"), ""), v.column(p.t("site.events.starts"), ""), number(v.column(p.t("site.events.registered"), "")), quiet(number(v.column(p.t("site.events.waiting"), "")))}}
	for _, r := range v.Rows {
		registered := p.n(r.Registered)
		if r.Capacity > 0 {
			registered = p.t("site.progress", "done", r.Registered, "total", r.Capacity)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Place}, {Badge: badge(p.Locale, "site.events.status.", r.Status, eventTones)}, {Text: p.whenAt(r.StartsAt, r.LocalZone)}, {Text: registered}, {Text: p.n(r.Waiting)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Tabs: v.Tabs,
		Head:  ui.Head{Title: p.t("site.nav.events"), Lead: p.t("site.events.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavEvents, Title: p.t("site.events.empty"), Text: p.t("site.events.empty_text"), Action: first(create)},
	})
}

// EventView is one event with its guests. Came is negative before its day.
type EventView struct {
	Page
	EventRow
	PublicURL   string
	EndsAt      time.Time
	Came        int
	Guests      []GuestRow
	GuestsPager ui.Pager
	Partners    []EventPartner
	Links       []ui.Link
	Posts       []ui.Post
	Guest       *GuestForm // enters one by hand; nil for whoever may not, and when the event takes nobody
}

// GuestForm registers somebody who said so elsewhere. Fields: email, first_name, last_name, company, phone, source, share (each partner).
type GuestForm struct {
	Action string
	Shares []ui.Option // partners whom the details may go to; nothing is ticked beforehand
	Values map[string]string
	Errors map[string]string
}

func (v EventView) guestForm() ui.FormOf {
	g := v.Guest
	fields := []ui.Field{
		{Name: "email", Kind: "email", Label: v.t("site.email"), Value: g.Values["email"], Required: true, MaxLength: 254},
		{Name: "first_name", Label: v.t("site.subscribers.first_name"), Value: g.Values["first_name"], MaxLength: 200},
		{Name: "last_name", Label: v.t("site.subscribers.last_name"), Value: g.Values["last_name"], MaxLength: 200},
		{Name: "company", Label: v.t("site.subscribers.company"), Value: g.Values["company"], MaxLength: 200},
		{Name: "phone", Kind: "tel", Label: v.t("site.subscribers.phone"), Value: g.Values["phone"], MaxLength: 50, Short: true},
		{Name: "source", Label: v.t("site.person.source"), Hint: v.t("site.person.source_hint"), Value: g.Values["source"], Required: true, MaxLength: 200},
	}
	if len(g.Shares) > 0 {
		fields = append(fields, ui.Field{Name: "share", Kind: "checks", Label: v.t("site.events.shares"), Hint: v.t("site.events.guest_share"), Options: g.Shares})
	}
	return ui.FormOf{Action: g.Action, Submit: v.t("site.events.guest_do"), Fields: fields}.WithErrors(g.Errors)
}

// EventPartner is a partner who would like to have guests' details: who agreed, in which words, and whom it must forget.
type EventPartner struct {
	Name, Wording, ExportURL string
	Agreed, Untold           int
	Told                     *ui.Post
}

// whenAt is a time as it is at a place.
func (p Page) whenAt(t time.Time, zone string) string {
	if zone == "" {
		zone = p.Zone
	}
	return p.Locale.DateTime(t, zone)
}

func (v EventView) head() ui.Head {
	return ui.Head{Title: v.Name, Lead: v.whenAt(v.StartsAt, v.LocalZone) + " · " + orElse(v.Place, v.t("site.events.online")), Back: v.back(NavEvents), Badge: badge(v.Locale, "site.events.status.", v.Status, eventTones), Actions: v.Links, Posts: v.Posts}
}

func (v EventView) stats() []ui.Stat {
	registered := ui.Stat{Label: v.t("site.events.registered"), Value: v.n(v.Registered)}
	if v.Capacity > 0 {
		registered.Note = v.t("site.events.of_places", "n", v.n(v.Capacity))
	}
	out := []ui.Stat{registered, {Label: v.t("site.events.waiting"), Value: v.n(v.Waiting)}}
	if v.Came >= 0 {
		came := ui.Stat{Label: v.t("site.events.came"), Value: v.n(v.Came)}
		if v.Registered > 0 {
			came.Note = ui.ShareOf(v.Came, v.Registered)
		}
		out = append(out, came)
	}
	return out
}

func (v EventView) guests() ui.Table {
	t := ui.Table{Caption: v.t("site.events.guests"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.email")}, {Label: v.t("site.campaigns.status")}, {Label: v.t("site.events.shares"), Quiet: true}, {Label: v.t("site.mail.at"), Quiet: true, Date: true}}}
	for _, g := range v.Guests {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: g.Email, URL: g.URL, Sub: g.Name}, {Badge: badge(v.Locale, "site.events.guest.", g.Status, guestTones)}, {Text: orElse(g.Shares, "–")}, {Text: v.when(g.At)}}, Posts: g.Posts})
	}
	return t
}

// GuestRow is one registration. Status is registered, waiting, unconfirmed or cancelled.
type GuestRow struct {
	Name, Email, URL, Status string
	Shares                   string // partners that may have the details
	At                       time.Time
	Posts                    []ui.Post
}

var guestTones = map[string]ui.Tone{"registered": ui.Good, "waiting": ui.Warn, "unconfirmed": ui.Plain, "cancelled": ui.Plain, "attended": ui.Good}

// EventFormView makes or changes an event. Fields: slug, names.LANG, descriptions.LANG, starts_at, ends_at, timezone,
// place, url, capacity, partners (repeated), brand, reminder_hours, follow_up.LANG.
type EventFormView struct {
	Page
	Record
	Action    string
	Values    map[string]string
	Partners  []ui.Option
	Brands    []ui.Option
	Ticked    []string // partners
	Languages []string
	Wording   string // that guests are asked to share with, for a partner
}

// EventForm is its page.
func EventForm(v EventFormView) templ.Component {
	p, val := under(v.Page, NavEvents), v.Values
	title := val["names."+p.Locale.Language()]
	if v.New || title == "" {
		title = p.t("site.events.new")
	}
	var fields []ui.Field
	for i, tag := range v.Languages {
		fields = inLanguage(fields, i, tag,
			ui.Field{Name: "names." + tag, Label: p.t("site.topics.name"), Value: val["names."+tag], Required: i == 0, MaxLength: 200},
			ui.Field{Name: "descriptions." + tag, Kind: "textarea", Label: p.t("site.events.about"), Hint: p.t("site.policies.markdown"), Value: val["descriptions."+tag]},
			ui.Field{Name: "follow_up." + tag, Kind: "textarea", Rows: 3, Label: p.t("site.events.follow_up"), Hint: p.t("site.events.follow_up_hint"), Value: val["follow_up."+tag]},
		)
	}
	fields = append(fields, p.slug(val, v.New))
	fields = append(fields, []ui.Field{
		{Kind: "title", Label: p.t("site.events.when")},
		{Name: "starts_at", Kind: "datetime-local", Label: p.t("site.events.starts"), Value: val["starts_at"], Required: true},
		{Name: "ends_at", Kind: "datetime-local", Label: p.t("site.events.ends"), Value: val["ends_at"], Required: true},
		{Name: "timezone", Label: p.t("site.subscribers.zone"), Value: val["timezone"], Placeholder: "Europe/Amsterdam", Required: true, Short: true},
		{Name: "place", Label: p.t("site.events.place"), Value: val["place"], MaxLength: 300},
		{Name: "url", Kind: "url", Label: p.t("site.events.link"), Hint: p.t("site.events.link_hint"), Value: val["url"]},
		{Name: "capacity", Kind: "number", Label: p.t("site.events.capacity"), Hint: p.t("site.events.capacity_hint"), Value: val["capacity"], Short: true, InputMode: "numeric"},
	}...)
	if len(v.Brands) > 1 {
		fields = append(fields, ui.Field{Name: "brand", Kind: "select", Label: p.t("site.campaign.brand"), Options: v.Brands, Value: val["brand"], Required: true})
	}
	fields = append(fields, ui.Field{Name: "reminder_hours", Kind: "number", Label: p.t("site.events.reminder"), Hint: p.t("site.events.reminder_hint"), Value: val["reminder_hours"], Short: true, InputMode: "numeric", Required: true})
	if len(v.Partners) > 0 {
		fields = append(fields, ui.Field{Name: "partners", Kind: "checks", Label: p.t("site.nav.partners"), Hint: p.t("site.events.partners_hint") + " " + v.Wording, Options: v.Partners, Values: v.Ticked})
	}
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavEvents)}, Fields: fields}
	return formPage(form{Page: p, Head: ui.Head{Title: title, Back: p.back(NavEvents)}, Form: f.WithErrors(v.Errors), Posts: v.posts()})
}
