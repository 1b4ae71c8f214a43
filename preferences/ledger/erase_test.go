package ledger

import (
	"bytes"
	"os"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Compliance 34: nothing of an erased person is left, and the chain verifies.
func TestEraseLeavesTheChain(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		add1(t, db, event(els, Given), full(jan), event(jan, Withdrawn), event(els, Objected), full(jan))
		before := verify(t, db, "")
		entry := erase(t, db, jan)
		if entry.Seq != 6 {
			t.Errorf("the erasure is entry %d", entry.Seq)
		}
		r := verify(t, db, before.Head)
		if !r.OK() || r.Entries != 6 || r.Erased != 3 || r.Events != 3 {
			t.Fatalf("got %+v, %+v", r, r.Broken)
		}
		if got, err := Events(t.Context(), db, jan); err != nil || len(got) != 0 {
			t.Errorf("%d events are left, %v", len(got), err)
		}
		if got, err := Events(t.Context(), db, els); err != nil || len(got) != 2 {
			t.Errorf("somebody else has %d events, %v", len(got), err)
		}
		var n int
		var content string
		if err := db.QueryRowContext(t.Context(),
			`SELECT count(*), max(content) FROM consent_events WHERE action = 'erased'`).Scan(&n, &content); err != nil {
			t.Fatal(err)
		}
		e, err := decode(content)
		if err != nil || n != 1 || e.Erases != "2-3,5" || e.Subscriber != "" || e.Actor != "system" || e.Source != "request" {
			t.Errorf("%d erasures, content %s", n, content)
		}
	})
}

func TestEraseTakesNoPersonIntoItsRecord(t *testing.T) {
	db := sqldbtest.SQLite(t)
	add1(t, db, full(jan))
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := EraseSubject(t.Context(), tx, jan, full(jan))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var content string
	if err := db.QueryRowContext(t.Context(), `SELECT content FROM consent_events`).Scan(&content); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{jan, "192.0.2.7", "Mozilla", "example.com", "newsletter"} {
		if bytes.Contains([]byte(content), []byte(s)) {
			t.Errorf("%s is kept: %s", s, content)
		}
	}
}

// No byte of the erased events stays in the database file.
func TestEraseLeavesNoBytes(t *testing.T) {
	db := sqldbtest.SQLite(t)
	e := full(jan)
	e.Note = "unmistakable-text-of-jan"
	add1(t, db, e, event(els, Given))
	erase(t, db, jan)
	if _, err := db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte(els)) {
		t.Fatal("the test reads the wrong file")
	}
	for _, s := range []string{e.Note, jan, e.IP, e.Wording} {
		if bytes.Contains(file, []byte(s)) {
			t.Errorf("%q is still in the file", s)
		}
	}
}

func TestEraseAgainAndOfAStranger(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		erase(t, db, piet) // the first entry of all
		add1(t, db, event(jan, Given))
		erase(t, db, jan)
		erase(t, db, jan)
		add1(t, db, event(jan, Given)) // the same person, back
		if r := verify(t, db, ""); !r.OK() || r.Entries != 5 || r.Erased != 1 {
			t.Errorf("got %+v, %+v", r, r.Broken)
		}
		erase(t, db, jan)
		if r := verify(t, db, ""); !r.OK() || r.Erased != 2 {
			t.Errorf("got %+v, %+v", r, r.Broken)
		}
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := EraseSubject(t.Context(), tx, "", Event{RecordedAt: now})
			return err
		})
		if err == nil {
			t.Error("erasing nobody deletes the records of erasures")
		}
	})
}

// An erasure that happens between the pages of a verification is no tampering.
func TestVerifyDuringAnErasure(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for range page/batch + 1 {
		var events []Event
		for range batch {
			events = append(events, event(els, Given))
		}
		add1(t, db, events...)
	}
	last := add1(t, db, event(jan, Given))[0].Seq
	erased := false
	r, err := Verify(t.Context(), db, Options{Progress: func(done, total int64) {
		if total != last || done > total {
			t.Errorf("progress %d of %d", done, total)
		}
		if !erased {
			erased = true
			erase(t, db, jan)
		}
	}})
	if err != nil || !r.OK() || r.Entries != last || r.Erased != 1 || !erased {
		t.Errorf("got %+v, %+v, %v", r, r.Broken, err)
	}
}

func TestSpans(t *testing.T) {
	for want, in := range map[string][]int64{"": nil, "1": {1}, "1-2": {1, 2}, "1,3": {1, 3}, "2-4,7,9-10": {2, 3, 4, 7, 9, 10}} {
		if got := spans(in); got != want {
			t.Errorf("%v: got %q", in, got)
		}
		var back []int64
		ok := eachSpan(want, func(from, to int64) {
			for n := from; n <= to; n++ {
				back = append(back, n)
			}
		})
		if !ok || spans(back) != want {
			t.Errorf("%q reads as %v, %v", want, back, ok)
		}
	}
	for _, bad := range []string{"x", "1-", "-1", "3-2", "0", "1,,2", "1-2-3", " 1"} {
		if eachSpan(bad, func(int64, int64) {}) {
			t.Errorf("%q is a list of spans", bad)
		}
	}
}
