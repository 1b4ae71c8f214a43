// Package oidc lets staff sign in at the company's own identity provider (OpenID
// Connect Core 1.0, authorization code flow with PKCE, RFC 7636).
//
// Nobody is let in who was not added before: an account at the provider is tied to
// the person with the same address the first time, if the provider says that the
// address is verified, and is known by its subject afterwards.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"assent/preferences/problem"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/secret"
)

const purpose = "oidc"

// patience is how long the provider may take to answer.
const patience = 10 * time.Second

// Config names the provider and who we are there.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Name         string // on the button; empty for the issuer's host
}

// Provider runs the ceremony with one provider.
type Provider struct {
	config   Config
	accounts *accounts.Store
	redirect string
	client   *http.Client

	mu    sync.Mutex
	found *oidc.Provider
}

// New makes a provider whose answers come to redirect. The provider is asked for
// its configuration when somebody first signs in, so that a start does not need it.
func New(store *accounts.Store, config Config, redirect *url.URL) *Provider {
	return &Provider{config: config, accounts: store, redirect: redirect.String(), client: &http.Client{Timeout: patience}}
}

// Name is what people know the provider by.
func (p *Provider) Name() string {
	if p.config.Name != "" {
		return p.config.Name
	}
	if u, err := url.Parse(p.config.Issuer); err == nil && u.Host != "" {
		return u.Host
	}
	return p.config.Issuer
}

// pending is what must be the same when the browser comes back.
type pending struct{ State, Nonce, Verifier, Next string }

// Begin returns where to send the browser, and the token of the step for its cookie.
func (p *Provider) Begin(ctx context.Context, next string) (to, step string, err error) {
	_, exchange, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	state := pending{State: secret.NewToken(), Nonce: secret.NewToken(), Verifier: oauth2.GenerateVerifier(), Next: next}
	data, err := json.Marshal(state)
	if err != nil {
		return "", "", fmt.Errorf("oidc: %w", err)
	}
	if step, err = p.accounts.OpenStep(ctx, purpose, "", string(data)); err != nil {
		return "", "", err
	}
	return exchange.AuthCodeURL(state.State, oidc.Nonce(state.Nonce), oauth2.S256ChallengeOption(state.Verifier)), step, nil
}

// Finish signs in the person whom the provider vouches for and returns where the
// person wanted to go. Whatever is wrong, the answer is accounts.ErrRefused.
func (p *Provider) Finish(ctx context.Context, step, state, code string, from accounts.From) (in accounts.SignedIn, next string, err error) {
	_, data, err := p.accounts.TakeStep(ctx, purpose, step)
	if err != nil {
		return in, "", err
	}
	var want pending
	if err := json.Unmarshal([]byte(data), &want); err != nil {
		return in, "", fmt.Errorf("oidc: read a step: %w", err)
	}
	if !secret.Same([]byte(want.State), []byte(state)) || code == "" {
		return in, "", p.refuse(ctx, "", from, "state")
	}
	found, exchange, err := p.discover(ctx)
	if err != nil {
		return in, "", err
	}
	who, err := p.ask(p.context(ctx), found, exchange, code, want)
	if err != nil {
		return in, "", p.refuse(ctx, "", from, "answer of the provider")
	}
	userID, err := p.identify(ctx, who, from)
	if errors.Is(err, accounts.ErrNotFound) {
		return in, "", p.refuse(ctx, "", from, "not on the staff")
	}
	if err != nil {
		return in, "", err
	}
	in, err = p.accounts.StartSession(ctx, userID, "oidc", from)
	if errors.Is(err, accounts.ErrRefused) {
		return in, "", p.refuse(ctx, userID, from, "disabled")
	}
	return in, want.Next, err
}

// claims are what the provider says of the person.
type claims struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some providers write "true"
}

func (c claims) verified() bool { return c.Verified == true || c.Verified == "true" }

func (p *Provider) ask(ctx context.Context, found *oidc.Provider, exchange oauth2.Config, code string, want pending) (claims, error) {
	var who claims
	answer, err := exchange.Exchange(ctx, code, oauth2.VerifierOption(want.Verifier))
	if err != nil {
		return who, err
	}
	raw, _ := answer.Extra("id_token").(string)
	// The provider's clock is the real one, whatever ours is shifted by.
	token, err := found.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return who, err
	}
	if !secret.Same([]byte(token.Nonce), []byte(want.Nonce)) {
		return who, errors.New("oidc: another nonce")
	}
	if err := token.Claims(&who); err != nil {
		return who, err
	}
	if who.Subject == "" {
		return who, errors.New("oidc: no subject")
	}
	return who, nil
}

func (p *Provider) refuse(ctx context.Context, userID string, from accounts.From, detail string) error {
	if err := p.accounts.Note(ctx, p.accounts.DB, userID, accounts.EventSignInFailed, from, "oidc: "+detail); err != nil {
		return err
	}
	return accounts.ErrRefused
}

// discover asks the provider for its configuration, once it has answered never again.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(p.context(ctx), p.config.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fmt.Errorf("oidc: %w: %w", problem.Unavailable("The identity provider does not answer. Try again later, or sign in with your password."), err)
		}
		p.found = found
	}
	return p.found, oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: p.found.Endpoint(),
		RedirectURL: p.redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}, nil
}

// context outlives the request, because the provider's keys are fetched with it later on; the client has a timeout.
func (p *Provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(context.WithoutCancel(ctx), p.client)
}
