// Package proof tells one person's whole story as the ledger has it, in a form that can be handed to somebody who trusts neither the
// company nor this program (GDPR 7(1), compliance 27): every event with its exact text, the salt and hashes that tie it to its place in
// the chain, and the result of verifying the chain from its first entry to its last.
package proof
