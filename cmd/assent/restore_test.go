package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/workers/backup"
)

// Promise 7, compliance 34: who was erased after a backup was made does not come back with it.
func TestARestoreBringsNobodyBackWhoWasErased(t *testing.T) {
	w := startWhole(t, "")
	w.api("POST", "/subscribers", `{"email": "stays@example.com"}`)
	goes := w.api("POST", "/subscribers", `{"email": "goes@example.com"}`)
	place := backup.Folder(t.TempDir())
	_, name, err := w.a.backup(t.Context(), []backup.Place{place})
	if err != nil {
		t.Fatal(err)
	}
	w.api("DELETE", "/subscribers/"+goes["id"].(string), "")
	if text, err := os.ReadFile(filepath.Join(w.data, "erasures")); err != nil || bytes.Contains(text, []byte("example")) || bytes.Count(text, []byte("\n")) != 1 {
		t.Fatalf("%q %v", text, err)
	}

	for _, known := range []bool{true, false} { // without the file the backup is taken as it is
		data := t.TempDir()
		c, err := (&Settings{Data: data, BaseURL: "http://mail.example.com"}).Config("")
		if err != nil {
			t.Fatal(err)
		}
		restore := restoreCmd{File: filepath.Join(string(place), name)}
		if known {
			restore.Erasures = filepath.Join(w.data, "erasures")
		}
		var out, errs bytes.Buffer
		if err := restore.Run(t.Context(), c, &terminal{out: &out, err: &errs}); err != nil {
			t.Fatal(err, errs.String())
		}
		a, err := newApp(t.Context(), c, c.logger(&errs))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		n, err := a.people.CountAll(t.Context(), a.db)
		if err != nil {
			t.Fatal(err)
		}
		var erased int
		if err := a.db.QueryRowContext(t.Context(), "SELECT count(*) FROM erasures").Scan(&erased); err != nil {
			t.Fatal(err)
		}
		if known && (n != 1 || erased != 1 || !strings.Contains(out.String(), "1 who were erased")) || !known && n != 2 {
			t.Errorf("known %v: %d people, %d erasures: %s", known, n, erased, &out)
		}
	}
}

func TestALineThatWasCutOffHidesNoErasure(t *testing.T) {
	e := erasuresIn(t.TempDir())
	text := "AQID 2026-05-01T09:00:00Z\nBAUG 2026-05\n\nnonsense\nAQID 2026-05-02T09:00:00Z\nBwgJ 2026-05-03T09:00:00Z\n"
	if err := os.WriteFile(e.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := e.read()
	if err != nil || len(all) != 2 || all["\x01\x02\x03"].Day() != 2 || all["\x07\x08\x09"].Day() != 3 {
		t.Errorf("%v %v", all, err)
	}
}
