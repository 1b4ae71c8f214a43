// Package ledger keeps the proof of every consent, withdrawal and objection:
// append-only, chained by hashes, and still verifiable after a person's data is
// erased (GDPR art. 7(1) and 17).
//
// Two tables hold it. The chain (ledger_entries) has one row for every event,
// for ever, with a hash over the row before it and a salted commitment to the
// event. The event itself (consent_events), with its salt, can be deleted: what
// remains in the chain says nothing about anybody. Every deletion is itself an
// entry that lists what it deleted, so an event that vanished in any other way
// is found.
//
// A hash chain shows tampering to whoever knows an earlier head: keep the head
// that Verify reports outside of the database, and give it to a later Verify to
// find out whether the chain was cut off or made anew since.
package ledger
