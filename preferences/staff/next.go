package staff

import (
	"net/url"
	"strings"
)

// SafeNext returns next if it is a path of this site, else fallback. It is what
// every redirect to an address from a request goes through (CVE-2022-40083): no
// scheme, no host, nothing that a browser reads as one, in whatever encoding.
func SafeNext(next, fallback string) string {
	const most = 1000
	if next == "" || len(next) > most || strings.Contains(next, " ") || !local(next) {
		return fallback
	}
	// What decodes to something that leaves is refused too, however often it is encoded.
	for path, _, _ := strings.Cut(next, "?"); ; {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return fallback
		}
		if decoded == path {
			return next
		}
		if path = decoded; !local(path) {
			return fallback
		}
	}
}

func local(next string) bool {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return false
	}
	for _, r := range next {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 { // browsers drop tabs and line breaks: "/\t/evil"
			return false
		}
	}
	u, err := url.Parse(next)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.Contains(u.Path, "//")
}
