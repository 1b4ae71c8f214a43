package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences/sheet"
	"assent/preferences/staff"
	"assent/templates/site"
)

// spans are over how many days a report may look back; the first is where it begins.
var spans = []string{"30", "90", "365"}

// reported is how many campaigns a report takes in at most.
const reported = 1000

func (d *Desk) registerReports(e *echo.Echo) {
	r := d.at(e, site.NavReports)
	r.get("", d.reports)
	r.get("/campaigns.csv", d.reportsCSV)
	campaign := d.at(e, site.NavCampaigns)
	campaign.get("/:id/report.csv", d.reportCSV)
}

// reporting is what a report was asked for, and the campaigns that it takes in.
type reporting struct {
	topic, brand, span string
	from               time.Time
	list               []*campaigns.Campaign
	reports            map[string]campaigns.Report
	topics             map[string]string // names by id
	brands             []string          // of list
}

func (d *Desk) reporting(c echo.Context, tags ...string) (r reporting, err error) {
	ctx := c.Request().Context()
	r.topic, r.brand, r.span = c.QueryParam("topic"), c.QueryParam("brand"), c.QueryParam("days")
	if !slices.Contains(spans, r.span) {
		r.span = spans[0]
	}
	days, _ := strconv.Atoi(r.span)
	r.from = d.Now().AddDate(0, 0, -days)
	past := campaigns.Past{Brand: r.brand, From: r.from, Limit: reported}
	r.topics = map[string]string{}
	topics, err := d.People.Topics(ctx, d.DB)
	if err != nil {
		return r, err
	}
	for _, t := range topics {
		r.topics[t.ID] = t.Name(tags...)
		if t.Key == r.topic {
			past.TopicID = t.ID
		}
	}
	if r.list, err = d.Campaigns.Past(ctx, past); err != nil {
		return r, err
	}
	if past.TopicID == "" && r.topic != "" {
		r.list = nil // a topic that does not exist
	}
	r.reports, err = d.Campaigns.Reports(ctx, r.list)
	return r, err
}

func (d *Desk) reports(c echo.Context) error {
	ctx := c.Request().Context()
	v := site.ReportsView{Page: d.page(c, site.NavReports), Spans: spans}
	r, err := d.reporting(c, v.Locale.Tag(), v.Locale.Language())
	if err != nil {
		return err
	}
	v.Chosen = map[string]string{"topic": r.topic, "brand": r.brand, "days": r.span}
	v.ExportURL = address(site.Path(site.NavReports)+"/campaigns.csv", "topic", r.topic, "brand", r.brand, "days", r.span)
	if v.Topics, err = d.topicOptions(ctx, v.Locale); err != nil {
		return err
	}
	if v.Brands, err = d.brandOptions(ctx); err != nil {
		return err
	}
	byTopic, ids := map[string]*site.Compared{}, []string{}
	for _, m := range r.list {
		ids = append(ids, m.ID)
		line := compared(m, r.reports[m.ID])
		v.Campaigns = append(v.Campaigns, line)
		v.All = v.All.Plus(line.Counts)
		t := byTopic[m.TopicID]
		if t == nil {
			t = &site.Compared{Name: r.topics[m.TopicID]}
			byTopic[m.TopicID] = t
		}
		t.Counts, t.Campaigns = t.Counts.Plus(line.Counts), t.Campaigns+1
	}
	for _, t := range byTopic {
		v.ByTopic = append(v.ByTopic, *t)
	}
	slices.SortFunc(v.ByTopic, func(a, b site.Compared) int { return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(a.Name, b.Name)) })
	if err := d.charts(ctx, &v, ids, r.from); err != nil {
		return err
	}
	return staff.Render(c, http.StatusOK, site.Reports(v))
}

func (d *Desk) charts(ctx context.Context, v *site.ReportsView, ids []string, from time.Time) (err error) {
	if v.Sent, err = d.over(ctx, v.Page, "site.report.over", ids, from, campaigns.StatusSent, campaigns.StatusSkipped); err != nil {
		return err
	}
	v.After, err = d.over(ctx, v.Page, "site.report.after", ids, from, campaigns.CountUnsubscribed, campaigns.StatusBounced, campaigns.CountComplained)
	return err
}

// reportsCSV is one line for each campaign.
func (d *Desk) reportsCSV(c echo.Context) error {
	l := d.Site.Language(c)
	r, err := d.reporting(c, l.Tag(), l.Language())
	if err != nil {
		return err
	}
	out, err := csvNamed(c, "reports", "campaign_id", "name", "topic", "status", "started_at", "finished_at", "approved_by", "total", "sent", "skipped", "failed", "uncertain", "deferred", "bounced", "complained", "unsubscribed", "clicked")
	if err != nil {
		return err
	}
	for _, m := range r.list {
		x, clicked := r.reports[m.ID], ""
		if m.TrackClicks {
			clicked = few(x.Clicked())
		}
		if err := out.Row(m.ID, m.Name, r.topics[m.TopicID], m.Status, stamp(m.StartedAt), stamp(m.FinishedAt), m.ApprovedName, digits(x.Total), digits(x.Sent), digits(x.SkippedInAll()), digits(x.Failed), digits(x.Uncertain),
			digits(x.Deferred), digits(x.Bounced), digits(x.Complained), digits(x.Unsubscribed), clicked); err != nil {
			return err
		}
	}
	return out.Flush()
}

// reportCSV is the report of one campaign, one line for each figure.
func (d *Desk) reportCSV(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	r, err := d.Campaigns.Report(ctx, m)
	if err != nil {
		return err
	}
	out, err := csvNamed(c, "report-"+m.ID, "figure", "reason", "people")
	if err != nil {
		return err
	}
	rows := [][3]string{{"total", "", digits(r.Total)}, {"sent", "", digits(r.Sent)}}
	for _, s := range counts(r.Skipped, func(string) string { return "" }) {
		rows = append(rows, [3]string{"skipped", s.Reason, strconv.Itoa(s.N)})
	}
	rows = append(rows, [][3]string{{"deferred", "", digits(r.Deferred)}, {"failed", "", digits(r.Failed)}, {"uncertain", "", digits(r.Uncertain)}, {"bounced", "", digits(r.Bounced)},
		{"complained", "", digits(r.Complained)}, {"unsubscribed", "", digits(r.Unsubscribed)}}...)
	if k := r.Clicks; k != nil {
		rows = append(rows, [][3]string{{"clicks_counted", "", digits(k.Tracked)}, {"clicked", "", few(k.People)}}...)
		for _, link := range k.Links {
			rows = append(rows, [3]string{"clicked_link", link.URL, few(link.People)})
		}
	}
	if f := r.ABTest; f != nil {
		for _, t := range f.Tried {
			name := site.VariantName(t.Variant)
			rows = append(rows, [][3]string{{"test_sent", name, digits(t.Sent)}, {"test_unsubscribed", name, digits(t.Unsubscribed)}, {"test_complained", name, digits(t.Complained)}}...)
			if m.TrackClicks {
				rows = append(rows, [][3]string{{"test_clicks_counted", name, digits(t.Tracked)}, {"test_clicked", name, few(t.Clicked)}}...)
			}
		}
	}
	for _, row := range rows {
		if err := out.Row(row[:]...); err != nil {
			return err
		}
	}
	return out.Flush()
}

// csvNamed begins a download whose cells are safe to open in a spreadsheet.
func csvNamed(c echo.Context, name string, columns ...string) (*sheet.Writer, error) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	out := sheet.NewWriter(c.Response())
	return out, out.Row(columns...)
}

// few is a number of people that is not told below ten.
func few(n *int64) string {
	if n == nil {
		return "<10"
	}
	return digits(*n)
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
