// Package evidence keeps what proves that a notice was handed over, refused or came back: append-only, chained by hashes like
// the ledger of consents, and still verifiable after a person's data is erased (compliance 75, 77).
//
// Each row commits to its content with a salt, and its hash covers the row before it. Whoever changes a row, leaves one out or
// adds one breaks the chain; whoever makes the whole chain anew is found by anybody who noted an earlier head. Verify also
// compares the chain with the notices themselves and with the bytes of their mails, so that a change there is found too.
package evidence
