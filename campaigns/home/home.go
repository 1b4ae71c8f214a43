// Package home serves the first page after the sign-in: what to do first, what
// runs, what waits for this person, and how both streams do.
package home

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/live"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
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

// steps says which of the first steps are done. Each leads to the form itself for those who may fill it in, and to the list for others.
func (h *Home) steps(ctx context.Context, roles []access.Role) ([]site.Step, error) {
	var brand, topic, people, campaign, own bool
	err := h.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM brands WHERE postal_address <> ''), EXISTS (SELECT 1 FROM topics),
		EXISTS (SELECT 1 FROM subscribers), EXISTS (SELECT 1 FROM campaigns), EXISTS (SELECT 1 FROM brands WHERE key = $1)`, brands.Default).Scan(&brand, &topic, &people, &campaign, &own)
	if err != nil {
		return nil, fmt.Errorf("home: first steps: %w", err)
	}
	brandForm := "new"
	if own {
		brandForm = brands.Default
	}
	all := []struct {
		key  site.StepKey
		nav  string
		form string // below the list
		done bool
		who  []access.Role
	}{
		{site.StepBrand, site.NavBrands, brandForm, brand, []access.Role{access.Marketer}},
		{site.StepTopic, site.NavTopics, "usual", topic, []access.Role{access.Marketer, access.PrivacyOfficer}},
		{site.StepPeople, site.NavImports, "new", people, []access.Role{access.Marketer, access.PrivacyOfficer}},
		{site.StepCampaign, site.NavCampaigns, "new", campaign, []access.Role{access.Marketer}},
		{site.StepRelay, site.NavDeliverability, "", h.Marketing != "", nil},
	}
	var steps []site.Step
	for _, s := range all {
		if s.key == site.StepPeople && !h.Site.Serves(s.nav) {
			s.nav = site.NavSubscribers
		}
		if !h.Site.Serves(s.nav) { // a step whose page is not served is none
			continue
		}
		step := site.Step{Key: s.key, URL: site.Path(s.nav), Done: s.done}
		if s.form != "" && access.Has(roles, s.who...) {
			step.URL += "/" + s.form
		}
		steps = append(steps, step)
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
