package sqldbtest

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"assent/preferences/sqldb"
)

// whole finds the tables that a plan reads from one end to the other: PostgreSQL's word, and SQLite's, which may go by an index.
var whole = regexp.MustCompile(`Seq Scan on (\w+)|\bSCAN (\w+)`)

// Indexed fails the test when a query reads a whole table, though an index could serve it, unless it is one of small. It returns
// the plan.
func Indexed(t testing.TB, db *sqldb.DB, small []string, query string, args ...any) string {
	t.Helper()
	plan, err := planOf(db, query, args)
	if err != nil {
		t.Fatalf("%s\n%v", query, err)
	}
	for _, found := range whole.FindAllStringSubmatch(plan, -1) {
		if table := found[1] + found[2]; !strings.Contains(" json_each r e CONSTANT "+strings.Join(small, " ")+" ", " "+table+" ") {
			t.Errorf("%s: %s is read as a whole:\n%s\n%s", db.Dialect(), table, query, plan)
		}
	}
	return plan
}

func planOf(db *sqldb.DB, query string, args []any) (plan string, err error) {
	ctx, undo := context.Background(), errors.New("only asked")
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		word := "EXPLAIN QUERY PLAN "
		if tx.Dialect() == sqldb.PostgreSQL {
			word = "EXPLAIN "
			// A table of a few rows is read as a whole, whatever indexes there are.
			if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
		}
		rows, err := tx.QueryContext(ctx, word+query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var line string
			to := []any{&id, &parent, &unused, &line}
			if tx.Dialect() == sqldb.PostgreSQL {
				to = to[3:]
			}
			if err := rows.Scan(to...); err != nil {
				return err
			}
			plan += line + "\n"
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(err, undo) {
		err = nil
	}
	return plan, err
}
