// Package outbox keeps transactional mail: service messages that a person asked for, and mandatory notices. Each is stored
// before anything else happens, sent at least once, and keeps its Message-ID through every try.
package outbox
