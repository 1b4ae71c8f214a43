package staff

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/staff/oidc"
	"assent/preferences/staff/passkeys"
	"assent/templates/site"
)

// Site is what the pages of staff rest on: who may see them, and the pages on
// which staff sign in and look after accounts, colleagues and keys.
type Site struct {
	DB       *sqldb.DB
	Accounts *accounts.Store
	Keys     *keys.Store
	Base     *url.URL          // public address
	OIDC     *oidc.Provider    // nil: no identity provider
	Passkeys *passkeys.Service // nil: not possible at this address
	Offset   time.Duration     // by which the clock is shifted, shown on every page
	// Counts are the figures in the navigation of a page, by its keys; nil for none.
	Counts func(ctx context.Context, p site.Page, v *Visitor) map[string]string

	origins *http.CrossOriginProtection
	pages   func() []string // the paths that answer GET
	served  func() map[string]bool
}

// NewSite makes the site that is served at base. Settings that are not arguments
// are fields, to be set before it serves.
func NewSite(db *sqldb.DB, people *accounts.Store, api *keys.Store, base *url.URL) (*Site, error) {
	s := &Site{DB: db, Accounts: people, Keys: api, Base: base, origins: http.NewCrossOriginProtection()}
	s.served = sync.OnceValue(s.lists)
	// A proxy may give us another Host than the one that browsers see.
	if err := s.origins.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, err
	}
	var err error
	if s.Passkeys, err = passkeys.New(people, base); err != nil {
		s.Passkeys = nil
	}
	return s, nil
}

// The pages that this package serves.
const (
	pathSignIn   = site.Base + "/sign-in"
	pathSecond   = site.Base + "/sign-in/code"
	pathPasskey  = site.Base + "/sign-in/passkey"
	pathOIDC     = site.Base + "/sign-in/oidc"
	pathSignOut  = site.Base + "/sign-out"
	pathSetUp    = site.Base + "/set-up/"
	pathPassword = site.Base + "/password/"
	pathAddress  = site.Base + "/address/"
	pathAccount  = site.Base + "/account"
	pathSecurity = site.Base + "/security"
)

// SetUpURL is the address of the one-time set-up link with this token.
func (s *Site) SetUpURL(token string) string { return s.Base.JoinPath(pathSetUp, token).String() }

// AddressURL is where the link with this token confirms a new e-mail address.
func AddressURL(base *url.URL, token string) string {
	return base.JoinPath(pathAddress, token).String()
}

// SecretLinks are what the addresses begin with that let whoever has them in.
func SecretLinks() []string { return []string{pathPassword, pathAddress, pathSetUp} }

// PasswordURL is the address at which the owner of this token chooses a password.
func PasswordURL(base *url.URL, token string) string {
	return base.JoinPath(pathPassword, token).String()
}

// OIDCRedirect is the address to which an identity provider sends people back.
func OIDCRedirect(base *url.URL) *url.URL { return base.JoinPath(pathOIDC, "back") }

// lists are the entries of the navigation whose page is served.
func (s *Site) lists() map[string]bool {
	served := map[string]bool{}
	for _, path := range s.pages() {
		if rest, ok := strings.CutPrefix(path, site.Base); ok {
			served[strings.TrimPrefix(rest, "/")] = true
		}
	}
	served[site.NavHome] = served[""]
	return served
}

// Serves says whether the list of an entry of the navigation is served, so that no link leads nowhere.
// It is known once every page is registered.
func (s *Site) Serves(key string) bool { return s.served()[key] }

// mayOpen says which entries of the navigation a person is offered.
func (s *Site) mayOpen(roles []access.Role) func(key string) bool {
	return func(key string) bool {
		if !s.Serves(key) {
			return false
		}
		switch key {
		case site.NavPeople, site.NavKeys, site.NavWebhooks, site.NavSettings:
			return access.Has(roles, access.Administrator)
		case site.NavAudit:
			return access.Has(roles, access.PrivacyOfficer)
		case site.NavRequests:
			return access.Has(roles, access.PrivacyOfficer, access.ReadOnly)
		}
		return true
	}
}

// The cookies.
const (
	cookieSession = "assent"       // the session
	cookieStep    = "assent-step"  // a ceremony at an identity provider that is under way
	cookieForm    = "assent-form"  // what the forms of somebody who is not signed in are bound to
	cookieFlash   = "assent-flash" // what was just done, told on the next page
)

func (s *Site) secure() bool { return s.Base.Scheme == "https" }

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
