// Package preferences knows who may be written to: the people, what they chose, the proof of it, and what blocks an
// address. It gathers the facts that the gate decides on, and records every choice in the ledger.
//
// What must happen outside (mail that answers a person, mail that is under way) it asks for through [Outbox] and [Sending],
// which package campaigns provides.
package preferences
