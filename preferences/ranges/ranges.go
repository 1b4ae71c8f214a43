// Package ranges goes through rows of which nobody knows how many will be wanted: in the order of their keys and in stretches,
// so that no query is long, somebody who looks on is told how far it came, and whoever left is not worked for.
package ranges

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Edge is the key of the row that comes n rows behind a key; empty when there are fewer.
type Edge func(ctx context.Context, after string, n int) (string, error)

// Last is behind every identifier.
const Last = "~"

// A stretch begins small and grows until it takes a good part of the time that there is: some queries cost as much for a few rows
// as for many.
const (
	smallest = 500
	largest  = 64_000
	patient  = time.Second // where there is no limit
)

// Patience is how long a page looks for its rows before it comes as it is: a moment, or first where that is not 0. Each of the
// requests that fill it then looks ten times as long.
func Patience(first time.Duration, further bool) time.Duration {
	most := cmp.Or(first, 40*time.Millisecond)
	if further {
		most *= 10
	}
	return most
}

// A Look is how far somebody looked.
type Look struct {
	Rows int    // that were looked at, about: an end that is not full counts for none
	At   string // everything up to this key was looked at
	End  bool   // and nothing is behind it
}

// Go shows each stretch behind a key to visit, up to and with the key upto or, where that is empty, to the end. It stops when
// visit has enough, at the end, or after the first stretch that ends later than most from now; 0 is no limit.
func Go(ctx context.Context, after string, most time.Duration, edge Edge, visit func(after, upto string) (enough bool, err error)) (look Look, err error) {
	begin, size, share := time.Now(), smallest, cmp.Or(most, patient)/4
	look.At = after
	for {
		at := time.Now()
		upto, err := edge(ctx, look.At, size)
		if err != nil {
			return look, err
		}
		enough, err := visit(look.At, upto)
		if err != nil || enough {
			return look, err
		}
		if upto == "" {
			look.End = true
			return look, nil
		}
		look.At = upto
		look.Rows += size
		if most > 0 && time.Since(begin) >= most {
			return look, nil
		}
		switch took := time.Since(at); {
		case took < share:
			size = min(2*size, largest)
		case took > 2*share:
			size = max(size/2, smallest)
		}
	}
}

// EdgeQuery finds the edge of a stretch of people.
const EdgeQuery = "SELECT id FROM subscribers WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2"

// Subscribers are the edges of stretches of people.
func Subscribers(q sqldb.Querier) Edge {
	return func(ctx context.Context, after string, n int) (string, error) {
		return EdgeOf(ctx, q, EdgeQuery, after, n-1)
	}
}

// EdgeOf is the one key that a query finds, if any.
func EdgeOf(ctx context.Context, q sqldb.Querier, query string, args ...any) (key string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return "", fmt.Errorf("ranges: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&key); err != nil {
			return "", fmt.Errorf("ranges: %w", err)
		}
	}
	return key, rows.Err()
}
