package ledger

import (
	"fmt"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var engines = map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres}

func BenchmarkAppend(b *testing.B) {
	for name, open := range engines {
		for _, n := range []int{1, 50} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				db := open(b)
				events := make([]Event, n)
				for i := range events {
					events[i] = full(jan)
				}
				for b.Loop() {
					add1(b, db, events...)
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	const n = 5000
	for name, open := range engines {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			events := make([]Event, n)
			for i := range events {
				events[i] = full(jan)
			}
			add1(b, db, events...)
			for b.Loop() {
				if r := verify(b, db, ""); !r.OK() || r.Entries != n {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
