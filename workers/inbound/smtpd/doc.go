// Package smtpd takes in the mail that comes back: an SMTP server (RFC 5321,
// STARTTLS by RFC 3207) that accepts mail only at addresses of ours, fbl@ and
// the signed ones, and answers 250 only when what the mail says is applied and
// durable: killing the process after that loses nothing. On a full disk the
// answer is 452.
//
// It relays nothing, stores no mail, sends none, and tells nobody which other
// addresses exist. Connections, mails, sizes and lengths are limited, for each
// network and for all together.
package smtpd
