// Package desk serves the staff's pages about what runs: the built-in mailbox,
// the queues, and whether mail arrives.
package desk
