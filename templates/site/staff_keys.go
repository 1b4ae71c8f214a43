package site

import (
	"time"

	"assent/templates/site/ui"
)

// KeyLine is one API key, without its value.
type KeyLine struct {
	ID, Name, Person       string
	Scopes                 []string
	Created, Used, Revoked time.Time
	Fixed                  bool // set by ASSENT_API_KEY
}

// KeysView lists the API keys.
type KeysView struct {
	Page
	Keys []KeyLine
}

// KeyNewView makes one.
type KeyNewView struct {
	Page
	Name, Person string
	Scopes       []string
	Offered      []string    // all scopes
	People       []ui.Option // whom it may stand for
	Errors       map[string]string
}

// KeyMadeView shows the value of a new key, this once.
type KeyMadeView struct {
	Page
	Name, Value string
}

func (v KeysView) head() ui.Head {
	return ui.Head{Title: v.t("site.nav.keys"), Lead: v.t("site.staff.keys.lead"), Actions: []ui.Link{
		{Label: v.t("site.staff.keys.add"), URL: Path(NavKeys) + "/new", Icon: "plus"}, {Label: v.t("site.staff.keys.api"), URL: "/api/v1/openapi.yaml"},
	}}
}

func (v KeysView) table() ui.Table {
	t := ui.Table{Caption: v.t("site.nav.keys"), Actions: v.t("site.staff.keys.revoke"), Columns: []ui.Column{
		{Label: v.t("site.staff.keys.name")}, {Label: v.t("site.staff.keys.scopes")}, {Label: v.t("site.staff.keys.person"), Quiet: true},
		{Label: v.t("site.staff.keys.created"), Quiet: true}, {Label: v.t("site.staff.keys.used")},
	}}
	for _, k := range v.Keys {
		name := ui.Cell{Text: k.Name, Sub: k.ID}
		row := ui.Row{}
		switch {
		case !k.Revoked.IsZero():
			name.Badge = ui.Badge{Text: v.t("site.staff.keys.revoked"), Tone: ui.Bad}
		case k.Fixed:
			name.Badge = ui.Badge{Text: v.t("site.staff.keys.fixed")}
		default:
			row.Posts = []ui.Post{{Label: v.t("site.staff.keys.revoke"), Action: Path(NavKeys) + "/" + k.ID + "/revoke", Tone: ui.Bad,
				Back: v.t("site.dialog.back"), Ask: v.t("site.staff.keys.revoke_ask", "name", k.Name), AskText: v.t("site.staff.keys.revoke_text")}}
		}
		scopes := ""
		for i, scope := range k.Scopes {
			if i > 0 {
				scopes += ", "
			}
			scopes += scope
		}
		row.Cells = []ui.Cell{name, {Text: scopes, Mono: true}, {Text: k.Person}, {Text: v.when(k.Created)}, {Text: v.when(k.Used)}}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v KeyNewView) form() ui.FormOf {
	scopes := ui.Field{Name: "scope", Kind: "checks", Label: v.t("site.staff.keys.scopes"), Values: v.Scopes, Required: true}
	for _, scope := range v.Offered {
		o := ui.Option{Value: scope, Label: scope}
		switch scope {
		case "full":
			o.Hint = v.t("site.staff.keys.full")
		case "read":
			o.Hint = v.t("site.staff.keys.read")
		}
		scopes.Options = append(scopes.Options, o)
	}
	return ui.FormOf{
		Action: Path(NavKeys), Submit: v.t("site.staff.keys.add_do"), Cancel: ui.Link{Label: v.t("site.cancel"), URL: Path(NavKeys)},
		Fields: []ui.Field{
			{Name: "name", Label: v.t("site.staff.keys.name"), Hint: v.t("site.staff.keys.name_hint"), Value: v.Name, Required: true, MaxLength: 100, Autofocus: true},
			{Name: "user", Kind: "select", Label: v.t("site.staff.keys.person"), Hint: v.t("site.staff.keys.person_hint"), Value: v.Person, Options: append([]ui.Option{{Label: v.t("site.staff.keys.nobody")}}, v.People...)},
			scopes,
		},
	}.WithErrors(v.Errors)
}
