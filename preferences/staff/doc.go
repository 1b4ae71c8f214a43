// Package staff lets people and programs in: it authenticates API keys by scope
// and staff by session and role, and serves the pages on which staff sign in and
// look after their accounts, colleagues and keys.
//
// What it stores is in its children: accounts (people, sessions, second factors)
// and keys (API keys). What they may do is in access.
package staff
