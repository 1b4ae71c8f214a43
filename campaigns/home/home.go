// Package home serves the first page after the sign-in: what to do first, what
// runs, what waits for this person, and how both streams do.
package home

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/campaigns"
	"assent/campaigns/live"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/templates/locale"
	"assent/templates/site"
)

// shown is how many lines of one kind the page has at most.
const shown = 10

// Home makes the page. All fields but Live and the relays are required.
type Home struct {
	DB        *sqldb.DB
	Now       func() time.Time
	Site      *staff.Site
	Campaigns *campaigns.Service
	Live      *live.Hub // nil: the page does not renew itself
	// Marketing and Transactional are the hosts of the relays; empty for the built-in mailbox.
	Marketing, Transactional string

	growth growth
}

// steps says which of the first steps are done.
func (h *Home) steps(ctx context.Context) ([]site.Step, error) {
	var brand, topic, people, campaign bool
	err := h.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM brands WHERE postal_address <> ''), EXISTS (SELECT 1 FROM topics),
		EXISTS (SELECT 1 FROM subscribers), EXISTS (SELECT 1 FROM campaigns)`).Scan(&brand, &topic, &people, &campaign)
	if err != nil {
		return nil, fmt.Errorf("home: first steps: %w", err)
	}
	all := []site.Step{
		{Key: site.StepBrand, URL: site.Path(site.NavBrands), Done: brand},
		{Key: site.StepTopic, URL: site.Path(site.NavTopics), Done: topic},
		{Key: site.StepPeople, URL: site.Path(site.NavImports), Done: people},
		{Key: site.StepCampaign, URL: site.Path(site.NavCampaigns), Done: campaign},
		{Key: site.StepRelay, URL: site.Path(site.NavDeliverability), Done: h.Marketing != ""},
	}
	steps := all[:0]
	for _, step := range all {
		if step.Key == site.StepPeople && !h.Site.Serves(site.NavImports) {
			step.URL = site.Path(site.NavSubscribers)
		}
		if h.Site.Serves(strings.TrimPrefix(step.URL, site.Base+"/")) { // a step whose page is not served is none
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// running are the campaigns that send or are paused, the newest first.
func (h *Home) running(ctx context.Context, l *locale.Locale) ([]site.Run, error) {
	list, err := h.Campaigns.Running(ctx, true, nil)
	if err != nil {
		return nil, err
	}
	reports, err := h.Campaigns.Reports(ctx, list)
	if err != nil {
		return nil, err
	}
	reading := live.Reading{At: h.Now()}
	for _, c := range list {
		p := live.Progress{Campaign: c, Report: reports[c.ID]}
		if c.Status == campaigns.StatusSending {
			p.PerSecond, p.Left = live.Pace(h.Now().Sub(c.StartedAt), p.Report.Sent, p.Report.Done(), live.Waiting(p.Report))
		}
		reading.Campaigns = append(reading.Campaigns, p)
	}
	return runs(l, reading), nil
}

// runs are the lines of a reading.
func runs(l *locale.Locale, r live.Reading) []site.Run {
	var out []site.Run
	for _, p := range slices.Backward(r.Campaigns) {
		if len(out) == shown {
			break
		}
		out = append(out, site.Run{Name: p.Campaign.Name, URL: address(p.Campaign), Status: p.Campaign.Status, Done: int(p.Report.Done()), Total: int(p.Report.Total), Note: l.Said(p.Campaign.StatusReason),
			Speed: site.Speed{PerSecond: p.PerSecond, Left: p.Left}})
	}
	return out
}

func address(c *campaigns.Campaign) string { return site.Path(site.NavCampaigns) + "/" + c.ID }
