// Package tokens makes and checks the signed links, return paths and
// fingerprints by which Assent knows a person without asking for a login.
//
// A token is version, flags, key id, purpose, subject, topic, source and time
// of issue in a compact binary form, followed by an HMAC-SHA256 (RFC 2104) over
// all of it, in base64url without padding (RFC 4648 §5). It carries opaque ids
// only, never an address. Tokens do not run out by themselves: an unsubscribe
// link works for ever, through key rotation (RFC 8058; 16 CFR 316.5 asks for 30
// days, CASL for 60). Who wants a shorter life looks at Claims.Issued.
//
// Every purpose stands alone: a token for one is refused for every other, with
// the same ErrInvalid as a forged one.
//
// Mail local parts are at most 64 octets (RFC 5321 §4.5.3.1.1) and may be
// folded in case on their way, so they have their own form: see SignLocal.
//
// The keys behind the three uses (links, local parts, fingerprints) are derived
// from each secret with HKDF-SHA256 (RFC 5869) and are independent of each other.
package tokens
