package sqldb

import (
	"context"
	"fmt"
	"strings"
)

// Tables lists the tables with their columns, those that others refer to first.
func Tables(ctx context.Context, q Querier) ([]Table, error) {
	query := `SELECT m.name, c.name, lower(c.type), COALESCE((SELECT group_concat("table", ' ') FROM pragma_foreign_key_list(m.name)), '')
		FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`
	if q.Dialect() == PostgreSQL {
		query = `SELECT c.table_name, c.column_name, c.data_type, COALESCE((SELECT string_agg(DISTINCT confrelid::regclass::text, ' ') FROM pg_constraint
			WHERE contype = 'f' AND conrelid = (quote_ident(c.table_schema) || '.' || quote_ident(c.table_name))::regclass), '')
			FROM information_schema.columns c JOIN information_schema.tables t ON t.table_name = c.table_name AND t.table_schema = c.table_schema
			WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`
	}
	var list []Table
	for row := range Rows(ctx, q, query) {
		var name, column, kind, refers string
		if err := row.Scan(&name, &column, &kind, &refers); err != nil {
			return nil, fmt.Errorf("sqldb: tables: %w", err)
		}
		if len(list) == 0 || list[len(list)-1].Name != name {
			list = append(list, Table{Name: name, refers: strings.Fields(refers)})
		}
		t := &list[len(list)-1]
		t.Columns = append(t.Columns, Column{column, kind == "blob" || kind == "bytea", kind == "boolean"})
	}
	return ordered(list), nil
}

// Table is one table of the database.
type Table struct {
	Name    string
	Columns []Column
	refers  []string
}

// Column is one column of a table.
type Column struct {
	Name    string
	Binary  bool
	Boolean bool
}

// ordered puts tables behind those that they refer to.
func ordered(list []Table) (out []Table) {
	done := map[string]bool{}
	for len(out) < len(list) {
		before := len(out)
		for _, t := range list {
			ready := !done[t.Name]
			for _, other := range t.refers {
				other = strings.Trim(other[strings.LastIndexByte(other, '.')+1:], `"`)
				ready = ready && (done[other] || other == t.Name)
			}
			if ready {
				done[t.Name] = true
				out = append(out, t)
			}
		}
		if len(out) == before { // a circle: any order is as good
			for _, t := range list {
				if !done[t.Name] {
					done[t.Name] = true
					out = append(out, t)
				}
			}
		}
	}
	return out
}
