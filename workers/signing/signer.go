package signing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences/address"
	"assent/preferences/gate"
	"assent/preferences/staff/secret"
	"assent/workers/message"
)

type signerKey struct {
	stream gate.Stream
	domain string
}

// signer is what a domain's mail is signed with, as it was read at a time; nil for none.
type signer struct {
	id      string
	signer  *message.Signer
	read    time.Time
	because error
}

// fresh is how long a worker goes on with a key after another one was switched to. The old record is still in DNS then.
const fresh = 5 * time.Second

// Signer is what mail of a stream with this From address is signed with; nil when it is not signed here. An error means that it
// should be and cannot: then it must not go out.
func (s *Store) Signer(ctx context.Context, stream gate.Stream, from string) (*message.Signer, error) {
	domain := from[strings.LastIndexByte(from, '@')+1:]
	key := signerKey{stream, domain}
	s.mu.Lock()
	had, ok := s.signers[key]
	s.mu.Unlock()
	if ok && time.Since(had.read) < fresh {
		return had.signer, had.because
	}
	now, err := s.read(ctx, stream, domain, had)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.signers == nil || len(s.signers) > 1000 {
		s.signers = map[signerKey]signer{}
	}
	s.signers[key] = now
	s.mu.Unlock()
	return now.signer, now.because
}

func (s *Store) forget() {
	s.mu.Lock()
	s.signers = nil
	s.mu.Unlock()
}

// read finds the key in use for the domain, or for one above it.
func (s *Store) read(ctx context.Context, stream gate.Stream, domain string, had signer) (signer, error) {
	out := signer{read: time.Now()}
	if a, err := address.Parse("x@" + domain); err == nil {
		domain = a.Domain
	}
	for d := domain; strings.Contains(d, "."); _, d, _ = strings.Cut(d, ".") {
		var selector, rsaBox, edBox string
		err := s.DB.QueryRowContext(ctx, "SELECT id, selector, rsa_private, ed_private FROM dkim_keys WHERE stream = $1 AND domain = $2 AND active_at IS NOT NULL AND retired_at IS NULL", string(stream), d).
			Scan(&out.id, &selector, &rsaBox, &edBox)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return out, fmt.Errorf("signing: %w", err)
		}
		if out.id == had.id && had.signer != nil {
			out.signer = had.signer
			return out, nil
		}
		out.signer, out.because = s.open(out.id, d, selector, rsaBox, edBox)
		return out, nil
	}
	return out, nil
}

// open unseals a key.
func (s *Store) open(id, domain, selector, rsaBox, edBox string) (*message.Signer, error) {
	var keys []message.Key
	for _, half := range [][2]string{{selector, rsaBox}, {edSelector(selector), edBox}} {
		name := half[0]
		text, ok := secret.Open(s.Seal, half[1], "dkim:"+id)
		if !ok {
			return nil, fmt.Errorf("signing: the key %s of %s cannot be unsealed; was it made under other ASSENT_SECRETS? Make a new one", name, domain)
		}
		k, err := message.ParseKey(name, []byte(text))
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		keys = append(keys, k)
	}
	return message.NewSigner(domain, keys...)
}
