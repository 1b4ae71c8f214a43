package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// PoliciesView lists policies.
type PoliciesView struct {
	Page
	Listing
	Rows []PolicyRow
}

// PolicyRow is one of them with its version in force, and the one to come if there is one.
type PolicyRow struct {
	Slug, URL, Name, Version string
	Since                    time.Time
	Coming                   string
	ComingAt                 time.Time
}

// Policies is the list of policies.
func Policies(v PoliciesView) templ.Component {
	p := under(v.Page, NavPolicies)
	create := v.create(p, NavPolicies, "site.policies.new")
	t := ui.Table{Caption: p.t("site.nav.policies"), Columns: []ui.Column{{Label: p.t("site.brands.name")}, {Label: p.t("site.policies.in_force")}, {Label: p.t("site.policies.coming")}}}
	for _, r := range v.Rows {
		now, next := ui.Cell{Text: "–"}, ui.Cell{Text: "–"}
		if r.Version != "" {
			now = ui.Cell{Text: r.Version, Sub: p.day(r.Since)}
		}
		if r.Coming != "" {
			next = ui.Cell{Text: r.Coming, Sub: p.day(r.ComingAt)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Slug}, now, next}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.policies"), Lead: p.t("site.policies.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavPolicies, Title: p.t("site.policies.empty"), Text: p.t("site.policies.empty_text"), Action: first(create)},
	})
}

// PolicyFormView makes a policy (fields: slug, names.LANG) or, with Slug, a version of it (fields: version,
// effective_at, affects_rights, bodies.LANG).
type PolicyFormView struct {
	Page
	Action     string
	Slug, Name string
	Values     map[string]string
	Errors     map[string]string
	Languages  []string
}

// PolicyForm is its page.
func PolicyForm(v PolicyFormView) templ.Component {
	p, val := under(v.Page, NavPolicies), v.Values
	f := ui.FormOf{Action: v.Action, Submit: p.t("site.save"), Cancel: ui.Link{Label: p.t("site.cancel"), URL: Path(NavPolicies)}}
	head := ui.Head{Title: p.t("site.policies.new"), Back: p.back(NavPolicies)}
	var notes []remark
	if v.Slug == "" {
		f.Fields = []ui.Field{{Name: "slug", Label: p.t("site.policies.slug"), Hint: p.t("site.policies.slug_hint"), Value: val["slug"], Required: true, Mono: true, Short: true, MaxLength: 64}}
		for i, tag := range v.Languages {
			f.Fields = append(f.Fields, ui.Field{Name: "names." + tag, Label: p.t("site.topics.name") + " (" + locale.Name(tag) + ")", Value: val["names."+tag], Required: i == 0, MaxLength: 200})
		}
	} else {
		head.Title, head.Lead = p.t("site.policies.version_new"), v.Name
		notes = []remark{{ui.Info, "", p.t("site.policies.immutable")}}
		f.Fields = []ui.Field{
			{Name: "version", Label: p.t("site.policies.version"), Value: val["version"], Required: true, Short: true, MaxLength: 50},
			{Name: "effective_at", Kind: "datetime-local", Label: p.t("site.notices.effective"), Value: val["effective_at"], Required: true},
			{Name: "affects_rights", Kind: "checkbox", Label: p.t("site.policies.rights"), Hint: p.t("site.policies.rights_hint"), Value: val["affects_rights"]},
		}
		for i, tag := range v.Languages {
			f.Fields = append(f.Fields, ui.Field{Name: "bodies." + tag, Kind: "textarea", Rows: 16, Label: p.t("site.notices.text") + " (" + locale.Name(tag) + ")", Hint: p.t("site.policies.markdown"), Value: val["bodies."+tag], Required: i == 0})
		}
	}
	return formPage(form{Page: p, Head: head, Notes: notes, Form: f.WithErrors(v.Errors)})
}

// PolicyVersionsView is one policy with its versions.
type PolicyVersionsView struct {
	Page
	Slug, Name, PublicURL string
	Rows                  []PolicyVersionRow
	NewURL                string
}

// PolicyVersionRow is one version. State is in_force, coming, archived.
type PolicyVersionRow struct {
	Version, URL, State string
	EffectiveAt         time.Time
	AffectsRights       bool
	BroadcastURL        string // of the notice about it
	ChangesURL          string
}

var policyTones = map[string]ui.Tone{"in_force": ui.Good, "coming": ui.Info, "archived": ui.Plain}

// PolicyVersions is its page.
func PolicyVersions(v PolicyVersionsView) templ.Component {
	p := under(v.Page, NavPolicies)
	head := ui.Head{Title: v.Name, Back: p.back(NavPolicies), Lead: v.PublicURL}
	if v.NewURL != "" {
		head.Actions = []ui.Link{{Label: p.t("site.policies.version_new"), URL: v.NewURL, Icon: "plus"}}
	}
	t := ui.Table{Caption: v.Name, Columns: []ui.Column{{Label: p.t("site.policies.version")}, {Label: p.t("site.campaigns.status")}, {Label: p.t("site.notices.effective")}, {Label: p.t("site.nav.notices")}, {Label: p.t("site.policies.changes")}}}
	for _, r := range v.Rows {
		version := ui.Cell{Text: r.Version, URL: r.URL}
		if r.AffectsRights {
			version.Sub = p.t("site.policies.rights")
		}
		notice, changes := ui.Cell{Text: "–"}, ui.Cell{Text: "–"}
		if r.BroadcastURL != "" {
			notice = ui.Cell{Text: p.t("site.notices.coverage"), URL: r.BroadcastURL}
		}
		if r.ChangesURL != "" {
			changes = ui.Cell{Text: p.t("site.policies.compare"), URL: r.ChangesURL}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{version, {Badge: badge(p.Locale, "site.policies.state.", r.State, policyTones)}, {Text: p.when(r.EffectiveAt)}, notice, changes}})
	}
	return listPage(sheet{Page: p, Head: head, Table: t, Empty: ui.Empty{Icon: NavPolicies, Title: p.t("site.policies.no_version"), Text: p.t("site.policies.empty_text"), Action: first(head.Actions)}})
}
