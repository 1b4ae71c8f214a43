package evidence_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/campaigns/evidence"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var ctx = context.Background()

// sent stores notices and lets a relay take them; one is refused, one comes back later.
func sent(t *testing.T, w *campaignstest.World, n int) (ids []string) {
	t.Helper()
	s := &notices.Service{DB: w.DB, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People}
	for i := range n {
		made, err := s.Create(ctx, campaignstest.Staff, notices.Input{To: notices.Recipient{Email: fmt.Sprintf("p%d@example.com", i)}, Obligation: "contract", Basis: "contract", Subject: "Your contract",
			Blocks: []byte(`[{"type":"text","markdown":"It has changed."}]`)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made[0].ID)
	}
	claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", n)
	if err != nil || len(claimed) != n {
		t.Fatalf("%d claimed, %v", len(claimed), err)
	}
	var results []outbox.Result
	for i, m := range claimed {
		raw := []byte(fmt.Sprintf("Subject: %s %d\r\n\r\nIt has changed.\r\n", m.Subject, i))
		sum := sha256.Sum256(raw)
		r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 2.0.0 ok <é>\x00", Relay: "mx.example.com:25", TLS: "TLS 1.3", MessageID: "<" + m.ID + "@x>", SHA256: hex.EncodeToString(sum[:]), Raw: raw}
		if i == 1 {
			r = outbox.Result{ID: m.ID, Status: outbox.StatusBounced, Reason: "hard_bounce", Code: 550, Reply: "550 5.1.1 no such user", MessageID: "<" + m.ID + "@x>"}
		}
		results = append(results, r)
	}
	if err := w.Outbox.Complete(ctx, results...); err != nil {
		t.Fatal(err)
	}
	if n > 2 {
		if err := w.Outbox.Bounced(ctx, ids[2], "5.2.1 mailbox disabled"); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func verify(t *testing.T, q sqldb.Querier, o evidence.Options) evidence.Report {
	t.Helper()
	r, err := evidence.Verify(ctx, q, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryEndOfANoticeIsInTheChain(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		if r := verify(t, db, evidence.Options{}); !r.OK() || r.Rows != 0 {
			t.Fatalf("the empty chain: %+v", r)
		}
		ids := sent(t, w, 5)
		r := verify(t, db, evidence.Options{})
		if !r.OK() || r.Rows != 6 || r.Mails != 4 {
			t.Fatalf("%+v", r)
		}
		records, err := evidence.Of(ctx, db, ids[2])
		if err != nil || len(records) != 2 || records[0].Event != evidence.Accepted || records[1].Event != evidence.Bounced || !records[0].Sound || records[0].To != "p2@example.com" ||
			records[0].SHA256 == "" || records[1].Reply != "5.2.1 mailbox disabled" || records[0].Relay != "mx.example.com:25" {
			t.Fatalf("%+v, %v", records, err)
		}
	})
}

// Compliance 77: whoever edits a row, or a byte of a mail, is found.
func TestEveryChangeIsFound(t *testing.T) {
	changes := map[string]struct{ change, says string }{
		"hash in the notice":   {"UPDATE messages SET sha256 = 'ff' || substr(sha256, 3) WHERE email = 'p3@example.com'", "the sha256 of the notice"},
		"status of the notice": {"UPDATE messages SET status = 'sent' WHERE email = 'p1@example.com'", "the status of the notice"},
		"reply in the notice":  {"UPDATE messages SET reply = '250 ok' WHERE email = 'p2@example.com'", "the reply of the notice"},
		"whom it went to":      {"UPDATE messages SET email = 'x@example.com' WHERE email = 'p4@example.com'", "the email of the notice"},
		"relay in the notice":  {"UPDATE messages SET relay = 'other' WHERE email = 'p0@example.com'", "the relay of the notice"},
		"notice gone":          {"DELETE FROM messages WHERE email = 'p4@example.com'", "is gone"},
		"content":              {"UPDATE notice_evidence SET content = replace(content, 'p3@', 'q3@') WHERE seq = 4", "content of row 4"},
		"time":                 {"UPDATE notice_evidence SET at = at + 1 WHERE seq = 2", "hash of row 2"},
		"row gone":             {"DELETE FROM notice_evidence WHERE seq = 3", "row 3 is missing"},
		"last row gone":        {"DELETE FROM notice_evidence WHERE seq = 6", ""},
		"end cut off":          {"UPDATE notice_evidence_head SET seq = 5, hash = (SELECT hash FROM notice_evidence WHERE seq = 5)", "rows behind it"},
		"content emptied":      {"UPDATE notice_evidence SET content = '', salt = '' WHERE seq = 5", "no erasure lists it"},
		"rows swapped":         {"UPDATE notice_evidence SET message_id = (SELECT message_id FROM notice_evidence WHERE seq = 1) WHERE seq = 2", "hash of row 2"},
		"forged acceptance": {`INSERT INTO messages (id, class, kind, email, address_key, status, at, created_at) VALUES ('018f0000-0000-7000-8000-000000000000', 'notice', 'blocks', 'z@example.com', 'z@example.com', 'sent', 1, 1)`,
			"the chain does not know"},
	}
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		sent(t, w, 5)
		head := verify(t, db, evidence.Options{}).Head
		back := errors.New("back to what it was")
		for name, tt := range changes {
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				if _, err := tx.ExecContext(ctx, tt.change); err != nil {
					return err
				}
				if r := verify(t, tx, evidence.Options{Expect: head}); r.OK() || !strings.Contains(r.Broken.Detail, tt.says) {
					t.Errorf("%s: %+v", name, r.Broken)
				}
				return back
			})
			if !errors.Is(err, back) {
				t.Fatal(name, err)
			}
		}
		if r := verify(t, db, evidence.Options{Expect: head}); !r.OK() {
			t.Errorf("without a change: %+v", r.Broken)
		}
	})
}

func TestOneChangedByteOfAMailIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		ids := sent(t, w, 4)
		raw, err := w.Outbox.Raw(ctx, ids[3])
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-4] ^= 1
		if _, err := db.ExecContext(ctx, "UPDATE message_bytes SET raw = $1 WHERE message_id = $2", raw, ids[3]); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, db, evidence.Options{}); r.OK() || r.Broken.Notice != ids[3] || !strings.Contains(r.Broken.Detail, "bytes of the mail") {
			t.Errorf("%+v", r)
		}
	})
}

// A chain that somebody makes anew is sound in itself: whoever noted an earlier head finds it.
func TestAChainMadeAnewIsFoundByAnEarlierHead(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		sent(t, w, 3)
		head := verify(t, db, evidence.Options{}).Head
		for _, table := range []string{"notice_evidence", "notice_evidence_head", "messages"} {
			if _, err := db.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				t.Fatal(err)
			}
		}
		sent(t, w, 3)
		if r := verify(t, db, evidence.Options{}); !r.OK() {
			t.Fatalf("%+v", r)
		}
		if r := verify(t, db, evidence.Options{Expect: head}); r.OK() {
			t.Error("it passes for the old one")
		}
	})
}

// Promise 5: erasing a person's data leaves the chain verifiable, and nothing of the person in it.
func TestErasureLeavesTheChainWhole(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		p := w.Person("p3@example.com", nil)
		ids := sent(t, w, 5)
		if _, err := w.People.Erase(ctx, campaignstest.Staff, p.ID); err != nil {
			t.Fatal(err)
		}
		r := verify(t, db, evidence.Options{})
		if !r.OK() || r.Rows != 7 || r.Erased != 1 {
			t.Fatalf("%+v %+v", r, r.Broken)
		}
		records, err := evidence.Of(ctx, db, ids[3])
		if err != nil || len(records) != 1 || records[0].Content != "" || records[0].To != "" {
			t.Errorf("%+v, %v", records, err)
		}
		var n int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM notice_evidence WHERE content LIKE '%p3@%'").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows still name the person, %v", n, err)
		}
	})
}
