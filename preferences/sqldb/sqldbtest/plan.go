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
	plan := Plan(t, db, query, args...)
	for _, found := range whole.FindAllStringSubmatch(plan, -1) {
		if table := found[1] + found[2]; !strings.Contains(" json_each r e CONSTANT "+strings.Join(small, " ")+" ", " "+table+" ") {
			t.Errorf("%s: %s is read as a whole:\n%s\n%s", db.Dialect(), table, query, plan)
		}
	}
	return plan
}

// Follows is [Indexed] that also fails when the plan does not go by the index of this name.
func Follows(t testing.TB, db *sqldb.DB, index, query string, args ...any) {
	t.Helper()
	if plan := Indexed(t, db, nil, query, args...); !strings.Contains(plan, index) {
		t.Errorf("%s: not by %s:\n%s\n%s", db.Dialect(), index, query, plan)
	}
}

// Plan is how a query would be carried out, a step a line, in a database that has many rows.
func Plan(t testing.TB, db *sqldb.DB, query string, args ...any) (plan string) {
	t.Helper()
	ctx, undo := context.Background(), errors.New("only asked")
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		plan = ""
		word := "EXPLAIN QUERY PLAN "
		if tx.Dialect() == sqldb.PostgreSQL {
			word = "EXPLAIN "
			// A table of a few rows is read as a whole, whatever indexes there are.
			if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
		}
		for row := range sqldb.Rows(ctx, tx, word+query, args...) {
			var id, parent, unused int
			var line string
			to := []any{&id, &parent, &unused, &line}
			if tx.Dialect() == sqldb.PostgreSQL {
				to = to[3:]
			}
			if err := row.Scan(to...); err != nil {
				return err
			}
			plan += line + "\n"
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatalf("%s\n%v", query, err)
	}
	return plan
}
