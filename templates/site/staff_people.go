package site

import (
	"strings"
	"time"

	"assent/templates/site/ui"
)

// Person is one of the staff.
type Person struct {
	ID, Name, Email string
	Roles           []string // keys: administrator, marketer, approver, privacy_officer, read_only
	Second          bool     // asks for a second factor, or signs in by passkey
	SignedIn        time.Time
	Disabled        bool
	Self            bool // the one who looks
}

// PeopleView lists the staff.
type PeopleView struct {
	Page
	People []Person
}

// PersonNewView adds one.
type PersonNewView struct {
	Page
	Name, Email, Language string
	Roles                 []string
	Errors                map[string]string // name, email, role
}

// PersonView is one of them: roles, ways in, what happened lately.
type PersonView struct {
	Page
	Person Person
	Errors map[string]string // role, email
	Log    []SecurityLine
}

// LinkView shows a one-time link, this once.
type LinkView struct {
	Page
	Name, Link string
	Mailed     string // the address that the link was mailed to as well; empty for none
}

// SecurityLine is one line of the security log. Event is a key of site.staff.event.
type SecurityLine struct {
	At                     time.Time
	Name, UserURL          string
	Event                  string
	IP, UserAgent, Details string
}

// SecurityView is the security log.
type SecurityView struct {
	Page
	Lines []SecurityLine
	Older string // URL
}

// RoleKeys are the roles in the order in which they are offered.
var RoleKeys = []string{"administrator", "marketer", "approver", "privacy_officer", "read_only"}

func (p Page) roles(keys []string) string {
	text := ""
	for i, key := range keys {
		if i > 0 {
			text += ", "
		}
		text += p.t("site.staff.role." + key)
	}
	return text
}

func (p Page) roleField(have []string) ui.Field {
	f := ui.Field{Name: "role", Kind: "checks", Label: p.t("site.staff.people.roles"), Values: have, Required: true}
	for _, key := range RoleKeys {
		f.Options = append(f.Options, ui.Option{Value: key, Label: p.t("site.staff.role." + key), Hint: p.t("site.staff.role_may." + key)})
	}
	return f
}

func (v PeopleView) head() ui.Head {
	return ui.Head{
		Title: v.t("site.nav.people"), Lead: v.t("site.staff.people.lead"),
		Actions: []ui.Link{{Label: v.t("site.staff.people.add"), URL: Path(NavPeople) + "/new", Icon: "plus"}, {Label: v.t("site.staff.security.title"), URL: Base + "/security"}},
	}
}

func (v PeopleView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.people"), Columns: []ui.Column{
		{Label: v.t("site.staff.people.person")}, {Label: v.t("site.staff.people.roles")},
		{Label: v.t("site.staff.people.second"), Quiet: true}, {Label: v.t("site.staff.people.signed_in"), Quiet: true},
	}}
	for _, p := range v.People {
		name := ui.Cell{Text: p.Name, URL: Path(NavPeople) + "/" + p.ID, Sub: p.Email}
		second := ui.Cell{Badge: ui.Badge{Text: v.t("site.staff.people.second_no"), Tone: ui.Warn}}
		if p.Second {
			second.Badge = ui.Badge{Text: v.t("site.staff.people.second_yes"), Tone: ui.Good}
		}
		if p.Disabled {
			name.Badge = ui.Badge{Text: v.t("site.staff.people.disabled"), Tone: ui.Bad}
		} else if p.Self {
			name.Badge = ui.Badge{Text: v.t("site.staff.people.self")}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: v.roles(p.Roles)}, second, {Text: v.when(p.SignedIn)}}})
	}
	return t
}

func (v PersonNewView) form() ui.FormOf {
	return ui.FormOf{
		Action: Path(NavPeople), Submit: v.t("site.staff.people.add_do"), Cancel: ui.Link{Label: v.t("site.cancel"), URL: Path(NavPeople)},
		Fields: []ui.Field{
			{Name: "name", Label: v.t("site.staff.people.name"), Value: v.Name, Required: true, MaxLength: 100, Autofocus: true},
			{Name: "email", Kind: "email", Label: v.t("site.email"), Value: v.Email, Required: true, MaxLength: 254},
			v.languageField(v.Language),
			v.roleField(v.Roles),
		},
	}.WithErrors(v.Errors)
}

func (v PersonView) url() string { return Path(NavPeople) + "/" + v.Person.ID }

func (v PersonView) head() ui.Head {
	h := ui.Head{Title: v.Person.Name, Lead: v.Person.Email, Back: ui.Link{Label: v.t("site.nav.people"), URL: Path(NavPeople)}}
	if v.Person.Disabled {
		h.Badge = ui.Badge{Text: v.t("site.staff.people.disabled"), Tone: ui.Bad}
		h.Posts = []ui.Post{{Label: v.t("site.staff.people.enable"), Action: v.url() + "/enable"}}
		return h
	}
	h.Posts = []ui.Post{{Label: v.t("site.staff.people.link"), Action: v.url() + "/link", Back: v.t("site.dialog.back"), Ask: v.t("site.staff.people.link_ask", "name", v.Person.Name), AskText: v.t("site.staff.people.link_text")}}
	if v.Person.Second && !v.Person.Self {
		h.Posts = append(h.Posts, ui.Post{Label: v.t("site.staff.people.reset"), Action: v.url() + "/reset-second", Tone: ui.Bad,
			Back: v.t("site.dialog.back"), Ask: v.t("site.staff.people.reset_ask", "name", v.Person.Name), AskText: v.t("site.staff.people.reset_text")})
	}
	if !v.Person.Self {
		h.Posts = append(h.Posts, ui.Post{Label: v.t("site.staff.people.disable"), Action: v.url() + "/disable", Tone: ui.Bad,
			Back: v.t("site.dialog.back"), Ask: v.t("site.staff.people.disable_ask", "name", v.Person.Name), AskText: v.t("site.staff.people.disable_text")})
	}
	return h
}

func (v PersonView) form() ui.FormOf {
	return ui.FormOf{Action: v.url() + "/roles", Submit: v.t("site.staff.people.roles_do"), Fields: []ui.Field{v.roleField(v.Person.Roles)}}.WithErrors(v.Errors)
}

// addressForm gives a colleague another address.
func (v PersonView) addressForm() ui.FormOf {
	return ui.FormOf{Action: v.url() + "/email", Submit: v.t("site.staff.address.set"), Fields: []ui.Field{
		{Name: "email", Kind: "email", Label: v.t("site.email"), Hint: v.t("site.staff.address.set_hint"), Value: v.Person.Email, Required: true, MaxLength: 254},
	}}.WithErrors(v.Errors)
}

// methods are the details of the log of sign-ins that are no name of anything.
var methods = map[string]string{"password, while signed in": "signed_in", "passkey, copied": "copied", "all others": "others", "oidc: state": "foreign",
	"oidc: answer of the provider": "answer", "oidc: not on the staff": "stranger", "oidc: disabled": "disabled"}

// method is how somebody signed in, or tried to: "password+totp" is "Password + code". Other details, such as the name of a
// passkey, stay as they are.
func (p Page) method(detail string) string {
	if key, ok := methods[detail]; ok {
		return p.t("site.staff.method." + key)
	}
	parts := strings.Split(detail, "+")
	for i, part := range parts {
		key := "site.staff.method." + part
		if part == "" || !p.Locale.Has(key) {
			return detail
		}
		parts[i] = p.t(key)
	}
	return strings.Join(parts, " + ")
}

func (p Page) securityTable(lines []SecurityLine, names bool) ui.Table {
	t := ui.Table{Caption: p.t("site.staff.security.title"), Columns: []ui.Column{{Label: p.t("site.staff.security.what")}}}
	if names {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.staff.security.who")})
	}
	t.Columns = append(t.Columns, ui.Column{Label: p.t("site.staff.security.from"), Quiet: true}, ui.Column{Label: p.t("site.staff.security.at")})
	for _, line := range lines {
		what := ui.Cell{Text: p.t("site.staff.event." + line.Event), Sub: p.method(line.Details)}
		if line.Event == "sign_in_failed" || line.Event == "second_factor_failed" || line.Event == "slowed_down" {
			what.Badge = ui.Badge{Text: p.t("site.staff.security.refused"), Tone: ui.Warn}
		}
		row := ui.Row{Cells: []ui.Cell{what}}
		if names {
			who := ui.Cell{Text: line.Name, URL: line.UserURL}
			if line.Name == "" {
				who = ui.Cell{Text: p.t("site.staff.security.nobody")}
			}
			row.Cells = append(row.Cells, who)
		}
		row.Cells = append(row.Cells, ui.Cell{Text: line.IP, Sub: line.UserAgent, Mono: true}, ui.Cell{Text: p.when(line.At)})
		t.Rows = append(t.Rows, row)
	}
	return t
}
