package events_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/campaigns/events"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/templates/locale"
	"assent/templates/pagetest"
)

func TestAnEventIsMadeListedAndChanged(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(object{"capacity": 30})
		w.make(object{"slug": "later", "starts_at": start.AddDate(0, 1, 0), "ends_at": start.AddDate(0, 1, 1)})
		w.make(object{"slug": "sooner", "starts_at": start.AddDate(0, 0, 1), "ends_at": start.AddDate(0, 0, 2), "place": nil, "url": "https://meet.example/x", "partners": nil})
		w.API("POST", "/events", event(nil)).Want(http.StatusConflict)
		var seen []string
		for cursor := ""; ; {
			var page web.List[events.Event]
			w.API("GET", "/events?limit=1&cursor="+cursor, nil).Want(http.StatusOK).Into(&page)
			for _, e := range page.Items {
				seen = append(seen, e.Slug)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if !slices.Equal(seen, []string{"sooner", "open-day", "later"}) {
			t.Errorf("listed %v", seen)
		}
		if e := w.get(); *e.Capacity != 30 || e.ReminderHours != 24 || e.Names["nl"] != "Open dag" || len(e.Partners) != 2 || !e.StartsAt.Equal(start.AddDate(0, 0, 10)) {
			t.Errorf("%+v", e)
		}
		var changed events.Event
		w.API("PATCH", "/events/open-day", `{"capacity":null,"place":"Side Street 2","reminder_hours":0}`).Want(http.StatusOK).Into(&changed)
		if changed.Capacity != nil || changed.Place != "Side Street 2" || changed.ReminderHours != 0 || changed.Timezone != "Europe/Amsterdam" {
			t.Errorf("%+v", changed)
		}
		for _, path := range []string{"/events/none", "/events/none/registrations", "/events/a%00b", "/events/open-day/partners/none/export"} {
			w.API("GET", path, nil).Want(http.StatusNotFound)
		}
		w.API("GET", "/events?cursor=WyJ4IiwiIl0", nil).Want(http.StatusUnprocessableEntity)
		w.API("PATCH", "/events/open-day", `{"slug":"other"}`).Want(http.StatusBadRequest)
		w.API("PATCH", "/events/open-day", `{"capacity":"many"}`).Want(http.StatusBadRequest)
		w.API("PATCH", "/events/open-day", `{}`, "Scopes", "events:read").Want(http.StatusForbidden)
	})
}

func TestBadEventsAreRefused(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	for name, tt := range map[string]struct {
		change object
		fields []string
	}{
		"slug":        {object{"slug": "Open day"}, []string{"slug"}},
		"no names":    {object{"names": nil}, []string{"names"}},
		"two lines":   {object{"names": object{"en": "a\r\nb"}}, []string{"names.en"}},
		"no times":    {object{"starts_at": nil, "ends_at": nil}, []string{"starts_at", "ends_at"}},
		"backwards":   {object{"ends_at": start}, []string{"ends_at"}},
		"endless":     {object{"ends_at": start.AddDate(3, 0, 0)}, []string{"ends_at"}},
		"no zone":     {object{"timezone": nil}, []string{"timezone"}},
		"bad zone":    {object{"timezone": "Mars/Olympus"}, []string{"timezone"}},
		"local zone":  {object{"timezone": "Local"}, []string{"timezone"}},
		"place":       {object{"place": "x\ny"}, []string{"place"}},
		"url":         {object{"url": "javascript:alert(1)"}, []string{"url"}},
		"no places":   {object{"capacity": 0}, []string{"capacity"}},
		"partner":     {object{"partners": []string{"fair", "nobody"}}, []string{"partners"}},
		"partner NUL": {object{"partners": []string{"a\x00b"}}, []string{"partners[0]"}},
		"twice":       {object{"partners": []string{"fair", "fair"}}, []string{"partners"}},
		"brand":       {object{"brand": "nobody"}, []string{"brand"}},
		"reminder":    {object{"reminder_hours": -1}, []string{"reminder_hours"}},
		"slow":        {object{"descriptions": object{"en": strings.Repeat("[a](", 1000)}}, []string{"descriptions.en"}},
		"description": {object{"descriptions": object{"en": " "}}, []string{"descriptions.en"}},
		"follow-up":   {object{"follow_up": object{"x y": "Thanks"}}, []string{"follow_up"}},
	} {
		if got := w.API("POST", "/events", event(tt.change)).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, tt.fields) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRegisteringFillsPlacesThenTheWaitingList(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(object{"capacity": 2})
		for i, email := range []string{"a@b.example", "c@b.example", "d@b.example", "e@b.example"} {
			w.now = w.now.Add(time.Second)
			body := w.signUp(email).Want(http.StatusOK).Body
			if waiting := strings.Contains(body, "You are on the waiting list."); waiting != (i >= 2) {
				t.Errorf("%s waits: %t", email, waiting)
			}
		}
		if got, want := w.standing(), "a registered, c registered, d waiting, e waiting"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got, want := w.mails(), "registered a, registered c, waiting d, waiting e"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if e := w.get(); e.Registered != 2 || e.Waiting != 2 {
			t.Errorf("%+v", e)
		}
		// A place given back goes to whoever waits longest; more places go to the next.
		w.Post(w.link("a@b.example"), url.Values{"do": {"cancel"}}).Want(http.StatusOK)
		w.Post(w.link("a@b.example"), url.Values{"do": {"cancel"}}).Want(http.StatusOK) // again: nothing more
		if got, want := w.standing(), "a cancelled, c registered, d registered, e waiting"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		w.API("PATCH", "/events/open-day", `{"capacity":3}`).Want(http.StatusOK)
		if got, want := w.standing(), "a cancelled, c registered, d registered, e registered"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got, want := w.mails(), "registered a, registered c, waiting d, waiting e, deregistered a, place_free d, place_free e"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		// Whoever comes back stands at the end of the line.
		w.now = w.now.Add(25 * time.Hour)
		w.signUp("a@b.example").Want(http.StatusOK)
		w.API("DELETE", "/events/open-day/registrations/"+w.of("c@b.example").ID, nil).Want(http.StatusNoContent)
		if got, want := w.standing(), "a registered, c cancelled, d registered, e registered"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// Compliance 67: the answer does not tell whether an address is registered, and repeating it does nothing.
func TestRepeatingTellsAndDoesNothing(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(nil)
		first := w.signUp("ada@b.example").Want(http.StatusOK).Body
		for _, email := range []string{"ada@b.example", "ADA@B.example", "ada+x@b.example", "other@b.example"} {
			if again := w.signUp(email, "fair").Want(http.StatusOK).Body; again != first {
				t.Errorf("%s: another answer", email)
			}
		}
		if got, want := w.mails(), "registered ada, registered other"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if r := w.of("ada@b.example"); len(r.Share) != 0 {
			t.Errorf("somebody else's press of a button shares %v", r.Share)
		}
	})
}

// Compliance 67: nor does the time of the answer, though nothing is stored the second time.
func TestRepeatingTakesAsLong(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(nil)
	for range 2 {
		begun := time.Now()
		w.signUp("ada@b.example").Want(http.StatusOK)
		if took := time.Since(begun); took < 60*time.Millisecond {
			t.Errorf("the answer came after %s", took)
		}
	}
}

func TestOneNetworkCannotFillAnEvent(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(nil)
	for i := range 20 {
		w.signUp(string(rune('a'+i)) + "@b.example").Want(http.StatusOK)
	}
	w.signUp("z@b.example").Want(http.StatusTooManyRequests)
	if strings.Contains(w.standing(), "z@") {
		t.Error("who came after too many is registered")
	}
	clear(w.from)
	w.signUp("z@b.example").Want(http.StatusOK)
	w.Post("/events/open-day", url.Values{"email": {"robot@b.example"}, "website": {"https://spam.example"}}).Want(http.StatusOK)
	if strings.Contains(w.standing(), "robot") {
		t.Error("a robot is registered")
	}
}

func TestRegisteringMakesNobodyASubscriberOfAnything(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), newWorld(t, db)
		w.make(nil)
		known, _, err := w.store.People.(*preferences.Service).Upsert(ctx, audit.System("test"), profile("ada@b.example", "Augusta"), "import")
		if err != nil {
			t.Fatal(err)
		}
		w.signUp("ada@b.example").Want(http.StatusOK)
		w.signUp("new@b.example").Want(http.StatusOK)
		after, err := w.store.People.(*preferences.Service).Subscriber(ctx, db, known.ID)
		if err != nil || after.FirstName != "Augusta" || w.of("ada@b.example").SubscriberID != known.ID {
			t.Errorf("%v, %+v", err, after)
		}
		var consents int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM consents").Scan(&consents); err != nil || consents != 0 {
			t.Errorf("%d consents, %v", consents, err)
		}
		for _, r := range w.registrations() {
			if history := w.history(r.SubscriberID); len(history) != 0 {
				t.Errorf("recorded %+v", history)
			}
		}
	})
}

func profile(email, first string) preferences.Profile {
	return preferences.Profile{Email: &email, FirstName: &first}
}

func TestSharingIsEachTimeAgreedToProvenAndTakenBack(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(nil)
		w.signUp("both@b.example", "fair", "hub").Want(http.StatusOK)
		w.signUp("one@b.example", "hub", "stranger").Want(http.StatusOK)
		w.signUp("none@b.example").Want(http.StatusOK)
		export := func(partner string) string {
			t.Helper()
			body := w.API("GET", "/events/open-day/partners/"+partner+"/export?format=csv", nil).Want(http.StatusOK).Body
			rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var emails []string
			for _, row := range rows[1:] {
				emails = append(emails, row[0])
			}
			return strings.Join(emails, " ")
		}
		if got := export("fair"); got != "both@b.example" {
			t.Errorf("fair gets %s", got)
		}
		if got := export("hub"); got != "both@b.example one@b.example" {
			t.Errorf("hub gets %s", got)
		}
		for _, internal := range []string{"subscriber_id", "fair", `"id"`} { // what others may have is not this one's business
			if body := w.API("GET", "/events/open-day/partners/hub/export", nil).Want(http.StatusOK).Body; strings.Contains(body, internal) || !strings.Contains(body, "one@b.example") {
				t.Errorf("hub gets %s", body)
			}
		}
		both := w.of("both@b.example")
		history := w.history(both.SubscriberID)
		if len(history) != 2 || history[0].Action != ledger.SharingGiven || history[0].Partner != "fair" || !strings.HasPrefix(history[0].Wording, "Fair Events may have my name") ||
			history[0].WordingVersion != "1" || history[0].URL != "https://acme.example/events/open-day" || history[0].Locale != "en" || history[0].IP == "" {
			t.Errorf("%+v", history)
		}

		link := w.link("both@b.example")
		if page := w.Get(link).Want(http.StatusOK).Body; !strings.Contains(page, "Stop sharing with Fair Events") || !strings.Contains(page, "Stop sharing with Hub &amp; Co") {
			t.Error(page)
		}
		if got := export("fair"); got != "both@b.example" {
			t.Errorf("a GET changed what fair gets: %s", got)
		}
		for range 2 {
			page := w.Post(link, url.Values{"do": {"withdraw"}, "partner": {"fair"}}).Want(http.StatusOK)
			if strings.Contains(page.Body, "Stop sharing with Fair Events") || page.Header.Get("Cache-Control") != "no-store" {
				t.Error(page.Body)
			}
		}
		if got := export("fair"); got != "" {
			t.Errorf("fair still gets %s", got)
		}
		if len(w.told) != 1 || w.told[0].Partner != "fair" || w.told[0].Email != "both@b.example" || w.told[0].Event != "open-day" {
			t.Errorf("the partner was told %+v", w.told)
		}
		history = w.history(both.SubscriberID)
		if last := history[len(history)-1]; len(history) != 3 || last.Action != ledger.SharingWithdrawn || last.Partner != "fair" {
			t.Errorf("%+v", history)
		}
		var list web.List[events.Withdrawal]
		w.API("GET", "/events/open-day/partners/fair/withdrawals", nil).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 1 || list.Items[0].ToldAt == nil {
			t.Errorf("%+v", list)
		}
		// What else forbids it: an objection to the partner, a restriction, not coming after all.
		w.signUp("third@b.example", "hub").Want(http.StatusOK)
		ctx := context.Background()
		if _, err := db.ExecContext(ctx, "INSERT INTO partner_objections (subscriber_id, partner_key, event_id, at) VALUES ($1, 'hub', 'x', 0)", both.SubscriberID); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, "UPDATE subscribers SET restricted_at = 1 WHERE id = $1", w.of("one@b.example").SubscriberID); err != nil {
			t.Fatal(err)
		}
		if got := export("hub"); got != "third@b.example" {
			t.Errorf("hub gets %s", got)
		}
		w.Post(w.link("third@b.example"), url.Values{"do": {"cancel"}}).Want(http.StatusOK)
		if got := export("hub"); got != "" {
			t.Errorf("hub gets %s", got)
		}
		report, err := ledger.Verify(ctx, db, ledger.Options{})
		if err != nil || !report.OK() {
			t.Errorf("the ledger: %v, %+v", err, report)
		}
	})
}

func TestWithoutAChannelThePartnerIsToldByHand(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.store.Partners = nil
	w.make(nil)
	w.signUp("a@b.example", "fair").Want(http.StatusOK)
	w.Post(w.link("a@b.example"), url.Values{"do": {"withdraw"}, "partner": {"fair"}}).Want(http.StatusOK)
	open := func() (n int) {
		t.Helper()
		var list web.List[events.Withdrawal]
		w.API("GET", "/events/open-day/partners/fair/withdrawals", nil).Want(http.StatusOK).Into(&list)
		for _, withdrawal := range list.Items {
			if withdrawal.ToldAt == nil {
				n++
			}
		}
		return n
	}
	if open() != 1 {
		t.Fatal("the withdrawal is not listed")
	}
	var told struct{ Told int }
	for _, want := range []int{1, 0} {
		if w.API("POST", "/events/open-day/partners/fair/withdrawals/told", nil).Want(http.StatusOK).Into(&told); told.Told != want || open() != 0 {
			t.Errorf("told %d, open %d", told.Told, open())
		}
	}
}

func TestStaffRegisterPeopleWithProof(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.make(nil)
		const path = "/events/open-day/registrations"
		var made events.Registration
		w.API("POST", path, object{"email": "a@b.example", "first_name": "Ada", "locale": "nl"}).Want(http.StatusCreated).Into(&made)
		if made.Status != events.Registered || len(made.Share) != 0 || made.Locale != "nl" {
			t.Errorf("%+v", made)
		}
		if got := w.API("POST", path, object{"email": "a@b.example", "share": []string{"fair"}}).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, []string{"wording"}) {
			t.Errorf("sharing without its wording: %v", got)
		}
		w.API("POST", path, object{"email": "a@b.example", "share": []string{"fair"}, "wording": "I agree", "document": "form 7", "source": "paper"}).Want(http.StatusOK).Into(&made)
		if !slices.Equal(made.Share, []string{"fair"}) {
			t.Errorf("%+v", made)
		}
		if history := w.history(made.SubscriberID); len(history) != 1 || history[0].Document != "form 7" || history[0].Source != "paper" || !strings.HasPrefix(history[0].Actor, "key:") {
			t.Errorf("%+v", history)
		}
		for field, body := range map[string]object{
			"email": {"email": "x"}, "first_name": {"email": "x@b.example", "first_name": "a\nb"}, "share": {"email": "x@b.example", "share": []string{"nobody"}, "wording": "x"},
			"locale": {"email": "x@b.example", "locale": "!!"}, "collected_at": {"email": "x@b.example", "collected_at": start.Add(time.Hour)},
		} {
			if got := w.API("POST", path, body).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, []string{field}) {
				t.Errorf("%s: %v", field, got)
			}
		}
		w.API("POST", path, object{"email": "x@b.example", "status": "registered"}).Want(http.StatusBadRequest)
	})
}

func TestTheTableOfRegistrationsRunsNoFormula(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(nil)
	w.Post("/events/open-day", url.Values{"email": {"a@b.example"}, "first_name": {`=HYPERLINK("https://evil.example")`}, "phone": {"+31 20 1"}}).Want(http.StatusOK)
	answer := w.API("GET", "/events/open-day/registrations", nil, "Accept", "text/csv").Want(http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(answer.Body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][2] != `'=HYPERLINK("https://evil.example")` || rows[1][5] != "'+31 20 1" {
		t.Errorf("%v, %q", err, rows)
	}
	if got := answer.Header.Get("Content-Disposition"); got != `attachment; filename="open-day.csv"` {
		t.Error(got)
	}
}

func TestAnErasedPersonLeavesNothingAndFreesAPlace(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), newWorld(t, db)
		w.make(object{"capacity": 1})
		w.signUp("a@b.example", "fair").Want(http.StatusOK)
		w.now = w.now.Add(time.Second)
		w.signUp("c@b.example").Want(http.StatusOK)
		people := w.store.People.(*preferences.Service)
		sub, err := people.Subscriber(ctx, db, w.of("a@b.example").SubscriberID)
		if err != nil {
			t.Fatal(err)
		}
		if own, err := events.OfPerson(ctx, db, sub); err != nil || len(own) != 1 || own[0].Email != "a@b.example" {
			t.Errorf("%v, %+v", err, own)
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return w.store.Forget(ctx, tx, sub) }); err != nil {
			t.Fatal(err)
		}
		if got := w.standing(); got != "c registered" {
			t.Error(got)
		}
		if len(w.told) != 1 || w.told[0].Email != "a@b.example" {
			t.Errorf("the partner was told %+v", w.told)
		}
		var shares int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM event_shares").Scan(&shares); err != nil || shares != 0 {
			t.Errorf("%d shares, %v", shares, err)
		}
	})
}

func TestPagesOfEvents(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(object{"capacity": 2, "descriptions": object{"en": "## Programme\n\n<script>alert(1)</script>\n\n*Tour*"}, "url": "https://meet.example/secret"})
	page := w.Get("/events/open-day").Want(http.StatusOK)
	for _, want := range []string{"<h1>Open day</h1>", "Monday 11 May 2026", "2 places left", "<em>Tour</em>", "Fair Events may have my name", "Hub &amp; Co may have my name", `name="share" value="fair"`, `href="/events/open-day/event.ics"`} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"checked", "<script", "meet.example", "noindex"} {
		if strings.Contains(page.Body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	pagetest.Check(t, "event", page.Body, false)
	if dutch := w.Get("/events/open-day", "Accept-Language", "nl").Want(http.StatusOK).Body; !strings.Contains(dutch, "<h1>Open dag</h1>") || !strings.Contains(dutch, `lang="nl"`) || !strings.Contains(dutch, "Fair Events mag mijn naam") {
		t.Error(dutch)
	}
	if named := w.Post("/events/open-day", url.Values{"email": {"not one"}, "partners": {"hub"}}).Want(http.StatusUnprocessableEntity).Body; !strings.Contains(named, "checked") {
		t.Error("a partner named as the API names it is not agreed to")
	}
	wrong := w.Post("/events/open-day", url.Values{"email": {"not one"}, "first_name": {"Ada"}, "share": {"hub"}}).Want(http.StatusUnprocessableEntity).Body
	if !strings.Contains(wrong, "This is not an e-mail address.") || !strings.Contains(wrong, `value="Ada"`) || strings.Count(wrong, "checked") != 1 {
		t.Error(wrong)
	}
	pagetest.Check(t, "wrong", wrong, false)
	if again := w.Post("/events/open-day", url.Values{"email": {"a@b.example"}, "share": {"hub"}, "wording_version": {"0"}}).Want(http.StatusUnprocessableEntity).Body; !strings.Contains(again, "checked") {
		t.Error("texts that had changed were taken as agreed to")
	}
	if got := w.standing(); got != "" {
		t.Error(got)
	}
	w.signUp("a@b.example").Want(http.StatusOK)
	link := w.link("a@b.example")
	manage := w.Get(link).Want(http.StatusOK)
	pagetest.Check(t, "manage", manage.Body, false)
	if strings.Contains(manage.Body, "a@b.example") || !strings.Contains(manage.Body, "noindex") {
		t.Error("the page of a registration shows the address, or is listed")
	}
	w.Post(link, url.Values{}).Want(http.StatusBadRequest)
	for _, path := range []string{"/events/none", "/events/none/event.ics", "/registration/x", link[:len(link)-2] + "xx", "/registration/"} {
		w.Get(path).Want(http.StatusNotFound)
	}
	w.API("PATCH", "/events/open-day", `{"cancelled":true}`).Want(http.StatusOK)
	if off := w.Get("/events/open-day").Want(http.StatusOK).Body; !strings.Contains(off, "This event has been cancelled.") || strings.Contains(off, "<form") {
		t.Error(off)
	}
	w.signUp("late@b.example").Want(http.StatusConflict)
	w.API("POST", "/events/open-day/registrations", object{"email": "late@b.example"}).Want(http.StatusConflict)
	w.API("PATCH", "/events/open-day", `{"cancelled":false}`).Want(http.StatusConflict)
}

func TestACampaignShowsAnEvent(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.make(nil)
	look := w.store.Cards(locale.Get("nl"))
	card, ok := look("open-day")
	if !ok || card.Title != "Open dag" || card.URL != "https://acme.example/events/open-day" || card.Place != "Keizersgracht 1" || !strings.Contains(card.When, "11 mei 2026") {
		t.Errorf("%t, %+v", ok, card)
	}
	if _, ok := look("none"); ok {
		t.Error("an event that is not there is shown")
	}
}
