// Package accounts stores the people who sign in to Assent, how they prove who
// they are, and their sessions.
//
// Of passwords, session tokens, links and recovery codes only hashes are stored.
// Guessing is slowed by caller and account and never locks an account; an unknown
// address costs an attacker the same time as a known one. A changed password ends
// the person's other sessions (CVE-2026-34828).
package accounts
