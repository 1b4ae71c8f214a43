package preferences

import (
	"reflect"
	"time"

	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// judge decides what becomes of one row, and notes what is to be written for it.
func (b *bulk) judge(p *bulkPerson, r *BulkResult) {
	key, row := p.sub.EmailKey, b.Rows[p.row]
	if r.Skipped = b.former[key]; r.Skipped != "" {
		if r.Skipped == SkipFormer {
			r.invalid(problem.Invalid("email", "is the former address of somebody who has another one now; if it is somebody else's by now, enter this person by hand"))
			r.Skipped = SkipFormer
		}
		return
	}
	if known := b.known[key]; known != nil {
		p.before = known
		changed := *known
		profile := row.Profile
		profile.Email = nil // the same address, however it was written
		if known.EmailKey != key {
			profile = Profile{} // what else the row says may be of whoever has the address now
		}
		if err := profile.apply(&changed, b.now); err != nil {
			r.invalid(err)
			return
		}
		p.touched = !reflect.DeepEqual(*known, changed)
		p.sub = &changed
	} else {
		p.sub.ID = sqldb.NewID()
	}
	r.ID, r.Created = p.sub.ID, p.before == nil
	if reason := b.blocked(p, key); reason != "" {
		r.Skipped = reason
		return
	}
	if owner := b.owners[p.sub.ExternalID]; p.sub.ExternalID != "" && owner != "" && owner != p.sub.ID {
		r.invalid(problem.Invalid("external_id", "belongs to another subscriber already"))
		return
	}
	if b.chooses(p, r); r.Skipped != "" {
		return
	}
	if p.sub.ExternalID != "" {
		b.owners[p.sub.ExternalID] = p.sub.ID
	}
}

func (r *BulkResult) invalid(err error) {
	r.Skipped = SkipInvalid
	if p, ok := problem.As(err); ok {
		r.Fields = p.Fields
	}
}

// blocked is why nothing at all is done about a person, in the words and the order of the gate. Only an erased person is
// beyond saying no.
func (b *bulk) blocked(p *bulkPerson, key string) string {
	less := b.less()
	switch {
	case b.erased[key] && (p.before == nil || p.before.ErasedBefore), p.before != nil && p.before.ErasedBefore && !less:
		return string(gate.ReasonErased)
	case less:
		return ""
	case len(b.Topics) > 0 && b.blocks[key] == string(gate.ReasonAddressBounced):
		return b.blocks[key]
	case p.before != nil && !p.before.RestrictedAt.IsZero():
		return string(gate.ReasonRestricted)
	case len(b.Topics) == 0:
		return ""
	case minor(p.sub, b.now) != gate.No:
		return string(gate.ReasonMinor)
	case b.blocks[key] != "":
		return b.blocks[key]
	case p.before != nil && !p.before.ObjectedAt.IsZero():
		return string(gate.ReasonObjected)
	case p.before != nil && !p.before.UnsubscribedAt.IsZero():
		return string(gate.ReasonUnsubscribedAll)
	}
	return ""
}

// chooses notes the choice on each topic. A row of which no topic can be recorded is left out.
func (b *bulk) chooses(p *bulkPerson, r *BulkResult) {
	var first string
	for _, topic := range b.Topics {
		var reason string
		if b.Action == ActionGive {
			reason = b.give(p, r, topic)
		} else {
			b.reduce(p, r, topic)
		}
		if reason == "" {
			continue
		}
		if first == "" {
			first = reason
		}
		if r.Partly == nil {
			r.Partly = map[string]string{}
		}
		r.Partly[topic.Key] = reason
	}
	if first != "" && len(r.Partly) == len(b.Topics) {
		r.Skipped, r.Partly = first, nil
	}
}

// give is [change.give] for somebody else's word: it never lifts what the person said.
func (b *bulk) give(p *bulkPerson, r *BulkResult, topic *Topic) (reason string) {
	current := b.states[[2]string{p.sub.ID, topic.ID}]
	waits := topic.DoubleOptIn && !b.Confirmed
	switch {
	case topic.Class == "research" && p.before != nil && !p.before.ObjectedResearch.IsZero(), current.State == StateObjected:
		return string(gate.ReasonObjected)
	case current.State == StateWithdrawn:
		return string(gate.ReasonWithdrawn)
	case current.live(b.now) && (waits || current.Offered || !b.Rows[p.row].Evidence.OptOutOffered):
		return "" // it is on already
	case current.State == StatePending && waits:
		return "" // it waits already
	case waits:
		p.pending = append(p.pending, topic)
		b.choice(p, r, topic, current, ledger.Pending, StatePending, true)
	default:
		b.choice(p, r, topic, current, ledger.Given, StateGiven, true)
	}
	return ""
}

// reduce is [change.reduce].
func (b *bulk) reduce(p *bulkPerson, r *BulkResult, topic *Topic) {
	current := b.states[[2]string{p.sub.ID, topic.ID}]
	action, state := ledger.Withdrawn, StateWithdrawn
	if b.Action == ActionObject {
		action, state = ledger.Objected, StateObjected
	}
	if current.State == state {
		return
	}
	stands := (p.at.Before(current.Since) && current.State == StateGiven) || current.State == StateObjected
	b.choice(p, r, topic, current, action, state, !stands)
}

// choice notes an event and, unless what was before stands, the state that it leads to.
func (b *bulk) choice(p *bulkPerson, r *BulkResult, topic *Topic, current ConsentState, action ledger.Action, state string, counts bool) {
	e := b.Rows[p.row].Evidence
	id := sqldb.NewID()
	b.events = append(b.events, ledger.Event{
		ID: id, Subscriber: p.sub.ID, Action: action, TopicID: topic.ID, Topic: topic.Key, Basis: topic.Basis, State: state, RecordedAt: b.now, CollectedAt: p.at, Actor: actorText(b.Actor),
		Source: e.Source, Wording: e.Wording, WordingVersion: e.WordingVersion, IP: e.IP, UserAgent: e.UserAgent, URL: e.URL, Locale: e.Locale, Document: e.Document, OptOutOffered: e.OptOutOffered, Note: b.Note,
	})
	if !counts {
		return
	}
	p.touched = true
	change := BulkChoice{TopicID: topic.ID, Event: id}
	if current.State != "" {
		change.Before = &current
	}
	r.Choices = append(r.Choices, change)
	offered := current.Offered || (action != ledger.Withdrawn && action != ledger.Objected && e.OptOutOffered)
	var expires time.Time
	if state == StateGiven && topic.ConsentLifetimeDays > 0 {
		expires = p.at.AddDate(0, 0, topic.ConsentLifetimeDays)
	}
	b.set = append(b.set, []any{p.sub.ID, topic.ID, state, sqldb.Micros(p.at), id, offered, sqldb.NullMicros(expires)})
}
