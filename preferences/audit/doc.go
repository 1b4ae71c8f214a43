// Package audit keeps the record of who changed what: an append-only log with
// the state before and after each change, written in the transaction of the
// change itself, so that neither is there without the other.
//
// Nothing removes or alters an entry; when a person is erased, [Forget] empties
// what the entries about that person said and leaves that they were made.
package audit
