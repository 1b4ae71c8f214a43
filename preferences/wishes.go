package preferences

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Kinds of wish: what adds mail or use of data beside topics, and so waits until it is confirmed from the mailbox.
const (
	WishPartner           = "partner"            // mail for this partner again; the value is its key
	WishTracking          = "tracking"           // opens and clicks may be measured
	WishObjection         = "objection"          // the objection to direct marketing is taken back
	WishResearchObjection = "research_objection" // the objection to research is taken back
	WishRestriction       = "restriction"        // the restriction is lifted
)

// Wish is one of them.
type Wish struct {
	Kind  string `json:"kind"`
	Value string `json:"value,omitempty"`
}

// ask notes a wish, so that the confirmation mail names it. Asked twice, it waits once.
func (c *change) ask(ctx context.Context, w Wish) error {
	_, err := c.tx.ExecContext(ctx, `INSERT INTO wishes (subscriber_id, kind, value, asked_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber_id, kind, value) DO UPDATE SET asked_at = excluded.asked_at`, c.sub.ID, w.Kind, w.Value, sqldb.Micros(c.now))
	if err != nil {
		return fmt.Errorf("preferences: wish: %w", err)
	}
	c.wishes = append(c.wishes, w)
	return nil
}

// drop takes a wish back, so that a link that is already under way does not fulfil it.
func (c *change) drop(ctx context.Context, w Wish) error {
	if _, err := c.tx.ExecContext(ctx, "DELETE FROM wishes WHERE subscriber_id = $1 AND kind = $2 AND value = $3", c.sub.ID, w.Kind, w.Value); err != nil {
		return fmt.Errorf("preferences: wish: %w", err)
	}
	return nil
}

// wishes are those that wait and are not yet too old.
func (s *Service) wishes(ctx context.Context, q sqldb.Querier, subscriberID string) ([]Wish, error) {
	site, err := s.Site.Get(ctx)
	if err != nil {
		return nil, err
	}
	var list []Wish
	for row := range sqldb.Rows(ctx, q, "SELECT kind, value FROM wishes WHERE subscriber_id = $1 AND asked_at >= $2 ORDER BY kind, value", subscriberID, sqldb.Micros(s.now().Add(-site.ConfirmTTL))) {
		var w Wish
		if err := row.Scan(&w.Kind, &w.Value); err != nil {
			return nil, fmt.Errorf("preferences: wishes: %w", err)
		}
		list = append(list, w)
	}
	return list, nil
}

// grant fulfils what waits.
func (c *change) grant(ctx context.Context) ([]Wish, error) {
	list, err := c.s.wishes(ctx, c.tx, c.sub.ID)
	if err != nil {
		return nil, err
	}
	for _, w := range list {
		switch w.Kind {
		case WishPartner:
			if _, err = c.partner(ctx, w.Value, ActionGive); err == nil {
				break
			}
			if _, gone := problem.As(err); gone { // the partner was removed since
				err = nil
			}
		case WishTracking:
			err = c.tracking(ctx, true)
		case WishObjection:
			_, err = c.liftObjection(ctx, false)
		case WishResearchObjection:
			_, err = c.liftObjection(ctx, true)
		case WishRestriction:
			_, err = c.liftRestriction(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := c.tx.ExecContext(ctx, "DELETE FROM wishes WHERE subscriber_id = $1", c.sub.ID); err != nil {
		return nil, fmt.Errorf("preferences: wishes: %w", err)
	}
	return list, nil
}

// Ask asks, through a link, for something that the link alone cannot give: a mail asks the person to confirm it.
func (s *Service) Ask(ctx context.Context, subscriberID string, w Wish, evidence Evidence) error {
	return s.change(ctx, recipientOf(subscriberID, evidence), subscriberID, evidence, func(ctx context.Context, c *change) error {
		c.centre = true
		switch {
		case w.Kind == WishObjection && c.sub.ObjectedAt.IsZero(), w.Kind == WishResearchObjection && c.sub.ObjectedResearch.IsZero(), w.Kind == WishRestriction && c.sub.RestrictedAt.IsZero():
			return nil // there is nothing to lift
		}
		return c.ask(ctx, w)
	}, nil)
}

// PartnerObjections are the partners that the person opted out of, and since when.
func (s *Service) PartnerObjections(ctx context.Context, q sqldb.Querier, subscriberID string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for row := range sqldb.Rows(ctx, q, "SELECT partner_key, at FROM partner_objections WHERE subscriber_id = $1", subscriberID) {
		var key string
		var at int64
		if err := row.Scan(&key, &at); err != nil {
			return nil, fmt.Errorf("preferences: partner objections: %w", err)
		}
		out[key] = sqldb.Time(at)
	}
	return out, nil
}

// Partners lists every partner, by key.
func (s *Service) Partners(ctx context.Context) ([]partners.Partner, error) {
	store, after, all := &partners.Store{DB: s.DB, Now: s.Now}, "", []partners.Partner(nil)
	for {
		list, err := store.List(ctx, after, 500)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < 500 {
			return all, nil
		}
		after = list[len(list)-1].Key
	}
}
