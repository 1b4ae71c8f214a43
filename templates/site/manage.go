package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// AuditView lists what was changed. Filters: actor, action, object, from, until; there is no search.
type AuditView struct {
	Page
	Listing
	Rows []AuditRow
}

// AuditRow is one change. Before and After are JSON, indented; empty where there is none.
type AuditRow struct {
	At                        time.Time
	Actor, Kind, IP           string
	Action, Object, ObjectURL string
	Before, After             string
}

func (v AuditView) filterBar() ui.Filter {
	f := ui.Filter{Locale: v.Locale, Action: Path(NavAudit), NoSearch: true}
	if v.filtered() {
		f.Clear = Path(NavAudit)
	}
	if v.ExportURL != "" {
		f.Export = ui.Link{Label: v.t("site.list.export"), URL: v.ExportURL}
	}
	return f
}

func (v AuditView) fields() []ui.Field {
	return []ui.Field{
		{Name: "actor", Label: v.t("site.audit.actor"), Value: v.Chosen["actor"]},
		{Name: "action", Label: v.t("site.audit.action"), Value: v.Chosen["action"], Placeholder: "campaign."},
		{Name: "object", Label: v.t("site.audit.object"), Value: v.Chosen["object"], Placeholder: "campaign:"},
		{Name: "from", Kind: "date", Label: v.t("site.audit.from"), Value: v.Chosen["from"]},
		{Name: "until", Kind: "date", Label: v.t("site.audit.until"), Value: v.Chosen["until"]},
	}
}

// KeysView lists API keys. Its form makes one; fields: name, scopes (repeated).
type KeysView struct {
	Page
	Rows   []KeyRow
	Action string
	Name   string
	Ticked []string
	Scopes []ui.Option
	Errors map[string]string
	// Made is the value of a key that was just made. It is shown this once.
	Made, MadeName string
}

// KeyRow is one of them.
type KeyRow struct {
	Name, Scopes, Person string
	Fixed                bool // from the settings
	CreatedAt, UsedAt    time.Time
	Revoked              bool
	Revoke               *ui.Post
}

func (v KeysView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.keys"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.brands.name")}, {Label: v.t("site.keys.scopes")}, {Label: v.t("site.keys.used"), Quiet: true}, {Label: v.t("site.campaigns.status")}}}
	for _, r := range v.Rows {
		state := ui.Badge{Text: v.t("site.keys.works"), Tone: ui.Good}
		if r.Revoked {
			state = ui.Badge{Text: v.t("site.keys.revoked")}
		}
		name := ui.Cell{Text: r.Name, Sub: r.Person}
		if r.Fixed {
			name.Sub = v.t("site.keys.fixed")
		}
		row := ui.Row{Cells: []ui.Cell{name, {Text: r.Scopes}, {Text: v.when(r.UsedAt)}, {Badge: state}}}
		if r.Revoke != nil {
			row.Posts = []ui.Post{*r.Revoke}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v KeysView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.keys.add"), Fields: []ui.Field{
		{Name: "name", Label: v.t("site.brands.name"), Hint: v.t("site.keys.name_hint"), Value: v.Name, Required: true, MaxLength: 100},
		{Name: "scopes", Kind: "checks", Label: v.t("site.keys.scopes"), Hint: v.t("site.keys.scopes_hint"), Options: v.Scopes, Values: v.Ticked},
	}}.WithErrors(v.Errors)
}

// PeopleView lists the staff. Its form invites somebody; fields: name, email, roles (repeated).
type PeopleView struct {
	Page
	Rows   []PersonRow
	Action string
	Values map[string]string
	Ticked []string
	Errors map[string]string
	// Link is the one-time link of somebody just invited, to pass on by hand. It is shown this once.
	Link, LinkFor string
}

// PersonRow is one of the staff.
type PersonRow struct {
	Name, Email, URL, Roles string
	Second, Disabled        bool // has a second factor; may not sign in
	SignedInAt              time.Time
}

// Roles are the roles to choose from, with what each may do.
func Roles(p Page) []ui.Option {
	var out []ui.Option
	for _, r := range []string{"administrator", "marketer", "approver", "privacy_officer", "read_only"} {
		out = append(out, ui.Option{Value: r, Label: p.t("site.role." + r), Hint: p.t("site.role.about." + r)})
	}
	return out
}

func (v PeopleView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.people"), Columns: []ui.Column{{Label: v.t("site.brands.name")}, {Label: v.t("site.people.roles")}, {Label: v.t("site.people.signin")}, {Label: v.t("site.people.last"), Quiet: true}}}
	for _, r := range v.Rows {
		state := ui.Badge{Text: v.t("site.people.password_only"), Tone: ui.Warn}
		if r.Second {
			state = ui.Badge{Text: v.t("site.people.two"), Tone: ui.Good}
		}
		if r.Disabled {
			state = ui.Badge{Text: v.t("site.people.disabled")}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Email}, {Text: r.Roles}, {Badge: state}, {Text: v.when(r.SignedInAt)}}})
	}
	return t
}

func (v PeopleView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.people.invite_do"), Fields: []ui.Field{
		{Name: "name", Label: v.t("site.brands.name"), Value: v.Values["name"], Required: true, MaxLength: 100},
		{Name: "email", Kind: "email", Label: v.t("site.email"), Value: v.Values["email"], Required: true, MaxLength: 254},
		{Name: "roles", Kind: "checks", Label: v.t("site.people.roles"), Options: Roles(v.Page), Values: v.Ticked},
	}}.WithErrors(v.Errors)
}

// PersonFormView changes one of the staff. Fields: roles (repeated).
type PersonFormView struct {
	Page
	Action, Name, Email string
	Ticked              []string
	Errors              map[string]string
	Link                string    // a fresh one-time link, shown this once
	Posts               []ui.Post // disable, enable, new link, take the second factor away
}

// PersonForm is its page.
func PersonForm(v PersonFormView) templ.Component {
	p := at(v.Page, NavPeople)
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavPeople)}, Fields: []ui.Field{
		{Name: "roles", Kind: "checks", Label: p.t("site.people.roles"), Options: Roles(p), Values: v.Ticked},
	}}
	var notes []remark
	if v.Link != "" {
		notes = append(notes, remark{ui.Good, p.t("site.people.link"), v.Link})
	}
	return formPage(form{Page: p, Head: ui.Head{Title: v.Name, Lead: v.Email, Back: p.back(NavPeople)}, Notes: notes, Form: f.WithErrors(v.Errors), Posts: v.Posts})
}

// SettingsView changes what holds for the whole installation. Sections are built by the handler with fields of package
// ui; the values that come from the environment are shown as Fixed.
type SettingsView struct {
	Page
	Forms []SettingsForm
	Fixed []Header
}

// SettingsForm is one section with a form of its own.
type SettingsForm struct {
	ID, Title, Text string
	Form            ui.FormOf
}

// apart gives the fields ids of their own, as several forms share the page.
func (f SettingsForm) apart() ui.FormOf {
	fields := make([]ui.Field, len(f.Form.Fields))
	for i, field := range f.Form.Fields {
		field.Prefix = f.ID + "-"
		fields[i] = field
	}
	f.Form.Fields = fields
	return f.Form
}
