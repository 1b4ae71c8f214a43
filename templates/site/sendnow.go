package site

import (
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// SendNowView asks before a campaign begins at once. Window and Rate were chosen with it.
type SendNowView struct {
	Page
	Name, Action, Back, Window, Rate string
	People                           *int // who would get it; nil: too many to have been counted yet
}

// SendNow is its page. It posts window, rate and now to Action.
func SendNow(v SendNowView) templ.Component {
	p := under(v.Page, NavCampaigns)
	var notes []remark
	switch {
	case v.People == nil:
		notes = append(notes, remark{ui.Info, "", p.t("site.now.many")})
	case *v.People == 0:
		notes = append(notes, remark{ui.Warn, "", p.t("site.now.nobody")})
	default:
		notes = append(notes, remark{ui.Info, "", p.Locale.N("site.now.people", *v.People)})
	}
	return formPage(form{Page: p, Head: ui.Head{Title: p.t("site.now.title"), Lead: p.t("site.now.lead"), Back: ui.Link{Label: v.Name, URL: v.Back}}, Notes: notes,
		Form: ui.FormOf{Action: v.Action, Submit: p.t("site.now.do"), Cancel: ui.Link{Label: p.t("site.now.later"), URL: v.Back}, Fields: []ui.Field{
			{Name: "now", Kind: "hidden", Value: "1"}, {Name: "window", Kind: "hidden", Value: v.Window}, {Name: "rate", Kind: "hidden", Value: v.Rate},
		}}})
}
