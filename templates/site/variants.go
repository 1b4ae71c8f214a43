package site

import (
	"strconv"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// VariantsView is the form in which a draft gets a test, and in which its clicks are counted or not. Fields: track_clicks, share,
// wait, measure, and subject.N, preheader.N and own.N of the texts 2 to 4. Links lead to the editors of those that there are.
type VariantsView struct {
	Page
	Name, Action, BackURL string
	Links                 []ui.Link
	End                   *ui.Post          // takes the test out; nil: there is none
	Values, Errors        map[string]string // among the values the campaign's own subject and preheader
}

// variantNames are how the texts of a test are called.
var variantNames = []string{"A", "B", "C", "D"}

// VariantName is how the nth text of a test is called, counted from 1.
func VariantName(n int) string { return variantNames[min(max(n, 1), len(variantNames))-1] }

func (v VariantsView) ends() []ui.Post {
	if v.End == nil {
		return nil
	}
	return []ui.Post{*v.End}
}

// waits are the usual times from the last mail of a test to the choice, in hours.
var waits = []int{1, 2, 4, 8, 12, 24, 48, 72}

// waitField offers the usual times, and the one that there is.
func (v VariantsView) waitField() ui.Field {
	f := ui.Field{Name: "wait", Kind: "select", Label: v.t("site.ab.wait"), Hint: v.t("site.ab.wait_hint"), Value: v.Values["wait"], Short: true}
	known := f.Value == ""
	for _, hours := range waits {
		o := ui.Option{Value: itoa(hours) + "h", Label: v.Locale.N("site.hours", hours)}
		known = known || o.Value == f.Value
		f.Options = append(f.Options, o)
	}
	if !known {
		f.Options = append(f.Options, ui.Option{Value: f.Value, Label: f.Value})
	}
	return f
}

func (v VariantsView) form() ui.FormOf {
	var fields []ui.Field
	for n := 2; n <= len(variantNames); n++ {
		at := "." + strconv.Itoa(n)
		text := []ui.Field{
			{Name: "subject" + at, Label: v.t("site.campaign.subject"), Value: v.Values["subject"+at], Placeholder: v.Values["subject"]},
			{Name: "preheader" + at, Label: v.t("site.campaign.preheader"), Value: v.Values["preheader"+at], Placeholder: v.Values["preheader"]},
			{Name: "own" + at, Kind: "checkbox", Label: v.t("site.ab.own"), Hint: v.t("site.ab.own_hint"), Value: v.Values["own"+at]}}
		name := v.t("site.ab.text", "name", variantNames[n-1])
		if n > 2 { // most tests have two texts
			fields = append(fields, ui.Fold(name, text...))
			continue
		}
		fields = append(append(fields, ui.Field{Kind: "title", Label: name, Hint: v.t("site.ab.same", "subject", v.Values["subject"])}), text...)
	}
	fields = append(fields, ui.Field{Kind: "title", Label: v.t("site.ab.choice")},
		ui.Field{Name: "share", Kind: "number", Label: v.t("site.ab.share"), Hint: v.t("site.ab.share_hint"), Value: v.Values["share"], Short: true, InputMode: "numeric"},
		ui.Field{Name: "measure", Kind: "radio", Label: v.t("site.ab.measure"), Value: v.Values["measure"], Options: []ui.Option{
			{Value: "unsubscribes", Label: v.t("site.ab.unsubscribes")}, {Value: "clicks", Label: v.t("site.ab.clicks"), Hint: v.t("site.ab.clicks_need")}, {Value: "hand", Label: v.t("site.ab.hand"), Hint: v.t("site.ab.hand_hint")}}},
		v.waitField(),
		ui.Field{Kind: "title", Label: v.t("site.ab.clicked")},
		ui.Field{Name: "track_clicks", Kind: "checkbox", Label: v.t("site.ab.track"), Hint: v.t("site.ab.track_hint"), Value: v.Values["track_clicks"]})
	return ui.FormOf{Action: v.Action, Submit: v.t("site.save"), Cancel: ui.Link{Label: v.t("site.ab.back"), URL: v.BackURL}, Fields: fields}.WithErrors(v.Errors)
}

// TestView is what a test shows.
type TestView struct {
	Clicks bool // what is measured; else unsubscribes
	Tried  []TriedRow
	// Best is the place of the text that did best so far, Shown that it is better by more than chance explains. Winner is what the
	// rest gets, 0 while it waits; By who chose it, empty for the measure.
	Best, Winner int
	Shown        bool
	By           string
	Posts        []ui.Post // one for each text, while somebody may choose
}

// TriedRow is one text of it. Share lies between Low and High, 19 times out of 20; all are of one. Negative hits are fewer than
// ten people: then no share is told.
type TriedRow struct {
	Subject          string
	Sent, Hits       int64
	Share, Low, High float64
}

func perCent(l *locale.Locale, share float64) string {
	return l.Percent(int64(share*1e6), 1e6)
}

func (v CampaignView) testTable() ui.Table {
	hits := "site.campaign.unsubscribed"
	if v.Tried.Clicks {
		hits = "site.ab.clicked"
	}
	t := ui.Table{Caption: v.t("site.ab.test"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.ab.texts")}, {Label: v.t("site.delivery.sent"), Number: true}, {Label: v.t(hits), Number: true}, {Label: v.t("site.ab.between"), Number: true}}}
	for i, r := range v.Tried.Tried {
		first := ui.Cell{Text: variantNames[i%len(variantNames)] + " ", Sub: r.Subject}
		if v.Tried.Winner == i+1 {
			first.Badge = ui.Badge{Text: v.t("site.ab.winner"), Tone: ui.Good}
		}
		share, between := ui.Cell{Text: v.people(r.Hits)}, ui.Cell{Text: "–"}
		if r.Hits >= 0 {
			share, between = ui.Cell{Text: perCent(v.Locale, r.Share), Sub: v.Locale.Number(r.Hits)}, ui.Cell{Text: perCent(v.Locale, r.Low) + " – " + perCent(v.Locale, r.High)}
		}
		row := ui.Row{Cells: []ui.Cell{first, {Text: v.Locale.Number(r.Sent)}, share, between}}
		if i < len(v.Tried.Posts) {
			row.Posts = []ui.Post{v.Tried.Posts[i]}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// verdict says what the test shows, and no more.
func (v CampaignView) verdict() string {
	key := "site.ab.no_difference"
	if v.Tried.Shown {
		key = "site.ab.better"
	}
	best := v.Tried.Best
	if best < 1 || best > len(variantNames) {
		best = 1
	}
	return v.t(key, "name", variantNames[best-1])
}

func (v CampaignView) decided() string {
	switch {
	case v.Tried.Winner < 1 || v.Tried.Winner > len(variantNames):
		return v.t("site.ab.waits")
	case v.Tried.By != "":
		return v.t("site.ab.chosen", "name", variantNames[v.Tried.Winner-1], "by", v.Tried.By)
	}
	return v.t("site.ab.measured", "name", variantNames[v.Tried.Winner-1])
}

// ClicksView is what is told of clicks. A negative number is fewer than ten.
type ClicksView struct {
	Tracked, Machines int64
	People            int64
	Links             []LinkRow
}

// LinkRow is one link.
type LinkRow struct {
	URL    string
	People int64
}

func (p Page) people(n int64) string {
	if n < 0 {
		return p.t("site.ab.few")
	}
	return p.Locale.Number(n)
}

func (v CampaignView) clickTable() ui.Table {
	t := ui.Table{Caption: v.t("site.ab.by_link"), Columns: []ui.Column{{Label: v.t("site.ab.link")}, {Label: v.t("site.campaign.people"), Number: true}}}
	for _, l := range v.Clicks.Links {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: l.URL}, {Text: v.people(l.People)}}})
	}
	return t
}
