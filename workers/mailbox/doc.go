// Package mailbox is where mail goes when no relay is configured: a bounded store in a file of its own that a person can read in the
// browser, and from which nothing leaves the machine. To the sending engine it is a transport like any other: it demands permits, asks for
// leases, tells the journal, and what it has answered with 250 is on the disk.
package mailbox
