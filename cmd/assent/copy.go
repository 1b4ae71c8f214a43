package main

import (
	"context"
	"encoding/json"

	"assent/campaigns/events"
	"assent/preferences"
	"assent/preferences/sqldb"
)

// registrations is the part of a person's copy of their data that tells of events (GDPR 15).
func registrations(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber) (rows []map[string]any, err error) {
	list, err := events.OfPerson(ctx, q, sub)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(text, &rows)
	return rows, err
}
