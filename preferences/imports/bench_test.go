package imports_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"assent/preferences"
	"assent/preferences/imports"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// BenchmarkImport measures new people with a consent and its evidence each. One iteration is one file of 20,000 rows.
func BenchmarkImport(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { bench(b, sqldbtest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { bench(b, sqldbtest.Postgres(b)) })
}

func bench(b *testing.B, db *sqldb.DB) {
	const rows = 20_000
	ctx, w := context.Background(), preferencestest.New(b, db)
	store := &imports.Store{DB: db, Now: w.Clock.Now, People: w.People, Dir: b.TempDir()}
	w.Topic("news", nil)
	n := 0
	for b.Loop() {
		n++
		var file strings.Builder
		file.WriteString("email,first_name,last_name,country,plan\n")
		for i := range rows {
			fmt.Fprintf(&file, "person%d.%d@example%d.com,First%d,Last%d,NL,gold\n", n, i, i%500, i, i)
		}
		spool, err := store.Take(ctx, strings.NewReader(file.String()))
		w.Must(err)
		imp, err := store.Create(ctx, preferencestest.Staff, spool, imports.Request{FileName: "bench.csv",
			Mapping:  imports.Mapping{"email": "email", "first_name": "first_name", "last_name": "last_name", "country": "country", "plan": "attributes.plan"},
			Evidence: &imports.Evidence{Topic: "news", Wording: "Yes, mail me.", Confirmed: true, Document: "box", CollectedAt: &preferences.Date{Time: w.Clock.Now()}}})
		w.Must(err)
		done, err := store.Run(ctx, imp.ID, nil)
		w.Must(err)
		if done.Created != rows {
			b.Fatalf("%+v", done)
		}
	}
	b.ReportMetric(float64(rows*n)/b.Elapsed().Seconds(), "rows/s")
}
