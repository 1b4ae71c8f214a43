package webhooks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// Headers of every request, as Standard Webhooks names them.
const (
	HeaderID        = "Webhook-Id" // the same on every attempt, to tell a repeat by
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const secretPrefix = "whsec_"

// newSecret makes a secret of a webhook, and what is stored of it.
func (s *Store) newSecret(webhook string) (text, box string, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: the program ends instead
	text = secretPrefix + base64.StdEncoding.EncodeToString(raw)
	box, err = secret.Seal(s.Seal, text, sealedFor(webhook))
	return text, box, err
}

func sealedFor(webhook string) string { return "webhook:" + webhook }

// sign is the signature of a call with the secret of its webhook and, for a day after a rotation, with the one before.
func (s *Store) sign(c call, at time.Time, body []byte) (string, error) {
	var signatures []string
	for _, box := range []string{c.secret, c.old} {
		if box == "" {
			continue
		}
		text, ok := secret.Open(s.Seal, box, sealedFor(c.webhook))
		if !ok {
			return "", errors.New("its secret was made under other ASSENT_SECRETS: make a new one")
		}
		signatures = append(signatures, Signature(text, c.id, at, body))
	}
	return strings.Join(signatures, " "), nil
}

// SealStored seals the secrets that an earlier version stored as they were.
func (s *Store) SealStored(ctx context.Context) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		plain := map[string][2]string{}
		for row := range sqldb.Rows(ctx, tx, "SELECT id, secret, old_secret FROM webhooks WHERE secret LIKE '"+secretPrefix+"%' OR old_secret LIKE '"+secretPrefix+"%'") {
			var id string
			var kept [2]string
			if err := row.Scan(&id, &kept[0], &kept[1]); err != nil {
				return fmt.Errorf("webhooks: seal: %w", err)
			}
			plain[id] = kept
		}
		for id, kept := range plain {
			for i, text := range kept {
				if !strings.HasPrefix(text, secretPrefix) {
					continue
				}
				box, err := secret.Seal(s.Seal, text, sealedFor(id))
				if err != nil {
					return fmt.Errorf("webhooks: seal: %w", err)
				}
				kept[i] = box
			}
			if _, err := tx.ExecContext(ctx, "UPDATE webhooks SET secret = $1, old_secret = $2 WHERE id = $3", kept[0], kept[1], id); err != nil {
				return fmt.Errorf("webhooks: seal: %w", err)
			}
		}
		return nil
	})
}

// Signature is HMAC-SHA256 over id, time and body, so that neither can be changed and a request cannot be sent again later.
func Signature(secret, id string, at time.Time, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		key = []byte(secret)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Tolerance is how far the time of a request may be from the receiver's.
const Tolerance = 5 * time.Minute

// Verify is the receiver's side: whether a request with these headers is ours, unchanged and fresh.
func Verify(secret string, h http.Header, body []byte, now time.Time) bool {
	seconds, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
	if err != nil {
		return false
	}
	at := time.Unix(seconds, 0)
	if now.Sub(at).Abs() > Tolerance {
		return false
	}
	want, good := []byte(Signature(secret, h.Get(HeaderID), at, body)), false
	for _, got := range strings.Fields(h.Get(HeaderSignature)) {
		good = hmac.Equal(want, []byte(got)) || good
	}
	return good
}
