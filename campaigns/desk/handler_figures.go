package desk

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// earlier is with how many campaigns one is compared.
const earlier = 5

// over draws when outcomes came. It has no points while there is less than a line of them.
func (d *Desk) over(ctx context.Context, p site.Page, title string, ids []string, from time.Time, outcomes ...string) (ui.Chart, error) {
	l, zone := p.Locale, locale.Zone(p.Zone)
	t, err := d.Campaigns.Timeline(ctx, ids, from, zone, outcomes...)
	if err != nil || t.N < 2 {
		return ui.Chart{}, err
	}
	chart := ui.Chart{Locale: l, Title: l.T(title), PointName: l.T("site.report.time"), Area: len(outcomes) == 1}
	for i := range t.N {
		at := t.At(i).In(zone)
		switch {
		case t.Step >= 24*time.Hour:
			chart.Points = append(chart.Points, l.Date(at))
		case t.Step*time.Duration(t.N) > 24*time.Hour:
			chart.Points = append(chart.Points, l.Date(at)+" "+l.Time(at))
		default:
			chart.Points = append(chart.Points, l.Time(at))
		}
	}
	most, total := 0, 0
	for n, outcome := range outcomes {
		s := ui.Series{Name: l.T("site.report." + outcome)}
		for i, v := range t.Counts[outcome] {
			s.Values = append(s.Values, int(v))
			if n == 0 {
				if total += int(v); v > t.Counts[outcome][most] {
					most = i
				}
			}
		}
		chart.Series = append(chart.Series, s)
	}
	chart.Summary = l.T("site.report.summary", "n", total, "what", chart.Series[0].Name, "when", chart.Points[most])
	return chart, nil
}

// figures adds to the page of a campaign that has begun what came when, and how earlier ones of its topic and brand did.
func (d *Desk) figures(c echo.Context, m *campaigns.Campaign, report campaigns.Report, v *site.CampaignView) (err error) {
	ctx := c.Request().Context()
	d.tried(c, m, report, v)
	if v.Report.Over, err = d.over(ctx, v.Page, "site.report.over", []string{m.ID}, time.Time{}, campaigns.StatusSent); err != nil {
		return err
	}
	if v.Report.After, err = d.over(ctx, v.Page, "site.report.after", []string{m.ID}, time.Time{}, campaigns.CountUnsubscribed, campaigns.StatusBounced, campaigns.CountComplained); err != nil {
		return err
	}
	brand, err := d.Campaigns.BrandOf(ctx, m)
	if err != nil {
		return err
	}
	list, err := d.Campaigns.Past(ctx, campaigns.Past{TopicID: m.TopicID, Brand: brand, Before: m.StartedAt, Limit: earlier})
	if err != nil || len(list) == 0 {
		return err
	}
	reports, err := d.Campaigns.Reports(ctx, list)
	if err != nil {
		return err
	}
	v.Compared = append(v.Compared, compared(m, report))
	for _, c := range list {
		v.Compared = append(v.Compared, compared(c, reports[c.ID]))
	}
	return nil
}

func compared(c *campaigns.Campaign, r campaigns.Report) site.Compared {
	out := site.Compared{Name: c.Name, URL: campaignURL(c.ID), At: c.StartedAt, Counts: countsOf(r), Tracked: c.TrackClicks}
	if out.Tracked {
		out.Clicked = number(r.Clicked())
	}
	return out
}

func countsOf(r campaigns.Report) site.Counts {
	return site.Counts{Total: r.Total, Sent: r.Sent, Skipped: r.SkippedInAll(), Bounced: r.Bounced, Complained: r.Complained, Unsubscribed: r.Unsubscribed}
}
