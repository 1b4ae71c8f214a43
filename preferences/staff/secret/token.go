package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

// base32 of RFC 4648 §6 in lower case and without padding: letters and digits
// only, so that a double click selects the whole.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewToken returns 256 random bits as 43 characters that are safe in a cookie
// and a URL.
func NewToken() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash returns the SHA-256 of a token or key. It is fit only for secrets that
// are random themselves; passwords need HashPassword.
func Hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Same compares two secrets in constant time.
func Same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// NewKey returns an API key of the form ak_<id>_<secret>. The id is public: it
// names the key in lists and logs.
func NewKey(id string) string {
	b := make([]byte, 32)
	rand.Read(b)
	return "ak_" + strings.ReplaceAll(id, "-", "") + "_" + lower.EncodeToString(b)
}

// NewRecoveryCodes returns n codes of 80 random bits, in groups of four
// characters for the eye.
func NewRecoveryCodes(n int) []string {
	codes := make([]string, n)
	for i := range codes {
		b := make([]byte, 10)
		rand.Read(b)
		s := lower.EncodeToString(b)
		codes[i] = s[0:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:16]
	}
	return codes
}

// HashRecoveryCode returns what is stored of a recovery code, whatever case and
// separators it is typed with.
func HashRecoveryCode(code string) []byte {
	code = strings.ToLower(code)
	return Hash("recovery:" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '2' && r <= '7' {
			return r
		}
		return -1
	}, code))
}
