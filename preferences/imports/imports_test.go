package imports_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/imports"
	"assent/preferences/ledger"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web/webtest"
)

// desk is imports behind a server.
type desk struct {
	*preferencestest.World
	*webtest.Client
	store *imports.Store
}

func serve(t *testing.T, db *sqldb.DB) *desk {
	t.Helper()
	d := &desk{World: preferencestest.New(t, db)}
	d.store = &imports.Store{DB: db, Now: d.Clock.Now, People: d.People, Dir: filepath.Join(t.TempDir(), "imports")}
	d.People.Forget = append(d.People.Forget, d.store.Forget)
	d.Client = webtest.New(t, func(_ *echo.Echo, api *echo.Group) { d.store.Register(api, webtest.Scopes(t), webtest.ActorOf) })
	return d
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { test(t, serve(t, db)) })
}

// gave is evidence of a confirmed consent to topics.
func gave(topics ...string) string {
	text, _ := json.Marshal(map[string]any{"topics": topics, "source": "fair", "wording": "Yes, mail me.", "collected_at": "2026-04-01T10:00:00Z", "confirmed": true, "document": "box 7"})
	return string(text)
}

// post sends a file; fields are pairs of name and value.
func (d *desk) post(file string, fields ...string) webtest.Answer {
	d.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		d.Must(w.WriteField(fields[i], fields[i+1]))
	}
	part, err := w.CreateFormFile("file", "list.csv")
	d.Must(err)
	_, err = part.Write([]byte(file))
	d.Must(err)
	d.Must(w.Close())
	return d.API("POST", "/imports", body.String(), "Content-Type", w.FormDataContentType())
}

// load imports a file to its end.
func (d *desk) load(file string, fields ...string) *imports.Import {
	d.T.Helper()
	var made struct{ ID, Status string }
	d.post(file, fields...).Want(http.StatusAccepted).Into(&made)
	if made.Status != "queued" {
		d.T.Errorf("status %q", made.Status)
	}
	return d.wait(made.ID)
}

func (d *desk) wait(id string) *imports.Import {
	d.T.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var imp imports.Import
		d.API("GET", "/imports/"+id, nil).Want(http.StatusOK).Into(&imp)
		switch imp.Status {
		case imports.StatusFinished, imports.StatusFailed, imports.StatusUndone:
			return &imp
		}
	}
	d.T.Fatal("the import does not end")
	return nil
}

// counts are what an import says about its rows.
type counts struct {
	Rows, Created, Updated int64
	Skipped                map[string]int64
}

func (d *desk) want(imp *imports.Import, want counts) {
	d.T.Helper()
	if want.Skipped == nil {
		want.Skipped = map[string]int64{}
	}
	if diff := cmp.Diff(want, counts{imp.Rows, imp.Created, imp.Updated, imp.Skipped}); diff != "" {
		d.T.Errorf("%s\nerrors: %+v %s", diff, imp.Errors, imp.Failure)
	}
	all := imp.Created + imp.Updated
	for _, n := range imp.Skipped {
		all += n
	}
	if all != imp.Rows {
		d.T.Errorf("%d rows and %d outcomes: a row is not accounted for", imp.Rows, all)
	}
}

func (d *desk) rejects(id string) [][]string {
	d.T.Helper()
	r := csv.NewReader(strings.NewReader(d.API("GET", "/imports/"+id+"/rejects", nil).Want(http.StatusOK).Body))
	r.FieldsPerRecord = -1 // a row may have had more cells than the header
	rows, err := r.ReadAll()
	d.Must(err)
	return rows
}

func TestAFileBecomesPeopleWithTheirEvidence(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Topic("news", nil)
		file := "E-mail,First name,Since,Form page,Visitor,Plan,Ignored\r\n" +
			"Anna@Example.com,Anna,2026-03-01T08:00:00Z,https://example.com/a,192.0.2.7,gold,x\r\n" +
			"bert@example.com,\"Bert \"\"the\nBear\"\"\",,,,,\r\n" +
			",,,,,,\r\n" +
			"carl@example.com,Carl,,,,,\r\n"
		imp := d.load(file, "mapping", `{"E-mail":"email","First name":"first_name","Since":"collected_at","Form page":"url","Visitor":"ip","Plan":"attributes.plan"}`, "evidence", gave("news"))
		d.want(imp, counts{Rows: 3, Created: 2, Skipped: map[string]int64{"invalid": 1}})
		if diff := cmp.Diff([]imports.RowError{{Line: 3, Field: "first_name", Detail: "must be one line of text without control characters"}}, imp.Errors); diff != "" {
			t.Error(diff)
		}
		anna := d.Find("anna@example.com")
		if anna == nil || anna.Email != "Anna@example.com" || anna.FirstName != "Anna" || anna.Attributes["plan"] != "gold" || anna.Source != "import:"+imp.ID {
			t.Fatalf("%+v", anna)
		}
		if got := d.Reason("anna@example.com", "news"); got != "allowed" {
			t.Error(got)
		}
		events, err := d.People.Events(context.Background(), d.DB, anna.ID)
		d.Must(err)
		if len(events) != 1 {
			t.Fatalf("%+v", events)
		}
		e := events[0]
		got := []string{string(e.Action), e.Source, e.Wording, e.URL, e.IP, e.Document, e.CollectedAt.Format(time.RFC3339), e.Note}
		if diff := cmp.Diff([]string{"given", "fair", "Yes, mail me.", "https://example.com/a", "192.0.2.7", "box 7", "2026-03-01T08:00:00Z", "import " + imp.ID}, got); diff != "" {
			t.Error(diff)
		}
		carl, err := d.People.Events(context.Background(), d.DB, d.Find("carl@example.com").ID)
		if d.Must(err); carl[0].CollectedAt.Format(time.RFC3339) != "2026-04-01T10:00:00Z" {
			t.Errorf("an empty cell took the place of the import's own evidence: %v", carl[0].CollectedAt)
		}
		report, err := ledger.Verify(context.Background(), d.DB, ledger.Options{})
		if d.Must(err); !report.OK() {
			t.Errorf("the chain is broken: %+v", report)
		}
		again := d.load(strings.ReplaceAll(file, "gold", "silver"), "mapping", `{"E-mail":"email","Plan":"attributes.plan"}`, "evidence", gave("news"))
		d.want(again, counts{Rows: 3, Created: 1, Updated: 2})
		if got := d.Find("anna@example.com").Attributes["plan"]; got != "silver" {
			t.Errorf("plan %v", got)
		}
		if files, _ := os.ReadDir(d.store.Dir); len(files) != 0 {
			t.Errorf("%d files with addresses are left", len(files))
		}
	})
}

// The promise of this package: nothing that somebody said no to is turned on, whatever the file says.
func TestNobodyIsBroughtBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		d.Topic("other", nil)
		who := func(reason string) string { return reason + "@example.com" }
		evidence := preferences.Evidence{Source: "test"}
		person := func(reason string) *preferences.Subscriber { return d.Person(who(reason), nil) }
		check := func(_ any, err error) { t.Helper(); d.Must(err) }

		d.Choose(person("withdrawn"), "news", "withdraw")
		d.Choose(person("objected"), "news", "object")
		check(d.People.Object(ctx, preferencestest.Staff, d.Person("objected2@example.com", nil).ID, false, evidence))
		check(d.People.UnsubscribeAll(ctx, preferencestest.Staff, person("unsubscribed_all").ID, evidence))
		check(d.People.Restrict(ctx, preferencestest.Staff, person("restricted").ID, evidence))
		check(d.People.Erase(ctx, preferencestest.Staff, person("erased").ID))
		for reason, kind := range map[string]string{"suppressed": "manual", "complained": "complained", "address_bounced": "bounced"} {
			_, _, err := d.People.Suppress(ctx, preferencestest.Staff, who(reason), kind, "", "test")
			d.Must(err)
		}
		reasons := []string{"withdrawn", "objected", "objected2", "unsubscribed_all", "restricted", "erased", "suppressed", "complained", "address_bounced", "minor"}
		file := "email,birth_date,first_name\n"
		for _, r := range reasons {
			birth := ""
			if r == "minor" {
				birth = "2020-01-01"
			}
			file += who(r) + "," + birth + ",New\n"
		}
		newest := strings.Replace(gave("news"), "2026-04-01T10:00:00Z", d.Clock.Now().Add(time.Minute).Format(time.RFC3339), 1)
		for _, dry := range []string{"true", "false"} {
			imp := d.load(file, "evidence", newest, "dry_run", dry)
			want := counts{Rows: int64(len(reasons)), Skipped: map[string]int64{"objected": 2}}
			for _, r := range reasons {
				if !strings.HasPrefix(r, "objected") {
					want.Skipped[r] = 1
				}
			}
			d.want(imp, want)
			rows := d.rejects(imp.ID)
			if len(rows) != len(reasons)+1 || rows[1][0] != "2" || rows[1][1] != "withdrawn" || rows[1][4] != who("withdrawn") {
				t.Errorf("rejects: %v", rows)
			}
			for _, r := range reasons {
				want := strings.TrimSuffix(r, "2")
				if r == "minor" {
					want = "no_consent" // nobody was made
				}
				if got := d.Reason(who(r), "news"); got != want {
					t.Errorf("%s: the gate says %s", r, got)
				}
				if sub := d.Find(who(r)); sub != nil && sub.FirstName != "" {
					t.Errorf("%s: the person was changed", r)
				}
			}
			for _, r := range []string{"erased", "minor", "suppressed"} {
				if d.Find(who(r)) != nil {
					t.Errorf("%s: the person was made", r)
				}
			}
		}
		// A topic that nobody spoke against is taken, the other is not, and the row says so.
		imp := d.load("email\n"+who("withdrawn")+"\n", "evidence", gave("news", "other"))
		d.want(imp, counts{Rows: 1, Updated: 1})
		if diff := cmp.Diff(map[string]int64{"withdrawn": 1}, imp.Partly); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "other": "given"}, d.States(d.Find(who("withdrawn")))); diff != "" {
			t.Error(diff)
		}
		if rows := d.rejects(imp.ID); len(rows) != 2 || rows[1][1] != "partly" || rows[1][3] != "news: withdrawn" {
			t.Errorf("%v", rows)
		}
	})
}

// A file knows somebody by an address that they gave up. It makes nobody a second time, as one who never said no; an opt-out in it
// reaches the person, once, and changes nothing else of them.
func TestAFileWithFormerAddresses(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		d.Topic("other", nil)
		moved := func(name string) *preferences.Subscriber {
			sub := d.Person(name+"@old.example", nil)
			d.Choose(sub, "other", "give")
			now := name + "@new.example"
			sub, err := d.People.Update(ctx, preferencestest.Staff, sub.ID, preferences.Profile{Email: &now})
			d.Must(err)
			return sub
		}
		ann, bob, eve := moved("ann"), moved("bob"), moved("eve")
		d.Choose(ann, "news", "withdraw")
		d.Person("eve@old.example", nil) // has it now
		file := "email,first_name\nann@old.example,New\nBOB@old.example,New\neve@old.example,New\nstranger@old.example,New\n"
		people, err := d.People.CountAll(ctx, d.DB)
		d.Must(err)
		for i, fields := range [][]string{{"evidence", gave("news"), "dry_run", "true"}, {"evidence", gave("news")}, {}} {
			imp := d.load(file, fields...)
			want := counts{Rows: 4, Created: 1, Updated: 1, Skipped: map[string]int64{"former_address": 2}}
			if i == 2 { // of people alone; the stranger is known by then
				want.Created, want.Updated = 0, 2
			}
			d.want(imp, want)
			rows := d.rejects(imp.ID)
			if len(rows) != 3 || rows[1][1] != "former_address" || rows[1][2] != "email" || !strings.Contains(rows[1][3], "enter this person by hand") || strings.Contains(fmt.Sprint(rows), "new.example") {
				t.Errorf("rejects: %v", rows)
			}
		}
		if n, err := d.People.CountAll(ctx, d.DB); err != nil || n != people+1 {
			t.Errorf("%d people of %d, %v", n, people, err)
		}

		file = "email,first_name\nann@old.example,New\nann@new.example,Ann\nbob@old.example,New\neve@old.example,Eve\n"
		imp := d.load(file, "evidence", `{"topic":"other","action":"withdraw","source":"old system"}`)
		d.want(imp, counts{Rows: 4, Updated: 3, Skipped: map[string]int64{"duplicate": 1}})
		for sub, want := range map[*preferences.Subscriber]string{ann: "withdrawn", bob: "withdrawn", eve: "given"} {
			if got := d.States(sub)["other"]; got != want {
				t.Errorf("%s: %s", sub.Email, got)
			}
		}
		if got := d.Find("bob@new.example"); got.FirstName != "" || got.Email != "bob@new.example" {
			t.Errorf("the opt-out changed more of a person: %+v", got)
		}
	})
}

func TestOptOutsAreImported(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		d.Choose(d.Person("reader@example.com", nil), "news", "give")
		d.Choose(d.Person("objected@example.com", nil), "news", "object")
		_, err := d.People.Restrict(ctx, preferencestest.Staff, d.Person("restricted@example.com", nil).ID, preferences.Evidence{Source: "test"})
		d.Must(err)
		_, err = d.People.Erase(ctx, preferencestest.Staff, d.Person("erased@example.com", nil).ID)
		d.Must(err)
		_, _, err = d.People.Suppress(ctx, preferencestest.Staff, "blocked@example.com", "manual", "", "test")
		d.Must(err)
		d.Clock.Move(time.Hour)
		file := "email\nreader@example.com\nobjected@example.com\nrestricted@example.com\nerased@example.com\nblocked@example.com\nstranger@example.com\n"
		imp := d.load(file, "evidence", `{"topic":"news","action":"withdraw","source":"old system"}`)
		d.want(imp, counts{Rows: 6, Created: 2, Updated: 3, Skipped: map[string]int64{"erased": 1}})
		for email, want := range map[string]string{"reader": "withdrawn", "objected": "objected", "restricted": "withdrawn", "blocked": "withdrawn", "stranger": "withdrawn"} {
			if got := d.States(d.Find(email + "@example.com"))["news"]; got != want {
				t.Errorf("%s: %s, want %s", email, got, want)
			}
		}
		d.API("POST", "/imports/"+imp.ID+"/undo", nil).Want(http.StatusConflict)
		object := d.load("email\nreader@example.com\n", "evidence", `{"topic":"news","action":"object"}`)
		d.want(object, counts{Rows: 1, Updated: 1})
		if got := d.States(d.Find("reader@example.com"))["news"]; got != "objected" {
			t.Errorf("%s", got)
		}
		back := d.load("email\nstranger@example.com\n", "evidence", gave("news"))
		d.want(back, counts{Rows: 1, Skipped: map[string]int64{"withdrawn": 1}})
	})
}

func TestWithoutProofItWaitsForTheConfirmation(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		single := false
		d.Topic("news", nil)
		d.Topic("offers", nil)
		d.Topic("single", func(in *preferences.TopicInput) { in.DoubleOptIn = &single })
		d.Choose(d.Person("reader@example.com", nil), "news", "give")
		file := "email\nanna@example.com\nreader@example.com\n"
		imp := d.load(file, "evidence", `{"topics":["news","offers","single"],"source":"fair","wording":"Yes."}`)
		d.want(imp, counts{Rows: 2, Created: 1, Updated: 1})
		if diff := cmp.Diff(map[string]string{"news": "pending", "offers": "pending", "single": "given"}, d.States(d.Find("anna@example.com"))); diff != "" {
			t.Error(diff)
		}
		if got := d.States(d.Find("reader@example.com"))["news"]; got != "given" {
			t.Errorf("a pending row downgraded what was given to %s", got)
		}
		if n := len(d.Mails("anna@example.com")); n != 1 || imp.Confirmations != 2 {
			t.Errorf("%d mails about two topics; %d confirmations", n, imp.Confirmations)
		}
		for field, evidence := range map[string]string{
			"evidence.collected_at": `{"topic":"news","wording":"Yes.","confirmed":true,"url":"https://example.com"}`,
			"evidence.url":          `{"topic":"news","wording":"Yes.","confirmed":true,"collected_at":"2026-01-01"}`,
			"evidence.wording":      `{"topic":"news"}`,
			"evidence.topic":        `{"topic":"none","wording":"Yes."}`,
			"evidence.action":       `{"topic":"news","wording":"Yes.","action":"sign up"}`,
		} {
			if got := d.post(file, "evidence", evidence).Want(http.StatusUnprocessableEntity).Fields(); len(got) != 1 || got[0] != field {
				t.Errorf("%s: %v", field, got)
			}
		}
		proof := d.load("email,when,where\na@example.com,2026-01-01,https://example.com/form\nb@example.com,,https://example.com/form\nc@example.com,2026-01-01,\nd@example.com,2027-01-01,x\n",
			"mapping", `{"email":"email","when":"collected_at","where":"url"}`, "evidence", `{"topic":"news","wording":"Yes.","confirmed":true}`)
		d.want(proof, counts{Rows: 4, Created: 1, Skipped: map[string]int64{"invalid": 3}})
	})
}

// A dry run says exactly what the run will say, and leaves nothing behind.
func TestADryRunIsTheRunWithoutItsEffects(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Topic("news", nil)
		d.Choose(d.Person("gone@example.com", nil), "news", "withdraw")
		d.Person("known@example.com", nil)
		var file strings.Builder
		file.WriteString("email;first_name;external_id\n")
		for i := range 1200 {
			fmt.Fprintf(&file, "p%d@example.com;P;x%d\n", i%1100, i%1100)
		}
		file.WriteString("gone@example.com;;\nknown@example.com;K;\nnobody;;\nlast@example.com;;x5\n")
		dry := d.load(file.String(), "evidence", gave("news"), "dry_run", "true")
		if n, err := d.People.CountAll(context.Background(), d.DB); err != nil || n != 2 {
			t.Fatalf("a dry run made people: %d (%v)", n, err)
		}
		var rows int
		d.Must(d.DB.QueryRowContext(context.Background(), "SELECT (SELECT count(*) FROM import_people) + (SELECT count(*) FROM consent_events)").Scan(&rows))
		if rows != 1 {
			t.Errorf("%d rows are left", rows)
		}
		run := d.load(file.String(), "evidence", gave("news"))
		d.want(run, counts{Rows: 1204, Created: 1100, Updated: 1, Skipped: map[string]int64{"duplicate": 100, "withdrawn": 1, "invalid": 2}})
		// Whose external id it is, a dry run finds out only from people who are there already.
		dry.Skipped["invalid"]++
		dry.Created--
		d.want(dry, counts{run.Rows, run.Created, run.Updated, run.Skipped})
		d.API("POST", "/imports/"+dry.ID+"/undo", nil).Want(http.StatusConflict)
	})
}

func TestAnImportIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.store.Now = func() time.Time { // no two looks at a real clock are the same
			d.Clock.Move(time.Microsecond)
			return d.Clock.Now()
		}
		d.Topic("news", nil)
		d.Topic("other", nil)
		d.Person("known@example.com", nil)
		d.Person("again@example.com", nil)
		d.Choose(d.Person("reader@example.com", nil), "news", "give")
		d.Clock.Move(time.Minute)
		imp := d.load("email\nnew@example.com\nchanged@example.com\nleft@example.com\nknown@example.com\nreader@example.com\nagain@example.com\n", "evidence", gave("news"))
		d.want(imp, counts{Rows: 6, Created: 3, Updated: 3})
		d.Clock.Move(time.Minute)
		name := "Changed"
		_, err := d.People.Update(ctx, preferencestest.Staff, d.Find("changed@example.com").ID, preferences.Profile{FirstName: &name})
		d.Must(err)
		d.Choose(d.Find("left@example.com"), "news", "withdraw")
		d.Choose(d.Find("again@example.com"), "news", "withdraw")
		d.Clock.Move(time.Minute)
		d.Choose(d.Find("again@example.com"), "news", "give")
		d.Clock.Move(time.Minute)
		d.API("POST", "/imports/"+imp.ID+"/undo", nil).Want(http.StatusAccepted)
		done := d.wait(imp.ID)
		if diff := cmp.Diff(&imports.Undone{Removed: 1, Restored: 2, Kept: 2}, done.Undone); diff != "" {
			t.Error(diff)
		}
		if d.Find("new@example.com") != nil {
			t.Error("a person whom the import made is still there")
		}
		for email, want := range map[string]map[string]string{
			"changed@example.com": {}, "left@example.com": {"news": "withdrawn"}, "known@example.com": {}, "reader@example.com": {"news": "given"},
			"again@example.com": {"news": "given"},
		} {
			if diff := cmp.Diff(want, d.States(d.Find(email))); diff != "" {
				t.Errorf("%s: %s", email, diff)
			}
		}
		report, err := ledger.Verify(ctx, d.DB, ledger.Options{})
		if d.Must(err); !report.OK() {
			t.Errorf("the chain is broken: %+v", report)
		}
		// Unlike an erased person, one whom an undo removed may come again.
		again := d.load("email\nnew@example.com\n", "evidence", gave("news"))
		d.want(again, counts{Rows: 1, Created: 1})
		d.Clock.Move(31 * 24 * time.Hour)
		d.Must(d.store.Maintain(ctx))
		d.API("POST", "/imports/"+again.ID+"/undo", nil).Want(http.StatusConflict)
		var left int
		d.Must(d.DB.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM import_people) + (SELECT count(*) FROM import_rejects)").Scan(&left))
		if left != 0 {
			t.Errorf("after a month %d rows are kept", left)
		}
	})
}

func TestFilesAsSpreadsheetsWriteThem(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for name, tt := range map[string]struct{ file, first string }{
			"bom":           {"\ufeffemail,first_name\nx@example.com,Zoë\n", "Zoë"},
			"semicolon":     {"email;first_name;company\nx@example.com;\"A; B, C\";X\n", "A; B, C"},
			"tab":           {"email\tfirst_name\nx@example.com\tA, B\n", "A, B"},
			"sep":           {"sep=;\r\nemail;first_name\r\nx@example.com;A,B,C,D\r\n", "A,B,C,D"},
			"latin-1":       {"email;first_name\nx@example.com;Zo\xeb \x80\n", "Zoë €"},
			"Macintosh":     {"email,first_name\rx@example.com,Zoë\r", "Zoë"},
			"utf-16":        {utf16("email\tfirst_name\r\nx@example.com\tZoë\r\n"), "Zoë"},
			"old mac no":    {"email,first_name\nx@example.com,A", "A"},
			"quoted header": {"\"E mail\",\"first_name\"\n\"x@example.com\",\" A \"\n", "A"},
			"neutralised":   {"email,first_name\nx@example.com,'=A\n", "=A"},
			"upper case":    {"E-MAIL,First Name\nx@example.com,A\n", "A"},
			"wide":          {"email,first_name" + strings.Repeat(",c", 1000) + "\nx@example.com,A" + strings.Repeat(",v", 1000) + "\n", "A"},
			"spaces":        {"email , first_name\n x@example.com , A \n\n\n", "A"},
		} {
			fields := []string{}
			if name == "quoted header" {
				fields = []string{"mapping", `{"E mail":"email","first_name":"first_name"}`}
			}
			imp := d.load(tt.file, fields...)
			if imp.Rows != 1 || imp.Created != 1 {
				t.Errorf("%s: %+v", name, imp)
				continue
			}
			sub := d.Find("x@example.com")
			if sub.FirstName != tt.first {
				t.Errorf("%s: %q", name, sub.FirstName)
			}
			d.API("POST", "/imports/"+imp.ID+"/undo", nil).Want(http.StatusAccepted)
			d.wait(imp.ID)
		}
	})
}

func utf16(s string) string {
	out := []byte{0xff, 0xfe}
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8))
	}
	return string(out)
}

func TestHostileFiles(t *testing.T) {
	d := serve(t, sqldbtest.SQLite(t))
	for name, tt := range map[string]struct {
		file   string
		status int
		field  string
	}{
		"empty":        {"", 422, "file"},
		"no email":     {"name\nx\n", 422, "mapping"},
		"binary":       {"\x00\x01\x02", 422, "mapping"},
		"many columns": {"email" + strings.Repeat(",c", 10_001) + "\n", 422, "file"},
		"open header":  {"\"email\nx@example.com\n", 422, "file"},
		"huge header":  {"email," + strings.Repeat("x", 3<<20) + "\n", 422, "file"},
	} {
		a := d.post(tt.file)
		if a.Status != tt.status || !strings.Contains(a.Body, `"`+tt.field+`"`) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if files, _ := os.ReadDir(d.store.Dir); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
	rows := d.load("email,first_name\n" +
		"a@example.com,\"open\n" + strings.Repeat("b@example.com,B\n", 10))
	if rows.Status != imports.StatusFinished || rows.Created != 0 || rows.Skipped["invalid"] != 1 {
		t.Errorf("a quote that is never closed: %+v", rows)
	}
	endless := d.load("email,first_name\na@example.com,A\nb@example.com,\"" + strings.Repeat("open\n", 1<<20))
	if endless.Status != imports.StatusFailed || endless.Created != 1 || !strings.Contains(endless.Failure, "line 2") {
		t.Errorf("a quote that is never closed in a large file: %+v", endless)
	}
	mixed := d.load("email,first_name\nbad \"quote\"@example.com,A\nc@example.com,C,extra\n" + "d@example.com,D\x00\ne@example.com," + strings.Repeat("e", 20_000) + "\nf@example.com\n=cmd@example.com,F\n")
	d.want(mixed, counts{Rows: 6, Created: 2, Skipped: map[string]int64{"invalid": 4}})
	nul := d.load("email,plan\nd@example.com,D\x00\n", "mapping", `{"email":"email","plan":"attributes.plan"}`)
	d.want(nul, counts{Rows: 1, Skipped: map[string]int64{"invalid": 1}})
	for _, row := range d.rejects(mixed.ID)[1:] {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("a cell is a formula: %q", cell)
			}
		}
	}
	for _, fields := range [][]string{
		{"mapping", `{"email":"email","x":"first_name"}`}, {"mapping", `{"email":"status"}`}, {"mapping", `{"first_name":"first_name"}`},
	} {
		d.post("email,first_name\na@example.com,A\n", fields...).Want(422)
	}
	for _, fields := range [][]string{{"mapping", `[]`}, {"mapping", `{`}, {"evidence", `{"topic":"news","email":"x"}`}, {"status", "confirmed"}} {
		d.post("email\na@example.com\n", fields...).Want(400)
	}
	d.post("email\na@example.com\n", "dry_run", "perhaps").Want(422)
	d.API("POST", "/imports", `{"file":"x"}`).Want(415)
	d.API("GET", "/imports/"+sqldb.NewID(), nil).Want(404)
	d.API("GET", "/imports/x/rejects", nil).Want(404)
	d.API("POST", "/imports/"+sqldb.NewID()+"/undo", nil).Want(404)
	d.API("GET", "/imports", nil, "Scopes", "forms:read").Want(403)
	var list struct {
		Items []imports.Import
		Next  string `json:"next_cursor"`
	}
	d.API("GET", "/imports?limit=1", nil).Want(200).Into(&list)
	if len(list.Items) != 1 || list.Items[0].ID != nul.ID || list.Next == "" {
		t.Errorf("%+v", list)
	}
}

// A crash between two batches loses nothing and repeats nothing.
func TestAnImportGoesOnAfterACrash(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		var file strings.Builder
		file.WriteString("email\n")
		for i := range 1700 {
			fmt.Fprintf(&file, "p%d@example.com\n", i)
		}
		spool, err := d.store.Take(ctx, strings.NewReader(file.String()))
		d.Must(err)
		imp, err := d.store.Create(ctx, preferencestest.Staff, spool, imports.Request{FileName: "x.csv", Evidence: &imports.Evidence{Topic: "news", Wording: "Yes.", Confirmed: true, Document: "box", CollectedAt: &preferences.Date{Time: d.Clock.Now()}}})
		d.Must(err)
		func() {
			defer func() { _ = recover() }()
			_, _ = d.store.Run(ctx, imp.ID, func(i *imports.Import) {
				if i.Rows == 1000 {
					panic("crash")
				}
			})
			t.Fatal("it was to crash")
		}()
		half, err := d.store.Get(ctx, d.DB, imp.ID)
		if d.Must(err); half.Status != imports.StatusRunning || half.Rows != 1000 {
			t.Fatalf("%+v", half)
		}
		other := &imports.Store{DB: d.DB, Now: d.Clock.Now, People: d.People, Dir: d.store.Dir}
		d.Must(other.Work(ctx))
		if _, err := other.Run(ctx, imp.ID, nil); err == nil {
			t.Error("another process was let in while the first one may live")
		}
		if now, err := d.store.Get(ctx, d.DB, imp.ID); err != nil || now.Rows != 1000 {
			t.Errorf("another process took it over while the first one may live: %+v (%v)", now, err)
		}
		d.Clock.Move(time.Minute)
		stop, cancel := context.WithCancel(ctx)
		_, err = other.Run(stop, imp.ID, func(*imports.Import) { cancel() })
		if err == nil {
			t.Fatal("it was to stop")
		}
		third := &imports.Store{DB: d.DB, Now: d.Clock.Now, People: d.People, Dir: d.store.Dir}
		d.Must(third.Maintain(ctx)) // one that was stopped leaves nothing to wait for
		done, err := d.store.Get(ctx, d.DB, imp.ID)
		d.Must(err)
		d.want(done, counts{Rows: 1700, Created: 1700})
		var events int
		d.Must(d.DB.QueryRowContext(ctx, "SELECT count(*) FROM consent_events").Scan(&events))
		if events != 1700 {
			t.Errorf("%d events", events)
		}
		if _, err := d.store.Run(ctx, imp.ID, nil); err == nil {
			t.Error("a finished import ran again")
		}
	})
}

// Whoever unsubscribes while a file that lists them is imported, is off at the end.
func TestImportDuringUnsubscribe(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		const people = 600
		var file strings.Builder
		file.WriteString("email\n")
		subs := make([]*preferences.Subscriber, people)
		for i := range subs {
			subs[i] = d.Person(fmt.Sprintf("p%d@example.com", i), nil)
			fmt.Fprintf(&file, "p%d@example.com\n", i)
		}
		spool, err := d.store.Take(ctx, strings.NewReader(file.String()))
		d.Must(err)
		imp, err := d.store.Create(ctx, preferencestest.Staff, spool, imports.Request{Evidence: &imports.Evidence{Topic: "news", Wording: "Yes.", Confirmed: true, Document: "box", CollectedAt: &preferences.Date{Time: d.Clock.Now()}}})
		d.Must(err)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := d.store.Run(ctx, imp.ID, nil); err != nil {
				t.Error(err)
			}
		})
		for worker := range 3 {
			wg.Go(func() {
				for i := worker; i < people; i += 3 {
					var err error
					switch i % 4 {
					case 0:
						_, err = d.People.UnsubscribeAll(ctx, preferencestest.Staff, subs[i].ID, preferences.Evidence{Source: "test"})
					case 1:
						_, err = d.People.Consent(ctx, preferencestest.Staff, subs[i].ID, preferences.ConsentInput{Topic: "news", Action: "withdraw", Evidence: preferences.Evidence{Source: "test"}})
					case 2:
						_, err = d.People.Erase(ctx, preferencestest.Staff, subs[i].ID)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i, sub := range subs {
			reason := d.Reason(sub.EmailKey, "news")
			if want := []string{"unsubscribed_all", "withdrawn", "erased", "allowed"}[i%4]; reason != want {
				t.Errorf("p%d: %s, want %s", i, reason, want)
			}
		}
		report, err := ledger.Verify(ctx, d.DB, ledger.Options{})
		if d.Must(err); !report.OK() {
			t.Errorf("the chain is broken: %+v", report)
		}
	})
}

func TestErasingForgetsTheImport(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Topic("news", nil)
		anna := d.Person("anna@example.com", nil)
		d.Choose(anna, "news", "withdraw")
		imp := d.load("email,first_name\nanna@example.com,Anna\n", "evidence", gave("news"))
		if rows := d.rejects(imp.ID); len(rows) != 2 {
			t.Fatalf("%v", rows)
		}
		_, err := d.People.Erase(ctx, preferencestest.Staff, anna.ID)
		d.Must(err)
		if rows := d.rejects(imp.ID); len(rows) != 1 {
			t.Errorf("an erased person is in the rejects: %v", rows)
		}
	})
}
