package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of every request, as Standard Webhooks names them.
const (
	HeaderID        = "Webhook-Id" // the same on every attempt, to tell a repeat by
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const secretPrefix = "whsec_"

func newSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: the program ends instead
	return secretPrefix + base64.StdEncoding.EncodeToString(raw)
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
