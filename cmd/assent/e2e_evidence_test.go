package main

import (
	"context"
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"

	"assent/preferences/sqldb"
)

// forge NOTICE changes one byte of the mail that is kept of a notice.
func (s *stage) forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: forge NOTICE")
	}
	ctx := context.Background()
	url := s.database
	if url == "" {
		url = "sqlite:" + ts.MkAbs("data/assent.db")
	}
	db, err := sqldb.Open(ctx, url)
	ts.Check(err)
	defer db.Close()
	var raw []byte
	ts.Check(db.QueryRowContext(ctx, "SELECT raw FROM message_bytes WHERE message_id = $1", args[0]).Scan(&raw))
	raw[len(raw)/2] ^= 1
	_, err = db.ExecContext(ctx, "UPDATE message_bytes SET raw = $1 WHERE message_id = $2", raw, args[0])
	ts.Check(err)
}

// scriptKey is the key that scripts begin with.
const scriptKey = "the-key-of-the-script"

// mine FILE asks the API with the key that a file of `assent key add --json` has, from here on.
func mine(ts *testscript.TestScript, neg bool, args []string) {
	var made struct{ Key string }
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mine FILE")
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &made))
	ts.Setenv("ASSENT_API_KEY", made.Key)
}

// ours asks the API with the script's own key again.
func ours(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("ASSENT_API_KEY", scriptKey) }
