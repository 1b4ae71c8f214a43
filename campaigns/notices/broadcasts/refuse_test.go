package broadcasts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"assent/campaigns/notices/broadcasts"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Compliance 71: a second person decides, and can say no.
func TestASecondPersonRefuses(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(3, nil)
		b, err := w.b.Create(ctx, author, input(nil))
		w.Must(err)
		for who, actor := range map[string]audit.Actor{"the author": author, "a session of the author": sameAuth} {
			if _, err := w.b.Refuse(ctx, actor, b.ID, "Not like this."); err == nil || !strings.Contains(err.Error(), "else") {
				t.Errorf("%s refuses: %v", who, err)
			}
		}
		for _, reason := range []string{"", " \n", strings.Repeat("x", 1001), "a\x00b"} {
			if p, ok := problem.As(func() error { _, err := w.b.Refuse(ctx, approver, b.ID, reason); return err }()); !ok || p.Status != 422 {
				t.Errorf("reason %q: %v", reason, p)
			}
		}
		b, err = w.b.Refuse(ctx, approver, b.ID, " Say when it ends. ")
		w.Must(err)
		if b.Status != broadcasts.Cancelled || b.RefusedFor != "Say when it ends." || !b.ApprovedAt.IsZero() {
			t.Errorf("%+v", b)
		}
		if _, err := w.b.Approve(ctx, approver, b.ID); err == nil {
			t.Error("what was refused is approved")
		}
		w.advance()
		if c, _ := w.covered(b); c.Addressed != 0 {
			t.Errorf("somebody is addressed: %+v", c)
		}
		again, err := w.b.Get(ctx, db, b.ID)
		w.Must(err)
		if again.RefusedFor != b.RefusedFor || again.ApproverName != "Bob" {
			t.Errorf("%+v", again)
		}
	})
}

// People of one type of contract are the customers whose attribute says so.
func TestTheAudienceIsATypeOfContract(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(5, nil)
		set := func(id, attributes string, customer bool) {
			t.Helper()
			since := any(int64(1))
			if !customer {
				since = nil
			}
			_, err := db.ExecContext(ctx, "UPDATE subscribers SET attributes = $1, customer_since = $2 WHERE id = $3", attributes, since, id)
			w.Must(err)
		}
		set(ids[0], `{"contract": "pro"}`, true)
		set(ids[1], `{"contract": "pro"}`, false) // was one
		set(ids[2], `{"contract": "free"}`, true)
		set(ids[3], `{"contract": ["pro", "fleet"]}`, true)
		b := w.broadcast(func(in *broadcasts.Input) { in.Audience = broadcasts.Audience{Contract: "pro"} })
		e, err := w.b.Explain(ctx, b)
		w.Must(err)
		b = w.run(b)
		c, people := w.covered(b)
		if e.Addressed != 2 || c.Accepted != 2 || people[ids[0]].Outcome != broadcasts.Accepted || people[ids[3]].Outcome != broadcasts.Accepted {
			t.Errorf("explained %+v, covered %+v, %v", e, c, people)
		}
		for _, bad := range []broadcasts.Audience{{}, {Contract: "pro", Customers: true}, {Contract: "a\nb"}, {Contract: strings.Repeat("x", 256)}} {
			if _, err := w.b.Create(ctx, author, input(func(in *broadcasts.Input) { in.Audience = bad })); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
		text, err := json.Marshal(broadcasts.Audience{Contract: "pro"})
		if err != nil || string(text) != `{"contract":"pro"}` {
			t.Errorf("%s %v", text, err)
		}
	})
}
