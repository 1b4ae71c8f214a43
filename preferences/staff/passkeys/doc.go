// Package passkeys lets staff sign in with a passkey (Web Authentication Level 3)
// instead of password and code. The authenticator must verify the person, by
// fingerprint or PIN, so that a passkey counts as two factors.
package passkeys
