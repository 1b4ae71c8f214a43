package recipients

import (
	"context"
	"errors"

	"assent/campaigns/brands"
	"assent/preferences"
	"assent/preferences/tokens"
)

// look is what a page needs to know of the person and the topic that its link is about. Those who open pages at the same
// moment are looked up in the same few statements.
type look struct {
	claims   tokens.Claims
	standing bool // where the person stands is wanted too

	sub    *preferences.Subscriber // nil when the person was erased
	topic  *preferences.Topic      // nil when the mail had none
	brand  brands.Brand            // that wrote to them
	states []preferences.ConsentState
}

// lookMost is how many are looked up at once at most.
const lookMost = 100

func (p *Pages) lookAt(ctx context.Context, all []*look) error {
	var ids, standing []string
	for _, l := range all {
		ids = append(ids, l.claims.Subject)
		if l.standing {
			standing = append(standing, l.claims.Subject)
		}
	}
	people, err := p.People.Subscribers(ctx, p.DB, ids)
	if err != nil {
		return err
	}
	var states map[string][]preferences.ConsentState
	if len(standing) > 0 {
		if states, err = p.People.ConsentsOf(ctx, p.DB, standing); err != nil {
			return err
		}
	}
	topics, dresses := map[string]*preferences.Topic{}, map[string]brands.Brand{}
	for _, l := range all {
		if sub := people[l.claims.Subject]; sub != nil {
			own := *sub
			l.sub, l.states = &own, states[sub.ID]
		}
		key := ""
		if id := l.claims.Topic; id != "" {
			topic, known := topics[id]
			if !known {
				if topic, err = p.People.TopicByID(ctx, p.DB, id); err != nil && !errors.Is(err, preferences.ErrTopicNotFound) {
					return err
				}
				topics[id] = topic
			}
			if l.topic = topic; topic != nil {
				key = topic.Brand
			}
		}
		brand, known := dresses[key]
		if !known {
			if brand, err = brands.Get(ctx, p.DB, key); err != nil {
				return err
			}
			dresses[key] = brand
		}
		l.brand = brand
	}
	return nil
}
