package broadcasts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"assent/campaigns/notices"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

const rulesKey = "notices"

// Rules are those of the site as they stand.
func (s *Service) Rules(ctx context.Context, q sqldb.Querier) (Rules, error) {
	r := Rules{LeadTimes: map[string]Lead{}, Jurisdictions: []string{}}
	if err := preferences.ReadSetting(ctx, q, rulesKey, &r); err != nil {
		return r, fmt.Errorf("broadcasts: %w", err)
	}
	return r, nil
}

// SetRules stores the rules of the site. Broadcasts that are approved keep the lead time that they were approved with.
func (s *Service) SetRules(ctx context.Context, actor audit.Actor, r Rules) error {
	if err := r.check(); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := s.Rules(ctx, tx)
		if err != nil {
			return err
		}
		now := s.now()
		if err := preferences.WriteSetting(ctx, tx, now, rulesKey, r); err != nil {
			return fmt.Errorf("broadcasts: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "settings.change", audit.Object("settings", rulesKey), before, r)
	})
}

func (r *Rules) check() error {
	var bad problem.Collector
	for obligation := range r.LeadTimes {
		if !slices.Contains(notices.Obligations, obligation) {
			bad.Add("lead_times", "%q is not one of %s", obligation, strings.Join(notices.Obligations, ", "))
		}
	}
	for _, key := range r.Jurisdictions {
		checkJurisdiction(&bad, "jurisdictions", key)
	}
	if r.LeadTimes == nil {
		r.LeadTimes = map[string]Lead{}
	}
	if r.Jurisdictions == nil {
		r.Jurisdictions = []string{}
	}
	return bad.Err()
}

func checkJurisdiction(bad *problem.Collector, field, key string) {
	if _, ok := Jurisdictions[key]; !ok {
		bad.Add(field, "%q is not one of %s", key, strings.Join(slices.Sorted(maps.Keys(Jurisdictions)), ", "))
	}
}
