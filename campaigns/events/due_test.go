package events_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func TestRemindersChangesAndFollowUpGoOutOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(object{"capacity": 2, "follow_up": object{"en": "The slides are [here](https://acme.example/slides).\n\nSee you."}})
		for _, email := range []string{"a@b.example", "c@b.example", "d@b.example"} {
			w.now = w.now.Add(time.Second)
			w.signUp(email).Want(http.StatusOK)
		}
		mails := w.mails()
		step := func(at time.Time, added string) {
			t.Helper()
			w.now = at
			for range 2 { // the second time finds nothing
				w.due()
			}
			if added != "" {
				mails += ", " + added
			}
			if got := w.mails(); got != mails {
				t.Errorf("at %s: %s, want %s", at, got, mails)
				mails = got
			}
		}
		begins := start.AddDate(0, 0, 10)
		step(start.Add(time.Hour), "")
		w.API("PATCH", "/events/open-day", `{"place":"Side Street 2"}`).Want(http.StatusOK)
		w.API("PATCH", "/events/open-day", `{"names":{"en":"Open day!"}}`).Want(http.StatusOK) // nothing to tell
		step(w.now.Add(time.Minute), "")                                                       // it may change again
		w.API("PATCH", "/events/open-day", object{"starts_at": begins.Add(time.Hour), "ends_at": begins.Add(4 * time.Hour)}).Want(http.StatusOK)
		step(w.now.Add(2*time.Minute), "changed a, changed c")
		begins = begins.Add(time.Hour)
		step(begins.Add(-24*time.Hour-time.Second), "")
		step(begins.Add(-24*time.Hour), "reminder a, reminder c")
		w.Post(w.link("c@b.example"), url.Values{"do": {"cancel"}}).Want(http.StatusOK)
		mails += ", deregistered c, place_free d"
		step(begins.Add(-time.Hour), "reminder d")
		step(begins.Add(3*time.Hour), "")
		step(begins.Add(4*time.Hour), "follow_up a, follow_up d")
		last := w.messages()[len(w.messages())-1]
		if text := w.composed(last).Text; !strings.Contains(text, "https://acme.example/slides") || strings.Contains(text, "/registration/") {
			t.Error(text)
		}
	})
}

func TestWhoRegistersLateIsNotRemindedAtOnceAndAMovedEventRemindsAgain(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(nil)
	w.now = start.AddDate(0, 0, 10).Add(-2 * time.Hour)
	w.signUp("late@b.example").Want(http.StatusOK)
	if n := w.due(); n != 0 {
		t.Errorf("queued %d: %s", n, w.mails())
	}
	w.API("PATCH", "/events/open-day", object{"starts_at": start.AddDate(0, 0, 20), "ends_at": start.AddDate(0, 0, 21)}).Want(http.StatusOK)
	w.now = start.AddDate(0, 0, 19)
	if w.due(); w.mails() != "registered late, changed late, reminder late" {
		t.Error(w.mails())
	}
	w.API("PATCH", "/events/open-day", object{"starts_at": start.AddDate(0, 0, 22), "ends_at": start.AddDate(0, 0, 23)}).Want(http.StatusOK)
	w.now = start.AddDate(0, 0, 21)
	if w.due(); w.mails() != "registered late, changed late, reminder late, changed late, reminder late" {
		t.Error(w.mails())
	}
}

func TestAnEventCalledOffIsToldToAllAtOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(object{"capacity": 1})
		w.signUp("a@b.example").Want(http.StatusOK)
		w.now = w.now.Add(time.Second)
		w.signUp("c@b.example").Want(http.StatusOK)
		w.API("PATCH", "/events/open-day", `{"cancelled":true}`).Want(http.StatusOK)
		w.due()
		if got, want := w.mails(), "registered a, waiting c, cancelled a, cancelled c"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		w.now = start.AddDate(0, 0, 10).Add(-time.Hour)
		if n := w.due(); n != 0 {
			t.Errorf("%d mails about an event that does not take place: %s", n, w.mails())
		}
	})
}

// Several processes may look at once; each mail goes out once.
func TestDueFromSeveralProcesses(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(nil)
		for i := range 15 {
			w.signUp(string(rune('a'+i)) + "@b.example").Want(http.StatusOK)
		}
		w.now = start.AddDate(0, 0, 9).Add(time.Hour)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := w.store.Due(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := strings.Count(w.mails(), "reminder"); n != 15 {
			t.Errorf("%d reminders for 15 people", n)
		}
	})
}

// Many register at once: no place is given away twice.
func TestPlacesAreNotGivenAwayTwice(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(object{"capacity": 5})
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				w.API("POST", "/events/open-day/registrations", object{"email": string(rune('a'+i)) + "@b.example"}).Want(http.StatusCreated)
			})
		}
		wg.Wait()
		if e := w.get(); e.Registered != 5 || e.Waiting != 7 {
			t.Errorf("%d registered, %d waiting", e.Registered, e.Waiting)
		}
	})
}

func TestMailsCarryTheDateAndTheWayBack(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	hostile := "Open day; \\ , “quoted” BEGIN:VEVENT"
	w.make(object{"names": object{"en": hostile}, "place": "", "url": "https://meet.example/secret"})
	w.signUp("a@b.example", "hub").Want(http.StatusOK)
	r := w.composed(w.messages()[0])
	if !strings.Contains(r.Text, "these may have your details: Hub & Co.") {
		t.Errorf("the mail does not tell what is shared: %s", r.Text)
	}
	if r.Subject != "You are registered: "+hostile && !strings.HasPrefix(r.Subject, "You are registered: Open day") || !strings.Contains(r.HTML, "/registration/") || !strings.Contains(r.Text, "https://meet.example/secret") {
		t.Errorf("%q\n%s", r.Subject, r.Text)
	}
	if len(r.Attachments) != 1 || r.Attachments[0].Filename != "open-day.ics" || !strings.HasPrefix(r.Attachments[0].ContentType, "text/calendar") {
		t.Fatalf("%+v", r.Attachments)
	}
	checkCalendar(t, r.Attachments[0].Content, "CONFIRMED", "0")
	public := w.Get("/events/open-day/event.ics").Want(http.StatusOK)
	checkCalendar(t, []byte(public.Body), "CONFIRMED", "0")
	if strings.Contains(public.Body, "meet.example") {
		t.Error("anybody learns where the event takes place online")
	}
	w.API("PATCH", "/events/open-day", `{"cancelled":true}`).Want(http.StatusOK)
	w.due()
	last := w.composed(w.messages()[1])
	checkCalendar(t, last.Attachments[0].Content, "CANCELLED", "1")
	if strings.Contains(last.Text, "/registration/") {
		t.Error("an event called off offers to give the place back")
	}
}

// checkCalendar reads a calendar file with the library's own parser and by its rules: lines of at most 75 octets that end with CRLF.
func checkCalendar(t *testing.T, file []byte, status, sequence string) {
	t.Helper()
	cal, err := ics.ParseCalendar(bytes.NewReader(file))
	if err != nil || len(cal.Events()) != 1 {
		t.Fatalf("%v in %s", err, file)
	}
	e := cal.Events()[0]
	for property, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertyDtStart: "20260511T120000Z", ics.ComponentPropertyDtEnd: "20260511T150000Z", ics.ComponentPropertyStatus: status, ics.ComponentPropertySequence: sequence,
	} {
		if got := e.GetProperty(property); got == nil || got.Value != want {
			t.Errorf("%s is %+v, want %s", property, got, want)
		}
	}
	if !strings.HasPrefix(e.GetProperty(ics.ComponentPropertySummary).Value, "Open day") {
		t.Errorf("summary %q", e.GetProperty(ics.ComponentPropertySummary).Value)
	}
	for _, line := range strings.SplitAfter(string(file), "\n") {
		if line != "" && (!strings.HasSuffix(line, "\r\n") || len(line) > 77) {
			t.Errorf("line %q", line)
		}
	}
}
