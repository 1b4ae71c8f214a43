package outbox

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// The states of a message.
const (
	StatusQueued    = "queued"
	StatusSending   = "sending"
	StatusSent      = "sent"
	StatusDeferred  = "deferred" // the relay said not now, or did not answer
	StatusBounced   = "bounced"  // the relay, or the mailbox later, said no
	StatusUnserved  = "unserved" // it cannot be delivered by mail: another channel is needed
	StatusCancelled = "cancelled"
)

// Statuses are all of them.
var Statuses = []string{StatusQueued, StatusSending, StatusSent, StatusDeferred, StatusBounced, StatusUnserved, StatusCancelled}

// KindTrial is the kind of a message that shows a campaign to its makers. It leaves as the campaign does: by the marketing stream.
const KindTrial = "campaign_test"

// KindBlocks is the kind of a message whose content is blocks; any other kind names a template.
const KindBlocks = "blocks"

// Message is one transactional mail to one person.
type Message struct {
	ID           string
	Class        gate.Class
	Kind         string
	Obligation   string
	Basis        string
	Reference    string
	BroadcastID  string
	CopyOf       string
	SubscriberID string
	Email        string
	AddressKey   string
	Name         string
	Locale       string
	Brand        string
	Subject      string
	Content      json.RawMessage // blocks, or the template's data
	Attachments  json.RawMessage // a list of Attachment, or nothing
	Status       string
	Reason       string
	At           time.Time
	DueAt        time.Time
	Attempts     int
	SentAt       time.Time
	SHA256       string
	MessageID    string
	Relay        string
	TLS          string
	Reply        string
	Author       string
	CreatedAt    time.Time
	GiveUpAt     time.Time // until when it is tried, if that is later than usual
}

// Attachment is a file that goes with a message.
type Attachment struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Content     Base64 `json:"content"`
}

// Base64 is bytes that JSON holds as standard base64.
type Base64 []byte

// UnmarshalText reads them; what it refuses is a problem that names the field.
func (b *Base64) UnmarshalText(text []byte) (err error) {
	if *b, err = base64.StdEncoding.DecodeString(string(text)); err != nil {
		return problem.Invalid("attachments", "content must be standard base64")
	}
	return nil
}

// ErrNotFound is returned for an id that no message has.
var ErrNotFound = problem.NotFound("message")

// Store keeps messages. All fields are required but Nudge and Events.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
	// Facts asks package preferences what the gate must know.
	Facts func(ctx context.Context, q sqldb.Querier, class gate.Class, keys []string) (map[string]gate.Facts, error)
	// Nudge tells the workers that something is due. It may be nil: they look by themselves.
	Nudge func(ctx context.Context)
	// Events tells other systems what became of notices. It may be nil.
	Events Events
}

var _ preferences.Outbox = (*Store)(nil)

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Flush lets what was queued go at once.
func (s *Store) Flush(ctx context.Context) {
	if s.Nudge != nil {
		s.Nudge(ctx)
	}
}

// Queue stores a service message.
func (s *Store) Queue(ctx context.Context, tx *sqldb.Tx, at time.Time, m preferences.ServiceMail) (string, error) {
	if m.Reference == "" {
		return "", errors.New("outbox: a service message must name the request that it answers")
	}
	parsed, err := address.Parse(m.Email)
	if err != nil {
		return "", fmt.Errorf("outbox: %w", err)
	}
	data, err := json.Marshal(m.Data)
	if err != nil {
		return "", fmt.Errorf("outbox: data of %s: %w", m.Kind, err)
	}
	msg := Message{
		ID: sqldb.NewID(), Class: gate.Service, Kind: m.Kind, Reference: m.Reference, SubscriberID: m.SubscriberID, Email: m.Email, AddressKey: parsed.Key,
		Name: m.Name, Locale: m.Locale, Brand: m.Brand, Content: data, Status: StatusQueued, At: at, DueAt: at, Author: "system", CreatedAt: at,
	}
	return msg.ID, s.Insert(ctx, tx, msg)
}

const columns = `id, class, kind, obligation, basis, reference, broadcast_id, copy_of, subscriber_id, email, address_key, name, locale, brand_key, subject, content, attachments,
	status, reason, at, due_at, attempts, sent_at, sha256, message_id, relay, tls, reply, author, created_at, give_up_at`

// Scan reads one message of a query that selects [Columns] or [BareColumns].
func Scan(row sqldb.Scanner) (*Message, error) {
	var (
		m                             Message
		class, content, attachments   string
		broadcast, copyOf, subscriber sql.NullString
		at, created                   int64
		due, sent, giveUp             sql.NullInt64
	)
	err := row.Scan(&m.ID, &class, &m.Kind, &m.Obligation, &m.Basis, &m.Reference, &broadcast, &copyOf, &subscriber, &m.Email, &m.AddressKey, &m.Name, &m.Locale, &m.Brand, &m.Subject,
		&content, &attachments, &m.Status, &m.Reason, &at, &due, &m.Attempts, &sent, &m.SHA256, &m.MessageID, &m.Relay, &m.TLS, &m.Reply, &m.Author, &created, &giveUp)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	m.Class, _ = gate.ParseClass(class)
	m.BroadcastID, m.CopyOf, m.SubscriberID = broadcast.String, copyOf.String, subscriber.String
	m.Content, m.Attachments = json.RawMessage(content), json.RawMessage(attachments)
	m.At, m.DueAt, m.SentAt, m.CreatedAt, m.GiveUpAt = sqldb.Time(at), sqldb.NullTime(due), sqldb.NullTime(sent), sqldb.Time(created), sqldb.NullTime(giveUp)
	return &m, nil
}

// Columns are what [Scan] reads.
const Columns = columns

// BareColumns are what [Scan] reads, for lists: content and attachments, which may be large, are left out.
var BareColumns = strings.NewReplacer("content, attachments", "'', ''").Replace(columns)

// Get reads one message.
func (s *Store) Get(ctx context.Context, q sqldb.Querier, id string) (*Message, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return Scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM messages WHERE id = $1", id))
}

// Attempt is one try to deliver a message.
type Attempt struct {
	N       int       `json:"n"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
	Code    int       `json:"code,omitempty"`
	Reply   string    `json:"reply,omitempty"`
	Relay   string    `json:"relay,omitempty"`
	TLS     string    `json:"tls,omitempty"`
}

// Attempts lists the tries of a message, first one first.
func (s *Store) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	list := []Attempt{}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT n, at, outcome, code, reply, relay, tls FROM message_attempts WHERE message_id = $1 ORDER BY n", id) {
		var a Attempt
		var at int64
		if err := row.Scan(&a.N, &at, &a.Outcome, &a.Code, &a.Reply, &a.Relay, &a.TLS); err != nil {
			return nil, fmt.Errorf("outbox: attempts: %w", err)
		}
		a.At = sqldb.Time(at)
		list = append(list, a)
	}
	return list, nil
}

// Raw is the mail as it was given to the relay, nil when it is not kept any more.
func (s *Store) Raw(ctx context.Context, id string) ([]byte, error) {
	var raw []byte
	err := s.DB.QueryRowContext(ctx, "SELECT raw FROM message_bytes WHERE message_id = $1", id).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: bytes: %w", err)
	}
	return raw, nil
}

// CopiesOf lists the messages that are copies of one.
func (s *Store) CopiesOf(ctx context.Context, id string) (ids []string, err error) {
	ids, err = sqldb.Values[string](ctx, s.DB, "SELECT id FROM messages WHERE copy_of = $1 ORDER BY id", id)
	if err != nil {
		return nil, fmt.Errorf("outbox: copies: %w", err)
	}
	return ids, nil
}
