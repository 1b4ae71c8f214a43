package desk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/templates/site"
	"assent/workers/desk"
	"assent/workers/doctor"
	"assent/workers/queue"
)

// Everybody on the staff may look at what came back, in whose words whatever was written there is only text (compliance 17), and sees
// where the warm-up stands.
func TestWhatCameBackIsOnAPage(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	warm := &site.WarmUp{Day: 3, Days: 14, Sent: 400, Limit: 2000}
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: time.Now}, Stats: func(context.Context) ([]queue.Stats, error) { return nil, nil },
		Examine: func(context.Context) ([]doctor.Check, error) { return nil, nil }, Warming: func(context.Context) (*site.WarmUp, error) { return warm, nil }}
	state.Register(h.Echo)
	bo := h.As("Bo", access.ReadOnly)
	const page = "/admin/deliverability/returned"
	bo.Get(page).Want(200, "Nothing came back")
	bo.Get("/admin/deliverability").Want(200, `href="`+page+`"`, "Day 3 of 14", "400 of 2,000")
	warm = nil
	if body := bo.Get("/admin/deliverability").Want(200).Body.String(); strings.Contains(body, "Day 3") {
		t.Error("a plan that is over is shown")
	}
	at := time.Now().Add(-time.Hour)
	add := func(kind, class, code, said, effect string) {
		t.Helper()
		at = at.Add(time.Second)
		id := sqldb.NewID()
		if _, err := db.ExecContext(ctx, "INSERT INTO feedback (id, provider, event_key, at, kind, class, code, said, effect) VALUES ($1, 'smtp', $1, $2, $3, $4, $5, $6, $7)", id, sqldb.Micros(at), kind, class, code, said, effect); err != nil {
			t.Fatal(err)
		}
	}
	add("bounce", "hard", "5.1.1", "<script>alert(1)</script>", "none")
	add("complaint", "", "", "abuse", "none")
	if body := bo.Get(page).Want(200, "Hard bounce", "5.1.1 &lt;script&gt;", "Complaint", "nothing proves whom it is about").Body.String(); strings.Contains(body, "<script>alert") {
		t.Error("a bounce's words are not text")
	}
	if body := bo.Get(page+"?show=complaint").Want(200, "abuse").Body.String(); strings.Contains(body, "5.1.1") {
		t.Error("narrowed to complaints there are bounces")
	}
	for range 60 {
		add("unknown", "", "", "more", "none")
	}
	body := bo.Get(page).Want(200, "after=").Body.String()
	if strings.Contains(body, "5.1.1") {
		t.Error("all is on one page")
	}
	next := body[strings.Index(body, page+"?after="):]
	bo.Get(strings.ReplaceAll(next[:strings.IndexByte(next, '"')], "&amp;", "&")).Want(200, "5.1.1")
}

// What an examination could not look at is not said to be fine.
func TestWhatWasNotCheckedIsNotCalledFine(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	book := &doctor.Book{DB: db, Now: time.Now}
	state := &desk.State{Site: h.Site, Book: book, Stats: func(context.Context) ([]queue.Stats, error) { return nil, nil }, Examine: func(context.Context) ([]doctor.Check, error) { return nil, nil }}
	state.Register(h.Echo)
	if _, err := book.Run(ctx, func(context.Context) ([]doctor.Check, error) {
		return []doctor.Check{{Name: "PTR", Status: doctor.Skip, Detail: "the addresses that mail leaves from are not known"}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if body := h.As("Bo", access.ReadOnly).Get("/admin/deliverability").Want(200, "PTR", "(not checked)").Body.String(); strings.Contains(body, "(fine)") {
		t.Error("what was not checked is called fine")
	}
}
