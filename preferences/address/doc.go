// Package address reads e-mail addresses and guards mail headers.
//
// Parse accepts the addresses that people have: a dot-atom before the @ (RFC
// 5322 §3.2.3, with RFC 6532's letters beyond ASCII), a domain name after it.
// Quoted local parts, comments, display names, routes and address literals are
// refused, and with them every trick that hides a second address or an SMTP
// parameter inside the first (CVE-2025-59937).
//
// A domain name has one form here, its lower-case A-label (RFC 5891), so that
// one person written in two ways has one consent and one suppression.
package address
