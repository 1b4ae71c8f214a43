package broadcasts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/campaigns/policies"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Approve lets a broadcast go. Whoever wrote it cannot approve it, under no key of theirs either. The policy that it carries is
// fixed from now on.
func (s *Service) Approve(ctx context.Context, actor audit.Actor, id string) (*Broadcast, error) {
	return s.move(ctx, actor, id, "notice_broadcast.approve", func(tx *sqldb.Tx, b *Broadcast, now time.Time) error {
		if b.Author == actor.Person() {
			return problem.Forbidden("Somebody else than its author must approve a broadcast; a key of the same person is the same person.")
		}
		if b.Status != InReview {
			return problem.Conflict("The broadcast is " + b.Status + "; only one in review can be approved.")
		}
		var bad problem.Collector
		if err := s.checkLead(ctx, tx, &bad, b, now); err != nil {
			return err
		}
		if err := bad.Err(); err != nil {
			return err
		}
		if b.Policy.Slug != "" {
			if err := s.checkPolicy(ctx, tx, &bad, &b.Policy, b); err != nil {
				return err
			}
			if err := bad.Err(); err != nil {
				return err
			}
			if err := policies.Announce(ctx, tx, now, actor, b.Policy.Slug, b.Policy.Version); err != nil {
				return err
			}
		}
		b.Status, b.Approver, b.ApproverName, b.ApprovedAt = Scheduled, actor.Person(), actor.Name, now
		return s.tell(ctx, tx, b, "approved")
	})
}

// maxReason bounds why a broadcast is refused, in bytes.
const maxReason = 1000

// Refuse ends a broadcast in review, with the reason for its author. As with [Service.Approve], somebody else decides.
func (s *Service) Refuse(ctx context.Context, actor audit.Actor, id, reason string) (*Broadcast, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > maxReason || address.HeaderSafe(strings.Join(strings.Fields(reason), " ")) != nil {
		return nil, problem.Invalid("reason", fmt.Sprintf("must say in at most %d bytes what its author has to change", maxReason))
	}
	return s.move(ctx, actor, id, "notice_broadcast.refuse", func(tx *sqldb.Tx, b *Broadcast, now time.Time) error {
		if b.Author == actor.Person() {
			return problem.Forbidden("Somebody else than its author refuses a broadcast; its author can cancel it.")
		}
		if b.Status != InReview {
			return problem.Conflict("The broadcast is " + b.Status + "; only one in review can be refused.")
		}
		b.Status, b.RefusedFor, b.FinishedAt = Cancelled, reason, now
		b.Approver, b.ApproverName = actor.Person(), actor.Name
		return s.tell(ctx, tx, b, "refused")
	})
}

// Cancel ends a broadcast. Mail that is out stays out; people whom it had not reached are unserved.
func (s *Service) Cancel(ctx context.Context, actor audit.Actor, id string) (*Broadcast, error) {
	b, err := s.move(ctx, actor, id, "notice_broadcast.cancel", func(tx *sqldb.Tx, b *Broadcast, now time.Time) error {
		switch b.Status {
		case Cancelled:
			return nil
		case Finished:
			return problem.Conflict("The broadcast is finished; what was sent cannot be taken back.")
		}
		b.Status, b.FinishedAt, b.HeldAt, b.HeldFor = Cancelled, now, time.Time{}, ""
		if err := hold(ctx, tx, b.ID); err != nil {
			return err
		}
		return s.tell(ctx, tx, b, "cancelled")
	})
	if err != nil {
		return nil, err
	}
	for more, until := true, time.Now().Add(slice); more && time.Now().Before(until); { // what is left is for Advance
		if more, err = s.step(ctx, id); err != nil {
			return nil, err
		}
	}
	return s.Get(ctx, s.DB, b.ID)
}

// withdraw gives a part of those whom a cancelled broadcast had not reached their outcome: unserved. Also those to whom it had
// not come yet are of its audience.
func (s *Service) withdraw(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) (more bool, err error) {
	if b.StartedAt.IsZero() {
		return false, nil
	}
	if b.plannedAt.IsZero() {
		return true, s.plan(ctx, tx, b, now)
	}
	n, err := s.Outbox.Withdraw(ctx, tx, b.ID, "cancelled", rangeSize)
	return n == rangeSize, err
}

// Resume lets a broadcast go on that the brake has stopped. From here it counts anew.
func (s *Service) Resume(ctx context.Context, actor audit.Actor, id string) (*Broadcast, error) {
	return s.move(ctx, actor, id, "notice_broadcast.resume", func(tx *sqldb.Tx, b *Broadcast, now time.Time) error {
		if b.HeldAt.IsZero() {
			return problem.Conflict("The broadcast is " + b.Status + " and nothing holds it.")
		}
		c, err := counts(ctx, tx, b.ID)
		if err != nil {
			return err
		}
		b.HeldAt, b.HeldFor, b.brakeSent, b.brakeBounced = time.Time{}, "", c.settled(), c["bounced"]
		b.Trial = 0
		_, err = tx.ExecContext(ctx, "UPDATE messages SET due_at = $1 WHERE broadcast_id = $2 AND status = 'deferred' AND due_at IS NULL", sqldb.Micros(now), id)
		if err != nil {
			return fmt.Errorf("broadcasts: resume: %w", err)
		}
		return nil
	})
}

// move changes a locked broadcast and records who did it.
func (s *Service) move(ctx context.Context, actor audit.Actor, id, action string, do func(tx *sqldb.Tx, b *Broadcast, now time.Time) error) (b *Broadcast, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if b, err = get(ctx, tx, id, tx.Dialect().ForUpdate()); err != nil {
			return err
		}
		before := b.Status
		if err := do(tx, b, now); err != nil {
			return err
		}
		b.UpdatedAt = now
		if err := b.save(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, action, object(id), map[string]string{"status": before}, map[string]string{"status": b.Status})
	})
	if err != nil {
		return nil, err
	}
	s.Outbox.Flush(ctx)
	return b, nil
}

// tell tells other systems what became of a broadcast, in the transaction of it.
func (s *Service) tell(ctx context.Context, tx *sqldb.Tx, b *Broadcast, what string) error {
	if s.Events == nil {
		return nil
	}
	payload := map[string]any{"id": b.ID, "status": b.Status, "obligation": b.Obligation, "effective_at": b.EffectiveAt}
	if b.HeldFor != "" {
		payload["held_for"] = b.HeldFor
	}
	if b.RefusedFor != "" {
		payload["refused_for"] = b.RefusedFor
	}
	if b.Policy.Slug != "" {
		payload["policy"] = b.Policy
	}
	return s.Events.Enqueue(ctx, tx, "notice_broadcast."+what, payload)
}
