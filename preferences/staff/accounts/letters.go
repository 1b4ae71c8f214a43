package accounts

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

// The kinds of letters.
const (
	LetterInvite  = "staff_invite"          // choose a first password
	LetterReset   = "staff_reset"           // choose another
	LetterConfirm = "staff_address_confirm" // to a new address, before it counts
	LetterMoved   = "staff_address_changed" // to the old address, once it no longer counts
)

// Letter is a mail to one of the staff about the person's own account.
type Letter struct {
	Kind, Reference     string
	Email, Name, Locale string
	Facts               LetterFacts
}

// LetterFacts are what a letter tells.
type LetterFacts struct {
	UserID string        `json:"user_id"`
	By     string        `json:"by,omitempty"`    // who asked for it
	Roles  []access.Role `json:"roles,omitempty"` // of an invitation
	Token  string        `json:"token,omitempty"` // of the link, sealed; see [Store.Unseal]
	Until  time.Time     `json:"until,omitzero"`
	Email  string        `json:"email,omitempty"` // the new address
}

// Letters takes what is to be mailed to the staff. Queue stores it in the transaction of what it tells of; Flush, after the
// commit, lets it go at once.
type Letters interface {
	Queue(ctx context.Context, tx *sqldb.Tx, at time.Time, l Letter) error
	Flush(ctx context.Context)
}

// Mails says whether letters go out at all.
func (s *Store) Mails() bool { return s.Letters != nil }

// post queues a letter with the token of its link, if there is one.
func (s *Store) post(ctx context.Context, tx *sqldb.Tx, at time.Time, l Letter, token string) error {
	if s.Letters == nil {
		return nil
	}
	l.Reference = l.Kind + ":" + sqldb.NewID()
	if token != "" {
		var err error
		if l.Facts.Token, err = secret.Seal(s.Seal, token, l.Facts.UserID); err != nil {
			return fmt.Errorf("accounts: seal a link: %w", err)
		}
	}
	return s.Letters.Queue(ctx, tx, at, l)
}

func (s *Store) flush(ctx context.Context) {
	if s.Letters != nil {
		s.Letters.Flush(ctx)
	}
}

// Unseal is the token of a letter's link, which is stored nowhere in the clear.
func (s *Store) Unseal(f LetterFacts) (string, error) {
	token, ok := secret.Open(s.Seal, f.Token, f.UserID)
	if !ok {
		return "", fmt.Errorf("accounts: the link of a letter cannot be read with these secrets")
	}
	return token, nil
}
