package tokens

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"
)

// ErrInvalid is the one answer to every token that is not exactly one we made
// for the purpose asked for. It does not tell what is wrong.
var ErrInvalid = errors.New("tokens: invalid")

// Purpose is what a token may be used for.
type Purpose byte

const (
	Unsubscribe Purpose = 'u'
	Preferences Purpose = 'p'
	Confirm     Purpose = 'c'
	Why         Purpose = 'w'
	View        Purpose = 'v'
	Click       Purpose = 'k'
	Return      Purpose = 'r' // signed return path (VERP)
	Rights      Purpose = 'd' // a data rights request
	Open        Purpose = 'o'
	Undo        Purpose = 'n'
	Document    Purpose = 'f'
	// Registration lets a registrant of an event change or cancel; its Subject is the registration.
	Registration Purpose = 'e'
)

const purposes = "upcwvkrdonfe"

// Known says whether p is one of the purposes above.
func (p Purpose) Known() bool { return strings.IndexByte(purposes, byte(p)) >= 0 }

// Claims is what a token says. The three ids are UUIDs in lower-case canonical
// form; an empty one and the nil UUID are the same and read back as "".
type Claims struct {
	Subject string // the subscriber
	Topic   string
	Source  string    // the campaign, message or event that the link came with
	Issued  time.Time // whole seconds, 1970 to 2106; zero if not given
}

const (
	version  = 1
	macSize  = 32
	maxKid   = 16
	maxToken = 1 + 1 + 1 + maxKid + 1 + 3*16 + 4 + macSize

	hasSubject = 1 << 0
	hasTopic   = 1 << 1
	hasSource  = 1 << 2
)

var encoding = base64.RawURLEncoding.Strict()

// Sign makes a token under the newest key. It panics if an id is neither empty
// nor a UUID, or the purpose is not known: both are mistakes in the caller.
func (r *Keyring) Sign(p Purpose, c Claims) string {
	mustKnow(p)
	k := r.keys[0]
	var buf [maxToken]byte
	b := append(buf[:0], version, 0, byte(len(k.id)))
	b = append(b, k.id...)
	b = append(b, byte(p))
	for i, id := range [...]string{c.Subject, c.Topic, c.Source} {
		u := mustUUID(id)
		if u != ([16]byte{}) {
			b[1] |= 1 << i
			b = append(b, u[:]...)
		}
	}
	b = binary.BigEndian.AppendUint32(b, seconds(c.Issued))
	b = k.links.sum(b, b)
	var text [(maxToken*8 + 5) / 6]byte
	n := encoding.EncodedLen(len(b))
	encoding.Encode(text[:n], b)
	return string(text[:n])
}

// Verify reads a token that was signed for this purpose under any key of the
// ring, or returns ErrInvalid.
func (r *Keyring) Verify(p Purpose, token string) (Claims, error) {
	var raw [maxToken]byte
	// The decoder skips line breaks, which would give one token many spellings.
	if !p.Known() || encoding.DecodedLen(len(token)) > maxToken || strings.ContainsAny(token, "\r\n") {
		return Claims{}, ErrInvalid
	}
	n, err := encoding.Decode(raw[:], []byte(token))
	if err != nil || n < 3+1+4+macSize {
		return Claims{}, ErrInvalid
	}
	body, mac := raw[:n-macSize], raw[n-macSize:n]
	k := r.find(kidOf(body))
	if k == nil {
		return Claims{}, ErrInvalid
	}
	var want [macSize]byte
	if subtle.ConstantTimeCompare(k.links.sum(want[:0], body), mac) != 1 {
		return Claims{}, ErrInvalid
	}
	return parse(p, body)
}

// kidOf picks the key id out of a token body, nil if there is none.
func kidOf(body []byte) []byte {
	n := int(body[2])
	if n > maxKid || 3+n > len(body) {
		return nil
	}
	return body[3 : 3+n]
}

// parse reads a body whose signature is good.
func parse(p Purpose, body []byte) (Claims, error) {
	flags, rest := body[1], body[3+int(body[2]):]
	want := 1 + 4
	for f := flags; f != 0; f &= f - 1 {
		want += 16
	}
	if body[0] != version || flags >= 1<<3 || len(rest) != want || Purpose(rest[0]) != p {
		return Claims{}, ErrInvalid
	}
	rest = rest[1:]
	var c Claims
	for i, id := range [...]*string{&c.Subject, &c.Topic, &c.Source} {
		if flags&(1<<i) != 0 {
			*id = formatUUID(rest[:16])
			rest = rest[16:]
		}
	}
	if s := binary.BigEndian.Uint32(rest); s != 0 {
		c.Issued = time.Unix(int64(s), 0).UTC()
	}
	return c, nil
}

func mustKnow(p Purpose) {
	if !p.Known() {
		panic("tokens: unknown purpose")
	}
}

// seconds keeps a time within what four bytes hold.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(max(0, min(t.Unix(), math.MaxUint32)))
}
