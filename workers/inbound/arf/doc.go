// Package arf reads complaint reports: the Abuse Reporting Format (RFC 5965)
// with its later types (RFC 6590, 6591, 6650), and the plain forwardings that
// some mailbox providers send in its place.
//
// Most providers cut the complaining person's address out of a report. What
// leads back to the person is what our own mail carried, which the report
// embeds: Original is its header.
package arf
