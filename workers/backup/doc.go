// Package backup writes the whole database into one file and reads it back, on either engine: a backup of SQLite can be
// restored into PostgreSQL. It knows no table.
//
// The file is a gzipped tar: manifest.json, then one file a table with a JSON list a row, then the secrets without which no
// link in a mail works. Every part has its SHA-256 in the manifest, and [Verify] checks them.
package backup
