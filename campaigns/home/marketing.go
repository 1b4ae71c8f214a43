package home

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// lately is how far back the figures of the marketing stream reach; its rate is that of the last paceMinutes.
const (
	lately      = time.Hour
	paceMinutes = 5
)

// lateQuery is what came of marketing and research mail since a minute, and of it since a later one.
const lateQuery = `SELECT outcome, CAST(sum(n) AS BIGINT), CAST(coalesce(sum(CASE WHEN minute >= $1 THEN n END), 0) AS BIGINT) FROM tally_minutes
	WHERE minute >= $2 AND outcome IN ('sent', 'bounced', 'complained') GROUP BY outcome`

// marketing is the health of the stream of campaigns.
func (h *Home) marketing(ctx context.Context, p site.Page) (site.Stream, error) {
	s := site.Stream{Key: "marketing", Relay: h.Marketing, URL: site.Path(site.NavDeliverability)}
	now := h.Now().Unix() / 60
	hour, pace := map[string]int64{}, int64(0)
	for row := range sqldb.Rows(ctx, h.DB, lateQuery, now-paceMinutes+1, now-int64(lately/time.Minute)+1) {
		var outcome string
		var n, recent int64
		if err := row.Scan(&outcome, &n, &recent); err != nil {
			return s, fmt.Errorf("home: marketing stream: %w", err)
		}
		if hour[outcome] = n; outcome == "sent" {
			pace = recent
		}
	}
	l := p.Locale
	s.Facts = []ui.Stat{{Label: l.T("site.pulse.rate"), Value: l.T("site.pulse.per_minute", "n", l.Number((pace+paceMinutes-1)/paceMinutes))}}
	for _, outcome := range []string{"sent", "bounced", "complained"} {
		s.Facts = append(s.Facts, ui.Stat{Label: l.T("site.pulse." + outcome), Value: l.Number(hour[outcome])})
	}
	return s, nil
}

// countQuery counts data requests that are not answered; its first condition is that of the index.
const countQuery = "SELECT count(*) FROM data_requests WHERE status IN ('unconfirmed', 'open', 'in_progress') AND status <> 'unconfirmed'"

// counts are the figures in the navigation: the data requests that are not answered yet.
func (h *Home) counts(ctx context.Context, p site.Page, v *staff.Visitor) map[string]string {
	if !access.Has(v.User.Roles, access.PrivacyOfficer, access.ReadOnly) {
		return nil
	}
	var n int64
	err := h.DB.QueryRowContext(ctx, countQuery).Scan(&n)
	if err != nil || n == 0 { // a figure is not worth a page
		return nil
	}
	return map[string]string{site.NavRequests: p.Locale.Number(n)}
}

// winners are the tests whose mail waits until somebody chooses the better text.
func (h *Home) winners(ctx context.Context, p site.Page) (needs []site.Need, err error) {
	list, err := h.Campaigns.Running(ctx, true, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if len(needs) == shown {
			break
		}
		waits, err := h.Campaigns.AwaitsWinner(ctx, c)
		if err != nil {
			return nil, err
		}
		if waits {
			needs = append(needs, site.Need{Text: p.Locale.T("site.pulse.winner", "name", c.Name), URL: address(c), Icon: site.NavCampaigns, Tone: ui.Info})
		}
	}
	return needs, nil
}

// refusedQuery lists what a person wrote and somebody else did not let go: campaigns, which are drafts again, and broadcasts, which
// are over and so are told for a while only.
const refusedQuery = `SELECT 'campaigns', id, name, status_reason FROM campaigns WHERE status = 'draft' AND author = $1 AND status_reason <> ''
	UNION ALL SELECT 'notices', id, subject, refused_for FROM notice_broadcasts WHERE status = 'cancelled' AND author = $2 AND refused_for <> '' AND updated_at > $3
	ORDER BY 2 DESC LIMIT $4`

// refused is what this person has to change before it can go out.
func (h *Home) refused(ctx context.Context, p site.Page, person string) (needs []site.Need, err error) {
	for row := range sqldb.Rows(ctx, h.DB, refusedQuery, person, person, sqldb.Micros(h.Now().Add(-told)), shown) {
		var nav, id, name, why string
		if err := row.Scan(&nav, &id, &name, &why); err != nil {
			return nil, fmt.Errorf("home: refused: %w", err)
		}
		needs = append(needs, site.Need{Text: p.Locale.T("site.pulse.refused", "name", name), Note: why, URL: site.Path(nav) + "/" + id, Tone: ui.Warn, Icon: nav})
	}
	return needs, nil
}

// openQuery lists broadcasts that the brake has stopped, and those with people whom mail did not reach and nothing else has yet.
const openQuery = `SELECT b.id, b.subject, CASE WHEN b.held_at IS NULL THEN '' ELSE b.held_for END,
		(SELECT count(*) FROM messages m WHERE m.broadcast_id = b.id AND m.status IN ('bounced', 'unserved', 'cancelled') AND NOT EXISTS (SELECT 1 FROM notice_served v WHERE v.message_id = m.id))
	FROM notice_broadcasts b WHERE b.status IN ('sending', 'finished') ORDER BY b.id DESC LIMIT $1`

// broadcasts are those that cannot go on, or are not done, without somebody.
func (h *Home) broadcasts(ctx context.Context, p site.Page) (needs []site.Need, err error) {
	for row := range sqldb.Rows(ctx, h.DB, openQuery, 2*shown) {
		var id, subject, held string
		var open int
		if err := row.Scan(&id, &subject, &held, &open); err != nil {
			return nil, fmt.Errorf("home: broadcasts: %w", err)
		}
		here := site.Path(site.NavNotices) + "/" + id
		if held != "" {
			needs = append(needs, site.Need{Text: p.Locale.T("site.pulse.held", "name", subject), Note: held, URL: here, Tone: ui.Bad, Icon: "alert"})
		}
		if open > 0 {
			needs = append(needs, site.Need{Text: p.Locale.N("site.pulse.open", open, "name", subject), URL: here + "/coverage?show=open", Tone: ui.Warn, Icon: site.NavNotices})
		}
	}
	return needs[:min(len(needs), shown)], nil
}
