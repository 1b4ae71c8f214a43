package staff

import (
	"net/http"
	"net/url"

	"assent/preferences/sqldb"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
)

// Site is what the pages of staff rest on: who may see them, and the pages on
// which staff sign in and look after accounts, colleagues and keys.
type Site struct {
	DB       *sqldb.DB
	Accounts *accounts.Store
	Keys     *keys.Store
	Base     *url.URL // public address
	Home     string   // where a person lands after signing in

	origins *http.CrossOriginProtection
}

// NewSite makes the site that is served at base.
func NewSite(db *sqldb.DB, people *accounts.Store, api *keys.Store, base *url.URL) (*Site, error) {
	s := &Site{DB: db, Accounts: people, Keys: api, Base: base, Home: "/", origins: http.NewCrossOriginProtection()}
	// A proxy may give us another Host than the one that browsers see.
	if err := s.origins.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Site) secure() bool { return s.Base.Scheme == "https" }

// The cookies.
const (
	cookieSession = "assent"      // the session
	cookieStep    = "assent-step" // a sign-in that awaits its second factor, or a ceremony under way
	cookieForm    = "assent-form" // what the forms of somebody who is not signed in are bound to
)

// cookieName has the prefix that keeps other hosts of the domain from setting the
// cookie, where browsers allow it (RFC 6265bis §4.1.3.2).
func (s *Site) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

func (s *Site) cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode}
}
