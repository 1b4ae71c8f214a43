// Package brands keeps the identities that mails speak for: From, reply address, postal address, logo and colour.
//
// The brand [Default] exists from the start, so that a mail always has somebody to speak for.
package brands
