package ledger

import (
	"errors"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Whoever rewrites an entry as Append would have written it, with commitment
// and hash of its own, does not fit what follows.
func TestAForgedEntryIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sample(t, db)
		for seq, want := range map[int64]Break{
			1: {Seq: 2, Fault: EntryChanged}, 4: {Seq: 5, Fault: EntryChanged}, 6: {Seq: 7, Fault: EntryChanged}, 9: {Seq: 9, Fault: HeadChanged},
		} {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				forge(t, tx, seq)
				r := verify(t, tx, "")
				if r.OK() || r.Broken.Seq != want.Seq || r.Broken.Fault != want.Fault {
					t.Errorf("entry %d forged: %+v", seq, r.Broken)
				}
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				t.Fatal(err)
			}
		}
	})
}

// forge makes a withdrawal of entry seq, consistent in itself.
func forge(t *testing.T, tx *sqldb.Tx, seq int64) {
	t.Helper()
	prev := genesis
	var h, salt []byte
	var id, content string
	ctx := t.Context()
	if seq > 1 {
		if err := tx.QueryRowContext(ctx, `SELECT hash FROM ledger_entries WHERE seq = $1`, seq-1).Scan(&h); err != nil {
			t.Fatal(err)
		}
		prev = Hash(h)
	}
	if err := tx.QueryRowContext(ctx, `SELECT id, salt, content FROM consent_events WHERE seq = $1`, seq).Scan(&id, &salt, &content); err != nil {
		t.Fatal(err)
	}
	e, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	e.Action, e.State = Withdrawn, "withdrawn"
	if content, err = encode(&e); err != nil {
		t.Fatal(err)
	}
	c := commit(salt, content)
	hash := link(prev, seq, sqldb.Micros(e.RecordedAt), id, c)
	if _, err := tx.ExecContext(ctx, `UPDATE consent_events SET content = $1, action = 'withdrawn', state = 'withdrawn' WHERE seq = $2`, content, seq); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_entries SET commitment = $1, hash = $2 WHERE seq = $3`, c[:], hash[:], seq); err != nil {
		t.Fatal(err)
	}
}

// The hashes of a ledger written years ago must come out the same, so their
// form is pinned.
func TestTheFormIsStable(t *testing.T) {
	e := full(jan)
	e.ID = els
	content, err := encode(&e)
	if err != nil || content != pinnedContent {
		t.Errorf("content, %v\n got %s\nwant %s", err, content, pinnedContent)
	}
	c := commit([]byte("salt"), pinnedContent)
	if c.String() != pinnedCommitment {
		t.Errorf("commitment\n got %s\nwant %s", c, pinnedCommitment)
	}
	if h := link(genesis, 1, sqldb.Micros(now), els, c); h.String() != pinnedHash {
		t.Errorf("hash\n got %s\nwant %s", h, pinnedHash)
	}
}

const (
	pinnedContent    = `{"id":"01890a5d-ac96-774b-bcce-b30209000002","subscriber":"01890a5d-ac96-774b-bcce-b30209000001","action":"given","recorded_at":"2026-03-01T12:00:00.123456Z","collected_at":"2026-03-01T11:00:00.123456Z","topic_id":"01890a5d-ac96-774b-bcce-b30209000009","topic":"newsletter","partner":"acme","state":"given","basis":"consent","value":"weekly","source":"form","wording":"Yes, mail me <b>news</b> & more","wording_version":"3","locale":"nl","privacy_notice":"privacy/7","form":"newsletter","url":"https://example.com/subscribe","document":"scan-17.pdf","ip":"192.0.2.7","user_agent":"Mozilla/5.0","confirmation_message_id":"<1@example.com>","reference":"campaign","actor":"user:1","opt_out_offered":true,"note":"at the fair"}`
	pinnedCommitment = "220b587b94bda9e581ce92e922352348227f9f6435a03efdd52e6d4dfffa023b"
	pinnedHash       = "c6f9ad62ccd01e597676131aa151b2570706add7091a3876d16282d0ad77e34c"
)
