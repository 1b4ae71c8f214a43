// Package home serves the first page after the sign-in: what to do first, what
// runs, what waits for this person, and how both streams do.
package home

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/campaigns"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/templates/site"
)

// shown is how many lines of one kind the page has at most.
const shown = 10

// Home makes the page. All fields but the relays are required.
type Home struct {
	DB        *sqldb.DB
	Now       func() time.Time
	Site      *staff.Site
	Campaigns *campaigns.Service
	// Marketing and Transactional are the hosts of the relays; empty for the built-in mailbox.
	Marketing, Transactional string
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
func (h *Home) running(ctx context.Context) ([]site.Run, error) {
	var runs []site.Run
	for _, status := range []string{campaigns.StatusSending, campaigns.StatusPaused} {
		list, err := h.Campaigns.List(ctx, status, time.Time{}, "", shown)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			r, err := h.Campaigns.Report(ctx, c)
			if err != nil {
				return nil, err
			}
			done := r.Sent + r.Failed + r.Uncertain
			for _, n := range r.Skipped {
				done += n
			}
			runs = append(runs, site.Run{Name: c.Name, URL: address(c), Status: c.Status, Done: int(done), Total: int(r.Total), Note: c.StatusReason})
		}
	}
	return runs, nil
}

func address(c *campaigns.Campaign) string { return site.Path(site.NavCampaigns) + "/" + c.ID }
