package desk_test

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/campaignstest"
	"assent/campaigns/desk"
	"assent/campaigns/live"
	"assent/campaigns/media"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/partners"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/preferences/together"
)

var ctx = context.Background()

type house struct {
	*stafftest.House
	*campaignstest.World
	jobs *together.Store
}

func build(t *testing.T, db *sqldb.DB) *house {
	w := campaignstest.New(t, db)
	h := &house{stafftest.New(t, db, w.Clock.Now), w, &together.Store{DB: db, Now: w.Clock.Now, People: w.People}}
	t.Cleanup(h.jobs.Close)
	(&desk.Desk{DB: db, Now: w.Clock.Now, Site: h.Site, People: w.People, Campaigns: w.Mails, Brands: &brands.Store{DB: db, Now: w.Clock.Now}, Partners: &partners.Store{DB: db, Now: w.Clock.Now},
		Segments: &segments.Store{DB: db, Now: w.Clock.Now}, Live: &live.Hub{Campaigns: w.Mails, Every: 50 * time.Millisecond}, Together: h.jobs, Base: "https://mail.example.com", Patience: time.Nanosecond}).Register(h.Echo)
	(&media.Pages{Store: &media.Store{DB: db, Now: w.Clock.Now}, Site: h.Site, Base: "https://mail.example.com"}).Register(h.Echo)
	return h
}

func exercise(t *testing.T, f func(t *testing.T, h *house)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { f(t, build(t, db)) })
}

const script = `"><script>alert(1)</script>{{ first_name }}`

func TestOffersAreMadeAndChanged(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		ada.Post("/admin/brands", "key", "sud", "name", script, "from_name", "Süd", "from_email", "bad", "reply_to", "a@example.com").Want(422, `value="sud"`)
		ada.Post("/admin/brands", "key", "sud", "name", script, "from_name", "Süd", "from_email", "news@example.com", "reply_to", "a@example.com").Want(303)
		ada.Get("/admin/brands").Want(200, "Saved.", "&lt;script&gt;", "/admin/brands/sud")
		ada.Post("/admin/brands/sud", "name", "Süd", "from_name", "Süd", "from_email", "news@example.com", "reply_to", "a@example.com", "postal_address", "Street 2", "color", "#112233").Want(303)
		if b, err := brands.Get(ctx, h.DB, "sud"); err != nil || b.PostalAddress != "Street 2" || b.Name != "Süd" {
			t.Errorf("%+v %v", b, err)
		}
		ada.Post("/admin/partners", "key", "hub", "name", script).Want(303)
		ada.Post("/admin/partners", "key", "hub", "name", "again").Want(422, "again")
		ada.Post("/admin/partners/hub", "name", "Hub "+script).Want(303)
		ada.Get("/admin/partners").Want(200, "Hub &#34;&gt;&lt;script")
		ada.Post("/admin/topics", "key", "news", "class", "marketing", "basis", "consent", "double_opt_in", "1", "brand", "sud", "partner", "hub").Want(422, "names.en")
		ada.Post("/admin/topics", "key", "news", "class", "marketing", "basis", "consent", "double_opt_in", "1", "names.en", "News", "names.nl", "Nieuws", "brand", "sud", "partner", "hub").Want(303)
		topic, err := h.People.Topic(ctx, h.DB, "news")
		if err != nil || !topic.DoubleOptIn || topic.Names["nl"] != "Nieuws" || topic.Partner != "hub" {
			t.Fatalf("%+v %v", topic, err)
		}
		ada.Get("/admin/topics/news").Want(200, "Nieuws", `action="/admin/topics/news"`)
		ada.Post("/admin/topics/news", "class", "research", "names.en", script, "consent_lifetime_days", "90").Want(303)
		if topic, _ = h.People.Topic(ctx, h.DB, "news"); topic.Class != "marketing" || topic.ConsentLifetimeDays != 90 || topic.DoubleOptIn {
			t.Errorf("%+v", topic)
		}
		ada.Get("/admin/topics/nothing").Want(404)
		ada.Post("/admin/segments", "key", "nl", "name", "Dutch", "rules", `{"field": "nothing"}`).Want(422, "rules")
		ada.Post("/admin/segments", "key", "nl", "name", script, "rules", `{"country": "NL"}`).Want(303)
		nl := "NL"
		h.Person("a@example.com", func(p *preferences.Profile) { p.Country = &nl })
		ada.Get("/admin/segments/nl").Want(200, "1 person", "&#34;country&#34;")
		ada.Post("/admin/segments/nl", "name", "Dutch", "rules", `[`).Want(422, `value="Dutch"`)
		ada.Post("/admin/segments/nl", "name", "Dutch", "rules", `{"country": "DE"}`).Want(303, "/admin/segments/nl")
		ada.Get("/admin/segments/nl").Want(200, "Saved.")
		for _, page := range []string{"brands", "partners", "topics", "segments", "segments/nl", "topics/news", "brands/sud", "partners/hub", "subscribers", "suppressions"} {
			if strings.Contains(ada.Get("/admin/"+page).Want(200).Body.String(), "<script>alert") {
				t.Errorf("%s runs a name", page)
			}
		}
		ada.Post("/admin/segments/nl/delete").Want(303)
		ada.Get("/admin/segments/nl").Want(404)
	})
}

func TestPersonIsLookedAfter(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		officer, ada := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Marketer)
		made := ada.Post("/admin/subscribers", "email", "ann@example.com", "first_name", script, "country", "NL", "customer_since", "2026-01-02").Want(303)
		person := made.Location()
		ada.Post("/admin/subscribers", "email", "not one").Want(422, `value="not one"`)
		ada.Get(person).Want(200, "ann@example.com", "&lt;script&gt;")
		ada.Post(person+"/consents", "topic", "news", "action", "give", "source", "paper", "wording", "Yes").Want(403)
		officer.Post(person+"/consents", "topic", "news", "action", "give", "source", "").Want(422, "is required")
		officer.Post(person+"/consents", "topic", "news", "action", "give", "source", "paper "+script, "wording", "Yes, "+script, "collected_at", "2026-04-01T10:00").Want(303, person)
		page := officer.Get(person).Want(200, "Recorded.", "Consent given: News", "2026").Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("evidence runs in the timeline")
		}
		officer.Get("/admin/subscribers?q=ann&status=active&topic=news").Want(200, person)
		if strings.Contains(officer.Get("/admin/subscribers?status=unsubscribed").Want(200).Body.String(), person) {
			t.Error("the filter does not filter")
		}
		ada.Post(person+"/consents", "topic", "news", "action", "withdraw", "source", "phone").Want(303)
		ada.Get(person).Want(200, "Consent withdrawn: News")
		// A single partner, without a consent that is given for others.
		if _, err := (&partners.Store{DB: h.DB, Now: h.Clock.Now}).Create(ctx, campaignstest.Staff, "hub", "Hub"); err != nil {
			t.Fatal(err)
		}
		ada.Get(person).Want(200, `value="partner:hub"`, "Mail together with Hub")
		ada.Post(person+"/consents", "topic", "partner:hub", "action", "withdraw", "source", "phone").Want(422, "must be object or give")
		ada.Post(person+"/consents", "topic", "partner:other", "action", "object", "source", "phone").Want(422)
		ada.Post(person+"/consents", "topic", "partner:hub", "action", "object", "source", "phone").Want(303)
		ada.Get(person).Want(200, "Opted out of a partner")
		ada.Post(person+"/consents", "topic", "partner:hub", "action", "give", "source", "phone").Want(403) // more mail
		officer.Post(person+"/consents", "topic", "partner:hub", "action", "give", "source", "phone").Want(303)
		ada.Get(person).Want(200, "Partner allowed again")
		ada.Post(person + "/restrict").Want(403)
		officer.Post(person+"/restrict").Want(303, person)
		officer.Get(person).Want(200, "Lift the restriction")
		officer.Post(person + "/lift-restriction").Want(303)
		officer.Post(person + "/object").Want(303)
		officer.Post(person + "/lift-objection").Want(303)
		ada.Post(person + "/unsubscribe-all").Want(303)
		if s, err := h.People.Subscriber(ctx, h.DB, person[strings.LastIndex(person, "/")+1:]); err != nil || s.UnsubscribedAt.IsZero() || !s.RestrictedAt.IsZero() || !s.ObjectedAt.IsZero() {
			t.Errorf("%+v %v", s, err)
		}
		ada.Get(person+"/edit").Want(200, `value="2026-01-02"`)
		ada.Post(person, "email", "ann@example.com", "first_name", "Ann").Want(303)
		ada.Post("/admin/suppressions", "email", "x", "note", script).Want(422)
		ada.Post("/admin/suppressions", "email", "ann@example.com", "note", script).Want(303)
		if body := ada.Get("/admin/suppressions").Want(200, "ann@example.com", person).Body.String(); strings.Contains(body, "<script>alert") || strings.Contains(body, "suppressions/lift") {
			t.Error("a note runs, or a marketer is offered to lift a block")
		}
		ada.Post("/admin/suppressions/lift", "email", "ann@example.com", "reason", "manual").Want(403)
		officer.Post("/admin/suppressions/lift", "email", "ann@example.com", "reason", "manual").Want(200, "Why it is lifted")
		officer.Post("/admin/suppressions/lift", "email", "ann@example.com", "reason", "manual", "note", " ").Want(422, "Please say why.")
		officer.Get("/admin/suppressions").Want(200, "ann@example.com")
		officer.Post("/admin/suppressions/lift", "email", "ann@example.com", "reason", "manual", "note", "asked on the telephone", "back", "https://evil.example/").Want(303, "/admin/suppressions")
		ada.Post(person + "/erase").Want(403)
		officer.Post(person+"/erase").Want(303, "/admin/subscribers")
		officer.Get(person).Want(404)
	})
}

// Whoever may only look changes nothing, and nothing is changed without the token of the person's own pages.
func TestChangesWantARoleAndAToken(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	reader, admin := h.As("Rita", access.ReadOnly), h.As("Ada", access.Administrator)
	params := regexp.MustCompile(`:\w+`)
	posts := 0
	for _, r := range h.Echo.Routes() {
		if r.Method != "POST" || strings.HasPrefix(r.Path, "/admin/sign") || strings.HasPrefix(r.Path, "/admin/account") || strings.Contains(r.Path, "token") {
			continue
		}
		posts++
		path := params.ReplaceAllString(r.Path, "x")
		if a := reader.Post(path); a.Code != 403 {
			t.Errorf("%s as reader: %d", path, a.Code)
		}
		if a := admin.Forge(path, url.Values{}); a.Code != 403 {
			t.Errorf("%s without a token: %d", path, a.Code)
		}
		if a := h.Nobody().Forge(path, url.Values{}); a.Code != 303 || !strings.HasPrefix(a.Location(), "/admin/sign-in") {
			t.Errorf("%s signed out: %d", path, a.Code)
		}
	}
	if posts < 15 {
		t.Errorf("only %d forms", posts)
	}
	for _, page := range []string{"topics", "brands", "partners", "segments", "suppressions", "subscribers"} {
		body := reader.Get("/admin/" + page).Want(200).Body.String()
		if strings.Contains(body, "/admin/"+page+`/new"`) {
			t.Errorf("a reader is offered to make one of %s", page)
		}
	}
}

func TestSettingsAreForAdministrators(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada, olga := h.As("Ada", access.Administrator), h.As("Olga", access.Marketer, access.PrivacyOfficer)
		olga.Get("/admin/settings").Want(403)
		olga.Post("/admin/settings").Want(403)
		ada.Get("/admin/settings").Want(200, `value="168h"`)
		good := []string{"quiet_hours", "22:00-07:00", "confirm_ttl", "48h", "signups_per_ip_hour", "5", "default_locale", "nl", "default_timezone", "Europe/Amsterdam"}
		ada.Post("/admin/settings", append([]string{"frequency_cap", "3/168h", "privacy_policy_url", "javascript:alert(1)"}, good...)...).Want(422, "must begin with https")
		ada.Post("/admin/settings", append([]string{"frequency_cap", "often"}, good...)...).Want(422, `value="often"`, "must be such as 3/168h")
		ada.Post("/admin/settings", append([]string{"frequency_cap", "3/168h"}, good...)...).Want(303)
		s, err := h.People.Site.Get(ctx)
		if err != nil || s.DefaultLocale != "nl" || s.SignupsPerIPHour != 5 || s.FrequencyCap.String() != "3/168h" && s.FrequencyCap.String() != "3/168h0m0s" || s.QuietHours.String() != "22:00-07:00" {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// The catalogue of promises: a new installation is offered the usual topics, and takes those that it wants.
func TestAnInstallationMayStartWithTheUsualTopics(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		ada.Get("/admin/topics").Want(200, "/admin/topics/usual")
		if strings.Contains(rita.Get("/admin/topics").Body.String(), "/admin/topics/usual") {
			t.Error("who may only read is offered to add topics")
		}
		rita.Post("/admin/topics/usual", "topics", "newsletter").Want(403)
		h.Topic("offers", nil)
		page := ada.Get("/admin/topics/usual").Want(200, `value="newsletter"`, `value="surveys"`).Body.String()
		if strings.Contains(page, `value="offers"`) {
			t.Error("a topic that stands is offered again")
		}
		ada.Post("/admin/topics/usual").Want(422, "Choose at least one.")
		ada.Post("/admin/topics/usual", "topics", "nonsense").Want(422, "nonsense")
		ada.Post("/admin/topics/usual", "topics", "newsletter", "topics", "related", "topics", "surveys", "topics", "offers").Want(303)
		topics, err := h.People.Topics(ctx, h.DB)
		if err != nil || len(topics) != 4 {
			t.Fatalf("%d topics, %v", len(topics), err)
		}
		for _, topic := range topics {
			switch topic.Key {
			case "newsletter":
				if topic.Basis != "consent" || !topic.DoubleOptIn || topic.Names["de"] == "" || topic.Descriptions["fr"] == "" {
					t.Errorf("%+v", topic)
				}
			case "related":
				if topic.Basis != "soft_opt_in" || !topic.SimilarGoods {
					t.Errorf("%+v", topic)
				}
			case "surveys":
				if topic.Class != "research" || topic.Basis != "legitimate_interests" {
					t.Errorf("%+v", topic)
				}
			}
		}
		ada.Post("/admin/topics/usual", "topics", "events", "topics", "contests").Want(303)
		ada.Get("/admin/topics/usual").Want(303) // nothing is left to offer
		if strings.Contains(ada.Get("/admin/topics").Body.String(), "/admin/topics/usual") {
			t.Error("the usual topics are offered though all stand")
		}
	})
}

func TestSeveralPeopleAtOnce(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ids := map[string]string{}
		for _, name := range []string{"ann", "bob", "cy"} {
			ids[name] = h.Person(name+"@example.com", nil).ID
		}
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		ada.Get("/admin/subscribers").Want(200, `value="`+ids["ann"]+`" form="together"`, `id="together"`)
		if strings.Contains(rita.Get("/admin/subscribers").Body.String(), `form="together"`) {
			t.Error("who may only read can tick people")
		}
		rita.Post("/admin/subscribers/together", "do", "tag", "tag", "vip", "id", ids["ann"]).Want(403)
		ada.Post("/admin/subscribers/together", "do", "tag", "tag", "vip").Want(422, "tick people")
		ada.Post("/admin/subscribers/together", "do", "tag", "id", ids["ann"]).Want(422, "is required")
		ada.Post("/admin/subscribers/together", "do", "tag", "tag", "9 lives", "id", ids["ann"]).Want(422, "9 lives")
		ada.Post("/admin/subscribers/together", "do", "suppress", "id", ids["ann"]).Want(422, "why these")
		ada.Post("/admin/subscribers/together", "do", "dance", "id", ids["ann"]).Want(422)
		marked := func() (n int) {
			for _, id := range ids {
				if sub, err := h.People.Subscriber(ctx, h.DB, id); err != nil {
					t.Fatal(err)
				} else if sub.Attributes["vip"] == true {
					n++
				}
			}
			return n
		}
		if marked() != 0 {
			t.Error("a form that was refused changed something")
		}
		// do asks for it, and is where it is told what came of it.
		do := func(kv ...string) (page string) {
			t.Helper()
			page = ada.Post("/admin/subscribers/together", kv...).Want(303).Location()
			if err := h.jobs.Work(ctx); err != nil {
				t.Fatal(err)
			}
			return page
		}
		page := do("do", "tag", "tag", "vip", "id", ids["ann"], "id", ids["bob"], "id", "nonsense")
		if n := marked(); n != 2 {
			t.Errorf("%d are marked", n)
		}
		rita.Get(page).Want(200, "“vip”", "Finished", ">2<")
		if body := rita.Get(page).Body.String(); strings.Contains(body, "Take it back") || strings.Contains(body, "hx-get") {
			t.Error("who may only read can take it back, or it is followed for ever")
		}
		rita.Post(page + "/undo").Want(403)
		rita.Post(page + "/cancel").Want(403)
		ada.Get("/admin/subscribers/together").Want(200, page, "“vip”", "Ada")
		do("do", "untag", "tag", "vip", "all", "1", "q", "ann")
		if n := marked(); n != 1 {
			t.Errorf("%d are marked", n)
		}
		ada.Get(page).Want(200, "Take it back")
		ada.Post(page + "/undo").Want(303)
		if err := h.jobs.Work(ctx); err != nil {
			t.Fatal(err)
		}
		ada.Get(page).Want(200, "1 people are as they were before. 1 were changed since")
		if n := marked(); n != 0 {
			t.Errorf("%d are marked", n)
		}
		h.Topic("news", nil)
		for _, form := range [][]string{{"note", "letter"}, {"note", "letter", "of", "nonsense"}, {"of", "news"}} {
			ada.Post("/admin/subscribers/together", append(form, "do", "withdraw", "all", "1", "q", "ann")...).Want(422)
		}
		ada.Get("/admin/subscribers").Want(200, "It cannot be taken back: only they can agree again", `None chosen</option><option value="news">`) // before it starts
		page = do("do", "withdraw", "of", "news", "note", "letter of 3 May", "all", "1", "q", "ann", "topic", "")
		ada.Get(page).Want(200, "Withdrawn from News", "letter of 3 May", "This cannot be taken back", "Finished", ">1<")
		if strings.Contains(ada.Get(page).Body.String(), "Take it back") {
			t.Error("a withdrawal is offered to be taken back")
		}
		ada.Post(page + "/undo").Want(303)
		ada.Get(page).Want(200, "only the person can agree again")
		ada.Get("/admin/subscribers/"+ids["ann"]).Want(200, "Consent withdrawn: News", "letter of 3 May")
		if body := ada.Get("/admin/subscribers/" + ids["bob"]).Body.String(); strings.Contains(body, "Consent withdrawn") {
			t.Error("the filter did not hold")
		}
		page = do("do", "suppress", "note", "asked by telephone", "all", "1")
		blocked := func() (n int) {
			if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM suppressions WHERE reason = 'manual' AND note = 'asked by telephone'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := blocked(); n != 3 {
			t.Errorf("%d are blocked", n)
		}
		ada.Post(page + "/undo").Want(403) // of one block it is an officer too
		olga := h.As("Olga", access.PrivacyOfficer)
		olga.Post(page + "/undo").Want(303)
		if err := h.jobs.Work(ctx); err != nil {
			t.Fatal(err)
		}
		if n := blocked(); n != 0 {
			t.Errorf("%d are blocked still", n)
		}
	})
}

// What the API can say of a person the form can too: the day of birth, and fields of the company's own with their types.
func TestAPersonsOwnFieldsAreWrittenByHand(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		person := ada.Post("/admin/subscribers", "email", "ann@example.com", "birth_date", "1990-02-03", "attributes", "plan: gold "+script+"\nseats: 5\nvip: true\r\n").Want(303).Location()
		id := person[strings.LastIndexByte(person, '/')+1:]
		is := func(want string) {
			t.Helper()
			s, err := h.People.Subscriber(ctx, h.DB, id)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(s.Attributes); string(got) != want || s.BirthDate != "1990-02-03" {
				t.Errorf("%s instead of %s, born %s", got, want, s.BirthDate)
			}
		}
		is(`{"plan":"gold \"\u003e\u003cscript\u003ealert(1)\u003c/script\u003e{{ first_name }}","seats":5,"vip":true}`)
		one := map[string]any{"zip": "0123", "tags": []any{"a", "b"}, "plan": nil}
		if _, err := h.People.Update(ctx, audit.System("test"), id, preferences.Profile{Attributes: &one}); err != nil {
			t.Fatal(err)
		}
		ada.Get(person+"/edit").Want(200, "seats: 5\ntags: [&#34;a&#34;,&#34;b&#34;]\nvip: true\nzip: 0123")
		same := []string{"email", "ann@example.com", "birth_date", "1990-02-03", "attributes"}
		ada.Post(person, append(same, "tags: [\"a\",\"b\"]\r\nvip: no\r\nzip: 0123\r\nnote: a: b")...).Want(303)
		is(`{"note":"a: b","tags":["a","b"],"vip":"no","zip":"0123"}`)
		ada.Post(person, append(same, "no colon")...).Want(422, "line 1 must be a name, a colon and a value", "no colon")
		ada.Post(person, append(same, "1x: y")...).Want(422, "must be named with letters")
		ada.Post(person, same[:4]...).Want(303) // a form without the field leaves them
		is(`{"note":"a: b","tags":["a","b"],"vip":"no","zip":"0123"}`)
	})
}
