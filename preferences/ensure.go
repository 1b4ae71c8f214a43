package preferences

import (
	"context"
	"errors"

	"assent/preferences/address"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Ensure finds the person with p's address and changes nothing about them, because whoever fills in a public form may be
// somebody else; or it makes one from p.
func (s *Service) Ensure(ctx context.Context, tx *sqldb.Tx, p Profile, source string) (*Subscriber, error) {
	if p.Email == nil {
		return nil, problem.Invalid("email", "is required")
	}
	parsed, err := address.Parse(*p.Email)
	if err != nil {
		return nil, problem.Invalid("email", "is not an e-mail address: "+reason(err))
	}
	known, err := s.SubscriberByKey(ctx, tx, parsed.Key)
	if !errors.Is(err, ErrSubscriberNotFound) {
		return known, err
	}
	sub, _, err := s.upsert(ctx, tx, s.now(), p, source)
	return sub, err
}
