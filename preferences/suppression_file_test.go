package preferences_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"assent/preferences/audit"
	"assent/preferences/preferencestest"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var keeper = audit.Actor{Kind: audit.KindKey, ID: "test", Name: "test"}

// A block that is told again answers as it stands, with its own id, note and time.
func TestABlockThatIsToldAgainIsTheOneThatStands(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := preferencestest.New(t, db), context.Background()
		first, added, err := w.People.Suppress(ctx, keeper, "old@example.com", "manual", "by telephone", "api")
		if err != nil || !added {
			t.Fatal(added, err)
		}
		again, added, err := w.People.Suppress(ctx, keeper, "OLD@example.com", "manual", "another", "page")
		if err != nil || added || again != first {
			t.Errorf("%+v, %t, %v; want %+v", again, added, err, first)
		}
	})
}

func TestBlocksComeAndGoAsFiles(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := preferencestest.New(t, db), context.Background()
		if _, _, err := w.People.Suppress(ctx, keeper, "old@example.com", "manual", "=HYPERLINK(\"http://evil.example\")", "api"); err != nil {
			t.Fatal(err)
		}
		var file strings.Builder
		file.WriteString("\uFEFFNote,E-Mail,email,reason\r\n")
		for i := range 1200 { // more than one set
			fmt.Fprintf(&file, "n,x,p%d@example.com,bounced\r\n", i)
		}
		file.WriteString("n,x,not an address,bounced\r\nn,x,OLD@example.com,\r\nn,x,p7@example.com,bounced\r\nn,x,q@example.com,invented\r\n\"'=1+1\",x,q@bücher.example,complained\r\n")
		got, err := w.People.ImportSuppressions(ctx, keeper, strings.NewReader(file.String()), "manual", "import")
		if err != nil || got.Rows != 1205 || got.Added != 1201 || got.Known != 2 || got.Wrong != 2 || len(got.Errors) != 2 || got.Errors[0].Row != 1202 || got.Errors[1].Row != 1205 {
			t.Fatalf("%+v %v", got, err)
		}
		again, err := w.People.ImportSuppressions(ctx, keeper, strings.NewReader(file.String()), "manual", "import")
		if err != nil || again.Added != 0 || again.Known != 1203 {
			t.Errorf("again: %+v %v", again, err)
		}
		var out strings.Builder
		if err := w.People.ExportSuppressions(ctx, &out, ""); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.Count(text, "\n") != 1203 || !strings.HasPrefix(text, "email,reason,note,stops,source,created_at") {
			t.Errorf("%d lines: %.200s", strings.Count(text, "\n"), text)
		}
		for _, want := range []string{`old@example.com,manual,"'=HYPERLINK(""http://evil.example"")",marketing+service,api,`, "p7@example.com,bounced,n,all,import,", "q@bücher.example,complained,'=1+1,marketing,import,"} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %s", want)
			}
		}
		if strings.Contains(text, ",=") {
			t.Error("compliance 66: a cell would be run")
		}
		var only strings.Builder
		if err := w.People.ExportSuppressions(ctx, &only, "complained"); err != nil || strings.Count(only.String(), "\n") != 2 {
			t.Errorf("%q %v", only.String(), err)
		}
		for name, bad := range map[string][2]string{"no heading": {"", "manual"}, "no column": {"address\r\na@b.example\r\n", "manual"}, "no reason": {"email\r\na@b.example\r\n", "erased"}, "not CSV": {"email\r\n\"a@b.example\r\n", "manual"}} {
			_, err := w.People.ImportSuppressions(ctx, keeper, strings.NewReader(bad[0]), bad[1], "import")
			if _, ok := problem.As(err); !ok {
				t.Errorf("%s: %v", name, err)
			}
		}
		var noted int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM audit_log WHERE action = 'suppression.add'").Scan(&noted); err != nil || noted != 1202 {
			t.Errorf("%d entries in the audit log, %v", noted, err)
		}
	})
}
