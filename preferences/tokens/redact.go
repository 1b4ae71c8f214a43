package tokens

import (
	"regexp"
	"strings"
)

const redacted = "[redacted]"

var (
	// The segment after a page that takes a token, whatever it holds.
	segment = regexp.MustCompile(`(/(?:[upcwvkrdonf]|why)/)[^/?#&\s"'<>\\]+`)
	// Anything long enough to be a token or a signed local part; ids and
	// fingerprints in hexadecimal stay readable.
	long     = regexp.MustCompile(`[A-Za-z0-9_-]{43,}`)
	hexadecs = regexp.MustCompile(`^[0-9a-f]+$`)
)

// Redact replaces every token in a path, URL or log line, so that a log never
// holds what would act for a recipient.
func Redact(s string) string {
	if strings.IndexByte(s, '/') >= 0 {
		s = segment.ReplaceAllString(s, "${1}"+redacted)
	}
	if len(s) < 43 {
		return s
	}
	return long.ReplaceAllStringFunc(s, func(m string) string {
		if hexadecs.MatchString(m) {
			return m
		}
		return redacted
	})
}
