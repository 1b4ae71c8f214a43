package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ErrInvalid is wrapped by every error of Parse. The text after it says what
// is wrong and may be shown to whoever typed the address.
var ErrInvalid = errors.New("not an e-mail address")

const (
	maxAddress = 254 // RFC 5321 §4.5.3.1.3 less the angle brackets
	maxLocal   = 64  // RFC 5321 §4.5.3.1.1
)

// Address is one parsed address. The zero Address is none.
type Address struct {
	Local   string // as written, in NFC
	Domain  string // lower-case A-labels
	Display string // for people: Local, @, domain in its own script
	Key     string // the email_key: lower-case Local, @, Domain

	// NeedsSMTPUTF8 says that Local is not ASCII: such an address can be
	// reached only through a server that offers SMTPUTF8 (RFC 6531).
	NeedsSMTPUTF8 bool
}

// String is the form for SMTP and mail headers.
func (a Address) String() string {
	if a.Domain == "" {
		return ""
	}
	return a.Local + "@" + a.Domain
}

var names = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.CheckJoiners(true),
	idna.CheckHyphens(false), // names like r3---sn.example exist; see hyphenated
	idna.StrictDomainName(true),
	idna.Transitional(false),
	idna.VerifyDNSLength(true),
)

// Parse reads a bare address. Spaces around it are dropped; anything else that
// is not part of an address is an error.
func Parse(s string) (Address, error) {
	s = strings.Trim(s, " ")
	if !utf8.ValidString(s) {
		return Address{}, invalid("it is not valid UTF-8")
	}
	if len(s) > 4*maxAddress {
		return Address{}, invalid("it is too long")
	}
	for _, r := range s {
		if unsafe(r) || unicode.IsSpace(r) || invisible(r) {
			return Address{}, invalid("it holds a space, a control character or an invisible one")
		}
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, invalid("it has no @")
	}
	local, key, err := parseLocal(s[:at])
	if err != nil {
		return Address{}, err
	}
	domain, display, err := parseDomain(s[at+1:])
	if err != nil {
		return Address{}, err
	}
	// The key can be longer than what was written: lower case may take more
	// bytes. It has to be an address that Parse takes, too.
	if max(len(local), len(key))+1+len(domain) > maxAddress {
		return Address{}, invalid("it is longer than 254 bytes")
	}
	return Address{
		Local:         local,
		Domain:        domain,
		Display:       local + "@" + display,
		Key:           key + "@" + domain,
		NeedsSMTPUTF8: !ascii(local),
	}, nil
}

// parseLocal returns the part before the @ as it is written and as it is
// compared.
func parseLocal(s string) (local, key string, err error) {
	local = norm.NFC.String(s)
	key = fold(local)
	switch {
	case local == "":
		return "", "", invalid("nothing stands before the @")
	case len(local) > maxLocal || len(key) > maxLocal:
		return "", "", invalid("the part before the @ is longer than 64 bytes")
	case strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return "", "", invalid("the part before the @ has a dot out of place")
	}
	for _, r := range local {
		if r < utf8.RuneSelf && !atext(byte(r)) && r != '.' {
			return "", "", invalid("the part before the @ holds a character that addresses do not have")
		}
	}
	return local, key, nil
}

// fold makes the local part comparable. Case folding and NFC can each undo the
// other, so they alternate until nothing changes.
func fold(s string) string {
	for range 4 {
		next := norm.NFC.String(strings.ToLower(s))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// parseDomain returns the domain as A-labels and for display.
func parseDomain(s string) (domain, display string, err error) {
	if s == "" {
		return "", "", invalid("nothing stands after the @")
	}
	domain, err = names.ToASCII(s)
	// A trailing dot is legal in DNS and would be a second spelling here.
	if err != nil || domain == "" || strings.HasSuffix(domain, ".") || hyphenated(domain) {
		return "", "", invalid("the part after the @ is not a domain name")
	}
	// What was mapped to A-labels must stand on its own, or the key would not
	// read back as itself.
	again, err := names.ToASCII(domain)
	if err != nil || again != domain {
		return "", "", invalid("the part after the @ is not a domain name")
	}
	display, err = names.ToUnicode(domain)
	if err != nil {
		display = domain
	}
	return domain, display, nil
}

// hyphenated says whether a label begins or ends with a hyphen (RFC 1123 §2.1).
func hyphenated(domain string) bool {
	return strings.HasPrefix(domain, "-") || strings.HasSuffix(domain, "-") ||
		strings.Contains(domain, ".-") || strings.Contains(domain, "-.")
}

// atext is RFC 5322 §3.2.3.
func atext(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

// FoldPlus removes the tag after a plus sign from an email_key, so that one
// mailbox counts once. It is for rate limits only: to the owner of a mailbox
// the tags are different addresses, with their own consents.
func FoldPlus(key string) string {
	at := strings.LastIndexByte(key, '@')
	if at < 0 {
		return key
	}
	if plus := strings.IndexByte(key[:at], '+'); plus > 0 {
		return key[:plus] + key[at:]
	}
	return key
}
