package tokens

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// macer computes HMAC-SHA256 under one key. It keeps keyed states for reuse,
// because setting one up costs as much as the sum itself.
type macer struct{ pool sync.Pool }

func newMacer(key []byte) *macer {
	return &macer{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// sum appends the MAC of msg to dst, which may share its memory with msg.
func (m *macer) sum(dst, msg []byte) []byte {
	h := m.pool.Get().(hash.Hash)
	h.Reset()
	h.Write(msg)
	dst = h.Sum(dst)
	m.pool.Put(h)
	return dst
}

// derive makes the 32-byte key for one use of a secret. Uses are told apart by
// their label and never share a key.
func derive(secret []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "assent/"+use+"/v1", 32)
	if err != nil {
		panic(err) // only for lengths that are not ours
	}
	return key
}
