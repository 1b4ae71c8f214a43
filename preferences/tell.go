package preferences

import (
	"context"
	"strings"
	"time"

	"assent/preferences/ledger"
	"assent/preferences/sqldb"
)

// Told is what other systems are told of a change to a person. It holds ids and no address: who must act on it knows the ids,
// and nothing of the person stays behind on the way.
type Told struct {
	SubscriberID string    `json:"subscriber_id"`
	ExternalID   string    `json:"external_id,omitempty"`
	EventID      string    `json:"event_id,omitempty"` // in the ledger
	At           time.Time `json:"at"`
	Topic        string    `json:"topic,omitempty"`
	Partner      string    `json:"partner,omitempty"`
	State        string    `json:"state,omitempty"`
	Value        string    `json:"value,omitempty"`

	event string // its name
}

// EventErased tells that a person was erased (GDPR 19). Every other event is named for its action in the ledger:
// consent.given, consent.withdrawn …, subscriber.restricted, subscriber.unsubscribed_all ….
const EventErased = "subscriber.erased"

// tell tells of what was recorded, in its order.
func (s *Service) tell(ctx context.Context, tx *sqldb.Tx, list []Told) error {
	if s.Tell == nil {
		return nil
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].event == list[0].event {
			n++
		}
		same := make([]any, n)
		for i := range same {
			same[i] = list[i]
		}
		if err := s.Tell(ctx, tx, list[0].event, same...); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func toldOf(sub *Subscriber, e ledger.Event) Told {
	name := "subscriber." + string(e.Action)
	if e.TopicID != "" {
		name = "consent." + string(e.Action)
	}
	return Told{event: name, SubscriberID: sub.ID, ExternalID: sub.toldID(), EventID: e.ID, At: e.At(), Topic: e.Topic, Partner: e.Partner, State: e.State, Value: e.Value}
}

// toldID is the person's id elsewhere, unless somebody uses the address as one.
func (s *Subscriber) toldID() string {
	if strings.Contains(s.ExternalID, "@") {
		return ""
	}
	return s.ExternalID
}
