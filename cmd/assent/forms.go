package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"assent/campaigns/outbox"
	"assent/campaigns/pace"
	"assent/preferences/forms"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
	"assent/workers/limits"
)

// sources brakes sign-ups by where they come from, in Redis.
type sources struct{ signups *limits.Signups }

// Source implements [forms.Limits].
func (s sources) Source(ctx context.Context, ip netip.Addr, perIP, all int) (bool, error) {
	now := *s.signups
	now.Address = pace.Rate{} // kept in SQL, where it outlives the queue
	now.IP, now.Network, now.Global = hourly(perIP), hourly(5*perIP), hourly(all)
	ok, _, err := now.Allow(ctx, "", ip)
	return ok, err
}

// hourly is so many an hour; none is no limit.
func hourly(n int) pace.Rate {
	if n <= 0 {
		return pace.Rate{}
	}
	return pace.Rate{N: n, Per: time.Hour}
}

// resumeEvery is how often a process that takes files in looks whether one waits that a dead one left in its folder.
const resumeEvery = 20 * time.Second

// resume goes on with sign-ups and files that were taken in before a crash, until ctx ends.
func (a *app) resume(ctx context.Context) {
	a.forms.Kick()
	tick := time.NewTicker(resumeEvery)
	defer tick.Stop()
	for {
		a.imports.Kick()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// formViews are the mails that forms ask for.
func formViews() map[string]outbox.View {
	return map[string]outbox.View{
		forms.MailDocument: func(_ context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			var data forms.Document
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("document: %w", err)
			}
			return mail.Document{Title: data.Title, URL: data.URL}, nil
		},
		forms.MailReceived: func(_ context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			var data forms.Received
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("form received: %w", err)
			}
			return mail.ContactReceived{Kind: data.Kind, Reference: data.Reference}, nil
		},
	}
}
