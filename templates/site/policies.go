package site

import (
	"context"
	"io"
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
	State                    string // of what comes
}

var policyTones = map[string]ui.Tone{"draft": ui.Mute, "pending": ui.Warn, "scheduled": ui.Info, "current": ui.Good, "superseded": ui.Plain}

func policyState(p Page, state string) ui.Badge {
	return badge(p.Locale, "site.policies.state.", state, policyTones)
}

// Policies is the list of policies.
func Policies(v PoliciesView) templ.Component {
	p := under(v.Page, NavPolicies)
	create := v.create(p, NavPolicies, "site.policies.new")
	t := ui.Table{Caption: p.t("site.nav.policies"), Columns: []ui.Column{{Label: p.t("site.brands.name")}, {Label: p.t("site.policies.in_force")}, {Label: p.t("site.policies.coming")}, {Label: p.t("site.campaigns.status"), Quiet: true}}}
	for _, r := range v.Rows {
		now, next, state := ui.Cell{Text: "–"}, ui.Cell{Text: "–"}, ui.Cell{Text: "–"}
		if r.Version != "" {
			now = ui.Cell{Text: r.Version, Sub: p.t("site.policies.since", "date", p.day(r.Since))}
		}
		if r.Coming != "" {
			next, state = ui.Cell{Text: r.Coming, Sub: p.t("site.policies.planned", "date", p.day(r.ComingAt))}, ui.Cell{Badge: policyState(p, r.State)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL, Sub: r.Slug}, now, next, state}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.nav.policies"), Lead: p.t("site.policies.lead"), Actions: create},
		Empty: ui.Empty{Icon: NavPolicies, Title: p.t("site.policies.empty"), Text: p.t("site.policies.empty_text"), Action: first(create)},
	})
}

// PolicyFormView makes a policy (fields: slug, names.LANG) or, with Slug, a version of it (fields: version,
// effective_at, affects_rights, bodies.LANG, and do: draft or publish).
type PolicyFormView struct {
	Page
	Action, BackURL string
	Slug, Name      string
	Version         string // that is changed; empty: a new one
	Draft           bool   // it is one, or it does not exist yet
	Values          map[string]string
	Errors          map[string]string
	Languages       []string
}

func (v PolicyFormView) head() ui.Head {
	h := ui.Head{Title: v.t("site.policies.new"), Back: v.back(NavPolicies), Lead: v.t("site.policies.new_lead")}
	if v.Slug != "" {
		h.Title, h.Lead, h.Back = v.t("site.policies.version_new"), v.t("site.policies.immutable"), ui.Link{Label: v.Name, URL: v.BackURL}
	}
	if v.Version != "" {
		h.Title = v.t("site.policies.version_edit", "version", v.Version)
	}
	return h
}

// form is the fields; those of the texts come last, one language after the other.
func (v PolicyFormView) form() ui.FormOf {
	val, f := v.Values, ui.FormOf{Action: v.Action}
	if v.Slug == "" {
		for i, tag := range v.Languages {
			f.Fields = append(f.Fields, ui.Field{Name: "names." + tag, Label: v.t("site.topics.name") + " (" + locale.Name(tag) + ")", Value: val["names."+tag], Required: i == 0, MaxLength: 200})
		}
		f.Fields = append(f.Fields, v.slug(val, true))
		return f.WithErrors(v.Errors)
	}
	if v.Version == "" {
		f.Fields = append(f.Fields, ui.Field{Name: "version", Label: v.t("site.policies.version"), Hint: v.t("site.policies.version_hint"), Value: val["version"], Required: true, Short: true, MaxLength: 32})
	}
	f.Fields = append(f.Fields,
		ui.Field{Name: "effective_at", Kind: "datetime-local", Label: v.t("site.policies.effective"), Hint: v.t("site.policies.effective_hint"), Value: val["effective_at"], Required: true, Short: true},
		ui.Field{Name: "affects_rights", Kind: "checkbox", Label: v.t("site.policies.rights"), Hint: v.t("site.policies.rights_hint"), Value: val["affects_rights"]},
	)
	for i, tag := range v.Languages {
		body := ui.Field{Name: "bodies." + tag, Kind: "textarea", Rows: 16, Label: v.t("site.notices.text") + " (" + locale.Name(tag) + ")", Value: val["bodies."+tag], Required: i == 0}
		if i == 0 {
			body.Hint = v.t("site.policies.markdown")
		}
		f.Fields = append(f.Fields, body)
	}
	return f.WithErrors(v.Errors)
}

// PolicyVersionsView is one policy with its versions.
type PolicyVersionsView struct {
	Page
	Slug, Name, PublicURL string
	Rows                  []PolicyVersionRow
	NewURL                string
	CompareURL            string     // compares any two; empty while there are not two
	Rename                *ui.FormOf // nil: not for this person
}

// PolicyVersionRow is one version. State is draft, pending, scheduled, current or superseded.
type PolicyVersionRow struct {
	Version, URL, State string
	EffectiveAt         time.Time
	AffectsRights       bool
	BroadcastURL        string // of the notice about it
	ChangesURL          string
}

func (v PolicyVersionsView) head() ui.Head {
	h := ui.Head{Title: v.Name, Back: v.back(NavPolicies)}
	if v.NewURL != "" {
		h.Actions = append(h.Actions, ui.Link{Label: v.t("site.policies.version_new"), URL: v.NewURL, Icon: "plus"})
	}
	if v.CompareURL != "" {
		h.Actions = append(h.Actions, ui.Link{Label: v.t("site.policies.compare"), URL: v.CompareURL})
	}
	return h
}

func (v PolicyVersionsView) table() ui.Table {
	t := ui.Table{Caption: v.Name, Columns: []ui.Column{{Label: v.t("site.policies.version")}, {Label: v.t("site.campaigns.status")}, {Label: v.t("site.policies.effective"), Quiet: true}, {Label: v.t("site.policies.broadcast"), Quiet: true}, {Label: v.t("site.policies.changes"), Quiet: true}}}
	for _, r := range v.Rows {
		version := ui.Cell{Text: r.Version, URL: r.URL}
		if r.AffectsRights {
			version.Sub = v.t("site.policies.rights")
		}
		notice, changes := ui.Cell{Text: "–"}, ui.Cell{Text: "–"}
		if r.BroadcastURL != "" {
			notice = ui.Cell{Text: v.t("site.notices.coverage"), URL: r.BroadcastURL}
		}
		if r.ChangesURL != "" {
			changes = ui.Cell{Text: v.t("site.policies.compare_before"), URL: r.ChangesURL}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{version, {Badge: policyState(v.Page, r.State)}, {Text: v.when(r.EffectiveAt)}, notice, changes}})
	}
	return t
}

// PolicyVersionView is one version: its text in a language, where it stands, and why it does not take effect yet.
type PolicyVersionView struct {
	Page
	Name, PolicyURL, Version, State string
	PublicURL                       string // empty while nobody else sees it
	EffectiveAt, TakesEffectAt      time.Time
	AffectsRights                   bool
	AnnouncedAt                     time.Time
	Waits                           []Check // what it waits for, in order
	Broadcasts                      []ui.Link
	Body, Language                  string // Body is harmless HTML
	Languages                       []ui.Tab
	Links                           []ui.Link
	Posts                           []ui.Post
	When                            *ui.FormOf // changes when it takes effect; nil: fixed
}

func (v PolicyVersionView) head() ui.Head {
	return ui.Head{Title: v.t("site.policies.title", "name", v.Name, "version", v.Version), Back: ui.Link{Label: v.Name, URL: v.PolicyURL}, Badge: policyState(v.Page, v.State), Actions: v.Links, Posts: v.Posts}
}

// DiffSpan is a run of words: Op is "added", "removed" or empty.
type DiffSpan struct{ Op, Text string }

// DiffParagraph is one paragraph of a comparison. Kind is heading, paragraph, item, code or row.
type DiffParagraph struct {
	Kind  string
	Spans []DiffSpan
}

// PolicyDiffView is what changed between two versions.
type PolicyDiffView struct {
	Page
	Name, PolicyURL, Action  string
	From, To                 string
	Versions                 []ui.Option
	Language                 string
	Languages                []ui.Tab
	Added, Removed           int // words
	Paragraphs               []DiffParagraph
	NoLanguage               bool // the two have no language in common
	OlderLanguage, NewerLang string
}

func (v PolicyDiffView) choice(name, label, value string) ui.Field {
	return ui.Field{Name: name, Kind: "select", Label: label, Options: v.Versions, Value: value, Required: true}
}

// diffSpans writes runs of words without a space between them that the text does not have.
func diffSpans(p Page, spans []DiffSpan) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, s := range spans {
			text := templ.EscapeString(s.Text)
			switch s.Op {
			case "added":
				text = `<ins><span class="sr">` + templ.EscapeString(p.t("site.policies.said_added")) + " </span>" + text + "</ins>"
			case "removed":
				text = `<del><span class="sr">` + templ.EscapeString(p.t("site.policies.said_removed")) + " </span>" + text + "</del>"
			}
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
		}
		return nil
	})
}
