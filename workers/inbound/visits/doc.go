// Package visits lets one process at a time look into a mailbox of returned
// mail, and keeps how it went.
//
// The turn is a lease in SQL that its holder renews, so that a process which
// died gives it up by itself and Redis need not be there. After a fault the next
// visit, of whichever process, waits longer each time.
package visits
