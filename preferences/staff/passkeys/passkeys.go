package passkeys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/accounts"
)

// ErrUnavailable is returned where browsers offer no passkeys: at a bare address of the
// network, and without HTTPS elsewhere than on localhost.
var ErrUnavailable = errors.New("passkeys: need HTTPS and a host name")

const (
	stepAdd    = "passkey-add"
	stepSignIn = "passkey-sign-in"
	most       = 20 // passkeys of one person
)

// Service runs the ceremonies.
type Service struct {
	accounts *accounts.Store
	party    *webauthn.WebAuthn
}

// New makes the service for the site at base.
func New(store *accounts.Store, base *url.URL) (*Service, error) {
	host := base.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || base.Scheme != "https" && host != "localhost" {
		return nil, ErrUnavailable
	}
	party, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: store.Issuer, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		AttestationPreference:             protocol.PreferNoAttestation,
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // we look at none
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Service{accounts: store, party: party}, nil
}

// Passkey is one passkey of a person.
type Passkey struct {
	ID        string
	Name      string
	CreatedAt time.Time
	UsedAt    time.Time // zero when never
}

// owner is a person as the library wants one.
type owner struct {
	user        accounts.User
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return []byte(o.user.ID) }
func (o owner) WebAuthnName() string                       { return o.user.Email }
func (o owner) WebAuthnDisplayName() string                { return o.user.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

// BeginAdd returns the options for navigator.credentials.create and the token of
// the step. It wants the password of a person who has one, so that an unattended
// browser is not enough.
func (s *Service) BeginAdd(ctx context.Context, u accounts.User, password string, from accounts.From) (options json.RawMessage, step string, err error) {
	if u.HasPassword {
		if err := s.accounts.ConfirmPassword(ctx, u, password, from); err != nil {
			return nil, "", err
		}
	}
	o, err := s.owner(ctx, u.ID)
	if err != nil {
		return nil, "", err
	}
	if len(o.credentials) >= most {
		return nil, "", problem.Conflict("You have many passkeys. Remove one that you do not use.")
	}
	creation, session, err := s.party.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, "", fmt.Errorf("passkeys: begin to add: %w", err)
	}
	return s.begin(ctx, stepAdd, u.ID, creation, session)
}

// FinishAdd stores the passkey that the browser answered with.
func (s *Service) FinishAdd(ctx context.Context, u accounts.User, step, name string, response []byte, from accounts.From) error {
	session, userID, err := s.take(ctx, stepAdd, step)
	if err != nil {
		return err
	}
	if userID != u.ID {
		return accounts.ErrExpired
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return problem.Malformed("The answer of the browser cannot be read.")
	}
	o, err := s.owner(ctx, u.ID)
	if err != nil {
		return err
	}
	credential, err := s.party.CreateCredential(o, session, parsed)
	if err != nil {
		return problem.Unprocessable("The passkey could not be verified.")
	}
	if name == "" {
		name = "Passkey"
	}
	return s.store(ctx, u, credential, name, from)
}

// BeginSignIn returns the options for navigator.credentials.get and the token of the step.
func (s *Service) BeginSignIn(ctx context.Context) (options json.RawMessage, step string, err error) {
	assertion, session, err := s.party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("passkeys: begin to sign in: %w", err)
	}
	return s.begin(ctx, stepSignIn, "", assertion, session)
}

// FinishSignIn signs in the person whose passkey signed the challenge of the step. Whatever is
// wrong, the answer is accounts.ErrRefused.
func (s *Service) FinishSignIn(ctx context.Context, step string, response []byte, from accounts.From) (accounts.SignedIn, error) {
	session, _, err := s.take(ctx, stepSignIn, step)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return accounts.SignedIn{}, accounts.ErrRefused
	}
	var broken error
	user, credential, err := s.party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if !sqldb.IsID(string(handle)) {
			return nil, accounts.ErrRefused
		}
		o, err := s.owner(ctx, string(handle))
		if err != nil && !errors.Is(err, accounts.ErrNotFound) {
			broken = err
		}
		return o, err
	}, session, parsed)
	if broken != nil {
		return accounts.SignedIn{}, broken
	}
	if err != nil {
		return accounts.SignedIn{}, s.refuse(ctx, parsed.Response.UserHandle, from, "passkey")
	}
	id := user.(owner).user.ID
	if credential.Authenticator.CloneWarning { // its counter went back: somebody has a copy of it
		return accounts.SignedIn{}, s.refuse(ctx, []byte(id), from, "passkey, copied")
	}
	in, err := s.accounts.StartSession(ctx, id, "passkey", from)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	return in, s.used(ctx, credential)
}

func (s *Service) refuse(ctx context.Context, handle []byte, from accounts.From, detail string) error {
	id := ""
	if sqldb.IsID(string(handle)) {
		id = string(handle)
	}
	if err := s.accounts.Note(ctx, s.accounts.DB, id, accounts.EventSignInFailed, from, detail); err != nil {
		return err
	}
	return accounts.ErrRefused
}

func (s *Service) begin(ctx context.Context, purpose, userID string, options any, session *webauthn.SessionData) (json.RawMessage, string, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return nil, "", fmt.Errorf("passkeys: %w", err)
	}
	step, err := s.accounts.OpenStep(ctx, purpose, userID, string(data))
	if err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(options)
	return text, step, err
}

func (s *Service) take(ctx context.Context, purpose, step string) (session webauthn.SessionData, userID string, err error) {
	userID, data, err := s.accounts.TakeStep(ctx, purpose, step)
	if err != nil {
		return session, "", err
	}
	if err := json.Unmarshal([]byte(data), &session); err != nil {
		return session, "", fmt.Errorf("passkeys: read a step: %w", err)
	}
	return session, userID, nil
}
