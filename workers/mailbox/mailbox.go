package mailbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"assent/preferences/address"
	"assent/preferences/sqldb"
)

// Options bound the store. Zero is a default.
type Options struct {
	Keep      int              // mails: 10,000
	KeepBytes int64            // octets of mails: 1 GiB
	Now       func() time.Time // for the dates shown
}

// Box is the store. Both streams may share it.
type Box struct {
	db      *sqldb.DB
	opts    Options
	fresh   atomic.Int64 // mails since the last trimming
	closing sync.Once
}

// ErrNotFound is returned for a mail that is not, or no longer, there.
var ErrNotFound = errors.New("mailbox: mail not found")

const schema = `CREATE TABLE IF NOT EXISTS mails (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	delivery TEXT NOT NULL,
	at BIGINT NOT NULL,
	stream TEXT NOT NULL,
	class TEXT NOT NULL,
	sender TEXT NOT NULL,
	recipient TEXT NOT NULL,
	recipient_key TEXT NOT NULL,
	subject TEXT NOT NULL,
	size BIGINT NOT NULL,
	raw BLOB NOT NULL
)`

// Open opens the store in a folder, which it makes if it is missing.
func Open(ctx context.Context, dir string, o Options) (*Box, error) {
	if o.Keep == 0 {
		o.Keep = 10_000
	}
	if o.KeepBytes == 0 {
		o.KeepBytes = 1 << 30
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sqldb.Open(ctx, "sqlite:"+filepath.Join(dir, "mailbox.db"))
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	for _, statement := range []string{
		schema,
		"CREATE INDEX IF NOT EXISTS mails_recipient ON mails (recipient_key, seq)",
		"CREATE INDEX IF NOT EXISTS mails_size ON mails (size)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("mailbox: %w", err)
		}
	}
	return &Box{db: db, opts: o}, nil
}

// Close closes the store once what is under way has ended.
func (b *Box) Close(context.Context) (err error) {
	b.closing.Do(func() { err = b.db.Close() })
	return err
}

// Mail is one mail in the list.
type Mail struct {
	ID            int64
	Delivery      string
	At            time.Time
	Stream, Class string
	From          string // as the mail says, with the name if there is one
	ReturnPath    string // of the envelope, as To
	To            string
	Subject       string
	Size          int64
}

// headBytes is how much of a mail is read to find its From, which stands near the start.
const headBytes = "4096"

const columns = "seq, delivery, at, stream, class, sender, recipient, subject, size, substr(raw, 1, " + headBytes + ")"

func scan(row sqldb.Scanner, more ...any) (m Mail, err error) {
	var at int64
	var head []byte
	err = row.Scan(append([]any{&m.ID, &m.Delivery, &at, &m.Stream, &m.Class, &m.ReturnPath, &m.To, &m.Subject, &m.Size, &head}, more...)...)
	m.At, m.From = sqldb.Time(at), header(head, "From")
	return m, err
}

// Query selects mails.
type Query struct {
	Search string // part of the recipient's address or of the subject; empty is all
	Stream string // marketing or transactional; empty is both
	Before int64  // the ID that the page before ended with; 0 is the newest
	Limit  int
}

// List returns mails, newest first.
func (b *Box) List(ctx context.Context, q Query) ([]Mail, error) {
	before := q.Before
	if before == 0 {
		before = 1 << 62
	}
	var out []Mail
	for row := range sqldb.Rows(ctx, b.db, "SELECT "+columns+" FROM mails WHERE seq < $1 AND ($2 = '' OR instr(recipient_key, $2) > 0 OR instr(lower(subject), $2) > 0) AND ($3 = '' OR stream = $3) ORDER BY seq DESC LIMIT $4",
		before, strings.ToLower(strings.TrimSpace(q.Search)), q.Stream, max(1, q.Limit)) {
		m, err := scan(row)
		if err != nil {
			return nil, fmt.Errorf("mailbox: list: %w", err)
		}
		out = append(out, m)
	}
	return out, nil
}

// Get returns one mail with its bytes as a relay would have got them.
func (b *Box) Get(ctx context.Context, id int64) (m Mail, raw []byte, err error) {
	m, err = scan(b.db.QueryRowContext(ctx, "SELECT "+columns+", raw FROM mails WHERE seq = $1", id), &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil, ErrNotFound
	}
	if err != nil {
		return m, nil, fmt.Errorf("mailbox: get: %w", err)
	}
	return m, raw, nil
}

// Count tells how many mails there are, and of how many octets.
func (b *Box) Count(ctx context.Context) (n int, size int64, err error) {
	err = b.db.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(size), 0) FROM mails").Scan(&n, &size)
	return n, size, err
}

// DeleteAll empties the box.
func (b *Box) DeleteAll(ctx context.Context) error {
	_, err := b.remove(ctx, "DELETE FROM mails")
	return err
}

// Purge removes every mail to an address, so that nothing of it stays in the file. For erasure.
func (b *Box) Purge(ctx context.Context, email string) (int64, error) {
	return b.remove(ctx, "DELETE FROM mails WHERE recipient_key = $1", key(email))
}

// remove deletes for good: the pages are zeroed (secure_delete), and the write-ahead log, which still has them, is emptied.
func (b *Box) remove(ctx context.Context, statement string, args ...any) (int64, error) {
	res, err := b.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("mailbox: delete: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return n, err
	}
	if _, err := b.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return n, fmt.Errorf("mailbox: emptying the log: %w", err)
	}
	return n, nil
}

func key(email string) string {
	if a, err := address.Parse(email); err == nil {
		return a.Key
	}
	return strings.ToLower(email)
}
