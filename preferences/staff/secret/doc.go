// Package secret makes and checks what staff prove themselves with: passwords
// (argon2id, RFC 9106), session tokens, API keys, recovery codes and time-based
// one-time passwords (RFC 6238).
//
// Whatever it makes is returned once; what is to be stored is always a hash,
// except the seed of one-time passwords, which must be known to check them.
// Every comparison takes the same time whether it succeeds or fails.
package secret
