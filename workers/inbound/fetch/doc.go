// Package fetch takes the mail that comes back out of a mailbox over IMAP
// (RFC 9051, 3501): for companies whose mail provider keeps the bounce domain.
//
// Unseen mails are read in sets. What the mails of a set say is applied in one
// call and durable before they are marked as seen and, if asked for, moved to
// another folder; so a mail is read again after a fault and its events, having
// the same ids, count once. One whose events cannot be applied stays, and
// delays no other.
package fetch
