package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// FormToken returns a token for the forms of a session, bound to the session's
// own token. It differs each time, so that a compressed page gives nothing of it
// away (BREACH).
func FormToken(session string) string {
	sum := formSum(session)
	token := make([]byte, 2*len(sum))
	mask := token[:len(sum)]
	rand.Read(mask)
	for i, b := range sum {
		token[len(sum)+i] = b ^ mask[i]
	}
	return base64.RawURLEncoding.EncodeToString(token)
}

// CheckFormToken says whether token was made for the session; for an empty session none is.
func CheckFormToken(session, token string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	sum := formSum(session)
	if err != nil || session == "" || len(raw) != 2*len(sum) {
		return false
	}
	got := make([]byte, len(sum))
	for i := range got {
		got[i] = raw[i] ^ raw[len(sum)+i]
	}
	return hmac.Equal(got, sum)
}

func formSum(session string) []byte {
	mac := hmac.New(sha256.New, []byte(session))
	mac.Write([]byte("assent form token"))
	return mac.Sum(nil)
}
