package office_test

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/campaignstest"
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/notices/office"
	"assent/campaigns/outbox"
	"assent/campaigns/policies"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/templates/locale"
)

var ctx = context.Background()

// house is the domain of mandatory mail with its screens, and a relay that refuses addresses that begin with "gone".
type house struct {
	*stafftest.House
	*campaignstest.World
	b      *broadcasts.Service
	office *office.Office
}

func build(t *testing.T, db *sqldb.DB) *house {
	w := campaignstest.New(t, db)
	now := w.Clock.Now
	h := &house{stafftest.New(t, db, now), w, &broadcasts.Service{DB: db, Now: now, Outbox: w.Outbox, People: w.People, Base: "https://mail.example.com"}, nil}
	composer := &outbox.Composer{DB: db, Views: notices.Views(), Locale: func(context.Context) string { return locale.Get("en").Tag() }}
	h.office = &office.Office{DB: db, Now: now, Site: h.Site, People: w.People, Notices: &notices.Service{DB: db, Now: now, Outbox: w.Outbox, People: w.People}, Broadcasts: h.b,
		Policies: &policies.Store{DB: db, Now: now, Lead: &broadcasts.LeadTime{Service: h.b}}, Brands: &brands.Store{DB: db, Now: now}, Segments: &segments.Store{DB: db, Now: now},
		Compose: composer.Compose, Open: func(raw []byte) (string, string) { return "", string(raw) }, Base: "https://mail.example.com", CountAtOnce: office.CountAtOnce}
	h.office.Register(h.Echo)
	return h
}

func exercise(t *testing.T, f func(t *testing.T, h *house)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { f(t, build(t, db)) })
}

func (h *house) customers(emails ...string) {
	since := preferences.Date{Time: h.Clock.Now().AddDate(-1, 0, 0)}
	for _, email := range emails {
		h.Person(email, func(p *preferences.Profile) { p.CustomerSince = &since })
	}
}

// send does what the workers do, until nothing is due.
func (h *house) send() {
	h.World.T.Helper()
	for range 20 {
		if err := h.b.Advance(ctx); err != nil {
			h.World.T.Fatal(err)
		}
		claimed, _, err := h.Outbox.Claim(ctx, gate.Notice, "worker", 50)
		if err != nil {
			h.World.T.Fatal(err)
		}
		var results []outbox.Result
		for _, m := range claimed {
			r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 queued", Relay: "mx.example", SHA256: strings.Repeat("0", 64)}
			if strings.HasPrefix(m.Email, "gone") {
				r.Status, r.Code, r.Reply = outbox.StatusBounced, 550, "550 5.1.1 no such user"
			}
			results = append(results, r)
		}
		if len(results) > 0 {
			if err := h.Outbox.Complete(ctx, results...); err != nil {
				h.World.T.Fatal(err)
			}
		}
	}
}

const script = `<script>alert(1)</script>`

// From a draft of a policy to its being in force: compliance 71, 74, 75, 78.
func TestAPolicyIsAnnouncedAndTakesEffect(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.customers("ann@example.com", "gone@example.com", "cy@example.com")
		olga, ada := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Approver)
		olga.Get("/admin/policies").Want(200, "No policies yet", "/admin/policies/new")
		olga.Post("/admin/policies", "slug", "Not One", "names.en", "Privacy").Want(422, "slug-error")
		olga.Post("/admin/policies", "slug", "privacy", "names.en", "Privacy "+script).Want(303, "/admin/policies/privacy")
		olga.Post("/admin/policies", "names.en", "Terms of use").Want(303, "/admin/policies/terms-of-use")
		olga.Post("/admin/policies", "slug", "privacy", "names.en", "Again").Want(422, "is there already")
		olga.Post("/admin/policies/privacy/versions", "version", "1", "effective_at", "2026-04-01T00:00", "bodies.en", "# Data\n\nWe keep it for five years.", "do", "publish").Want(303)
		second := olga.Post("/admin/policies/privacy/versions", "version", "2", "effective_at", "2026-06-10T00:00", "affects_rights", "1", "bodies.en", "# Data\n\nWe keep it for two years. "+script, "do", "draft").Want(303).Location()
		page := olga.Get(second).Want(200, "Draft", "A notice to everybody concerned", "/admin/notices/new?policy=privacy%2F2").Body.String()
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "/policies/privacy/2\"") {
			t.Error("the page of a version runs its text, or leads to a public page that a draft does not have")
		}
		olga.Get("/admin/policies/privacy/changes").Want(200, "five</del>", "two</ins>")
		olga.Post(second+"/now").Want(303, second)
		olga.Get(second).Want(200, "Waits")

		form := func(more ...string) []string {
			return append([]string{"obligation", "privacy_change", "basis", "legal_obligation", "audience", "customers", "policy", "privacy/2", "effective_at", "2026-06-10T00:00", "subject.en", "Our privacy policy changes", "text.en", "We keep your data for two years."}, more...)
		}
		olga.Get("/admin/notices").Want(200, "No broadcasts yet")
		olga.Get("/admin/notices/new?policy=privacy/2").Want(200, `value="privacy_change" selected`, "30 days", "3 people would be addressed now")
		olga.Post("/admin/notices", form("text.nl", "Nu met 20% korting!", "subject.nl", "Privacy")...).Want(422, "text-1anl-error")
		if a := olga.Post("/admin/notices/check", form("text.en", "Coupon")...); a.Code != 200 {
			t.Errorf("%d", a.Code)
		}
		olga.Post("/admin/notices/preview?language=en", form()...).Want(200, "two years", "for two years.")
		olga.Post("/admin/notices/preview?language=xx", form()...).Want(422)
		olga.Post("/admin/notices", form("do", "check")...).Want(200, "Nothing is wrong with it")
		first := olga.Post("/admin/notices", form()...).Want(303).Location()
		olga.Get(first).Want(200, "somebody else approves it")
		olga.Post(first + "/approve").Want(403)
		ada.Get(first).Want(200, first+"/approve", first+"/refuse", "Can be reached by mail")
		ada.Post(first+"/refuse", "reason", " ").Want(422, "reason-error")
		ada.Post(first+"/refuse", "reason", "Say why "+script).Want(303)
		if body := olga.Get(first).Want(200, "Refused by Ada", "Say why", "from=").Body.String(); strings.Contains(body, "<script>alert") {
			t.Error("a reason runs")
		}
		olga.Get("/admin/notices/new?from="+first[strings.LastIndex(first, "/")+1:]).Want(200, "Say why", "We keep your data for two years.", `value="privacy/2" selected`)
		second2 := olga.Post("/admin/notices", form()...).Want(303).Location()
		ada.Post(second2+"/approve").Want(303, second2)
		h.send()
		ada.Get(second2).Want(200, "Finished", second2+"/coverage")
		coverage := olga.Get(second2+"/coverage").Want(200, "2 + 0 + 1 + 0 = 3", "gone@example.com", second2+"/served-all")
		if strings.Contains(ada.Get(second2+"/coverage").Want(200).Body.String(), second2+"/served") {
			t.Error("an approver is offered to mark people as served")
		}
		sub, err := h.People.SubscriberByKey(ctx, h.DB, "gone@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(coverage.Body.String(), sub.ID) {
			t.Error("the work list does not name the person")
		}
		olga.Get(second2+"/coverage.csv?show=open").Want(200, "gone@example.com,"+sub.ID)
		olga.Post(second2+"/served", "subscriber_id", sub.ID, "channel", "post", "on", "2027-01-01", "note", "x").Want(303)
		olga.Get(second2+"/coverage?show=open").Want(200, "gone@example.com")
		olga.Post(second2+"/served", "subscriber_id", sub.ID, "channel", "post", "on", "2026-05-01", "note", "RR1 "+script).Want(303)
		if body := olga.Get(second2+"/coverage?show=open").Want(200, "Nobody.").Body.String(); strings.Contains(body, "gone@example.com</") {
			t.Error("who was served is still open")
		}
		marked := func() (n int) {
			if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM notice_served").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		button := func(kv ...string) string { // of a form that takes back
			out := `action="` + second2 + kv[0] + `"`
			for i := 1; i < len(kv); i += 2 {
				out += `.*name="` + kv[i] + `" value="` + regexp.QuoteMeta(kv[i+1]) + `"`
			}
			return out
		}
		offers := func(who *stafftest.Browser, path, button string) bool {
			return regexp.MustCompile(`(?s)` + button).MatchString(who.Get(path).Want(200).Body.String())
		}
		row := button("/served/undo", "subscriber_id", sub.ID)
		if !offers(olga, second2+"/coverage?show=bounced", row) || offers(ada, second2+"/coverage?show=bounced", row) {
			t.Error("the mark is not taken back by an officer, or by an approver")
		}
		olga.Post(second2+"/served/undo", "subscriber_id", sub.ID).Want(303, "show=open")
		olga.Get(second2+"/coverage?show=open").Want(200, "gone@example.com", "Taken back: the person is still to be reached.")
		if marked() != 0 {
			t.Error("the mark stands")
		}
		again := olga.Post(second2+"/served", "subscriber_id", sub.ID, "channel", "phone", "on", "2026-05-01").Want(303).Location()
		if !offers(olga, again, `class="note flash.*`+row) {
			t.Error("what was noted just now cannot be taken back where it is told")
		}
		olga.Post(second2+"/served/undo", "subscriber_id", sub.ID).Want(303)
		all := olga.Post(second2+"/served-all", "channel", "post", "on", "2026-05-01").Want(303).Location()
		at, err := url.Parse(all)
		if err != nil || marked() != 1 {
			t.Fatal(err, marked())
		}
		from, to := at.Query().Get("noted_from"), at.Query().Get("noted_to")
		if !offers(olga, all, `class="note flash.*`+button("/served-all/undo", "from", html.EscapeString(from), "to", html.EscapeString(to))) {
			t.Errorf("what was noted of all cannot be taken back: %s", all)
		}
		olga.Post(second2+"/served-all/undo", "from", from, "to", "x").Want(422)
		h.As("Otto", access.PrivacyOfficer).Post(second2+"/served-all/undo", "from", from, "to", to).Want(303)
		if marked() != 1 {
			t.Error("somebody took back what another noted meanwhile")
		}
		olga.Post(second2+"/served-all/undo", "from", from, "to", to).Want(303)
		if marked() != 0 {
			t.Error("the marks stand")
		}
		olga.Post(second2+"/served", "subscriber_id", sub.ID, "channel", "post", "on", "2026-05-01", "note", "RR1 "+script).Want(303)
		if body := olga.Get(second2+"/paper").Want(200, "RR1", "for two years", "Addressed").Body.String(); strings.Contains(body, "<script>alert") {
			t.Error("the document runs a note")
		}
		olga.Get(second2+"/coverage.json").Want(200, `"addressed": 3`, `"served": 1`)
		olga.Get(second).Want(200, "The lead time of 30 days", "Over on")
		h.Clock.Move(41 * 24 * time.Hour)
		h.As("Later", access.ReadOnly).Get(second).Want(200, "In force")
	})
}

func TestANoticeIsSentByHandAndProved(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		olga, mia, rita := h.As("Olga", access.PrivacyOfficer), h.As("Mia", access.Marketer), h.As("Rita", access.ReadOnly)
		olga.Get("/admin/notices/single").Want(200, "No single notices yet")
		olga.Get("/admin/notices/single/new?template=payment_failed").Want(200, `name="data.invoice"`, `name="data.retry_at"`)
		form := func(more ...string) []string {
			return append([]string{"template", "payment_failed", "to", "ann@example.com", "basis", "contract", "data.invoice", "2026-7", "data.amount", "12.50", "data.currency", "EUR", "cc", "books@example.com", "reference", "INV-7"}, more...)
		}
		olga.Post("/admin/notices/single", form("data.reason", "20% discount if you pay now")...).Want(422, "data-1areason-error")
		olga.Post("/admin/notices/single/check", form("data.reason", "Use the coupon")...).Want(200, `"data.reason":`)
		olga.Post("/admin/notices/single/preview?language=nl", form()...).Want(200, "12,50")
		made := olga.Post("/admin/notices/single", form()...).Want(303).Location()
		olga.Get(made).Want(200, "Payment failed", "books@example.com", "It waits to be sent.")
		h.send()
		olga.Get(made).Want(200, "Accepted by the relay", "mx.example", "INV-7", "As recorded")
		for _, q := range []string{"INV-7", "ann@example.com"} {
			olga.Get("/admin/notices/single?q="+q).Want(200, made)
		}
		if strings.Contains(olga.Get("/admin/notices/single?q=INV-8").Want(200).Body.String(), made) {
			t.Error("another reference finds it")
		}
		mia.Get(made+"/proof").Want(200, "Proof of notice")
		mia.Get(made+"/proof.json").Want(200, `"sha256"`)
		mia.Get(made).Want(200, "is for privacy officers")
		for _, path := range []string{"/mail", "/source", "/mail.eml"} {
			mia.Get(made + path).Want(403)
			if a := rita.Get(made + path); a.Code == 403 {
				t.Errorf("who only reads may not see %s", path)
			}
		}
		if _, err := h.DB.ExecContext(ctx, "UPDATE notice_evidence SET content = replace(content, '250 queued', '250 Queued')"); err != nil {
			t.Fatal(err)
		}
		olga.Get(made).Want(200, "Changed")
		olga.Get(made+"/proof").Want(200, "CHANGED")
	})
}

// Who may do what: officers write, approvers decide, marketers and readers look on.
func TestTheRolesOfMandatoryMail(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	olga := h.As("Olga", access.PrivacyOfficer)
	olga.Post("/admin/policies", "slug", "terms", "names.en", "Terms").Want(303)
	roles := []access.Role{access.Administrator, access.PrivacyOfficer, access.Approver, access.Marketer, access.ReadOnly}
	matrix := []struct {
		path string
		post bool
		may  string // one letter for each of roles
	}{
		{"/admin/notices", false, "yyyyy"}, {"/admin/notices/single", false, "yyyyy"}, {"/admin/notices/lead-times", false, "yyyyy"}, {"/admin/notices/lead-times", true, "ynnnn"}, {"/admin/policies", false, "yyyyy"}, {"/admin/policies/terms", false, "yyyyy"},
		{"/admin/notices/new", false, "yynnn"}, {"/admin/notices/single/new", false, "yynnn"}, {"/admin/policies/new", false, "yynnn"}, {"/admin/policies/terms/new", false, "yynnn"},
		{"/admin/notices", true, "yynnn"}, {"/admin/notices/check", true, "yynnn"}, {"/admin/notices/single", true, "yynnn"}, {"/admin/policies", true, "yynnn"}, {"/admin/policies/terms/versions", true, "yynnn"},
		{"/admin/notices/x/approve", true, "ynynn"}, {"/admin/notices/x/refuse", true, "ynynn"}, {"/admin/notices/x/cancel", true, "yyynn"}, {"/admin/notices/x/resume", true, "yyynn"},
		{"/admin/notices/x/served", true, "yynnn"}, {"/admin/notices/x/served-all", true, "yynnn"}, {"/admin/notices/x/served/undo", true, "yynnn"}, {"/admin/notices/x/served-all/undo", true, "yynnn"}, {"/admin/notices/single/x/mail", false, "yynny"},
	}
	for i, role := range roles {
		who := h.As("Staff"+string(role), role)
		for _, m := range matrix {
			code := 0
			if m.post {
				code = who.Post(m.path).Code
			} else {
				code = who.Get(m.path).Code
			}
			if allowed := code != 403; allowed != (m.may[i] == 'y') {
				t.Errorf("%s, %s (post %v): %d", role, m.path, m.post, code)
			}
		}
		body := who.Get("/admin/notices").Body.String()
		if !strings.Contains(body, `href="/admin/notices"`) || !strings.Contains(body, `href="/admin/policies"`) {
			t.Errorf("%s is not led to notices and policies", role)
		}
		if offered := strings.Contains(body, `"/admin/notices/new"`); offered != (i < 2) {
			t.Errorf("%s is offered to write: %v", role, offered)
		}
	}
}
