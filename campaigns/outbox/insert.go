package outbox

import (
	"context"
	"fmt"
	"strings"

	"assent/preferences/sqldb"
)

// Insert stores messages as they are.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, messages ...Message) error {
	return insert(ctx, tx, "", messages)
}

// InsertNew is Insert, but leaves out people who have a message of the same broadcast already.
func (s *Store) InsertNew(ctx context.Context, tx *sqldb.Tx, messages ...Message) error {
	return insert(ctx, tx, " ON CONFLICT (broadcast_id, subscriber_id) WHERE broadcast_id IS NOT NULL DO NOTHING", messages)
}

// few is how many messages are stored one by one, which takes less than to write them as JSON and read that again.
const few = 3

func insert(ctx context.Context, tx *sqldb.Tx, conflict string, messages []Message) error {
	large := false
	for i := range messages {
		large = large || len(messages[i].Attachments) > 0
	}
	if large || len(messages) <= few {
		for i := range messages {
			if err := insertOne(ctx, tx, conflict, &messages[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for from := 0; from < len(messages); from += insertRows {
		if err := insertMany(ctx, tx, conflict, messages[from:min(from+insertRows, len(messages))]); err != nil {
			return err
		}
	}
	return nil
}

const values = `($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`

func insertOne(ctx context.Context, tx *sqldb.Tx, conflict string, m *Message) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO messages ("+columns+") VALUES "+values+conflict, m.ID, m.Class.String(), m.Kind, m.Obligation, m.Basis, m.Reference, sqldb.NullText(m.BroadcastID),
		sqldb.NullText(m.CopyOf), sqldb.NullText(m.SubscriberID), m.Email, m.AddressKey, m.Name, m.Locale, m.Brand, m.Subject, string(m.Content), string(m.Attachments), m.Status, m.Reason,
		sqldb.Micros(m.At), sqldb.NullMicros(m.DueAt), m.Attempts, sqldb.NullMicros(m.SentAt), m.SHA256, m.MessageID, m.Relay, m.TLS, m.Reply, m.Author, sqldb.Micros(m.CreatedAt), sqldb.NullMicros(m.GiveUpAt))
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// insertRows is how many messages go into one statement.
const insertRows = 500

// fresh is a new message as a set of them is written. What only a message that was tried has is left at its default.
type fresh struct {
	ID         string `json:"i"`
	Class      string `json:"c"`
	Kind       string `json:"k"`
	Obligation string `json:"o"`
	Basis      string `json:"b"`
	Reference  string `json:"r"`
	Broadcast  string `json:"bc"`
	CopyOf     string `json:"co"`
	Subscriber string `json:"s"`
	Email      string `json:"e"`
	AddressKey string `json:"ek"`
	Name       string `json:"n"`
	Locale     string `json:"l"`
	Brand      string `json:"br"`
	Subject    string `json:"su"`
	Content    string `json:"ct"`
	Status     string `json:"st"`
	Reason     string `json:"rs"`
	At         int64  `json:"at"`
	DueAt      int64  `json:"d"` // 0: none
	Author     string `json:"a"`
	CreatedAt  int64  `json:"cr"`
	GiveUpAt   int64  `json:"g"` // 0: none
}

func insertMany(ctx context.Context, tx *sqldb.Tx, conflict string, messages []Message) error {
	rows := make([]fresh, len(messages))
	for i := range messages {
		m := &messages[i]
		rows[i] = fresh{m.ID, m.Class.String(), m.Kind, m.Obligation, m.Basis, m.Reference, m.BroadcastID, m.CopyOf, m.SubscriberID, m.Email, m.AddressKey, m.Name, m.Locale, m.Brand, m.Subject,
			string(m.Content), m.Status, m.Reason, sqldb.Micros(m.At), sqldb.NullMicros(m.DueAt).Int64, m.Author, sqldb.Micros(m.CreatedAt), sqldb.NullMicros(m.GiveUpAt).Int64}
		if m.DueAt.IsZero() {
			rows[i].DueAt = 0
		}
		if m.GiveUpAt.IsZero() {
			rows[i].GiveUpAt = 0
		}
	}
	d := tx.Dialect()
	var read []string
	for _, f := range []struct{ name, kind, form string }{
		{"i", "TEXT", "%s"}, {"c", "TEXT", "%s"}, {"k", "TEXT", "%s"}, {"o", "TEXT", "%s"}, {"b", "TEXT", "%s"}, {"r", "TEXT", "%s"}, {"bc", "TEXT", "nullif(%s, '')"}, {"co", "TEXT", "nullif(%s, '')"},
		{"s", "TEXT", "nullif(%s, '')"}, {"e", "TEXT", "%s"}, {"ek", "TEXT", "%s"}, {"n", "TEXT", "%s"}, {"l", "TEXT", "%s"}, {"br", "TEXT", "%s"}, {"su", "TEXT", "%s"}, {"ct", "TEXT", "%s"},
		{"st", "TEXT", "%s"}, {"rs", "TEXT", "%s"}, {"at", "BIGINT", "%s"}, {"d", "BIGINT", "nullif(%s, 0)"}, {"a", "TEXT", "%s"}, {"cr", "BIGINT", "%s"}, {"g", "BIGINT", "nullif(%s, 0)"},
	} {
		read = append(read, fmt.Sprintf(f.form, d.Field(f.name, f.kind)))
	}
	if conflict != "" {
		conflict = " WHERE true" + conflict // or SQLite takes ON for a join's
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO messages (id, class, kind, obligation, basis, reference, broadcast_id, copy_of, subscriber_id, email, address_key, name, locale, brand_key, subject,
		content, status, reason, at, due_at, author, created_at, give_up_at) SELECT `+strings.Join(read, ", ")+" FROM "+d.Rows(1)+conflict, sqldb.JSON(rows)); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}
