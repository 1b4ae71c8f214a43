package desk

import (
	"context"
	"time"

	"assent/campaigns"
	"assent/templates/site"
)

// alertsShown is how many a campaign's page has at most.
const alertsShown = 20

// alerts are what was told about a campaign, and what was done about it.
func (d *Desk) alerts(ctx context.Context, p site.Page, campaignID string) ([]site.Check, error) {
	list, err := d.Campaigns.Alerts(ctx, campaignID, time.Time{}, alertsShown)
	var out []site.Check
	for _, a := range list {
		out = append(out, site.AlertCheck(p, a.Kind, a.Domain, a.Level == campaigns.LevelStop, a.Percent(), int(a.Total), a.Until))
	}
	return out, err
}
