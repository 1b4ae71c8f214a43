package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/evidence"
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// lax are the columns that prove nothing: what workers note for themselves, and when bytes are forgotten.
var lax = map[string]bool{"messages.due_at": true, "messages.worker": true, "message_bytes.at": true}

// columns lists those of a table with whether each is a number or bytes.
func columns(t *testing.T, db *sqldb.DB, table string) map[string]string {
	t.Helper()
	query := "SELECT name, lower(type) FROM pragma_table_info($1)"
	if db.Dialect() == sqldb.PostgreSQL {
		query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema()"
	}
	out := map[string]string{}
	for row := range sqldb.Rows(ctx, db, query, table) {
		var name, kind string
		if err := row.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.Contains(kind, "int"):
			out[name] = "number"
		case kind == "blob" || kind == "bytea":
			out[name] = "bytes"
		default:
			out[name] = "text"
		}
	}
	if len(out) == 0 {
		t.Fatal(table)
	}
	return out
}

// Compliance 77: one changed byte in any column of any row that proves something is found: of an accepted, a bounced, a late
// bounced, an unserved and a served notice, of their tries, their bytes and their rows of the chain.
func TestAChangeInAnyColumnIsFound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		kept := everyKind(t, w)
		head := verify(t, db, evidence.Options{})
		if !head.OK() {
			t.Fatalf("%+v", head.Broken)
		}
		back := errors.New("back to what it was")
		tried := 0
		for table, where := range map[string]string{"messages": "id", "message_attempts": "message_id", "message_bytes": "message_id", "notice_served": "message_id", "notice_evidence": "message_id", "notice_evidence_head": ""} {
			for column, kind := range columns(t, db, table) {
				if lax[table+"."+column] {
					continue
				}
				change := map[string]string{"number": "COALESCE(%s, 0) + 1", "text": "COALESCE(%s, '') || 'x'", "bytes": "%s || $1"}[kind]
				var args []any
				if kind == "bytes" {
					args = append(args, []byte{0})
				}
				for name, id := range kept {
					query := fmt.Sprintf("UPDATE %s SET %s = "+change, table, column, column)
					if where != "" {
						query += fmt.Sprintf(" WHERE %s = '%s'", where, id)
					}
					err := db.Tx(ctx, func(tx *sqldb.Tx) error {
						res, err := tx.ExecContext(ctx, query, args...)
						if err != nil {
							return back // the database refuses it
						}
						if n, err := res.RowsAffected(); err != nil || n == 0 {
							return back // it has no such row
						}
						tried++
						if r := verify(t, tx, evidence.Options{Expect: head.Head}); r.OK() {
							t.Errorf("%s.%s of a notice that is %s: not found", table, column, name)
						}
						return back
					})
					if !errors.Is(err, back) {
						t.Fatal(table, column, err)
					}
				}
			}
		}
		if tried < 100 {
			t.Errorf("only %d changes were tried", tried)
		}
		t.Logf("%d changes", tried)
		for table, query := range map[string]string{
			"a try added":         "INSERT INTO message_attempts (message_id, n, at, outcome, code, reply, relay, tls) VALUES ('" + kept["accepted"] + "', 9, 1, 'deferred', 451, '', '', '')",
			"a try taken out":     "DELETE FROM message_attempts WHERE message_id = '" + kept["bounced"] + "'",
			"served taken back":   "DELETE FROM notice_served WHERE message_id = '" + kept["served"] + "'",
			"served, forged":      "INSERT INTO notice_served (message_id, broadcast_id, channel, served_on, note, actor, at) VALUES ('" + kept["unserved"] + "', 'x', 'post', '2026-05-01', '', 'x', 1)",
			"served, put back":    "INSERT INTO notice_served (message_id, broadcast_id, channel, served_on, note, actor, at) VALUES ('" + kept["undone"] + "', 'x', 'post', '2026-05-01', 'letter', 'x', 1)",
			"sent, forged status": "UPDATE messages SET status = 'sent', sent_at = 1 WHERE id = '" + kept["unserved"] + "'",
		} {
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				if _, err := tx.ExecContext(ctx, query); err != nil {
					return err
				}
				if r := verify(t, tx, evidence.Options{Expect: head.Head}); r.OK() {
					t.Errorf("%s: not found", table)
				}
				return back
			})
			if !errors.Is(err, back) {
				t.Fatal(table, err)
			}
		}
	})
}

var mailSum = sha256.Sum256([]byte("mail"))

// everyKind makes a notice of each fate, with all that a notice may carry, and returns their ids.
func everyKind(t *testing.T, w *campaignstest.World) map[string]string {
	t.Helper()
	s := &notices.Service{DB: w.DB, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People}
	kept, names := map[string]string{}, map[string]string{}
	for _, name := range []string{"accepted", "bounced", "came back", "unserved", "copy"} {
		p := w.Person(strings.ReplaceAll(name, " ", "")+"@example.com", nil)
		if name == "copy" {
			continue
		}
		in := notices.Input{To: notices.Recipient{SubscriberID: p.ID, Name: "Anna", Locale: "nl"}, Obligation: "contract", Basis: "contract", Subject: "Your contract", Reference: "C-1", Brand: "default",
			Blocks: []byte(`[{"type":"text","markdown":"It has changed."}]`), Attachments: []outbox.Attachment{{Filename: "a.pdf", ContentType: "application/pdf", Content: []byte("x")}}}
		if name == "accepted" {
			in.CC = []notices.Copy{{Email: "copy@example.com", Name: "Bob"}}
		}
		made, err := s.Create(ctx, campaignstest.Staff, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range made {
			one := name
			if i > 0 {
				one = "copy"
			}
			kept[one], names[m.ID] = m.ID, one
		}
	}
	if _, _, err := w.People.Suppress(ctx, campaignstest.Staff, "unserved@example.com", preferences.SuppressedBounced, "", "test"); err != nil {
		t.Fatal(err)
	}
	complete(t, w, names)
	if err := w.Outbox.Bounced(ctx, kept["came back"], "5.2.1 mailbox disabled"); err != nil {
		t.Fatal(err)
	}
	kept["served"] = servedOne(t, w, "served@example.com", false)
	kept["undone"] = servedOne(t, w, "undone@example.com", true)
	return kept
}

// complete defers every message once, then lets the relay take or refuse it.
func complete(t *testing.T, w *campaignstest.World, names map[string]string) {
	t.Helper()
	for try := range 2 {
		claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range claimed {
			r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 ok", Relay: "mx:25", TLS: "TLS 1.3", MessageID: "<" + m.ID + "@x>", SHA256: hex.EncodeToString(mailSum[:]), Raw: []byte("mail")}
			switch {
			case try == 0:
				r = outbox.Result{ID: m.ID, Status: outbox.StatusDeferred, Code: 451, Reply: "451 later", Relay: "mx:25", DueAt: w.Clock.Now()}
			case names[m.ID] == "bounced" || names[m.ID] == "":
				r = outbox.Result{ID: m.ID, Status: outbox.StatusBounced, Reason: "hard_bounce", Code: 550, Reply: "550 5.1.1 no such user", Relay: "mx:25", TLS: "TLS 1.3", MessageID: "<" + m.ID + "@x>"}
			}
			if err := w.Outbox.Complete(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		w.Clock.Move(time.Second)
	}
}

// servedOne is the notice of a broadcast to somebody whom mail did not reach and who got it by post, or of whom that was noted
// by mistake.
func servedOne(t *testing.T, w *campaignstest.World, email string, mistake bool) string {
	t.Helper()
	b := &broadcasts.Service{DB: w.DB, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People, Base: "https://mail.example.com"}
	p := w.Person(email, nil)
	if _, err := w.DB.ExecContext(ctx, "UPDATE subscribers SET customer_since = CASE WHEN id = $1 THEN 1 END", p.ID); err != nil {
		t.Fatal(err)
	}
	made, err := b.Create(ctx, campaignstest.Staff, broadcasts.Input{Obligation: "terms_change", Basis: "contract", Audience: broadcasts.Audience{Customers: true}, EffectiveAt: w.Clock.Now().AddDate(0, 0, 40),
		Subject: "Our terms change", Blocks: []byte(`[{"type":"text","markdown":"They change."}]`)})
	if err == nil {
		_, err = b.Approve(ctx, audit.Actor{Kind: audit.KindKey, ID: "second", Name: "second"}, made.ID)
	}
	if err == nil {
		err = b.Advance(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	complete(t, w, nil)
	if _, err := b.MarkServed(ctx, campaignstest.Staff, made.ID, broadcasts.ServedInput{SubscriberID: p.ID, Channel: "post", On: "2026-05-01", Note: "letter"}); err != nil {
		t.Fatal(err)
	}
	if mistake {
		if err := b.UndoServed(ctx, campaignstest.Staff, made.ID, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	var id string
	if err := w.DB.QueryRowContext(ctx, "SELECT id FROM messages WHERE broadcast_id = $1", made.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}
