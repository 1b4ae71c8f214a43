package broadcasts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"assent/campaigns/notices"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

const rulesKey = "notices"

// Rules are those of the site as they stand.
func (s *Service) Rules(ctx context.Context, q sqldb.Querier) (Rules, error) {
	r := Rules{LeadTimes: map[string]Lead{}, Jurisdictions: []string{}}
	var text string
	err := q.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = $1", rulesKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	if err != nil {
		return r, fmt.Errorf("broadcasts: rules: %w", err)
	}
	return r, nil
}

// SetRules stores the rules of the site. Broadcasts that are approved keep the lead time that they were approved with.
func (s *Service) SetRules(ctx context.Context, actor audit.Actor, r Rules) error {
	if err := r.check(); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("broadcasts: rules: %w", err)
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := s.Rules(ctx, tx)
		if err != nil {
			return err
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, rulesKey, string(text), sqldb.Micros(now)); err != nil {
			return fmt.Errorf("broadcasts: rules: %w", err)
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
