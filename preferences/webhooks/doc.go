// Package webhooks tells other systems what happens here, by POST requests signed as Standard Webhooks are
// (https://www.standardwebhooks.com): to processors that somebody is restricted or erased (GDPR 19), to partners, to the
// company's own software.
//
// An event is stored in the transaction of what it tells, so it is told if and only if that happened, at least once. It goes
// only to public addresses, whatever the name in the URL resolves to at that moment (compliance 65).
package webhooks
