// Package inbound turns mail that comes back and reports of mail providers into
// typed events: bounces, complaints, requests to unsubscribe, automatic answers.
//
// Everything that arrives is hostile until a signature proves otherwise. Whom
// an event is about follows from the signed return path, or the signed
// unsubscribe address or token, that our own mail carried (package tokens);
// what a report says about addresses is kept as text and believed by nobody. An
// event without proof changes nothing. Nothing here ever answers a mail
// (RFC 3834 §2).
//
// Parser reads mails; the packages below it read their parts (parts), bounces
// (dsn) and complaints (arf), take mail in by SMTP (smtpd) or from a mailbox
// over IMAP (fetch), and read webhooks (webhook). What an event does to a person is the
// Sink's to decide.
package inbound
