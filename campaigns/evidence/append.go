package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// What can become of a notice. Erased is written by [Erase] alone.
const (
	Served   = "served"   // another channel than mail reached the person
	Accepted = "accepted" // the relay took the mail; that it was read is not said
	Bounced  = "bounced"  // the relay, or the mailbox later, refused it for good
	Unserved = "unserved" // it cannot be delivered by mail
	Erased   = "erased"   // the content of earlier rows was emptied

	ServedUndone = "served_undone" // that another channel reached the person was noted by mistake
)

// Entry is one thing that became of a notice.
type Entry struct {
	Notice    string    `json:"notice,omitempty"` // its id
	Event     string    `json:"event"`
	At        time.Time `json:"at"`
	To        string    `json:"to,omitempty"`
	SHA256    string    `json:"sha256,omitempty"` // of the exact bytes
	MessageID string    `json:"message_id,omitempty"`
	Relay     string    `json:"relay,omitempty"`
	TLS       string    `json:"tls,omitempty"`
	Code      int       `json:"code,omitempty"`
	Reply     string    `json:"reply,omitempty"` // of the relay, or the bounce
	Reason    string    `json:"reason,omitempty"`
	Was       string    `json:"was,omitempty"`     // of Served and ServedUndone: the status of the notice
	Details   string    `json:"details,omitempty"` // SHA-256 of everything else that is stored of the notice
	Tries     string    `json:"tries,omitempty"`   // SHA-256 of its tries
	Post      string    `json:"post,omitempty"`    // of Served: SHA-256 of what was noted
	Erases    []int64   `json:"erases,omitempty"`  // rows
}

// noted says that the entry is about another channel: it leaves the notice itself as it was.
func (e *Entry) noted() bool { return e.Event == Served || e.Event == ServedUndone }

// row is an entry as it is stored.
type row struct {
	Seq        int64  `json:"q"`
	Notice     string `json:"m"`
	At         int64  `json:"a"`
	Commitment string `json:"c"`
	Hash       string `json:"h"`
	Salt       string `json:"s"`
	Content    string `json:"t"`
}

// Each hash starts with what it is a hash of, so that none can stand for another.
const (
	commitmentDomain = "assent/evidence/commitment/v1\x00"
	rowDomain        = "assent/evidence/row/v1\x00"
)

var genesis = hex.EncodeToString(sum("assent/evidence/genesis/v1\x00"))

// sum hashes parts so that no two lists of parts give the same bytes.
func sum(domain string, parts ...string) []byte {
	h := sha256.New()
	h.Write([]byte(domain))
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func (r *row) commit() string {
	return hex.EncodeToString(sum(commitmentDomain, r.Salt, r.Content))
}

func (r *row) link(before string) string {
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(r.Seq))
	binary.BigEndian.PutUint64(n[8:], uint64(r.At))
	return hex.EncodeToString(sum(rowDomain, before, string(n[:]), r.Notice, r.Commitment))
}

// Append adds entries to the end of the chain, in their order. The end stays locked until tx ends, so append late in a
// transaction, and all in one call.
func Append(ctx context.Context, tx *sqldb.Tx, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		if !sqldb.IsID(e.Notice) || !e.noted() && statuses[e.Event] == "" || e.At.IsZero() {
			return fmt.Errorf("evidence: %q of %q is not evidence", e.Event, e.Notice)
		}
	}
	entries = slices.Clone(entries)
	if err := describe(ctx, tx, entries); err != nil {
		return err
	}
	return add(ctx, tx, entries)
}

const saltSize = 16

func add(ctx context.Context, tx *sqldb.Tx, entries []Entry) error {
	salts := make([]byte, saltSize*len(entries))
	rand.Read(salts)
	rows := make([]row, len(entries))
	for i, e := range entries {
		e.At = e.At.UTC().Truncate(time.Microsecond)
		content, err := encode(e)
		if err != nil {
			return err
		}
		rows[i] = row{Notice: e.Notice, At: sqldb.Micros(e.At), Salt: hex.EncodeToString(salts[i*saltSize : (i+1)*saltSize]), Content: content}
		rows[i].Commitment = rows[i].commit()
	}
	head, err := lockHead(ctx, tx, int64(len(rows)))
	if err != nil {
		return err
	}
	for i := range rows {
		head.Seq++
		rows[i].Seq = head.Seq
		head.Hash = rows[i].link(head.Hash)
		rows[i].Hash = head.Hash
	}
	d := tx.Dialect()
	if _, err := tx.ExecContext(ctx, "INSERT INTO notice_evidence (seq, message_id, at, commitment, hash, salt, content) SELECT "+d.Field("q", "BIGINT")+", "+d.Field("m", "TEXT")+", "+
		d.Field("a", "BIGINT")+", "+d.Field("c", "TEXT")+", "+d.Field("h", "TEXT")+", "+d.Field("s", "TEXT")+", "+d.Field("t", "TEXT")+" FROM "+d.Rows(1), sqldb.JSON(rows)); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE notice_evidence_head SET hash = $1 WHERE id = 1", head.Hash); err != nil {
		return fmt.Errorf("evidence: head: %w", err)
	}
	return nil
}

func encode(e Entry) (string, error) {
	for _, s := range []*string{&e.To, &e.Relay, &e.TLS, &e.Reply, &e.Reason} {
		*s = strings.ToValidUTF8(strings.ReplaceAll(*s, "\x00", ""), "")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(e); err != nil {
		return "", fmt.Errorf("evidence: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// lockHead takes n places at the end of the chain and returns where they begin. The lock is held until the transaction ends, so
// a rollback gives them back and the chain has no gap.
func lockHead(ctx context.Context, tx *sqldb.Tx, n int64) (p Position, err error) {
	const take = "UPDATE notice_evidence_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash"
	err = tx.QueryRowContext(ctx, take, n).Scan(&p.Seq, &p.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := tx.ExecContext(ctx, "INSERT INTO notice_evidence_head (id, seq, hash) SELECT 1, 0, $1 WHERE NOT EXISTS (SELECT 1 FROM notice_evidence) ON CONFLICT (id) DO NOTHING", genesis); err != nil {
			return p, fmt.Errorf("evidence: head: %w", err)
		}
		err = tx.QueryRowContext(ctx, take, n).Scan(&p.Seq, &p.Hash)
	}
	if err != nil {
		return p, fmt.Errorf("evidence: head: %w", err)
	}
	p.Seq -= n
	return p, nil
}

// Erase empties what the chain says about notices, because the person is erased, and writes down which rows those were.
func Erase(ctx context.Context, tx *sqldb.Tx, at time.Time, notices []string) error {
	erased, err := sqldb.Values[int64](ctx, tx, "UPDATE notice_evidence SET salt = '', content = '' WHERE content <> '' AND message_id "+tx.Dialect().In(1)+" RETURNING seq", tx.Dialect().List(notices))
	if err != nil {
		return fmt.Errorf("evidence: erase: %w", err)
	}
	if len(erased) == 0 {
		return nil
	}
	return add(ctx, tx, []Entry{{Event: Erased, At: at, Erases: erased}})
}
