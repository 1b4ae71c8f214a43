// Package parts reads a hostile message into a bounded list of leaf parts with
// decoded, plain text: the ground on which the readers of bounces, complaints
// and unsubscribe requests stand.
//
// It implements what these need of RFC 5322, RFC 2045-2047 and RFC 6522, over
// go-message, and is lenient where mail in the wild is broken: lines in headers
// that are no fields, a missing last boundary, unknown charsets, ISO-2022-JP
// that nobody declared. Every size, count and depth is limited; what lies
// beyond a limit is left out and the message marked as truncated.
package parts
