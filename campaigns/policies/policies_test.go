package policies_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/policies"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
	"assent/templates/locale"
	"assent/templates/pages"
	"assent/templates/pagetest"
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// announcements says when the announcement of a version meets its lead time.
type announcements map[string]time.Time

type world struct {
	*webtest.Client
	t     *testing.T
	db    *sqldb.DB
	store *policies.Store
	now   time.Time
	lead  announcements
}

func (w *world) LeadTime(_ context.Context, slug, version string) (bool, time.Time, error) {
	at, ok := w.lead[slug+"/"+version]
	return ok && !at.After(w.now), at, nil
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	w := &world{t: t, db: db, now: start, lead: announcements{}}
	w.store = &policies.Store{DB: db, Now: func() time.Time { return w.now }, Lead: w}
	w.Client = webtest.New(t, func(e *echo.Echo, api *echo.Group) {
		w.store.Register(api, webtest.Scopes(t), webtest.ActorOf)
		w.store.RegisterPages(e, func(_ echo.Context, l *locale.Locale) (pages.Page, error) {
			return pages.Page{Locale: l, Brand: pages.Brand{Name: "Acme"}}, nil
		})
	})
	return w
}

type object map[string]any

// version posts a version of the policy "privacy".
func (w *world) version(name string, effective time.Time, rights bool, text string) webtest.Answer {
	w.t.Helper()
	return w.API("POST", "/policies/privacy/versions", object{"version": name, "effective_at": effective, "affects_rights": rights,
		"bodies": object{"en": text, "nl": "Nederlands: " + text}})
}

func (w *world) privacy() {
	w.t.Helper()
	w.API("POST", "/policies", object{"slug": "privacy", "names": object{"en": "Privacy policy", "nl": "Privacybeleid"}}).Want(http.StatusCreated)
}

func (w *world) current() string {
	w.t.Helper()
	var p policies.Policy
	w.API("GET", "/policies/privacy", nil).Want(http.StatusOK).Into(&p)
	return p.Current
}

func (w *world) statuses() string {
	w.t.Helper()
	var list web.List[policies.Version]
	w.API("GET", "/policies/privacy/versions", nil).Want(http.StatusOK).Into(&list)
	var out []string
	for _, v := range list.Items {
		out = append(out, v.Version+" "+string(v.Status))
	}
	return strings.Join(out, ", ")
}

func TestAPolicyAndItsVersions(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.privacy()
		w.API("POST", "/policies", object{"slug": "privacy", "names": object{"en": "Again"}}).Want(http.StatusConflict)
		w.API("POST", "/policies", object{"slug": "terms", "names": object{"en": "Terms"}}).Want(http.StatusCreated)
		var made policies.Version
		w.version("1.0", start.AddDate(-1, 0, 0), false, "One.").Want(http.StatusCreated).Into(&made)
		if made.Status != policies.Current || made.TakesEffectAt == nil || made.Bodies["nl"] != "Nederlands: One." {
			t.Errorf("%+v", made)
		}
		w.version("2.0", start.AddDate(0, 0, -1), false, "Two.").Want(http.StatusCreated)
		w.version("3.0", start.AddDate(0, 1, 0), false, "Three.").Want(http.StatusCreated)
		w.version("3.0", start, false, "Other.").Want(http.StatusConflict)
		if got, want := w.statuses(), "3.0 scheduled, 2.0 current, 1.0 superseded"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		var one policies.Version
		w.API("GET", "/policies/privacy/versions/1.0", nil).Want(http.StatusOK).Into(&one)
		if one.Bodies["en"] != "One." || one.Status != policies.Superseded {
			t.Errorf("%+v", one)
		}
		w.now = start.AddDate(0, 1, 0)
		if got := w.current(); got != "3.0" {
			t.Errorf("%s is current", got)
		}
		var list web.List[policies.Policy]
		w.API("GET", "/policies?limit=1", nil).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 1 || list.Items[0].Slug != "privacy" || list.Items[0].Current != "3.0" || list.NextCursor == "" {
			t.Errorf("%+v", list)
		}
		w.API("PATCH", "/policies/terms", object{"names": object{"en": "Terms of use"}}).Want(http.StatusOK)
		for _, path := range []string{"/policies/none", "/policies/none/versions", "/policies/privacy/versions/9", "/policies/a%00b", "/policies/privacy/versions/%00"} {
			w.API("GET", path, nil).Want(http.StatusNotFound)
		}
	})
}

// A version that affects rights waits for its announcement, whatever date it bears.
func TestAVersionThatAffectsRightsWaitsForItsLeadTime(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.privacy()
		w.version("1", start.AddDate(-1, 0, 0), false, "One.").Want(http.StatusCreated)
		w.version("2", start.AddDate(0, 0, -3), true, "Two.").Want(http.StatusCreated)
		step := func(now time.Time, want string) {
			t.Helper()
			w.now = now
			if got := w.statuses(); got != want {
				t.Errorf("at %s: %s, want %s", now, got, want)
			}
		}
		step(start, "2 pending, 1 current")
		step(start.AddDate(1, 0, 0), "2 pending, 1 current")
		w.lead["privacy/2"] = start.AddDate(0, 0, 30)
		step(start.AddDate(0, 0, 30).Add(-time.Microsecond), "2 pending, 1 current")
		step(start.AddDate(0, 0, 30), "2 current, 1 superseded")

		// What was seen in effect stays so, also when a later bounce unsettles the announcement.
		took, err := w.store.Settle(context.Background())
		if err != nil || len(took) != 2 {
			t.Fatalf("%v, %+v", err, took)
		}
		delete(w.lead, "privacy/2")
		step(start.AddDate(0, 0, 30), "2 current, 1 superseded")
		if took, err = w.store.Settle(context.Background()); err != nil || len(took) != 0 {
			t.Fatalf("settled twice: %v, %+v", err, took)
		}

		// The date of the author holds when it is later than the lead time.
		w.version("3", start.AddDate(0, 6, 0), true, "Three.").Want(http.StatusCreated)
		w.lead["privacy/3"] = start.AddDate(0, 2, 0)
		step(start.AddDate(0, 3, 0), "3 scheduled, 2 current, 1 superseded")
		step(start.AddDate(0, 6, 0), "3 current, 2 superseded, 1 superseded")
	})
}

func TestWithoutAnnouncementsNothingThatAffectsRightsTakesEffect(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.store.Lead = nil
	w.privacy()
	w.version("1", start.AddDate(-1, 0, 0), true, "One.").Want(http.StatusCreated)
	if got := w.statuses(); got != "1 pending" {
		t.Error(got)
	}
	if body := w.Get("/policies/privacy").Want(http.StatusOK).Body; strings.Contains(body, "One.") || !strings.Contains(body, "No version is in effect yet") {
		t.Error("the text of a pending version is shown as the policy")
	}
}

func TestWhatWasAnnouncedOrHoldsCannotBeChanged(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), newWorld(t, db)
		w.privacy()
		w.version("1", start.Add(-time.Hour), false, "One.").Want(http.StatusCreated)
		w.version("2", start.Add(time.Hour), false, "Two.").Want(http.StatusCreated)
		w.version("3", start.AddDate(0, 2, 0), true, "Three.").Want(http.StatusCreated)
		edit := object{"bodies": object{"en": "Changed."}}
		for _, name := range []string{"2", "3"} {
			w.API("PATCH", "/policies/privacy/versions/"+name, edit).Want(http.StatusOK)
		}
		announce := func(version string) error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error { return policies.Announce(ctx, tx, w.now, webtest.Actor, "privacy", version) })
		}
		for range 2 {
			if err := announce("3"); err != nil {
				t.Fatal(err)
			}
		}
		if err := announce("9"); err == nil {
			t.Error("a version that is not there was announced")
		}
		for _, name := range []string{"1", "3"} {
			w.API("PATCH", "/policies/privacy/versions/"+name, edit).Want(http.StatusConflict)
			w.API("DELETE", "/policies/privacy/versions/"+name, nil).Want(http.StatusConflict)
		}
		w.now = start.Add(time.Hour) // the second takes effect
		w.API("PATCH", "/policies/privacy/versions/2", edit).Want(http.StatusConflict)
		w.API("DELETE", "/policies/privacy/versions/2", nil).Want(http.StatusConflict)
		w.version("4", start.AddDate(1, 0, 0), false, "Four.").Want(http.StatusCreated)
		w.API("DELETE", "/policies/privacy/versions/4", nil).Want(http.StatusNoContent)
		var v policies.Version
		w.API("GET", "/policies/privacy/versions/1", nil).Want(http.StatusOK).Into(&v)
		if v.Bodies["en"] != "One." {
			t.Errorf("changed to %q", v.Bodies["en"])
		}
		entries, _, err := audit.List(ctx, db, audit.Filter{Object: "policy:privacy/3"}, 10, "")
		if err != nil || len(entries) != 3 || entries[0].Action != "policy.version.announce" {
			t.Errorf("%v, %+v", err, entries)
		}
	})
}

func TestBadPoliciesAreRefused(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.privacy()
	for body, fields := range map[string][]string{
		`{}`:                                     {"slug", "names"},
		`{"slug":"A","names":{"en":"x"}}`:        {"slug"},
		`{"slug":"a","names":{"not a tag":"x"}}`: {"names"},
		`{"slug":"a","names":{"en":"x\r\ny"}}`:   {"names.en"},
	} {
		if got := w.API("POST", "/policies", body).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, fields) {
			t.Errorf("%s: %v", body, got)
		}
	}
	good := func(change object) object {
		o := object{"version": "1", "effective_at": start, "affects_rights": false, "bodies": object{"en": "x"}}
		for k, v := range change {
			if o[k] = v; v == nil {
				delete(o, k)
			}
		}
		return o
	}
	for field, change := range map[string]object{
		"version": {"version": "a/b"}, "effective_at": {"effective_at": nil}, "bodies": {"bodies": object{}}, "affects_rights": {"affects_rights": nil},
		"bodies.en": {"bodies": object{"en": strings.Repeat("x", 256<<10+1)}},
	} {
		if got := w.API("POST", "/policies/privacy/versions", good(change)).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, []string{field}) {
			t.Errorf("%s: %v", field, got)
		}
	}
	if got := w.API("POST", "/policies/privacy/versions", good(object{"bodies": object{"en": strings.Repeat("[a](", 1000)}})).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, []string{"bodies.en"}) {
		t.Errorf("a text that is slow to read: %v", got)
	}
	for _, name := range []string{"changes", "", ".", "a b", "../x"} {
		w.API("POST", "/policies/privacy/versions", good(object{"version": name})).Want(http.StatusUnprocessableEntity)
	}
	w.API("POST", "/policies/none/versions", good(nil)).Want(http.StatusNotFound)
	w.API("POST", "/policies/privacy/versions", good(nil), "Scopes", "policies:read").Want(http.StatusForbidden)
}

func TestPublicPages(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.privacy()
		w.version("1.0", start.AddDate(-1, 0, 0), false, "# Data\n\nWe keep it for five years. <script>alert(1)</script>").Want(http.StatusCreated)
		w.version("2.0", start.AddDate(0, 0, -9), false, "# Data\n\nWe keep it for two years.").Want(http.StatusCreated)
		w.version("3.0", start.AddDate(0, 1, 0), false, "# Data\n\nWe keep nothing.").Want(http.StatusCreated)
		w.version("4.0", start.AddDate(0, 2, 0), true, "# Data\n\nWe keep all.").Want(http.StatusCreated)
		for _, tt := range []struct {
			path, accept string
			want         []string
		}{
			{"/policies/privacy", "", []string{`lang="en"`, "<h1>Privacy policy</h1>", "Last updated 22 April 2026", "for two years", `<h2 id="section-1">Data</h2>`, "All versions", `href="/policies/privacy/1.0?lang=en"`, "takes effect on 1 June 2026", "planned for 1 July 2026"}},
			{"/policies/privacy", "nl-BE,en;q=0.3", []string{`lang="nl"`, "<h1>Privacybeleid</h1>", "Laatst bijgewerkt op 22 april 2026", "Alle versies"}},
			{"/policies/privacy?lang=nl", "en", []string{`lang="nl"`, "Privacybeleid"}},
			{"/policies/privacy/1.0", "", []string{"for five years", "older version", `href="/policies/privacy?lang=en"`}},
			{"/policies/privacy/2.0", "", []string{"Last updated", "for two years"}},
			{"/policies/privacy/3.0", "", []string{"takes effect on 1 June 2026", "keep nothing"}},
			{"/policies/privacy/4.0", "", []string{"planned for 1 July 2026", "told in time", "affects your rights"}},
			{"/policies/privacy/changes", "", []string{"From version 1.0 to version 2.0", "<del>", "five</del>", "two</ins>", "One word was added."}},
			{"/policies/privacy/changes?from=3.0&to=1.0&lang=nl", "", []string{`lang="nl"`, "Van versie 3.0 naar versie 1.0"}},
			{"/policies/privacy/changes?from=2.0&to=2.0", "", []string{"is the same"}},
		} {
			for range 2 { // a remembered comparison reads as the first
				answer := w.Get(tt.path, "Accept-Language", tt.accept).Want(http.StatusOK)
				for _, want := range tt.want {
					if !strings.Contains(answer.Body, want) {
						t.Errorf("%s (%s) lacks %q", tt.path, tt.accept, want)
					}
				}
				pagetest.Check(t, tt.path, answer.Body, false)
				if strings.Contains(answer.Body, "<script") || strings.Contains(answer.Body, "noindex") || !strings.Contains(answer.Header.Get("Vary"), "Accept-Language") {
					t.Errorf("%s: script, hidden or cached for other languages", tt.path)
				}
			}
		}
		for _, path := range []string{"/policies/none", "/policies/privacy/9", "/policies/privacy/changes?from=9", "/policies/privacy/..%2f"} {
			w.Get(path).Want(http.StatusNotFound)
		}
		w.Get("/policies/privacy/changes?from=%00").Want(http.StatusBadRequest)
	})
}

func TestComparisonOfTextsWithoutALanguageInCommon(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.privacy()
	for name, body := range map[string]object{"1": {"nl": "Oud"}, "2": {"de": "Neu"}} {
		w.API("POST", "/policies/privacy/versions", object{"version": name, "effective_at": start.AddDate(0, 0, len(name)), "affects_rights": false, "bodies": body}).Want(http.StatusCreated)
	}
	body := w.Get("/policies/privacy/changes?from=1&to=2").Want(http.StatusOK).Body
	if !strings.Contains(body, "Oud</del>") || !strings.Contains(body, "Neu</ins>") {
		t.Error(body)
	}
}

// Anybody may ask for a comparison, so the worst one must not take long.
func TestTheLargestComparisonIsQuick(t *testing.T) {
	var older, newer strings.Builder
	for i := range 25_000 {
		older.WriteString([]string{"alpha ", "beta ", "gamma ", "delta\n\n"}[i*7%4])
		newer.WriteString([]string{"beta ", "delta ", "alpha\n\n", "epsilon "}[i*i%4])
	}
	begun := time.Now()
	policies.Compare(older.String(), newer.String())
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %s", took)
	} else {
		t.Log(took)
	}
}
