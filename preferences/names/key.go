package names

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"assent/preferences/problem"
)

var keyForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$`)

// KeyRule says what a key looks like.
const KeyRule = "must be 1 to 64 lower-case letters, digits, - or _, with a letter or digit at both ends"

// IsKey tells whether s may name something in an address, such as a topic or an event.
func IsKey(s string) bool { return keyForm.MatchString(s) }

// CheckKey notes a key that is missing or malformed.
func CheckKey(c *problem.Collector, field, key string) {
	switch {
	case key == "":
		c.Require(field, key)
	case !IsKey(key):
		c.Add(field, KeyRule)
	}
}

// mostKey is how long a key is that is made of a text.
const mostKey = 60

// plain are letters that do not come apart into one of a to z and a mark.
var plain = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "'", "", "’", "")

// KeyOf makes a key of a text, such as a name that somebody wrote; empty when it has no letter or digit that a key may have.
func KeyOf(text string) string {
	var key strings.Builder
	for _, r := range norm.NFD.String(plain.Replace(strings.ToLower(text))) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			key.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the mark of the letter before
		case key.Len() > 0 && !strings.HasSuffix(key.String(), "-"):
			key.WriteByte('-')
		}
		if key.Len() >= mostKey {
			break
		}
	}
	return strings.TrimRight(key.String(), "-")
}

// MaxLine bounds a name or title.
const MaxLine = 200

// CheckLine notes a text that is missing, too long, or could break out of a line or a mail header.
func CheckLine(c *problem.Collector, field, text string) {
	if strings.TrimSpace(text) == "" {
		c.Require(field, "")
		return
	}
	CheckOptionalLine(c, field, text)
}

// CheckOptionalLine is [CheckLine] for a text that may be missing.
func CheckOptionalLine(c *problem.Collector, field, text string) {
	switch {
	case !utf8.ValidString(text) || strings.IndexFunc(text, breaks) >= 0:
		c.Add(field, "must be one line without control characters")
	case utf8.RuneCountInString(text) > MaxLine:
		c.Add(field, "must have at most %d characters", MaxLine)
	}
}

// CheckLink notes a text that is not a full address on the web.
func CheckLink(c *problem.Collector, field, link string) {
	u, err := url.Parse(link)
	odd := strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r == '"' || r == '<' || r == '>' || r == '\\' || r == 0x7f })
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || len(link) > maxLink || odd {
		c.Add(field, "must be a full http:// or https:// address")
	}
}

const maxLink = 2000

func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
