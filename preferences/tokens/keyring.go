package tokens

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// minSecret is the least number of bytes of a secret.
const minSecret = 32

// Keyring holds the secrets of one installation, newest first. The newest
// signs; all of them verify, so that links made under a retired key still work.
// It is safe for concurrent use, and never prints what it holds.
type Keyring struct{ keys []*key }

type key struct {
	id     string
	secret []byte
	links  *macer // tokens in links
	locals *macer // local parts of mail addresses
	prints *macer // fingerprints of addresses
}

func newKey(id string, secret []byte) *key {
	return &key{
		id:     id,
		secret: secret,
		links:  newMacer(derive(secret, "links")),
		locals: newMacer(derive(secret, "local-parts")),
		prints: newMacer(derive(secret, "fingerprints")),
	}
}

// Parse reads "kid:base64,kid2:base64", newest first: key ids of 1 to 16
// letters, digits, '-' and '_', and standard base64 of 32 bytes or more. Space
// and line breaks around entries are ignored. Errors name an entry by its
// position, because anything else in it could be the secret.
func Parse(s string) (*Keyring, error) {
	r := &Keyring{}
	for i, entry := range strings.Split(s, ",") {
		k, err := parseEntry(strings.TrimSpace(entry))
		if err != nil {
			return nil, fmt.Errorf("entry %d %w", i+1, err)
		}
		if r.find([]byte(k.id)) != nil {
			return nil, fmt.Errorf("entry %d repeats the key id of an earlier one", i+1)
		}
		for _, other := range r.keys {
			if string(other.secret) == string(k.secret) {
				return nil, fmt.Errorf("entry %d repeats the secret of an earlier one", i+1)
			}
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func parseEntry(entry string) (*key, error) {
	if entry == "" {
		return nil, errors.New("is empty: want kid:base64")
	}
	id, text, ok := strings.Cut(entry, ":")
	if !ok {
		return nil, errors.New("has no key id: want kid:base64")
	}
	if !validKid(id) {
		return nil, errors.New("has a key id that is not 1 to 16 letters, digits, '-' or '_'")
	}
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("has a line break inside its secret")
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("has a secret that is not standard base64")
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("has a secret of %d bytes: want %d or more", len(secret), minSecret)
	}
	return newKey(id, secret), nil
}

func validKid(id string) bool {
	for i := 0; i < len(id); i++ {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return id != "" && len(id) <= maxKid
}

// find is the allow-list: a key id that is not on the ring picks no key.
func (r *Keyring) find(id []byte) *key {
	for _, k := range r.keys {
		if k.id == string(id) {
			return k
		}
	}
	return nil
}

// KeyIDs lists the key ids, newest first.
func (r *Keyring) KeyIDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// Derive returns 32-byte keys for another use, one for each secret, newest
// first: sign with the first, accept them all. Each use has its own label.
func (r *Keyring) Derive(use string) [][]byte {
	keys := make([][]byte, len(r.keys))
	for i, k := range r.keys {
		keys[i] = derive(k.secret, "other/"+use)
	}
	return keys
}

// Format keeps secrets out of logs whatever the verb.
func (r *Keyring) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Keyring(%d keys)", len(r.keys)) }
