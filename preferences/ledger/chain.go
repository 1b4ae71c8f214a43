package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const hashSize = sha256.Size

// Hash is one link of the chain, or a commitment.
type Hash [hashSize]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Each hash starts with what it is a hash of, so that none can stand for
// another.
const (
	commitmentDomain = "assent/ledger/commitment/v1\x00"
	entryDomain      = "assent/ledger/entry/v1\x00"
)

// genesis stands before the first entry.
var genesis = Hash(sha256.Sum256([]byte("assent/ledger/genesis/v1\x00")))

// commit binds an entry to its event. Without the salt nobody can try out what
// an erased event may have said.
func commit(salt []byte, content string) Hash {
	b := make([]byte, 0, len(commitmentDomain)+8+len(salt)+len(content))
	b = append(b, commitmentDomain...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(salt)))
	b = append(b, salt...)
	b = append(b, content...)
	return sha256.Sum256(b)
}

// link is the hash of one entry.
func link(prev Hash, seq, at int64, eventID string, commitment Hash) Hash {
	b := make([]byte, 0, len(entryDomain)+2*hashSize+3*8+len(eventID))
	b = append(b, entryDomain...)
	b = append(b, prev[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	b = binary.BigEndian.AppendUint64(b, uint64(len(eventID)))
	b = append(b, eventID...)
	b = append(b, commitment[:]...)
	return sha256.Sum256(b)
}

// encode is the one text of an event: its fields in their fixed order, empty
// ones left out.
func encode(e *Event) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(e); err != nil {
		return "", fmt.Errorf("ledger: event: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func decode(content string) (Event, error) {
	var e Event
	d := json.NewDecoder(strings.NewReader(content))
	d.DisallowUnknownFields()
	err := d.Decode(&e)
	return e, err
}

// clean makes an event what its stored text says, so that it reads back equal.
func clean(e *Event) {
	e.RecordedAt = e.RecordedAt.UTC().Truncate(time.Microsecond)
	if !e.CollectedAt.IsZero() {
		e.CollectedAt = e.CollectedAt.UTC().Truncate(time.Microsecond)
	}
	for _, s := range e.texts() {
		if !utf8.ValidString(*s) {
			*s = strings.ToValidUTF8(*s, "")
		}
		if strings.IndexByte(*s, 0) >= 0 {
			*s = strings.ReplaceAll(*s, "\x00", "")
		}
	}
}

// Position is a place in the chain: the number of the last entry, and its hash.
type Position struct {
	Seq  int64
	Hash Hash
}

// String is "seq:hash", the form to keep outside of the database.
func (p Position) String() string { return strconv.FormatInt(p.Seq, 10) + ":" + p.Hash.String() }

// ErrPosition is returned for a text that is not "seq:hash".
var ErrPosition = errors.New("ledger: a head is written as number:hash, as `assent ledger verify` prints it")

// ParsePosition reads what Position.String wrote.
func ParsePosition(s string) (Position, error) {
	num, text, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseInt(num, 10, 64)
	h, err2 := hex.DecodeString(text)
	if err != nil || err2 != nil || seq < 0 || len(h) != hashSize {
		return Position{}, ErrPosition
	}
	return Position{seq, Hash(h)}, nil
}
