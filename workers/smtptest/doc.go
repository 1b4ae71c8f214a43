// Package smtptest is a real SMTP listener that records what it is given: raw bytes, envelopes, the instant of each MAIL FROM, and how many
// round trips a sender needed. Tests script its replies, command by command; `assent bench` runs it as a sink that only counts.
//
// It speaks RFC 5321 with PIPELINING (RFC 2920), STARTTLS (RFC 3207), AUTH PLAIN and LOGIN (RFC 4954), 8BITMIME (RFC 6152), SIZE (RFC 1870),
// SMTPUTF8 (RFC 6531) and DSN (RFC 3461), each of which can be left out, and notes a sender's use of what was not offered.
package smtptest
