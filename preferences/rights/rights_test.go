package rights_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/preferencestest"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web/webtest"
)

// desk is the desk of one test, spoken to through its API.
type desk struct {
	*preferencestest.World
	*webtest.Client
	s    *rights.Service
	told []string
}

func each(t *testing.T, do func(t *testing.T, d *desk)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := preferencestest.New(t, db)
		d := &desk{World: w}
		d.s = &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People,
			Tell: func(_ context.Context, _ *sqldb.Tx, event string, payload any) error {
				text, err := json.Marshal(payload)
				d.told = append(d.told, event+" "+string(text))
				return err
			},
			Officers: func(context.Context) ([]rights.Officer, error) {
				return []rights.Officer{{Email: "officer@example.com", Name: "Otto", Locale: "de"}}, nil
			}}
		w.People.Forget = append(w.People.Forget, d.s.Forget)
		d.Client = webtest.New(t, func(_ *echo.Echo, api *echo.Group) { d.s.Register(api, webtest.Scopes(t), webtest.ActorOf) })
		do(t, d)
	})
}

// request is what the API shows of one.
func (d *desk) request(a webtest.Answer) rights.View {
	d.T.Helper()
	var v rights.View
	a.Into(&v)
	return v
}

// kinds are the kinds of the mails to an address.
func (d *desk) kinds(email string) (kinds []string) {
	for _, m := range d.Mails(email) {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

func (d *desk) steps(id string) string {
	d.T.Helper()
	entries, _, err := audit.List(context.Background(), d.DB, audit.Filter{Object: audit.Object("data_request", id)}, 50, "")
	d.Must(err)
	var out []string
	for i := len(entries) - 1; i >= 0; i-- {
		out = append(out, strings.TrimPrefix(entries[i].Action, "data_request."))
		if text := string(entries[i].After); strings.Contains(text, "@") {
			d.T.Errorf("the audit log names the person: %s", text)
		}
	}
	return strings.Join(out, " ")
}

// The month ends on the same day, or on the last day of a month that is shorter (Regulation 1182/71, art. 3(2)(c)).
func TestDueInOneMonth(t *testing.T) {
	for received, want := range map[string]string{"2026-05-01": "2026-06-01", "2026-01-31": "2026-02-28", "2028-01-30": "2028-02-29", "2026-12-31": "2027-01-31", "2026-08-31": "2026-09-30"} {
		at, err := time.Parse(time.DateOnly, received)
		if err != nil {
			t.Fatal(err)
		}
		if got := rights.Due(at, 1).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", received, got, want)
		}
	}
	if got := rights.Due(time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC), 3); got != time.Date(2027, 2, 28, 10, 0, 0, 0, time.UTC) {
		t.Error(got)
	}
}

// Staff who do not know who asks have a link mailed; staff who do say how.
func TestTakingIn(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		sub := d.Person("anna@example.com", nil)
		a := d.API("POST", "/data-requests", `{"kind":"erasure","email":"ANNA@example.com","received_at":"2026-04-20T10:00:00Z"}`).Want(201)
		v := d.request(a)
		if a.Header.Get("Location") != "/api/v1/data-requests/"+v.ID {
			t.Error(a.Header)
		}
		if v.Status != rights.Unconfirmed || v.SubscriberID != sub.ID || v.Source != rights.SourceAPI || !v.DueAt.Equal(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", v)
		}
		d.API("PATCH", "/data-requests/"+v.ID, `{"status":"done"}`).Want(422)
		if d.Find(sub.Email) == nil {
			t.Fatal("erased before it is known who asks")
		}
		w := d.request(d.API("POST", "/data-requests", `{"kind":"complaint","subscriber_id":"`+sub.ID+`","detail":"Too much mail","verified_by":"called back"}`).Want(201))
		if w.Status != rights.Open || w.VerifiedAt.IsZero() || w.VerifiedBy != "called back" {
			t.Errorf("%+v", w)
		}
		if diff := cmp.Diff([]string{rights.MailIdentity, rights.MailReceived}, d.kinds(sub.Email)); diff != "" {
			t.Error(diff)
		}
		for body, field := range map[string]string{
			`{"kind":"access"}`: "email", `{"kind":"all","email":"a@b.example"}`: "kind", `{"kind":"access","email":"nobody"}`: "email", `{"kind":"access","email":"a@b.example","received_at":"2026-06-01T00:00:00Z"}`: "received_at",
			`{"kind":"access","email":"a@b.example","change":{"email":"x@y.example"}}`: "change", `{"kind":"access","email":"a@b.example","subscriber_id":"` + sub.ID + `"}`: "email",
		} {
			if got := d.API("POST", "/data-requests", body).Want(422).Fields(); len(got) != 1 || got[0] != field {
				t.Errorf("%s: %v", body, got)
			}
		}
		d.API("POST", "/data-requests", `{"kind":"access","email":"a@b.example","status":"done"}`).Want(400)
		d.API("POST", "/data-requests", `{"kind":"access","subscriber_id":"nobody"}`).Want(404)
		d.API("GET", "/data-requests/nothing", nil).Want(404)
		d.API("POST", "/data-requests", `{}`, "Scopes", "requests:read").Want(403)
		var page struct {
			Items      []rights.View
			NextCursor string `json:"next_cursor"`
		}
		d.API("GET", "/data-requests?limit=1", nil).Want(200).Into(&page)
		if len(page.Items) != 1 || page.Items[0].ID != v.ID || page.NextCursor == "" {
			t.Fatalf("%+v", page)
		}
		cursor := page.NextCursor
		page.NextCursor = ""
		d.API("GET", "/data-requests?limit=1&cursor="+cursor, nil).Want(200).Into(&page)
		if len(page.Items) != 1 || page.Items[0].ID != w.ID || page.NextCursor != "" {
			t.Fatalf("%+v", page)
		}
		for query, want := range map[string]int{"status=open": 1, "kind=erasure": 1, "kind=erasure&status=open": 0, "overdue=true": 0, "subscriber_id=" + sub.ID: 2} {
			d.API("GET", "/data-requests?"+query, nil).Want(200).Into(&page)
			if len(page.Items) != want {
				t.Errorf("%s: %d", query, len(page.Items))
			}
		}
		for _, query := range []string{"status=x", "kind=x", "overdue=x", "cursor=x"} {
			d.API("GET", "/data-requests?"+query, nil).Want(422)
		}
	})
}

// "Done" does what Assent can do by itself and tells the person; what it cannot do needs an answer.
func TestCarryingOut(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		take := func(kind, email string, more string) rights.View {
			return d.request(d.API("POST", "/data-requests", `{"kind":"`+kind+`","email":"`+email+`","verified_by":"passport seen"`+more+`}`).Want(201))
		}
		last := func(email string) preferencestest.Mail { all := d.Mails(email); return all[len(all)-1] }

		for _, kind := range []string{"access", "portability"} {
			d.Person(kind+"@example.com", nil)
			v := take(kind, kind+"@example.com", "")
			v = d.request(d.API("PATCH", "/data-requests/"+v.ID, `{"status":"done"}`).Want(200))
			if v.Status != rights.Done || v.ClosedAt.IsZero() || last(kind+"@example.com").Kind != rights.MailExport {
				t.Errorf("%s: %+v", kind, v)
			}
			var l rights.Letter
			d.Must(json.Unmarshal(last(kind+"@example.com").Data, &l))
			claims, err := d.Keys.Verify(tokens.Rights, l.Token(d.Keys))
			d.Must(err)
			o, err := d.s.Open(context.Background(), claims)
			if err != nil || !o.Downloadable(d.Clock.Now()) || o.Downloadable(d.Clock.Now().Add(8*24*time.Hour)) {
				t.Errorf("%s: the link gives no copy, or for ever: %v", kind, err)
			}
			d.API("PATCH", "/data-requests/"+v.ID, `{"status":"in_progress"}`).Want(409)
			if got := d.steps(v.ID); got != "receive verify done" {
				t.Error(got)
			}
		}
		restrict, object := d.Person("restrict@example.com", nil), d.Person("object@example.com", nil)
		d.API("PATCH", "/data-requests/"+take("restriction", restrict.Email, "").ID, `{"status":"done"}`).Want(200)
		d.API("PATCH", "/data-requests/"+take("objection", object.Email, "").ID, `{"status":"done","answer":"It is noted."}`).Want(200)
		if d.Find(restrict.Email).RestrictedAt.IsZero() || d.Find(object.Email).ObjectedAt.IsZero() || d.Find(object.Email).ObjectedResearch.IsZero() || !strings.Contains(string(last(object.Email).Data), "It is noted.") {
			t.Error("not carried out, or not told")
		}
		wrong := d.Person("wrong@example.com", nil)
		v := take("rectification", wrong.Email, `,"change":{"first_name":"Ann"}`)
		d.API("PATCH", "/data-requests/"+v.ID, `{"status":"done"}`).Want(200)
		if d.Find(wrong.Email).FirstName != "Ann" {
			t.Error("not corrected")
		}
		v = take("rectification", wrong.Email, `,"detail":"My birthday is wrong"`)
		for _, body := range []string{`{"status":"done"}`, `{"status":"refused"}`, `{"status":"open"}`, `{"status":"unconfirmed"}`, `{"verified_by":""}`} {
			d.API("PATCH", "/data-requests/"+v.ID, body).Want(422)
		}
		d.API("PATCH", "/data-requests/"+v.ID, `{"status":"in_progress"}`).Want(200)
		d.API("PATCH", "/data-requests/"+v.ID, `{"status":"refused","answer":"We hold no birthday of yours."}`).Want(200)
		if m := last(wrong.Email); m.Kind != rights.MailDone || !strings.Contains(string(m.Data), `"refused":true`) {
			t.Errorf("%+v", m)
		}
		if got := d.steps(v.ID); got != "receive verify begin refused" {
			t.Error(got)
		}
		gone := d.Person("gone@example.com", nil)
		v = d.request(d.API("PATCH", "/data-requests/"+take("erasure", gone.Email, `,"detail":"Please"`).ID, `{"status":"done"}`).Want(200))
		if d.Find(gone.Email) != nil || v.Status != rights.Done || v.Email != "" || v.Detail != "" || v.VerifiedBy != "" {
			t.Errorf("%+v", v)
		}
	})
}

// The answer may take longer only if the person is told why within the first month, and three months at most (GDPR 12(3)).
func TestExtending(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Person("anna@example.com", nil)
		v := d.request(d.API("POST", "/data-requests", `{"kind":"complaint","email":"anna@example.com","verified_by":"known"}`).Want(201))
		for _, body := range []string{
			`{"due_at":"2026-07-01T09:00:00Z"}`, `{"extended":"Much to do"}`, `{"due_at":"2026-05-20T09:00:00Z","extended":"x"}`, `{"due_at":"2026-08-02T09:00:00Z","extended":"x"}`,
		} {
			d.API("PATCH", "/data-requests/"+v.ID, body).Want(422)
		}
		v = d.request(d.API("PATCH", "/data-requests/"+v.ID, `{"due_at":"2026-08-01T09:00:00Z","extended":"Much to do"}`).Want(200))
		if v.Extended != "Much to do" || !v.DueAt.Equal(time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", v)
		}
		mails := d.Mails("anna@example.com")
		if m := mails[len(mails)-1]; m.Kind != rights.MailExtended || !strings.Contains(string(m.Data), "Much to do") {
			t.Errorf("%+v", m)
		}
		w := d.request(d.API("POST", "/data-requests", `{"kind":"access","email":"anna@example.com","verified_by":"known"}`).Want(201))
		d.Clock.Move(32 * 24 * time.Hour)
		d.API("PATCH", "/data-requests/"+w.ID, `{"due_at":"2026-07-20T09:00:00Z","extended":"Late"}`).Want(422)
	})
}

// The clock speaks up a week before the day and on it, each time once, to whom it concerns.
func TestTheClockEscalates(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		d.Person("anna@example.com", nil)
		v := d.request(d.API("POST", "/data-requests", `{"kind":"complaint","email":"anna@example.com","verified_by":"known"}`).Want(201))
		done := d.request(d.API("POST", "/data-requests", `{"kind":"access","email":"anna@example.com","verified_by":"known"}`).Want(201))
		d.API("PATCH", "/data-requests/"+done.ID, `{"status":"done"}`).Want(200)
		tick := func(to time.Time) {
			d.Clock.Move(to.Sub(d.Clock.Now()))
			for range 3 {
				d.Must(d.s.Clock(ctx))
			}
		}
		tick(v.DueAt.Add(-8 * 24 * time.Hour))
		if len(d.told) != 0 {
			t.Errorf("too early: %v", d.told)
		}
		tick(v.DueAt.Add(-7 * 24 * time.Hour))
		if len(d.told) != 1 || !strings.HasPrefix(d.told[0], "data_request.due_soon {") || strings.Contains(d.told[0], "anna") {
			t.Errorf("%v", d.told)
		}
		tick(v.DueAt.Add(-time.Second))
		tick(v.DueAt)
		if len(d.told) != 2 || !strings.HasPrefix(d.told[1], "data_request.overdue {") {
			t.Errorf("%v", d.told)
		}
		mails := d.Mails("officer@example.com")
		if len(mails) != 2 || mails[0].Locale != "de" || !strings.Contains(string(mails[1].Data), `"overdue":true`) || strings.Contains(string(mails[1].Data), "anna") {
			t.Errorf("%+v", mails)
		}
		if got := d.steps(v.ID); got != "receive verify due_soon overdue" {
			t.Error(got)
		}
		var page struct{ Items []rights.View }
		d.API("GET", "/data-requests?overdue=true", nil).Want(200).Into(&page)
		if len(page.Items) != 1 || !page.Items[0].Overdue {
			t.Errorf("%+v", page)
		}
		tick(v.DueAt.Add(30 * 24 * time.Hour))
		if len(d.told) != 2 {
			t.Errorf("told again: %v", d.told)
		}
	})
}

// What other packages know of a person is in the copy as well, and nothing of the staff.
func TestSectionsOfTheCopy(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := context.Background()
		moved := "anna@new.example"
		sub, err := d.People.Update(ctx, audit.System("test"), d.Person("anna@example.com", nil).ID, preferences.Profile{Email: &moved})
		d.Must(err)
		_, err = d.People.Object(ctx, audit.Actor{Kind: audit.KindUser, ID: "u-77", Name: "Eva"}, sub.ID, false, preferences.Evidence{Source: "phone"})
		d.Must(err)
		d.s.Sections = []rights.Section{
			{Name: "registrations", Read: func(_ context.Context, _ sqldb.Querier, who *preferences.Subscriber) ([]map[string]any, error) {
				return []map[string]any{{"event": "Day", "email": who.Email}}, nil
			}},
			{Name: "nothing", Read: func(context.Context, sqldb.Querier, *preferences.Subscriber) ([]map[string]any, error) {
				return nil, nil
			}},
		}
		c, err := d.s.Copy(ctx, &rights.Request{SubscriberID: sub.ID, Email: sub.Email, AddressKey: sub.EmailKey})
		d.Must(err)
		var text strings.Builder
		d.Must(c.WriteJSON(&text))
		for _, want := range []string{`"registrations"`, `"event": "Day"`, `"actor": "staff"`, `"anna@example.com"`} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("no %s in %s", want, text.String())
			}
		}
		for _, not := range []string{"nothing", "u-77", "Eva"} {
			if strings.Contains(text.String(), not) {
				t.Errorf("%s is in the copy", not)
			}
		}
	})
}
