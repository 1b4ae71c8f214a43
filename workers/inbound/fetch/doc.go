// Package fetch takes the mail that comes back out of a mailbox over IMAP
// (RFC 9051, 3501): for companies whose mail provider keeps the bounce domain.
//
// Unseen mails are read one by one. What a mail says is durable before it is
// marked as seen and, if asked for, moved to another folder; so a mail is read
// again after a fault and its events, having the same ids, count once.
package fetch
