// Package transport hands messages to a mail relay over SMTP (RFC 5321) and says of each exactly what became of it.
//
// A transport takes nothing without the gate's permit for that very delivery. Before a message's MAIL FROM is written its lease is asked
// for, so that an unsubscribe which was acknowledged meanwhile stops it; before its final dot is written the journal is told, so that
// after a crash nobody has to guess. What was answered with 250 was sent; what was written whole but never answered is uncertain; whatever
// ended before the final dot cannot have been accepted and may be tried again.
//
// Connections are dialled, secured and authenticated by go-mail, then kept. Where the relay offers PIPELINING (RFC 2920) a transaction
// costs one round trip: MAIL, RCPT and DATA go behind the body of the message before. Other extensions are used only when offered:
// SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), DSN (RFC 3461), ENHANCEDSTATUSCODES (RFC 2034).
package transport
