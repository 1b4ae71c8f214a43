// Package access says what staff and API keys may do: the roles of people and
// the scopes of keys. It is pure; who holds which role or scope is stored
// elsewhere.
package access
