package preferences

import (
	"context"
	"log/slog"
	"time"

	"assent/preferences/gather"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// Service is the preference engine. Fields are required unless they say otherwise.
type Service struct {
	DB      *sqldb.DB
	Keys    *tokens.Keyring
	Now     func() time.Time
	Outbox  Outbox
	Sending Sending
	Site    *Settings
	// MessageID is the Message-ID that a message goes out under. It may be nil: then its id stands for it.
	MessageID func(messageID string) string
	// Tell tells other systems what was recorded about people, in the transaction that records it. It may be nil.
	Tell func(ctx context.Context, tx *sqldb.Tx, event string, payloads ...any) error
	// Erased clears, after the commit of an erasure, places outside the database. It may be empty.
	Erased []func(ctx context.Context, sub *Subscriber) error
	// Forget removes what packages that this one does not know keep about a person. Without a subscriber, the id is empty and
	// only the address is known. It may be empty.
	Forget []func(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) error
	// Untracked removes what was measured of a person who takes back that it is.
	Untracked []func(ctx context.Context, tx *sqldb.Tx, subscriberID string) error
	// Log is told what went wrong beside a choice that holds all the same. It may be nil.
	Log *slog.Logger

	rounds gather.Group[*request]
}

// now is the instant of one transaction, as it is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// ServiceMail is one mail that a person asked for: a confirmation, a document, an answer.
type ServiceMail struct {
	Kind         string // the template in templates/mail
	Reference    string // the request that it answers
	SubscriberID string // empty when it is not about a subscriber
	Email        string
	Name         string
	Locale       string
	Brand        string
	Data         any // the template's own
}

// Outbox takes service mail. Queue stores it in the caller's transaction; Flush, called after the commit, lets it go at once.
type Outbox interface {
	Queue(ctx context.Context, tx *sqldb.Tx, at time.Time, m ServiceMail) (id string, err error)
	Flush(ctx context.Context)
}

// Sending is what preferences must know of mail that is under way.
type Sending interface {
	// Revoke takes back the claims on marketing and research mail, in the transaction of the withdrawals, and returns what
	// was claimed at that instant. Unless it may wait, it leaves the people alone whose mail somebody else holds just now,
	// and returns their ids.
	Revoke(ctx context.Context, tx *sqldb.Tx, at time.Time, stops []Stop, wait bool) (claims []Claim, held []string, err error)
	// Left counts, in that transaction, that these people left by a link in the mail of a campaign. What is no campaign, or
	// none that wrote to them, counts nothing.
	Left(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID string, people []string) error
	// Settle waits, after the commit, until none of these deliveries can begin any more, and tells how many had begun.
	Settle(ctx context.Context, claimed []string) (inFlight int, err error)
	// Recent lists when marketing or research mail went to each of these people since then, newest first.
	Recent(ctx context.Context, q sqldb.Querier, subscriberIDs []string, since time.Time) (map[string][]time.Time, error)
	// Forget removes what is kept about a person's mail beyond the bare count of it.
	Forget(ctx context.Context, tx *sqldb.Tx, subscriberID, addressKey string) error
	// History is what was sent to a person, for their own eyes, newest first. Of somebody without an id it is what was sent to
	// their address alone.
	History(ctx context.Context, q sqldb.Querier, sub *Subscriber, limit int) ([]SentMail, error)
}

// Stop is a person of whom no mail may begin any more: none at all, or none of a topic.
type Stop struct{ SubscriberID, TopicID string }

// Claim is a delivery that was claimed when it was taken back.
type Claim struct{ DeliveryID, SubscriberID, TopicID string }

// revoke takes back claims, waiting for those who hold them, and returns the deliveries.
func (s *Service) revoke(ctx context.Context, tx *sqldb.Tx, at time.Time, stops ...Stop) ([]string, error) {
	if len(stops) == 0 {
		return nil, nil
	}
	claims, _, err := s.Sending.Revoke(ctx, tx, at, stops, true)
	return claimed(claims, stops), err
}

// SentMail is one line of a person's history.
type SentMail struct {
	At      time.Time `json:"at"`
	Class   string    `json:"class"`
	Subject string    `json:"subject,omitempty"`
	// Today tells that the subject is not kept as it was sent: its merge fields are filled in with what is known of the person now.
	Today   bool   `json:"subject_filled_in_with_todays_data,omitempty"`
	Kind    string `json:"kind,omitempty"` // of what has no subject of its own: which of Assent's texts it was
	Topic   string `json:"topic,omitempty"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Variant int    `json:"variant,omitempty"`        // which of the texts of a test they got, counted from 1
	Tested  bool   `json:"tested,omitempty"`         // to find the better one
	Tracked bool   `json:"clicks_counted,omitempty"` // they agreed to it
}
