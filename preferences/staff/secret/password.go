package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Params are the costs of one password hash.
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// Recommended are the costs that RFC 9106 §4 recommends where memory is short:
// 64 MiB, three passes, four lanes.
var Recommended = Params{MemoryKiB: 64 * 1024, Passes: 3, Threads: 4}

// Limits of what a stored hash may ask for, so that a damaged row cannot take
// the machine's memory.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
	saltLength   = 16
	hashLength   = 32
)

var errMalformed = errors.New("secret: malformed password hash")

// HashPassword returns the argon2id hash of password in PHC string form, with a
// fresh salt. Passwords are normalised to NFC first, so that the same password
// typed on another system is the same.
func HashPassword(password string, p Params) string {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	sum := argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, p.Passes, p.MemoryKiB, p.Threads, hashLength)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.MemoryKiB, p.Passes, p.Threads, enc.EncodeToString(salt), enc.EncodeToString(sum))
}

// CheckPassword says whether password is the one that hash was made of. A
// malformed or empty hash fits no password.
func CheckPassword(hash, password string) bool {
	p, salt, want, err := parseHash(hash)
	if err != nil {
		return false
	}
	got := argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, p.Passes, p.MemoryKiB, p.Threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// NeedsRehash says whether hash was made with other costs than p.
func NeedsRehash(hash string, p Params) bool {
	have, _, _, err := parseHash(hash)
	return err != nil || have != p
}

func parseHash(hash string) (p Params, salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return p, nil, nil, errMalformed
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return p, nil, nil, errMalformed
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Threads); err != nil {
		return p, nil, nil, errMalformed
	}
	if p.MemoryKiB > maxMemoryKiB || p.Passes == 0 || p.Passes > maxPasses || p.Threads == 0 {
		return p, nil, nil, errMalformed
	}
	if salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return p, nil, nil, errMalformed
	}
	if sum, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(sum) < 16 || len(sum) > 64 {
		return p, nil, nil, errMalformed
	}
	return p, salt, sum, nil
}
