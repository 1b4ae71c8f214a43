package pages

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"assent/templates/assets"
	"assent/templates/locale"
)

// ContentPolicy is the Content-Security-Policy that every page of this package works under.
const ContentPolicy = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// MailPolicy is the Content-Security-Policy for the bare mail that View frames: its own opaque origin, no script.
const MailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; frame-ancestors 'self'"

// Page is what all pages share.
type Page struct {
	Locale *locale.Locale
	Brand  Brand
	// Notice is a line above everything, such as that the engine's clock is shifted. Empty: none.
	Notice string
	// Zone is the IANA zone that times are told in. Empty: UTC.
	Zone string
	// Languages are the same page in other languages, for its foot.
	Languages []Language
	// Public lets search engines list the page: events and policies, never a page behind a token.
	Public bool
}

// Brand is who speaks.
type Brand struct {
	Name string
	// LogoURL is shown only if it is a path on this host, because pages load nothing from elsewhere.
	LogoURL string
	// Color is "#rrggbb"; empty or malformed keeps the colour of the product.
	Color                          string
	PostalAddress                  string
	HomeURL, PrivacyURL, RightsURL string
}

// Language is one entry of the language links.
type Language struct {
	Tag, URL string
	Current  bool
}

func (b Brand) logo() string {
	if strings.HasPrefix(b.LogoURL, "/") && !strings.HasPrefix(b.LogoURL, "//") && !strings.Contains(b.LogoURL, "\\") {
		return b.LogoURL
	}
	return ""
}

func (b Brand) sheet() string { return assets.BrandURL(b.Color) }

func (b Brand) initial() string {
	for _, r := range b.Name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "A"
}

func (p Page) title(s string) string {
	if p.Brand.Name == "" {
		return s
	}
	return s + " – " + p.Brand.Name
}

func (p Page) date(t time.Time) string        { return p.Locale.DateTime(t, p.Zone) }
func (p Page) t(key string, kv ...any) string { return p.Locale.T(key, kv...) }

// MaskAddress hides most of an e-mail address, "anna@example.com" as "a***@e***.com", so that whoever a mail was
// passed on to does not learn whose it was. Masking twice changes nothing.
func MaskAddress(address string) string {
	local, domain, ok := cutLast(address, "@")
	if !ok || local == "" || domain == "" {
		return "***"
	}
	out := first(local) + "***@" + first(domain) + "***"
	if _, tld, ok := cutLast(domain, "."); ok && tld != "" {
		out += "." + tld
	}
	return out
}

func cutLast(s, sep string) (string, string, bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func first(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError || !unicode.IsPrint(r) {
		return ""
	}
	return s[:n]
}

// Topic is what a recipient chooses, in their language.
type Topic struct{ Key, Name, Description string }

// Undo takes a choice back: a POST of Token in the field FieldUndo to Action.
type Undo struct{ Action, Token string }

// Form fields that are not in the public contract by another name.
const (
	FieldScope = "scope" // unsubscribe page: ScopeTopic or ScopeAll
	ScopeTopic = "topic"
	ScopeAll   = "all"
	FieldUndo  = "undo"
)
