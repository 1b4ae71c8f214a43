package feedback

import (
	"context"
	"errors"
	"fmt"

	"assent/campaigns"
	"assent/preferences/sqldb"
	"assent/workers/brakes"
)

// brake judges what came of a campaign's mails: staff are told of rates that harm the sender's name, and a campaign that is under way
// pauses at worse ones (compliance 21).
func (s *Sink) brake(ctx context.Context, campaignID string) error {
	if campaignID == "" {
		return nil
	}
	w, err := s.Campaigns.WindowOf(ctx, s.DB, campaignID)
	if err != nil {
		return err
	}
	v := brakes.Defaults().Judge(brakes.Counts{Sent: w.Sent, Complained: w.Complained, Bounced: w.Bounced})
	if v.Level == brakes.OK {
		return nil
	}
	for _, k := range []struct {
		kind  string
		level brakes.Level
		n     int64
	}{{campaigns.AlertComplaints, v.Complaints, w.Complained}, {campaigns.AlertBounces, v.Bounces, w.Bounced}} {
		if k.level == brakes.OK {
			continue
		}
		alert := campaigns.Alert{CampaignID: campaignID, Kind: k.kind, Level: k.level.String(), N: k.n, Total: w.Sent}
		fresh, err := s.Campaigns.Raise(ctx, alert, w.At, s.Tell)
		if err != nil {
			return err
		}
		if k.level == brakes.Stop && fresh {
			if err := s.pause(ctx, campaignID, fmt.Sprintf("too many %s: %.2f %% of %d", alert.Kind, alert.Percent(), alert.Total)); err != nil {
				return err
			}
		}
	}
	return nil
}

// leastRefused is how many refusals by policy that came back pause a campaign at least; see [Sink.refused].
const leastRefused = 5

// refused judges the refusals by policy (5.7.x, spam) of a campaign that came back: those that its relay got after it had taken the mails.
// Five of them that are 1 % of what was sent pause it, as the relay's own do, and suppress nobody (compliance 15, 25).
// Each is of another person, so that nobody can stop a campaign by sending their own mail back time and again.
func (s *Sink) refused(ctx context.Context, campaignID, said string) error {
	w, err := s.Campaigns.WindowOf(ctx, s.DB, campaignID)
	if err != nil {
		return err
	}
	from := int64(0)
	if !w.At.IsZero() {
		from = sqldb.Micros(w.At)
	}
	enough := max(leastRefused, (w.Sent+99)/100)
	var n int64
	err = s.DB.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT DISTINCT subscriber_id FROM feedback WHERE source_id = $1 AND effect = 'brake' AND at >= $2 AND (class = 'spam' OR code LIKE '5.7.%') LIMIT $3) AS refusals`,
		campaignID, from, enough).Scan(&n)
	if err != nil || n < enough {
		return err
	}
	return s.pause(ctx, campaignID, "receivers refused too much by policy: "+said)
}

// pause stops a campaign that is under way; one that is not has nothing to stop.
func (s *Sink) pause(ctx context.Context, campaignID, why string) error {
	c, err := s.Campaigns.Get(ctx, s.DB, campaignID)
	if errors.Is(err, campaigns.ErrNotFound) || err == nil && c.Status != campaigns.StatusSending {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.Campaigns.Pause(ctx, actor, c.ID, why)
	return err
}
