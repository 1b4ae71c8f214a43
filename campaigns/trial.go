package campaigns

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/campaigns/outbox"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// TestMail is the content of a message of [outbox.KindTrial].
type TestMail struct {
	Campaign string `json:"campaign"`
	Variant  int    `json:"variant,omitempty"` // which text of a test, counted from 1
}

// maxTests is how many people a test mail goes to at once.
const maxTests = 20

// SendTest mails a campaign as it stands to colleagues, each of its texts if it has several. It answers their request, so no consent is needed, and it
// changes nothing: it takes the way of the campaign's mails, but is none of its deliveries.
func (s *Service) SendTest(ctx context.Context, actor audit.Actor, id string, to []string) (ids []string, err error) {
	var bad problem.Collector
	if len(to) == 0 || len(to) > maxTests {
		bad.Add("to", "must have 1 to %d addresses", maxTests)
	}
	parsed := make([]address.Address, len(to))
	for i, text := range to {
		if parsed[i], err = address.Parse(text); err != nil {
			bad.Add(fmt.Sprintf("to[%d]", i), "is not an e-mail address")
		}
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		ids = nil
		c, err := s.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := finished(ctx, tx, c.ID); err != nil {
			return err
		}
		now := s.now()
		texts := 1
		if c.AB != nil {
			texts = c.AB.Arms()
		}
		for i := range texts * len(parsed) {
			a, test := parsed[i/texts], TestMail{Campaign: c.ID}
			if texts > 1 {
				test.Variant = 1 + i%texts
			}
			data, _ := json.Marshal(test) // texts and numbers always encode
			m := outbox.Message{ID: sqldb.NewID(), Class: gate.Service, Kind: outbox.KindTrial, Reference: "test:" + c.ID, Email: a.Display, AddressKey: a.Key, Brand: c.Brand, Subject: c.As(test.Variant).Subject,
				Content: data, Status: outbox.StatusQueued, At: now, DueAt: now, Author: actor.Person(), CreatedAt: now}
			if err := s.Outbox.Insert(ctx, tx, m); err != nil {
				return err
			}
			ids = append(ids, m.ID)
		}
		return audit.Record(ctx, tx, now, actor, "campaign.test", audit.Object("campaign", id), nil, map[string]int{"mails": len(ids)})
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}
