package site

import (
	"time"

	"github.com/a-h/templ"

	"assent/templates/site/ui"
)

// JobsView lists what was done with many people at once.
type JobsView struct {
	Page
	Listing
	Rows []JobRow
}

// JobRow is one of them. Action is tag, untag, suppress or withdraw; Status one of jobTones.
type JobRow struct {
	URL, Action, Tag, By, Status string // Tag is the mark, or the name of the topic
	People, Changed              int
	At                           time.Time
}

// JobView is one of them: how far it is, and what came of it.
type JobView struct {
	Page
	JobRow
	Open            bool
	Note            string
	Standing, Topic string  // what the list was narrowed to
	Skipped         []Count // those with whom nothing was done, by reason
	Restored, Kept  int     // by an undo
	FinishedAt      time.Time
	Posts           []ui.Post
}

var jobTones = map[string]ui.Tone{"queued": ui.Plain, "running": ui.Info, "finished": ui.Good, "cancelled": ui.Warn, "failed": ui.Bad, "undoing": ui.Info, "undone": ui.Plain}

func (r JobRow) name(p Page) string { return p.t("site.together.action."+r.Action, "tag", r.Tag) }

func (r JobRow) badge(p Page) ui.Badge {
	return badge(p.Locale, "site.together.status.", r.Status, jobTones)
}

func togetherPath() string { return Path(NavSubscribers) + "/together" }

// Jobs is the list of them.
func Jobs(v JobsView) templ.Component {
	p := under(v.Page, NavSubscribers)
	t := ui.Table{Caption: p.t("site.together.title"), Columns: []ui.Column{
		v.column(p.t("site.bulk.what"), ""), v.column(p.t("site.campaigns.status"), ""), number(v.column(p.t("site.together.people"), "")), number(v.column(p.t("site.together.changed"), "")), quiet(v.column(p.t("site.mail.at"), "")),
	}}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.name(p), URL: r.URL, Sub: r.By}, {Badge: r.badge(p)}, {Text: p.n(r.People)}, {Text: p.n(r.Changed)}, {Text: p.when(r.At)}}})
	}
	back := p.back(NavSubscribers)
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:  ui.Head{Title: p.t("site.together.title"), Lead: p.t("site.together.lead"), Back: back},
		Empty: ui.Empty{Icon: NavSubscribers, Title: p.t("site.together.empty"), Text: p.t("site.together.empty_text"), Action: back},
	})
}

func (v JobView) head() ui.Head {
	return ui.Head{Title: v.name(v.Page), Back: ui.Link{Label: v.t("site.together.title"), URL: togetherPath()}, Badge: v.badge(v.Page), Posts: v.Posts}
}

func (v JobView) stats() []ui.Stat {
	left := 0
	for _, c := range v.Skipped {
		left += c.N
	}
	return []ui.Stat{{Label: v.t("site.together.people"), Value: v.n(v.People)}, {Label: v.t("site.together.changed"), Value: v.n(v.Changed)}, {Label: v.t("site.together.left"), Value: v.n(left)}}
}

// forGood tells that it cannot be taken back.
func (r JobRow) forGood() bool { return r.Action == "withdraw" }

// said tells how far it is.
func (v JobView) said() string {
	if v.Status == "undoing" {
		return v.t("site.together.taking_back", "n", v.n(v.Restored+v.Kept), "total", v.n(v.Changed))
	}
	return v.t("site.together.working", "n", v.n(v.People))
}

func (v JobView) shares() []ui.Share {
	out := v.Page.shares(v.Skipped)
	for i, c := range v.Skipped {
		if key := "site.together.reason." + c.Reason; v.Locale.Has(key) {
			out[i].Name = v.t(key)
		}
	}
	return out
}
