package processing_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/processing"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/templates/locale"
)

const day = 24 * time.Hour

var ctx = context.Background()

func service(w *campaignstest.World) *processing.Service {
	return &processing.Service{DB: w.DB, Now: w.Clock.Now, People: w.People, Relays: []processing.Relay{{Host: "relay.example.net", Stream: "marketing"}}, Stores: []string{"s3://store.example.net/vault"}}
}

func names(t *testing.T, w *campaignstest.World) (out []string) {
	t.Helper()
	for row := range sqldb.Rows(ctx, w.DB, "SELECT email FROM subscribers ORDER BY email") {
		var email string
		if err := row.Scan(&email); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(email, "@")
		out = append(out, name)
	}
	return out
}

func TestWhoIsTakenAwayAndWhoStays(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		s := service(w)
		double := true
		w.Topic("news", nil)
		w.Topic("asks", func(in *preferences.TopicInput) { in.DoubleOptIn = &double })
		since := preferences.Date{Time: w.Clock.Now().Add(-400 * day)}
		ask := func(name string, change func(*preferences.Profile)) *preferences.Subscriber {
			p := w.Person(name+"@example.com", change)
			if _, err := w.People.Consent(ctx, campaignstest.Staff, p.ID, preferences.ConsentInput{Topic: "asks", Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "form", Wording: "Yes"}}); err != nil {
				t.Fatal(err)
			}
			return p
		}
		ask("never-confirmed", nil)
		ask("customer", func(p *preferences.Profile) { p.CustomerSince = &since })
		known := "42"
		ask("product-knows", func(p *preferences.Profile) { p.ExternalID = &known })
		w.Give(ask("other-topic", nil), "news")
		left := w.Person("left@example.com", nil)
		w.Give(left, "news")
		w.Withdraw(left, "news")
		w.Person("no-choice", func(p *preferences.Profile) { email := "no-choice@example.com"; p.Email = &email })
		child := func(name, born, country string, customer bool) {
			w.Person(name+"@example.com", func(p *preferences.Profile) {
				p.BirthDate, p.Country = &born, &country
				if customer {
					p.CustomerSince = &since
				}
			})
		}
		year := w.Clock.Now().Year()
		child("child-nl", date(year-14), "NL", false)
		child("child-be", date(year-14), "BE", false) // 13 there
		child("child-customer", date(year-14), "NL", true)

		w.Clock.Move(30*day - time.Microsecond)
		ask("late", nil) // one month after the others
		all := names(t, w)
		if err := s.Apply(ctx); err != nil {
			t.Fatal(err)
		}
		if got := names(t, w); !slices.Equal(got, all) {
			t.Fatalf("a microsecond before 30 days some are gone: %v", got)
		}
		w.Clock.Move(day)
		rules, err := s.Rules(ctx)
		if err != nil || rules != (processing.Rules{Unconfirmed: 30, NoticeBytes: 730}) {
			t.Fatalf("%+v %v", rules, err)
		}
		if due, err := s.Counts(ctx, rules); err != nil || due.Unconfirmed != 1 || due.Inactive+due.Minors != 0 {
			t.Fatalf("%+v %v", due, err)
		}
		if err := s.Apply(ctx); err != nil {
			t.Fatal(err)
		}
		all = slices.DeleteFunc(all, func(name string) bool { return name == "never-confirmed" })
		if got := names(t, w); !slices.Equal(got, all) {
			t.Fatalf("%v, want %v", got, all)
		}
		if last, err := s.LastRun(ctx); err != nil || last.Unconfirmed != 1 {
			t.Errorf("%+v %v", last, err)
		}

		rules.Inactive, rules.Minors = 365, true
		if err := s.SetRules(ctx, campaignstest.Staff, rules); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(ctx); err != nil { // once a day, not twice
			t.Fatal(err)
		}
		if got := names(t, w); !slices.Equal(got, all) {
			t.Fatalf("two runs on one day: %v", got)
		}
		w.Clock.Move(day)
		if due, err := s.Counts(ctx, rules); err != nil || due.Minors != 1 || due.Inactive != 0 {
			t.Fatalf("%+v %v", due, err)
		}
		if err := s.Apply(ctx); err != nil {
			t.Fatal(err)
		}
		all = slices.DeleteFunc(all, func(name string) bool { return name == "child-nl" })
		if got := names(t, w); !slices.Equal(got, all) {
			t.Fatalf("%v, want %v", got, all)
		}
		w.Clock.Move(400 * day)
		if err := s.Apply(ctx); err != nil {
			t.Fatal(err)
		}
		if got := names(t, w); !slices.Equal(got, []string{"child-customer", "customer", "other-topic", "product-knows"}) {
			t.Fatalf("%v", got)
		}
		// Who once said no is remembered by a fingerprint, who never confirmed is not; compliance 34.
		for name, want := range map[string]string{"left": "erased", "never-confirmed": "no_consent"} {
			decided, err := w.People.Decide(ctx, preferences.Question{Email: name + "@example.com", Class: "marketing", Topic: "news"})
			if err != nil || string(decided.Reason()) != want {
				t.Errorf("%s: %v %v", name, decided.Reason(), err)
			}
		}
		if report, err := ledger.Verify(ctx, db, ledger.Options{}); err != nil || report.Erased == 0 {
			t.Errorf("the ledger: %+v %v", report, err)
		}
	})
}

func date(year int) string { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }

func TestWhatIsTakenAwayOfMailAndLogs(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		s := service(w)
		w.Topic("news", nil)
		for _, name := range []string{"a", "b", "c"} {
			w.Give(w.Person(name+"@example.com", nil), "news")
		}
		first := w.Campaign("news", nil)
		w.Schedule(first)
		w.SendAll(first)
		w.Clock.Move(500 * day)
		second := w.Campaign("news", nil)
		w.Schedule(second)
		w.SendAll(second)
		before := w.Report(first)
		if err := s.SetRules(ctx, campaignstest.Staff, processing.Rules{Deliveries: 366, Audit: 400, NoticeBytes: 100}); err != nil {
			t.Fatal(err)
		}
		if site, err := w.People.Site.Get(ctx); err != nil || site.RetentionMessages != 100*day {
			t.Errorf("%v %v", site.RetentionMessages, err)
		}
		due, err := s.Counts(ctx, processing.Rules{Deliveries: 366, Audit: 400})
		if err != nil || due.Deliveries != 3 || due.Audit == 0 {
			t.Fatalf("%+v %v", due, err)
		}
		if err := s.Apply(ctx); err != nil {
			t.Fatal(err)
		}
		last, err := s.LastRun(ctx)
		if err != nil || last.Deliveries != 3 || last.Audit != due.Audit {
			t.Errorf("%+v %v", last, err)
		}
		var left, old int
		if err := db.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE campaign_id = $1) FROM deliveries", first.ID).Scan(&left, &old); err != nil || left != 3 || old != 0 {
			t.Errorf("%d deliveries, %d of the first campaign, %v", left, old, err)
		}
		if after := w.Report(first); after.Sent != before.Sent || after.Sent != 3 {
			t.Errorf("the report of a campaign changed from %+v to %+v", before, after)
		}
		if due, err := s.Counts(ctx, processing.Rules{Deliveries: 366, Audit: 400}); err != nil || due.Deliveries+due.Audit != 0 {
			t.Errorf("%+v %v", due, err)
		}
	})
}

func TestRulesThatWouldTakeWhatIsNeededAreRefused(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	s := service(w)
	before, _ := s.Rules(ctx)
	for _, bad := range []processing.Rules{{Unconfirmed: 7}, {Inactive: 89}, {Deliveries: 365}, {Answers: 29}, {Requests: 364}, {Audit: 364}, {NoticeBytes: 29}, {Audit: -1}, {Audit: 1 << 30}} {
		if err := s.SetRules(ctx, campaignstest.Staff, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if after, err := s.Rules(ctx); err != nil || after != before {
		t.Errorf("%+v %v", after, err)
	}
}

// Compliance 37: the record of processing, on a page, as CSV and as JSON.
func TestTheRecordOfProcessing(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		s := service(w)
		w.Topic("news", func(in *preferences.TopicInput) { in.Names = map[string]string{"en": "=News", "nl": "Nieuws"} })
		h := stafftest.New(t, db, w.Clock.Now)
		processing.Desk{Service: s, Site: h.Site}.Register(h.Echo)
		pia, rita := h.As("Pia", access.PrivacyOfficer), h.As("Rita", access.ReadOnly)

		page := rita.Get("/admin/processing").Want(200, "=News", "Consent", "relay.example.net", "s3://store.example.net/vault (backups)", "Proving consent", "30 days.").Body.String()
		if strings.Contains(page, "/admin/processing/rules") {
			t.Error("who may only read is offered to change the rules")
		}
		if strings.Contains(page, "nothing") {
			t.Error("what is due was counted though nobody asked")
		}
		rita.Get("/admin/processing?count=1").Want(200, "nothing")
		rita.Post("/admin/processing/rules", "audit", "400").Want(403)
		rita.Post("/admin/processing/controller", "name", "X").Want(403)

		pia.Post("/admin/processing/rules", "unconfirmed", "3", "audit", "x").Want(422, "number of days", `value="3"`)
		pia.Post("/admin/processing/rules", "unconfirmed", "3").Want(422, "8 days or more")
		pia.Post("/admin/processing/rules", "unconfirmed", "60", "deliveries", "800", "minors", "1").Want(303)
		if rules, err := s.Rules(ctx); err != nil || rules != (processing.Rules{Unconfirmed: 60, Deliveries: 800, Minors: true}) {
			t.Errorf("%+v %v", rules, err)
		}
		pia.Post("/admin/processing/controller", "name", `Nordlicht <script>`, "contact", "Street 1").Want(303)
		pia.Get("/admin/processing").Want(200, "Nordlicht &lt;script&gt;", "800 days.")

		answer := rita.Get("/admin/processing/record.json").Want(200)
		var record processing.Record
		if err := json.Unmarshal(answer.Body.Bytes(), &record); err != nil || record.Controller.Name != "Nordlicht <script>" || len(record.Activities) < 6 || len(record.Security) != 5 {
			t.Errorf("%+v %v", record, err)
		}
		for _, a := range record.Activities {
			if a.Purpose == "" || a.Basis == "" || a.People == "" || a.Data == "" || a.Kept == "" || strings.Contains(a.Purpose+a.Basis+a.People+a.Data+a.Kept, "site.") {
				t.Errorf("%+v", a)
			}
		}
		rows, err := csv.NewReader(rita.Get("/admin/processing/record.csv").Want(200).Body).ReadAll()
		if err != nil || len(rows) != len(record.Activities)+1 || !strings.HasPrefix(rows[1][0], "'=News") { // compliance 66
			t.Errorf("%v %v", rows, err)
		}
		dutch, err := s.Record(ctx, locale.Get("nl"))
		if err != nil || !strings.HasPrefix(dutch.Activities[0].Purpose, "Nieuws") || dutch.Activities[0].Basis != "Toestemming" {
			t.Errorf("%+v %v", dutch.Activities[0], err)
		}
	})
}
