package inbound

import (
	"context"
	"slices"
	"time"

	"assent/preferences/gather"
)

// Gather is a Sink that hands the events of mails that arrive at the same time
// to another Sink in one call, so that a flood of bounces costs few
// transactions, and that leaves the database to others for most of the time:
// there is one call at a time, and after it a rest that is a multiple of what
// it took. Whoever sends more than that waits for the answer; nothing is
// accepted that is not yet durable. The busier the database, the longer the
// calls and the rests.
//
// Wishes to stop and complaints wait for nobody. What is handed in together, as a set of mails from a mailbox, is one mail here.
type Gather struct {
	next  Sink
	most  int
	rest  int // how many times as long as a call
	mails gather.Group[*arrived]
	free  time.Time // when the rest after the last call is over
}

// arrived is what one mail says, and why it could not be applied.
type arrived struct {
	events []Event
	err    error
}

// maxRest bounds a rest, so that a database that stood still for a while is not left alone for a multiple of that.
const maxRest = time.Second

// NewGather gathers so many mails at most for one call, and rests for so
// many times as long as each call took.
func NewGather(next Sink, most, rest int) *Gather {
	g := &Gather{next: next, most: max(most, 1), rest: rest}
	g.mails.Rest = func() { time.Sleep(time.Until(g.free)) }
	return g
}

// urgent tells what must not wait behind a flood.
func urgent(e Event) bool { return e.Effect() == Withdraw || e.Effect() == Complain }

// Apply joins the events to those of others and returns when they are applied,
// also when its own caller has gone away. When the joint call fails, each mail
// is tried alone, so that one that cannot be applied delays no other.
func (g *Gather) Apply(ctx context.Context, events []Event) error {
	if slices.ContainsFunc(events, urgent) {
		return g.next.Apply(ctx, events)
	}
	mail := &arrived{events: events}
	if err := g.mails.Do(context.WithoutCancel(ctx), mail, g.most, g.apply); err != nil {
		return err
	}
	return mail.err
}

func (g *Gather) apply(ctx context.Context, mails []*arrived) error {
	began := time.Now()
	defer func() { g.free = time.Now().Add(min(time.Duration(g.rest)*time.Since(began), maxRest)) }()
	events := make([][]Event, len(mails))
	for i, m := range mails {
		events[i] = m.events
	}
	for i, err := range ApplySet(ctx, g.next, events) {
		mails[i].err = err
	}
	return nil
}

// ApplySet applies the events of several mails in one call. When that fails, each mail is tried alone, so that one that cannot be
// applied delays no other. It returns the error of each mail.
func ApplySet(ctx context.Context, sink Sink, mails [][]Event) []error {
	errs := make([]error, len(mails))
	all := slices.Concat(mails...)
	if len(all) == 0 {
		return errs
	}
	err := sink.Apply(ctx, all)
	switch {
	case err == nil:
	case len(mails) == 1:
		errs[0] = err
	default:
		for i, events := range mails {
			if len(events) > 0 {
				errs[i] = sink.Apply(ctx, events)
			}
		}
	}
	return errs
}
