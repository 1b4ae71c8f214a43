package sqldb

import (
	"context"
	"database/sql"
	"iter"
)

// Scanner is a row that can be read: a *sql.Row, or one of [Rows].
type Scanner interface{ Scan(to ...any) error }

// Row is one of [Rows].
type Row struct {
	rows *sql.Rows
	err  error
}

// Scan reads the columns of the row or, as [sql.Row.Scan] does, tells why it could not be had.
func (r *Row) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.rows.Scan(to...)
}

// Rows goes through what a query finds. Each row must be scanned: where the query fails, at once or on the way, it ends with a row
// whose Scan returns the error. However the loop is left, the rows are closed then.
func Rows(ctx context.Context, q Querier, query string, args ...any) iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			yield(&Row{err: err})
			return
		}
		defer rows.Close()
		row := &Row{rows: rows}
		for rows.Next() {
			if !yield(row) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(&Row{err: err})
		}
	}
}

// All reads everything that a query finds, row by row with scan.
func All[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), query string, args ...any) (list []T, err error) {
	for row := range Rows(ctx, q, query, args...) {
		item, err := scan(row)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// Values is [All] for a query of one column.
func Values[T any](ctx context.Context, q Querier, query string, args ...any) ([]T, error) {
	return All(ctx, q, func(row Scanner) (v T, err error) {
		err = row.Scan(&v)
		return v, err
	}, query, args...)
}
