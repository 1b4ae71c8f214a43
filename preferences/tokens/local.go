package tokens

import (
	"crypto/subtle"
	"encoding/base32"
	"strings"
)

// A signed local part is 64 octets, the most that RFC 5321 §4.5.3.1.1 allows:
// the purpose as one letter, then 63 characters of lower-case base32 that hold
// the two ids (32 bytes) and as much of the MAC as fits, 56 bits. There is no
// room for a key id, so every key is tried. 56 bits are short for a signature
// but enough here: a guess costs a whole SMTP transaction, and what a good one
// gains is one bounce or one unsubscribe for ids that must be known as well.
const (
	localMAC  = 7
	localBody = 32
	localLen  = 1 + 63
)

var localEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// SignLocal makes the local part of a return path or of a mailto unsubscribe:
// 64 octets of lower-case letters and digits. Like Sign it panics if an id is
// neither empty nor a UUID or the purpose is not known.
func (r *Keyring) SignLocal(p Purpose, subject, source string) string {
	mustKnow(p)
	var raw [localBody + localMAC]byte
	s, c := mustUUID(subject), mustUUID(source)
	copy(raw[:16], s[:])
	copy(raw[16:], c[:])
	mac := r.keys[0].localMAC(p, raw[:localBody])
	copy(raw[localBody:], mac[:])
	var text [localLen]byte
	text[0] = byte(p)
	localEncoding.Encode(text[1:], raw[:])
	return string(text[:])
}

// VerifyLocal reads a local part that was signed for this purpose under any key
// of the ring, or returns ErrInvalid. Letters may have been folded in case on
// the way. Claims carry Subject and Source only.
func (r *Keyring) VerifyLocal(p Purpose, local string) (Claims, error) {
	if !p.Known() || len(local) != localLen || lower(local[0]) != byte(p) {
		return Claims{}, ErrInvalid
	}
	var text [localLen - 1]byte
	for i := range text {
		text[i] = lower(local[i+1])
	}
	// The last character carries two bits; the other three must be zero, or
	// one local part would have several spellings. Line breaks are skipped by
	// the decoder and so make the result too short.
	var raw [localBody + localMAC]byte
	n, err := localEncoding.Decode(raw[:], text[:])
	if err != nil || n != len(raw) || strings.IndexByte("aiqy", text[len(text)-1]) < 0 {
		return Claims{}, ErrInvalid
	}
	good := 0
	for _, k := range r.keys {
		mac := k.localMAC(p, raw[:localBody])
		good |= subtle.ConstantTimeCompare(mac[:], raw[localBody:])
	}
	if good != 1 {
		return Claims{}, ErrInvalid
	}
	return Claims{Subject: formatUUID(raw[:16]), Source: formatUUID(raw[16:32])}, nil
}

// localMAC is the truncated MAC over version, purpose and ids.
func (k *key) localMAC(p Purpose, ids []byte) (mac [localMAC]byte) {
	var msg [2 + localBody]byte
	msg[0], msg[1] = version, byte(p)
	copy(msg[2:], ids)
	var sum [macSize]byte
	copy(mac[:], k.locals.sum(sum[:0], msg[:]))
	return mac
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
