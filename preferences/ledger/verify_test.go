package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var errUndo = errors.New("undo")

// tamper runs statements, verifies, and takes it all back.
func tamper(t testing.TB, db *sqldb.DB, expect string, statements ...string) (r Report) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		for _, s := range statements {
			res, err := tx.ExecContext(t.Context(), s)
			if err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			if n, _ := res.RowsAffected(); n == 0 {
				return fmt.Errorf("%s: changes nothing", s)
			}
		}
		r = verify(t, tx, expect)
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	return r
}

// sample has nine entries: 1, 4, 6 els; 2, 3, 7 jan (erased at 8); 5, 9 piet.
func sample(t testing.TB, db *sqldb.DB) Report {
	t.Helper()
	add1(t, db, full(els), full(jan), event(jan, Withdrawn), event(els, Objected), full(piet), event(els, Paused), event(jan, Given))
	erase(t, db, jan)
	add1(t, db, event(piet, Expired))
	r := verify(t, db, "")
	if !r.OK() || r.Entries != 9 || r.Erased != 3 {
		t.Fatalf("the sample is broken: %+v, %+v", r, r.Broken)
	}
	return r
}

// flip is another value for a column.
func flip(db *sqldb.DB, column string) string {
	switch column {
	case "seq":
		return "seq + 100"
	case "at":
		return "at + 1"
	case "commitment", "hash", "salt":
		if db.Dialect() == sqldb.PostgreSQL {
			return "set_byte(" + column + ", 5, get_byte(" + column + ", 5) # 1)"
		}
		return "CAST(substr(" + column + ", 2) || substr(" + column + ", 1, 1) AS BLOB)"
	case "id", "event_id", "subscriber_id", "topic_id":
		return "'01890a5d-ac96-774b-bcce-b30209009999'"
	case "content":
		return "replace(content, '\"action\":\"', '\"action\":\"un')"
	}
	return column + " || 'x'"
}

// Compliance 27, 77: every column of every row, edited, is found at its entry.
func TestEveryEditIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		edits := 0
		for table, columns := range map[string]string{
			"ledger_entries": "seq event_id at commitment hash",
			"consent_events": "id seq subscriber_id salt at action topic_id topic_key partner_key state source content",
		} {
			for seq := range 10 {
				for _, column := range strings.Fields(columns) {
					if seq == 0 || table == "consent_events" && (seq == 2 || seq == 3 || seq == 7) {
						continue // there is no such row
					}
					s := fmt.Sprintf("UPDATE %s SET %s = %s WHERE seq = %d", table, column, flip(db, column), seq)
					r := tamper(t, db, "", s)
					if r.OK() || r.Broken.Seq != int64(seq) {
						t.Errorf("%s: %+v", s, r.Broken)
					}
					edits++
				}
			}
		}
		if edits != 9*5+6*12 {
			t.Errorf("%d edits were tried", edits)
		}
	})
}

// Compliance 27: a row deleted is found, in whichever table.
func TestEveryDeletionIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		for seq := 1; seq <= 9; seq++ {
			want := EntryMissing
			if seq == 9 {
				want = Truncated
			}
			r := tamper(t, db, "", fmt.Sprintf("DELETE FROM ledger_entries WHERE seq = %d", seq))
			if r.OK() || r.Broken.Fault != want || r.Broken.Seq != int64(seq) {
				t.Errorf("entry %d: %+v", seq, r.Broken)
			}
			if seq == 2 || seq == 3 || seq == 7 {
				continue
			}
			// An event that vanishes without an erasure, also the record of one.
			first := int64(seq)
			if seq == 8 {
				first = 2
			}
			r = tamper(t, db, "", fmt.Sprintf("DELETE FROM consent_events WHERE seq = %d", seq))
			if r.OK() || r.Broken.Fault != ContentMissing || r.Broken.Seq != first {
				t.Errorf("event %d: %+v", seq, r.Broken)
			}
		}
		r := tamper(t, db, "", "DELETE FROM ledger_head")
		if r.OK() || r.Broken.Fault != HeadChanged {
			t.Errorf("head: %+v", r.Broken)
		}
		r = tamper(t, db, "", "DELETE FROM ledger_entries", "DELETE FROM consent_events")
		if r.OK() || r.Broken.Fault != Truncated || r.Broken.Seq != 1 {
			t.Errorf("everything but the head: %+v", r.Broken)
		}
	})
}

func TestEverySwapIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		for a := 1; a <= 9; a++ {
			for b := a + 1; b <= 9; b++ {
				r := tamper(t, db, "",
					fmt.Sprintf("UPDATE ledger_entries SET seq = -1 WHERE seq = %d", a),
					fmt.Sprintf("UPDATE ledger_entries SET seq = %d WHERE seq = %d", a, b),
					fmt.Sprintf("UPDATE ledger_entries SET seq = %d WHERE seq = -1", b))
				if r.OK() || r.Broken.Fault != EntryChanged || r.Broken.Seq != int64(a) {
					t.Errorf("entries %d and %d: %+v", a, b, r.Broken)
				}
			}
		}
		// Two events, each with its salt, in each other's place.
		r := tamper(t, db, "",
			"UPDATE consent_events SET id = '0' WHERE seq = 1",
			"UPDATE consent_events SET id = (SELECT event_id FROM ledger_entries WHERE seq = 1), seq = 1 WHERE seq = 4",
			"UPDATE consent_events SET id = (SELECT event_id FROM ledger_entries WHERE seq = 4), seq = 4 WHERE id = '0'")
		if r.OK() || r.Broken.Fault != ContentChanged || r.Broken.Seq != 1 {
			t.Errorf("events: %+v", r.Broken)
		}
	})
}

// An event slipped in beside the chain, in the name of somebody.
func TestAnEventWithoutAnEntryIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		for seq, want := range map[int]int64{4: 4, 50: 50, 2: 2} {
			r := tamper(t, db, "", fmt.Sprintf(
				`INSERT INTO consent_events (id, seq, subscriber_id, salt, at, action, topic_id, topic_key, partner_key, state, source, content)
				 SELECT 'x', %d, subscriber_id, salt, at, action, topic_id, topic_key, partner_key, state, source, content
				 FROM consent_events WHERE seq = 1`, seq))
			if r.OK() || r.Broken.Fault != ContentForeign || r.Broken.Seq != want {
				t.Errorf("at %d: %+v", seq, r.Broken)
			}
		}
	})
}

// The head row cannot be moved or changed.
func TestAChangedHeadIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		for s, want := range map[string]Fault{
			"seq = seq + 1":              Truncated,
			"seq = seq - 1":              HeadChanged,
			"hash = " + flip(db, "hash"): HeadChanged,
			"seq = 8, hash = (SELECT hash FROM ledger_entries WHERE seq = 8)": HeadChanged,
		} {
			r := tamper(t, db, "", "UPDATE ledger_head SET "+s)
			if r.OK() || r.Broken.Fault != want {
				t.Errorf("%s: %+v", s, r.Broken)
			}
		}
	})
}

// What the database alone cannot show, a head noted elsewhere does.
func TestAnExpectedHeadFindsTruncation(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		head := sample(t, db).Head
		cut := []string{
			"DELETE FROM consent_events WHERE seq > 6",
			"DELETE FROM ledger_entries WHERE seq > 6",
			"UPDATE ledger_head SET seq = 6, hash = (SELECT hash FROM ledger_entries WHERE seq = 6)",
			// Nobody has been erased yet at entry 6.
			"DELETE FROM ledger_entries WHERE seq > 1", "DELETE FROM consent_events WHERE seq > 1",
			"UPDATE ledger_head SET seq = 1, hash = (SELECT hash FROM ledger_entries WHERE seq = 1)",
		}
		if r := tamper(t, db, "", cut...); !r.OK() || r.Entries != 1 {
			t.Errorf("a clean cut shows without a head: %+v", r.Broken)
		}
		if r := tamper(t, db, head, cut...); r.OK() || r.Broken.Fault != Truncated || r.Broken.Seq != 2 {
			t.Errorf("a clean cut: %+v", r.Broken)
		}

		// A chain made anew, as sound as the old one.
		other := sqldbtest.SQLite(t)
		for range 9 {
			add1(t, other, event(jan, Given))
		}
		if r := verify(t, other, head); r.OK() || r.Broken.Fault != Rewritten || r.Broken.Seq != 9 {
			t.Errorf("another chain: %+v", r.Broken)
		}

		if r := verify(t, db, head); !r.OK() {
			t.Errorf("the head itself: %+v", r.Broken)
		}
		add1(t, db, event(jan, Given))
		if r := verify(t, db, head); !r.OK() || r.Entries != 10 {
			t.Errorf("a longer chain: %+v", r.Broken)
		}
	})
}

func TestParsePosition(t *testing.T) {
	p := Position{17, genesis}
	if got, err := ParsePosition(" " + p.String() + "\n"); err != nil || got != p {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "17", "17:", ":" + genesis.String(), "-1:" + genesis.String(), "17:abcd", "x:" + genesis.String(), p.String() + "00"} {
		if _, err := ParsePosition(s); !errors.Is(err, ErrPosition) {
			t.Errorf("%q: %v", s, err)
		}
		if s == "" {
			continue
		}
		if _, err := Verify(t.Context(), nil, Options{Expect: s}); !errors.Is(err, ErrPosition) {
			t.Errorf("Verify expecting %q: %v", s, err)
		}
	}
}

// Of two faults the earlier is reported, though a missing event is only certain
// when all erasures are known.
func TestTheFirstFaultIsReported(t *testing.T) {
	db := sqldbtest.SQLite(t)
	sample(t, db)
	r := tamper(t, db, "", "DELETE FROM consent_events WHERE seq = 4", "UPDATE ledger_entries SET at = at + 1 WHERE seq = 5")
	if r.OK() || r.Broken.Seq != 4 || r.Broken.Fault != ContentMissing {
		t.Errorf("got %+v", r.Broken)
	}
	r = tamper(t, db, "", "DELETE FROM consent_events WHERE seq = 9", "UPDATE ledger_entries SET at = at + 1 WHERE seq = 5")
	if r.OK() || r.Broken.Seq != 5 || r.Broken.Fault != EntryChanged {
		t.Errorf("got %+v", r.Broken)
	}
}

// Whatever is appended and erased in whatever order verifies; whatever is then
// changed by one byte does not.
func TestAnyHistoryVerifiesAndAnyChangeIsFound(t *testing.T) {
	db := sqldbtest.SQLite(t)
	people := []string{jan, els, piet}
	actions := []Action{Given, Pending, Confirmed, Withdrawn, Objected, Expired, Paused}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			if rapid.IntRange(0, 5).Draw(rt, "erase") == 0 {
				erase(t, db, who)
				continue
			}
			e := event(who, rapid.SampledFrom(actions).Draw(rt, "action"))
			e.Note, e.UserAgent = rapid.String().Draw(rt, "note"), string(rapid.SliceOf(rapid.Byte()).Draw(rt, "agent"))
			add1(t, db, e)
		}
		r := verify(t, db, "")
		if !r.OK() || r.Events+r.Erased != r.Entries {
			rt.Fatalf("%+v, %+v", r, r.Broken)
		}
		seq := rapid.Int64Range(1, r.Entries).Draw(rt, "seq")
		column := rapid.SampledFrom([]string{"event_id", "at", "commitment", "hash"}).Draw(rt, "column")
		r = tamper(t, db, "", fmt.Sprintf("UPDATE ledger_entries SET %s = %s WHERE seq = %d", column, flip(db, column), seq))
		if r.OK() || r.Broken.Seq != seq {
			rt.Fatalf("%s of %d: %+v", column, seq, r.Broken)
		}
	})
}
