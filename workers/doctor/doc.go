// Package doctor checks what decides whether our mail arrives and our clocks
// and disks carry us: SPF (RFC 7208), DKIM keys (RFC 6376, 8301, 8463), DMARC
// alignment (RFC 7489), reverse names, the way back for bounces, the relay's
// TLS, the clock, the disk, and a mail that really went out.
//
// Each check says what it found and, unless all is well, what to do. Names are
// looked up through an interface, so that nothing here needs the network in a
// test. No check changes anything.
package doctor
