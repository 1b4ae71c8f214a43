// Package dsn reads what mail servers say when they could not deliver.
//
// Delivery status notifications are read by RFC 3464, RFC 6522 and RFC 6533,
// one report for each recipient. Bounces that follow no RFC are recognised by
// rules of our own (agents.go) and read from their text. Either way the failure
// is classified by its enhanced status code (RFC 3463), the SMTP reply and the
// words used, in the languages that servers write (phrases.go).
//
// Classification leans to the milder side. A hard bounce keeps even mandatory
// notices from a person, so it needs proof: a status code that says so, or
// words that do. What nobody understands is soft, and only a run of those over
// days gives an address up.
package dsn
