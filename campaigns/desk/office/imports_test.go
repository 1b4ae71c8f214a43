package office_test

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// work works off what waits, as the server does by itself.
func (h *house) work() {
	h.House.T.Helper()
	if err := h.office.Imports.Work(ctx); err != nil {
		h.House.T.Fatal(err)
	}
}

// A file is tried first, then imported, and taken back; what people turned off stays off through all of it.
func TestFileIsTriedImportedAndTakenBack(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		out := h.Person("out@example.com", nil)
		h.Give(out, "news")
		h.Clock.Move(time.Minute)
		h.Withdraw(out, "news")
		there := h.Person("there@example.com", nil)
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		rita.Get("/admin/imports/new").Want(403)
		ada.Get("/admin/imports").Want(200, "No imports yet")
		ada.Upload("/admin/imports", "empty.csv", strings.NewReader("")).Want(422, "the file is empty")
		file := "E-mailadres,Voornaam,Shoe Size\nnew@example.com,=cmd|'/C calc'!A1,42\nthere@example.com," + `"<script>alert(1)</script>"` + ",\nout@example.com,,\nnot one,x,\nnew@example.com,,\n"
		mapping := ada.Upload("/admin/imports", "../people "+`"><script>alert(1)`+".csv", strings.NewReader(file)).Want(303).Location()
		page := ada.Get(mapping).Want(200, "Voornaam", "new@example.com", `<option value="email" selected>`, `<option value="first_name" selected>`).Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("the file runs")
		}
		upload := mapping[strings.LastIndex(mapping, "=")+1:]
		h.As("Bo", access.Marketer).Get(mapping).Want(404) // somebody else's file
		fields := []string{"upload", upload, "map.0", "email", "map.1", "first_name", "map.2", "attributes", "topics", "news", "action", "give", "source", "fair", "collected_at", "2026-04-01T10:00"}
		ada.Post("/admin/imports/start", fields...).Want(422, "the exact text that people agreed to", `value="fair"`)
		ada.Post("/admin/imports/start", "upload", upload, "map.1", "first_name").Want(422, "needs a column that is the email")
		tried := ada.Post("/admin/imports/start", append(fields, "wording", "Yes, mail me. "+script, "dry_run", "1")...).Want(303).Location()
		h.work()
		body := ada.Get(tried).Want(200, "This was a trial", "Import it now", "Unsubscribed from the topic", "Line 5:", "rejects.csv").Body.String()
		if strings.Contains(body, "<script>alert") || strings.Contains(body, tried+"/undo") {
			t.Error("the wording runs, or a trial can be undone")
		}
		if _, err := h.People.SubscriberByKey(ctx, h.DB, "new@example.com"); err == nil {
			t.Fatal("a trial made somebody")
		}
		rejects := ada.Get(tried+"/rejects.csv").Want(200, "withdrawn", "not one").Body.String()
		if strings.Contains(rejects, "\n=") || strings.Contains(rejects, ",=") {
			t.Error("a formula is live in the rejects: " + rejects)
		}
		rita.Get(tried + "/rejects.csv").Want(403)
		run := ada.Post(tried + "/apply").Want(303).Location()
		h.work()
		ada.Post(tried+"/apply").Want(303, tried) // its file is used up
		ada.Get(run).Want(200, "Finished", run+"/undo")
		made, err := h.People.SubscriberByKey(ctx, h.DB, "new@example.com")
		if err != nil || made.Attributes["shoe_size"] != "42" {
			t.Fatalf("%+v %v", made, err)
		}
		states, err := h.People.Consents(ctx, h.DB, out.ID)
		if err != nil || len(states) != 1 || states[0].State != preferences.StateWithdrawn {
			t.Errorf("an import turned an opt-out on again: %+v %v", states, err)
		}
		ada.Get(run+"/undo").Want(200, "1 person whom it made is removed", "for 1 other person", "stay.")
		h.Clock.Move(time.Minute)
		ada.Post(run+"/undo").Want(303, run)
		h.work()
		ada.Get(run).Want(200, "1 people were removed", "Undone")
		if _, err := h.People.SubscriberByKey(ctx, h.DB, "new@example.com"); err == nil {
			t.Error("the undo left whom the import made")
		}
		if states, err := h.People.Consents(ctx, h.DB, there.ID); err != nil || len(states) > 0 && states[0].State == preferences.StateGiven {
			t.Errorf("%+v %v", states, err)
		}
		ada.Get("/admin/imports").Want(200, "people", "Trial")
	})
}

// A file is read as it comes: nothing of it stays in memory, and no form that a stranger's page sends is taken.
// Every refused line is counted, also those whose mistake is not kept, and the page says what the columns were in the words of the form.
func TestAllMistakesAreCounted(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		file := "mail,Shoe size,Voornaam\nann@example.com,42,Ann\n" + strings.Repeat("not one,,\n", 150)
		mapping := ada.Upload("/admin/imports", "people.csv", strings.NewReader(file)).Want(303).Location()
		upload := mapping[strings.LastIndex(mapping, "=")+1:]
		page := ada.Post("/admin/imports/start", "upload", upload, "map.0", "email", "map.1", "attributes", "map.2", "first_name").Want(303).Location()
		h.work()
		body := ada.Get(page).Want(200, "and 130 more", "mail → E-mail address", "Voornaam → First name", "Shoe size → shoe_size", "See the people").Body.String()
		if see, undo := strings.Index(body, "See the people"), strings.Index(body, page+"/undo"); undo < see {
			t.Error("to take it back is the main button")
		}
	})
}

func TestUploadIsStreamed(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	ada := h.As("Ada", access.Marketer)
	if a := ada.Forge("/admin/imports", url.Values{"csrf": {"x"}}); a.Code != 403 {
		t.Errorf("%d without a file", a.Code)
	}
	lines := 400_000
	r, w := io.Pipe()
	go func() {
		fmt.Fprintln(w, "email")
		for i := range lines {
			fmt.Fprintf(w, "person-%d-with-a-long-address@example.com\n", i)
		}
		w.Close()
	}()
	at := ada.Upload("/admin/imports", "big.csv", r).Want(303).Location()
	id := at[strings.LastIndex(at, "=")+1:]
	info, err := os.Stat(filepath.Join(h.office.Imports.Dir, id+".csv"))
	if err != nil || info.Size() < 15<<20 { // more than a body may have elsewhere
		t.Fatalf("%v %v", info, err)
	}
	if !sqldb.IsID(id) {
		t.Error(id)
	}
}
