package feedback

import (
	"context"
	"fmt"
	"slices"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
	"assent/workers/inbound"
)

// ident tells one event from another.
type ident struct{ provider, key string }

// seen tells which of the events were applied before.
func (s *Sink) seen(ctx context.Context, q sqldb.Querier, events []inbound.Event) (map[ident]bool, error) {
	keys := make([]string, 0, len(events))
	for _, e := range events {
		if e.ProviderEventID != "" {
			keys = append(keys, e.ProviderEventID)
		}
	}
	out := map[ident]bool{}
	if len(keys) == 0 {
		return out, nil
	}
	for row := range sqldb.Rows(ctx, q, "SELECT provider, event_key FROM feedback WHERE event_key "+q.Dialect().In(1), q.Dialect().List(keys)) {
		var id ident
		if err := row.Scan(&id.provider, &id.key); err != nil {
			return nil, err
		}
		out[id] = true
	}
	return out, nil
}

// plain tells a hard bounce that our signed return path or a provider leads from to a person. A flood of returned mail is made of these.
func plain(e inbound.Event) bool {
	if e.Effect() != inbound.Suppress || e.ProviderEventID == "" {
		return false
	}
	return e.Proof == inbound.ByWebhook || e.Proof == inbound.ByReturnPath && sqldb.IsID(e.Claims.Subject) && sqldb.IsID(e.Claims.Source)
}

// flood applies plain events in one transaction, and returns those that need to be looked at one by one: about notices, about
// people who changed their address, about nobody.
func (s *Sink) flood(ctx context.Context, events []inbound.Event) (rest []inbound.Event, err error) {
	if len(events) < 2 {
		return events, nil
	}
	var touched []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		rest, touched = nil, nil
		events, err := s.led(ctx, tx, events)
		if err != nil {
			return err
		}
		var subjects, sources []string
		for _, e := range events {
			subjects, sources = append(subjects, e.Claims.Subject), append(sources, e.Claims.Source)
		}
		known, err := s.campaignsOf(ctx, tx, sources)
		if err != nil {
			return err
		}
		people, err := s.addresses(ctx, tx, subjects)
		if err != nil {
			return err
		}
		now := s.Now()
		var fit []inbound.Event
		for _, e := range events {
			if p, ok := people[e.Claims.Subject]; ok && !p.unverified && (known[e.Claims.Source] || e.Claims.Source == "") {
				fit = append(fit, e)
			} else {
				rest = append(rest, e)
			}
		}
		fresh, err := s.keepSet(ctx, tx, fit)
		if err != nil {
			return err
		}
		var blocks []preferences.Suppression
		bounced := map[string][]string{} // people by campaign
		for _, e := range fresh {
			p := people[e.Claims.Subject]
			blocks = append(blocks, preferences.Suppression{AddressKey: p.key, Email: p.email, Reason: preferences.SuppressedBounced, Note: note(e), Source: e.Provider})
			if e.Claims.Source != "" {
				bounced[e.Claims.Source] = append(bounced[e.Claims.Source], e.Claims.Subject)
			}
		}
		if _, err := s.People.SuppressSet(ctx, tx, now, actor, blocks); err != nil {
			return err
		}
		for _, id := range slices.Sorted(mapKeys(bounced)) {
			if err := s.Campaigns.NoteSet(ctx, tx, now, id, bounced[id], campaigns.StatusBounced); err != nil {
				return err
			}
			touched = append(touched, id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range touched {
		if err := s.brake(ctx, id); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// led are the events with claims where a provider told none: those that [Sink.find] takes from the Message-ID of a delivery, else
// the subscriber who has the address.
func (s *Sink) led(ctx context.Context, tx *sqldb.Tx, events []inbound.Event) ([]inbound.Event, error) {
	events = slices.Clone(events)
	var ids, keys []string
	key := make([]string, len(events))
	for i, e := range events {
		if e.Proof != inbound.ByWebhook {
			continue
		}
		if id := mailID(e); e.Claims.Source == "" && id != "" {
			ids, events[i].Claims.Source = append(ids, id), id
		} else if parsed, err := address.Parse(e.Recipient); err == nil && e.Claims.Subject == "" {
			keys, key[i] = append(keys, parsed.Key), parsed.Key
		}
	}
	if len(ids)+len(keys) == 0 {
		return events, nil
	}
	d := tx.Dialect()
	mails := map[string]tokens.Claims{}
	for row := range sqldb.Rows(ctx, tx, "SELECT id, subscriber_id, campaign_id FROM deliveries WHERE id "+d.In(1), d.List(ids)) {
		var id string
		var c tokens.Claims
		if err := row.Scan(&id, &c.Subject, &c.Source); err != nil {
			return nil, fmt.Errorf("deliveries of a set: %w", err)
		}
		mails[id] = c
	}
	people := map[string]string{}
	for row := range sqldb.Rows(ctx, tx, "SELECT email_key, id FROM subscribers WHERE email_key "+d.In(1), d.List(keys)) {
		var key, id string
		if err := row.Scan(&key, &id); err != nil {
			return nil, fmt.Errorf("addresses of a set: %w", err)
		}
		people[key] = id
	}
	for i := range events {
		if c, ok := mails[events[i].Claims.Source]; ok {
			events[i].Claims.Subject, events[i].Claims.Source = c.Subject, c.Source
		} else if id := people[key[i]]; id != "" {
			events[i].Claims.Subject = id
		}
	}
	return events, nil
}

func mapKeys(m map[string][]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// campaignsOf tells which of the ids are campaigns'.
func (s *Sink) campaignsOf(ctx context.Context, tx *sqldb.Tx, ids []string) (map[string]bool, error) {
	slices.Sort(ids)
	out := map[string]bool{}
	for row := range sqldb.Rows(ctx, tx, "SELECT id FROM campaigns WHERE id "+tx.Dialect().In(1), tx.Dialect().List(slices.Compact(ids))) {
		var id string
		if err := row.Scan(&id); err != nil {
			return nil, fmt.Errorf("campaigns of a set: %w", err)
		}
		out[id] = true
	}
	return out, nil
}

// mailAddress is that of a person.
type mailAddress struct {
	email, key string
	unverified bool // it was changed, perhaps after the mail went out
}

func (s *Sink) addresses(ctx context.Context, tx *sqldb.Tx, ids []string) (map[string]mailAddress, error) {
	out := map[string]mailAddress{}
	for row := range sqldb.Rows(ctx, tx, "SELECT id, email, email_key, unverified_since IS NOT NULL FROM subscribers WHERE id "+tx.Dialect().In(1), tx.Dialect().List(ids)) {
		var id string
		var a mailAddress
		if err := row.Scan(&id, &a.email, &a.key, &a.unverified); err != nil {
			return nil, fmt.Errorf("people of a set: %w", err)
		}
		out[id] = a
	}
	return out, nil
}

// line is an event as one statement over many reads it.
type line struct {
	ID         string `json:"id"`
	Provider   string `json:"provider"`
	Key        string `json:"key"`
	Kind       string `json:"kind"`
	Class      string `json:"class"`
	Code       string `json:"code"`
	Said       string `json:"said"`
	Effect     string `json:"effect"`
	Subscriber string `json:"subscriber"`
	Source     string `json:"source"`
}

// keepSet is keep for many events in one statement, and returns those that were not kept before.
func (s *Sink) keepSet(ctx context.Context, tx *sqldb.Tx, events []inbound.Event) (fresh []inbound.Event, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	lines := make([]line, len(events))
	byID := make(map[string]inbound.Event, len(events))
	for i, e := range events {
		lines[i] = line{sqldb.NewID(), e.Provider, e.ProviderEventID, string(e.Kind), string(e.Class), e.Code, e.Text, string(e.Effect()), e.Claims.Subject, e.Claims.Source}
		byID[lines[i].ID] = e
	}
	d := tx.Dialect()
	read := "CAST($1 AS BIGINT)"
	for _, name := range []string{"id", "provider", "key", "kind", "class", "code", "said", "effect"} {
		read += ", " + d.Field(name, "TEXT")
	}
	for _, name := range []string{"subscriber", "source"} {
		read += ", nullif(" + d.Field(name, "TEXT") + ", '')"
	}
	for row := range sqldb.Rows(ctx, tx, "INSERT INTO feedback (at, id, provider, event_key, kind, class, code, said, effect, subscriber_id, source_id) SELECT "+read+" FROM "+d.Rows(2)+
		" WHERE true ON CONFLICT (provider, event_key) DO NOTHING RETURNING id", sqldb.Micros(s.Now()), sqldb.JSON(lines)) {
		var id string
		if err := row.Scan(&id); err != nil {
			return nil, fmt.Errorf("keeping a set: %w", err)
		}
		fresh = append(fresh, byID[id])
	}
	return fresh, nil
}
