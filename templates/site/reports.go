package site

import (
	"slices"
	"time"

	"assent/templates/site/ui"
)

// Counts is what came of mail.
type Counts struct {
	Campaigns                                               int
	Total, Sent, Skipped, Bounced, Complained, Unsubscribed int64
}

// Plus adds counts up; the number of campaigns stays.
func (c Counts) Plus(d Counts) Counts {
	c.Total, c.Sent, c.Skipped = c.Total+d.Total, c.Sent+d.Sent, c.Skipped+d.Skipped
	c.Bounced, c.Complained, c.Unsubscribed = c.Bounced+d.Bounced, c.Complained+d.Complained, c.Unsubscribed+d.Unsubscribed
	return c
}

// Compared is one line of a comparison: a campaign, or all those of a topic.
type Compared struct {
	Name, URL string
	At        time.Time
	Counts
	Tracked bool  // clicks are counted
	Clicked int64 // people; negative: fewer than ten
}

// listed is how many campaigns the page of reports has a line for; its file has all.
const listed = 100

// ReportsView is what came of all campaigns in a time. Filters: topic, brand, days.
type ReportsView struct {
	Page
	Listing
	Spans          []string
	Topics, Brands []ui.Option
	All            Counts
	Sent, After    ui.Chart
	ByTopic        []Compared
	Campaigns      []Compared
}

func (v ReportsView) filterBar() *ui.Filter {
	span := choose(v.Page, "days", v.t("site.report.span"), "", "site.report.days_", v.Spans...)
	span.Options = span.Options[1:]
	some := func(name, label, all string, options []ui.Option) ui.Field {
		return ui.Field{Name: name, Label: label, Options: append([]ui.Option{{Value: "", Label: all}}, options...)}
	}
	f := v.filter(v.Page, NavReports, "", some("topic", v.t("site.campaigns.topic"), v.t("site.report.any_topic"), v.Topics), some("brand", v.t("site.campaign.brand"), v.t("site.report.any_brand"), v.Brands), span)
	if v.Chosen["topic"] == "" && v.Chosen["brand"] == "" {
		f.Clear = ""
	}
	return f
}

func (v ReportsView) stats() []ui.Stat {
	a := v.All
	stat := func(key string, n int64, tone ui.Tone) ui.Stat {
		s := ui.Stat{Label: v.t(key), Value: v.Locale.Number(n), Note: v.t("site.campaign.of_sent", "share", v.Locale.Percent(n, a.Sent))}
		if n > 0 {
			s.Tone = tone
		}
		return s
	}
	return []ui.Stat{
		{Label: v.t("site.delivery.sent"), Value: v.Locale.Number(a.Sent), Note: v.Locale.N("site.report.campaigns", len(v.Campaigns))},
		stat("site.delivery.bounced", a.Bounced, ui.Plain),
		stat("site.campaign.complained", a.Complained, ui.Bad),
		stat("site.campaign.unsubscribed", a.Unsubscribed, ui.Plain),
	}
}

// comparison is a table of campaigns or topics, each figure with its share of what was sent.
func (p Page) comparison(caption, first string, when bool, list []Compared) ui.Table {
	t := ui.Table{Caption: caption, Columns: []ui.Column{{Label: first}}}
	if when {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.campaign.started_at"), Quiet: true})
	} else {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.nav.campaigns"), Number: true, Quiet: true})
	}
	for _, key := range []string{"site.delivery.sent", "site.delivery.skipped", "site.campaign.unsubscribed", "site.delivery.bounced", "site.campaign.complained"} {
		t.Columns = append(t.Columns, ui.Column{Label: p.t(key), Number: true, Quiet: key == "site.delivery.skipped"})
	}
	tracked := slices.ContainsFunc(list, func(c Compared) bool { return c.Tracked })
	if tracked {
		t.Columns = append(t.Columns, ui.Column{Label: p.t("site.ab.clicked"), Number: true, Quiet: true})
	}
	for _, c := range list {
		share := func(n int64) ui.Cell { return ui.Cell{Text: p.Locale.Percent(n, c.Sent), Sub: p.Locale.Number(n)} }
		second := ui.Cell{Text: p.day(c.At)}
		if !when {
			second = ui.Cell{Text: p.n(c.Counts.Campaigns)}
		}
		row := ui.Row{Cells: []ui.Cell{{Text: c.Name, URL: c.URL}, second, {Text: p.Locale.Number(c.Sent)}, {Text: p.Locale.Number(c.Skipped)}, share(c.Unsubscribed), share(c.Bounced), share(c.Complained)}}
		if tracked {
			clicked := ui.Cell{Text: "–"}
			if c.Tracked {
				clicked.Text = p.people(c.Clicked)
			}
			row.Cells = append(row.Cells, clicked)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
