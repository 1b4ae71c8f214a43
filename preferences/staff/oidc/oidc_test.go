package oidc_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/oidc"
	"assent/preferences/staff/secret"
)

var (
	ctx  = context.Background()
	home = accounts.From{IP: "192.0.2.1"}
	key  = func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	}()
)

// idp is an identity provider with one person, who always agrees.
type idp struct {
	*httptest.Server
	claims    map[string]any
	challenge string // of PKCE, from the authorization request
	forged    bool   // sign with another key
}

func newIDP(t *testing.T) *idp {
	p := &idp{}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": encoded(key.N.Bytes()), "e": encoded(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if id, password, _ := r.BasicAuth(); id != "assent" || password != "shh" || r.FormValue("code") != "code" || encoded(sum[:]) != p.challenge {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.token(t)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *idp) token(t *testing.T) string {
	body, _ := json.Marshal(p.claims)
	signed := encoded([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encoded(body)
	digest := sha256.Sum256([]byte(signed))
	signer := key
	if p.forged {
		signer, _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, signer, crypto.SHA256, digest[:])
	if err != nil {
		t.Error(err)
	}
	return signed + "." + encoded(signature)
}

type fixture struct {
	*oidc.Provider
	idp    *idp
	people *accounts.Store
	ada    accounts.User
}

func exercise(t *testing.T, test func(t *testing.T, f fixture)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		people := accounts.New(db, func() time.Time { return time.Now().Add(900 * time.Hour).UTC() }) // a shifted clock
		people.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
		ada, err := people.Add(ctx, audit.System("test"), accounts.NewUser{Email: "ada@example.org", Roles: []access.Role{access.Administrator}})
		if err != nil {
			t.Fatal(err)
		}
		idp := newIDP(t)
		provider := oidc.New(people, oidc.Config{Issuer: idp.URL, ClientID: "assent", ClientSecret: "shh"}, &url.URL{Scheme: "https", Host: "assent.example", Path: "/back"})
		test(t, fixture{provider, idp, people, ada})
	})
}

// in goes to the provider and comes back; change alters what the provider says.
func (f fixture) in(t *testing.T, change func(claims map[string]any, back url.Values)) (accounts.SignedIn, string, error) {
	t.Helper()
	to, step, err := f.Begin(ctx, "/admin/people")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(to)
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != "https://assent.example/back" || q.Get("response_type") != "code" {
		t.Fatalf("sent to %s", to)
	}
	f.idp.challenge, f.idp.forged = q.Get("code_challenge"), false
	f.idp.claims = map[string]any{"iss": f.idp.URL, "aud": "assent", "sub": "subject-1", "nonce": q.Get("nonce"), "email": "Ada@example.org", "email_verified": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	back := url.Values{"state": {q.Get("state")}, "code": {"code"}}
	if change != nil {
		change(f.idp.claims, back)
	}
	return f.Finish(ctx, step, back.Get("state"), back.Get("code"), home)
}

func TestPersonIsKnownByTheSubjectAfterTheFirstTime(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		in, next, err := f.in(t, nil)
		if err != nil || in.User.ID != f.ada.ID || in.Session.Factors != "oidc" || next != "/admin/people" {
			t.Fatalf("%+v, %q, %v", in, next, err)
		}
		if _, _, err := f.people.Resume(ctx, in.Token); err != nil {
			t.Error(err)
		}
		in, _, err = f.in(t, func(claims map[string]any, _ url.Values) { claims["email"] = "ada.married@example.org" })
		if err != nil || in.User.ID != f.ada.ID {
			t.Errorf("with another address: %v", err)
		}
	})
}

func TestOnlyWhomTheProviderVouchesForGetsIn(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		for name, change := range map[string]func(claims map[string]any, back url.Values){
			"another state":      func(_ map[string]any, back url.Values) { back.Set("state", secret.NewToken()) },
			"no state":           func(_ map[string]any, back url.Values) { back.Del("state") },
			"no code":            func(_ map[string]any, back url.Values) { back.Del("code") },
			"another code":       func(_ map[string]any, back url.Values) { back.Set("code", "stolen") },
			"another nonce":      func(claims map[string]any, _ url.Values) { claims["nonce"] = "x" },
			"no nonce":           func(claims map[string]any, _ url.Values) { delete(claims, "nonce") },
			"another client":     func(claims map[string]any, _ url.Values) { claims["aud"] = "other" },
			"another issuer":     func(claims map[string]any, _ url.Values) { claims["iss"] = "https://evil.example" },
			"expired":            func(claims map[string]any, _ url.Values) { claims["exp"] = time.Now().Add(-time.Hour).Unix() },
			"forged":             func(map[string]any, url.Values) { f.idp.forged = true },
			"no subject":         func(claims map[string]any, _ url.Values) { delete(claims, "sub") },
			"not on the staff":   func(claims map[string]any, _ url.Values) { claims["email"] = "eve@example.org" },
			"unverified address": func(claims map[string]any, _ url.Values) { claims["email_verified"] = false },
			"verified left out":  func(claims map[string]any, _ url.Values) { delete(claims, "email_verified") },
			"nothing but subject": func(claims map[string]any, _ url.Values) {
				maps.DeleteFunc(claims, func(k string, _ any) bool { return k == "email" })
			},
		} {
			if in, _, err := f.in(t, change); !errors.Is(err, accounts.ErrRefused) || in.Token != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestDisabledPersonIsOutByOIDCToo(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		if _, err := f.people.Add(ctx, audit.System("test"), accounts.NewUser{Email: "bob@example.org", Roles: []access.Role{access.Administrator}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.in(t, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.people.Disable(ctx, audit.System("test"), f.ada.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.in(t, nil); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("known by subject: %v", err)
		}
		if _, _, err := f.in(t, func(claims map[string]any, _ url.Values) { claims["sub"] = "subject-2" }); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("known by address: %v", err)
		}
	})
}

func TestStepIsNeededAndWorksOnce(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		if _, _, err := f.Finish(ctx, "", "x", "code", home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("without a step: %v", err)
		}
		to, step, _ := f.Begin(ctx, "/")
		u, _ := url.Parse(to)
		_, _, _ = f.Finish(ctx, step, "wrong", "code", home)
		if _, _, err := f.Finish(ctx, step, u.Query().Get("state"), "code", home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("a used step: %v", err)
		}
	})
}

func TestAbsentProviderStopsOnlyItsOwnWayIn(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		people := accounts.New(db, time.Now)
		p := oidc.New(people, oidc.Config{Issuer: "http://127.0.0.1:1/realm", ClientID: "assent"}, &url.URL{})
		if p.Name() != "127.0.0.1:1" {
			t.Errorf("name %q", p.Name())
		}
		_, _, err := p.Begin(ctx, "/")
		if q, ok := problem.As(err); !ok || q.Status != 503 {
			t.Errorf("%v", err)
		}
	})
}
