package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// dump is every row of every table.
func dump(t *testing.T, db *sqldb.DB) map[string][]string {
	t.Helper()
	query := `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	if db.Dialect() == sqldb.SQLite {
		query = `SELECT name FROM sqlite_master WHERE type = 'table'`
	}
	out := map[string][]string{}
	for _, row := range rowsOf(t, db, query) {
		table := strings.Trim(row, "[]")
		out[table] = rowsOf(t, db, `SELECT * FROM "`+table+`"`)
	}
	return out
}

func rowsOf(t *testing.T, db *sqldb.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// mailed lets every kind of mail that recipients get come, and returns all links in them and in their headers.
func (w *whole) mailed() (links []string) {
	w.t.Helper()
	const email = "anna@example.org"
	w.company()
	w.api("POST", "/forms", `{"key":"paper","kind":"download","names":{"en":"White paper"},"topics":["offers"],"document":"https://example.com/paper.pdf"}`)
	id := w.api("POST", "/subscribers", `{"email":"`+email+`"}`)["id"].(string)
	w.api("POST", "/subscribers/"+id+"/consents", `{"topic":"news","action":"give","source":"paper","wording":"Yes","confirmed":true,"collected_at":"2026-01-02T03:04:05Z","url":"https://example.com/f"}`)
	w.campaign("news", "Spring")
	w.post("/subscribe/paper", "email", email, "topics", "offers")
	w.post("/events/day", "email", email, "first_name", "Anna", "last_name", "Vries")
	w.api("POST", "/notices", `{"to":{"email":"`+email+`"},"obligation":"payment","basis":"contract","subject":"Invoice","blocks":[{"type":"text","markdown":"Please pay."}]}`)
	w.post("/rights", "email", email, "kind", "access")
	w.post("/rights", "email", email, "kind", "erasure")
	want := []string{"/u/", "/p/", "/why/", "/v/", "/c/", "/d/"}
	w.until("all mails", func() bool {
		links = nil
		for _, l := range w.letters(email) {
			links = append(links, l.links()...)
		}
		return len(w.letters(email)) >= 7 && !slices.ContainsFunc(want, func(prefix string) bool {
			return !slices.ContainsFunc(links, func(at string) bool { return strings.HasPrefix(at, w.url+prefix) })
		})
	})
	slices.Sort(links)
	return slices.DeleteFunc(slices.Compact(links), func(at string) bool { return !strings.HasPrefix(at, w.url) })
}

// What a mail provider's scanner does with every link of every mail, by every method that is no act, and what a browser does that runs
// scripts and goes on from page to page, leaves the database byte for byte as it was (compliance 3).
func TestScannersChangeNothing(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return sqldbtest.PostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			w := openWhole(t, &Settings{DatabaseURL: database(t)}, nil)
			links := w.mailed()
			w.stop()
			before := dump(t, w.a.db)
			if len(before["consent_events"]) == 0 || len(before) < 20 {
				t.Fatalf("the test is wrong: it sees %d tables", len(before))
			}
			for _, at := range links {
				for _, method := range []string{"HEAD", "GET", "OPTIONS", "GET"} {
					w.fetch(method, at)
				}
				w.fetch("GET", at+"?List-Unsubscribe=One-Click&scope=all&do=erase&undo=x&confirm=1")
			}
			if diff := cmp.Diff(before, dump(t, w.a.db)); diff != "" {
				t.Errorf("%d links were fetched, and that changed:\n%s", len(links), diff)
			}
			if name != "sqlite" {
				return // the browser asks for no more than the scanner did
			}
			r := newReader(t, w, true)
			seen := map[string]bool{}
			for _, at := range links {
				r.wander(at, seen, 2)
			}
			if diff := cmp.Diff(before, dump(t, w.a.db)); diff != "" {
				t.Errorf("a browser looked at %d pages, and that changed:\n%s", len(seen), diff)
			}
			t.Logf("%d links, %d pages", len(links), len(seen))
		})
	}
}

func (w *whole) fetch(method, at string) {
	w.t.Helper()
	r, err := http.NewRequest(method, at, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (compatible; SafeLinks)")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if method == "GET" && answer.StatusCode != http.StatusOK {
		w.t.Errorf("%s %s: %d", method, at, answer.StatusCode)
	}
}

// wander opens a page, moves over everything on it, and follows each of its links.
func (r *reader) wander(at string, seen map[string]bool, depth int) {
	r.t.Helper()
	page, _, _ := strings.Cut(at, "#")
	if depth < 2 { // pages make fresh links to the same place: one of each kind will do
		page = strings.Join(strings.SplitN(strings.TrimPrefix(page, r.w.url), "/", 3)[:2], "/")
	}
	if seen[page] || strings.HasSuffix(at, ".zip") || strings.HasSuffix(at, ".json") || strings.HasSuffix(at, ".ics") || strings.HasSuffix(at, ".pdf") {
		return
	}
	seen[page] = true
	r.open("", at)
	links := eval[[]string](r, `(() => { for (const e of document.querySelectorAll('*')) { for (const n of ['mouseover', 'mouseenter', 'focus', 'pointerdown']) e.dispatchEvent(new Event(n, {bubbles: true})); }
		return [...document.links].map(a => a.href).filter(h => h.startsWith(location.origin)); })()`)
	if depth == 0 {
		return
	}
	for _, next := range links {
		r.wander(next, seen, depth-1)
	}
}
