package proof

import (
	"context"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/ledger"
)

// Proof is what can be shown of one person's choices at one moment.
type Proof struct {
	Email        string                     `json:"email"`
	SubscriberID string                     `json:"subscriber_id"`
	PrintedAt    time.Time                  `json:"printed_at"`
	PrintedBy    string                     `json:"printed_by,omitempty"`
	Head         string                     `json:"ledger_head"` // of the chain as it was verified, "seq:hash"
	Chain        ledger.Report              `json:"chain"`
	Standing     Standing                   `json:"standing"`
	Current      []preferences.ConsentState `json:"current"`
	Events       []Event                    `json:"events"`
}

// Standing is what holds for the person beside the topics; zero times: it does not hold.
type Standing struct {
	Status             string    `json:"status"`
	UnsubscribedAt     time.Time `json:"unsubscribed_at,omitzero"`
	ObjectedAt         time.Time `json:"objected_at,omitzero"`
	ObjectedResearchAt time.Time `json:"objected_research_at,omitzero"`
	RestrictedAt       time.Time `json:"restricted_at,omitzero"`
	PausedUntil        time.Time `json:"paused_until,omitzero"`
	TrackingSince      time.Time `json:"tracking_since,omitzero"`
	Blocks             []Block   `json:"blocks"`
}

// Block is why the address gets no mail.
type Block struct {
	Reason string    `json:"reason"`
	Note   string    `json:"note,omitempty"`
	Since  time.Time `json:"since"`
}

// Event is one event with what ties it to the chain.
type Event struct {
	ledger.Event
	Seq        int64  `json:"seq"`
	EntryAt    int64  `json:"entry_at"` // microseconds since 1970, as hashed
	Previous   string `json:"previous"` // hash of the entry before
	Hash       string `json:"hash"`
	Commitment string `json:"commitment"`
	Salt       string `json:"salt"`
	Content    string `json:"content"` // the exact text that was committed to
	Sound      bool   `json:"sound"`   // salt and content give the commitment, and that its place in the chain
}

// Sound tells whether the whole chain is what it was, and every event of the person in it.
func (p *Proof) Sound() bool {
	for _, e := range p.Events {
		if !e.Sound {
			return false
		}
	}
	return p.Chain.OK()
}

// Of gathers the proof for one person. It reads the whole chain; progress, which may be nil, is told how far it is.
func Of(ctx context.Context, people *preferences.Service, sub *preferences.Subscriber, by string, progress func(done, total int64)) (*Proof, error) {
	p := &Proof{Email: sub.Email, SubscriberID: sub.ID, PrintedAt: people.Now().UTC().Truncate(time.Second), PrintedBy: by, Events: []Event{}, Standing: Standing{
		Status: sub.Status(), UnsubscribedAt: sub.UnsubscribedAt, ObjectedAt: sub.ObjectedAt, ObjectedResearchAt: sub.ObjectedResearch,
		RestrictedAt: sub.RestrictedAt, TrackingSince: sub.TrackingAt, Blocks: []Block{}}}
	if sub.PausedUntil.After(people.Now()) {
		p.Standing.PausedUntil = sub.PausedUntil
	}
	var err error
	if p.Current, err = people.Consents(ctx, people.DB, sub.ID); err != nil {
		return nil, err
	}
	if p.Current == nil {
		p.Current = []preferences.ConsentState{}
	}
	blocks, err := people.Suppressions(ctx, sub.Email, "", time.Time{}, "", 100)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		p.Standing.Blocks = append(p.Standing.Blocks, Block{b.Reason, b.Note, b.CreatedAt})
	}
	// The events first: what the chain is verified to then covers them all.
	records, err := ledger.Events(ctx, people.DB, sub.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		p.Events = append(p.Events, Event{r.Event, r.Entry.Seq, r.Entry.At, r.Previous.String(), r.Entry.Hash.String(), r.Entry.Commitment.String(), fmt.Sprintf("%x", r.Salt), r.Content, r.Check()})
	}
	if p.Chain, err = ledger.Verify(ctx, people.DB, ledger.Options{Progress: progress}); err != nil {
		return nil, err
	}
	p.Head = p.Chain.Head
	return p, nil
}
