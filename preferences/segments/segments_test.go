package segments_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
)

func serve(t *testing.T, db *sqldb.DB) *webtest.Client {
	store := &segments.Store{DB: db, Now: func() time.Time { return now }}
	return webtest.New(t, func(_ *echo.Echo, api *echo.Group) { store.Register(api, webtest.Scopes(t), webtest.ActorOf) })
}

func addPeople(t *testing.T, db *sqldb.DB, countries ...string) {
	t.Helper()
	for _, country := range countries {
		id := sqldb.NewID()
		if _, err := db.ExecContext(context.Background(), "INSERT INTO subscribers (id, email, email_key, country, created_at, updated_at) VALUES ($1, $2, $3, $4, 0, 0)",
			id, id+"@b.example", id+"@b.example", country); err != nil {
			t.Fatal(err)
		}
	}
}

type segment struct {
	Key, Name string
	Rules     any
}

func TestASegmentIsSavedCountedChangedAndDeleted(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		client := serve(t, db)
		addPeople(t, db, "NL", "nl", "DE", "")
		count := func(path string) (n struct{ Count int64 }) {
			t.Helper()
			client.API("GET", path, nil).Want(http.StatusOK).Into(&n)
			return n
		}
		rules := map[string]any{"any": []any{map[string]any{"field": "country", "op": "eq", "value": "NL"}}}
		var made segment
		client.API("POST", "/segments", map[string]any{"key": "dutch", "name": "Dutch", "rules": rules}).Want(http.StatusCreated).Into(&made)
		if got, _ := json.Marshal(made.Rules); string(got) != `{"any":[{"field":"country","op":"eq","value":"NL"}]}` {
			t.Errorf("rules came back as %s", got)
		}
		if n := count("/segments/dutch/count"); n.Count != 2 {
			t.Errorf("counted %d", n.Count)
		}
		client.API("POST", "/segments", map[string]any{"key": "dutch", "name": "Dutch", "rules": []any{}}).Want(http.StatusConflict)
		client.API("POST", "/segments", map[string]any{"key": "everybody", "name": "Everybody", "rules": map[string]any{}}).Want(http.StatusCreated)
		if n := count("/segments/everybody/count"); n.Count != 4 {
			t.Errorf("counted %d", n.Count)
		}
		client.API("PATCH", "/segments/dutch", `{"rules":{"country":["DE","NL"]}}`).Want(http.StatusOK).Into(&made)
		if n := count("/segments/dutch/count"); n.Count != 3 || made.Name != "Dutch" {
			t.Errorf("counted %d of %q", n.Count, made.Name)
		}
		var tried struct{ Count int64 }
		client.API("POST", "/segments/count", `{"rules":{"not":{"country":"NL"}}}`).Want(http.StatusOK).Into(&tried)
		if tried.Count != 2 {
			t.Errorf("tried %d", tried.Count)
		}
		var page web.List[segment]
		client.API("GET", "/segments?limit=1", nil).Want(http.StatusOK).Into(&page)
		if len(page.Items) != 1 || page.Items[0].Key != "dutch" || page.NextCursor == "" {
			t.Errorf("%+v", page)
		}
		client.API("GET", "/segments/dutch", nil).Want(http.StatusOK)
		client.API("DELETE", "/segments/dutch", nil, "Scopes", "segments:read").Want(http.StatusForbidden)
		client.API("DELETE", "/segments/dutch", nil).Want(http.StatusNoContent)
		for _, gone := range []string{"/segments/dutch", "/segments/dutch/count", "/segments/a%00b"} {
			client.API("GET", gone, nil).Want(http.StatusNotFound)
		}
		client.API("DELETE", "/segments/dutch", nil).Want(http.StatusNotFound)
		entries, _, err := audit.List(context.Background(), db, audit.Filter{Object: "segment:dutch"}, 10, "")
		if err != nil || len(entries) != 3 || entries[0].Action != "segment.delete" || !strings.Contains(string(entries[1].Before), `"any"`) {
			t.Errorf("%v, %+v", err, entries)
		}
	})
}

func TestASegmentInUseStays(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, client := context.Background(), serve(t, db)
		campaigns := furnish(t, db)
		client.API("POST", "/segments", `{"key":"a","name":"A","rules":[]}`).Want(http.StatusCreated)
		for _, set := range []string{"segment_key = 'a', exclude_segments = '[]'", `segment_key = NULL, exclude_segments = '["b", "a"]'`} {
			if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'scheduled', "+set+" WHERE id = $1", campaigns[0]); err != nil {
				t.Fatal(err)
			}
			if body := client.API("DELETE", "/segments/a", nil).Want(http.StatusConflict).Body; !strings.Contains(body, "Spring 0") {
				t.Errorf("the campaign is not named: %s", body)
			}
		}
		if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'finished'"); err != nil {
			t.Fatal(err)
		}
		client.API("DELETE", "/segments/a", nil).Want(http.StatusNoContent)
	})
}

func TestWhatARuleNamesMustExist(t *testing.T) {
	db := sqldbtest.SQLite(t)
	client := serve(t, db)
	campaigns := furnish(t, db)
	body := func(topic, campaign string) any {
		return map[string]any{"key": "k", "name": "K", "rules": map[string]any{"all": []any{
			map[string]any{"topic": topic}, map[string]any{"not": map[string]any{"campaign": campaign}},
		}}}
	}
	got := client.API("POST", "/segments", body("nowsletter", sqldb.NewID())).Want(http.StatusUnprocessableEntity).Fields()
	if !slices.Equal(got, []string{"rules.all[0].topic", "rules.all[1].not.campaign"}) {
		t.Error(got)
	}
	client.API("POST", "/segments/count", `{"rules":{"topic":"nowsletter"}}`).Want(http.StatusUnprocessableEntity)
	client.API("POST", "/segments", body("newsletter", campaigns[0])).Want(http.StatusCreated)
}

func TestFaultsAreNamedByTheirPath(t *testing.T) {
	for rule, want := range map[string][]string{
		``:                                   {"rules"},
		`null`:                               {"rules"},
		`7`:                                  {"rules"},
		`"country"`:                          {"rules"},
		`{"all":{}}`:                         {"rules.all"},
		`{"all":[7]}`:                        {"rules.all[0]"},
		`{"all":[],"any":[]}`:                {"rules.any"},
		`{"colour":"red"}`:                   {"rules.colour"},
		`{"field":"password"}`:               {"rules.field"},
		`{"field":"attributes."}`:            {"rules.field"},
		`{"field":7,"value":"x"}`:            {"rules.field"},
		`{"field":"country","op":"like"}`:    {"rules.op"},
		`{"field":"country","op":"gt"}`:      {"rules.op"},
		`{"field":"country"}`:                {"rules.value"},
		`{"country":null}`:                   {"rules.country"},
		`{"country":{"eq":"NL"}}`:            {"rules.country"},
		`{"country":"a\u0000b"}`:             {"rules.country"},
		`{"country":[]}`:                     {"rules.country"},
		`{"country":["NL",[]]}`:              {"rules.country[1]"},
		`{"country":"NL","op":"eq"}`:         {"rules.op"},
		`{"customer":"yes"}`:                 {"rules.customer"},
		`{"birth_date":"2026-13-01"}`:        {"rules.birth_date"},
		`{"birth_date":"2026-05-01T00:00Z"}`: {"rules.birth_date"},
		`{"field":"created_at","op":"before","value":"yesterday"}`:               {"rules.value"},
		`{"field":"created_at","op":"within_days","value":"x"}`:                  {"rules.value"},
		`{"field":"created_at","op":"within_days","value":0}`:                    {"rules.value"},
		`{"field":"created_at","op":"exists","value":"x"}`:                       {"rules.value"},
		`{"field":"birth_date","op":"birthday_within_days","value":367}`:         {"rules.value"},
		`{"field":"attributes.n","op":"gt","value":1e400}`:                       {"rules.value"},
		`{"topic":"a","state":"maybe"}`:                                          {"rules.state"},
		`{"topic":"a","state":[]}`:                                               {"rules.state"},
		`{"topic":"a","state":"none","within_days":3}`:                           {"rules.within_days"},
		`{"topic":"a","status":"given"}`:                                         {"rules.status"},
		`{"delivery":"opened"}`:                                                  {"rules.delivery"},
		`{"campaign":"1 OR 1=1"}`:                                                {"rules.campaign"},
		`[{"country":"NL"},{"any":[{"not":{"field":"x"}},{"country":1,"y":2}]}]`: {"rules[1].any[0].not.field", "rules[1].any[1].y"},
	} {
		_, err := segments.Compile(json.RawMessage(rule))
		p, ok := problem.As(err)
		if !ok {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		var got []string
		for _, f := range p.Fields {
			got = append(got, f.Field)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: names %v, want %v", rule, got, want)
		}
	}
}

func TestARuleIsBounded(t *testing.T) {
	for name, rule := range map[string]string{
		"deep":  strings.Repeat(`{"not":`, 20) + `{}` + strings.Repeat(`}`, 20),
		"wide":  `[` + strings.Repeat(`{},`, 400) + `{}]`,
		"long":  `{"country":"` + strings.Repeat("x", 70000) + `"}`,
		"value": `{"country":"` + strings.Repeat("x", 501) + `"}`,
		"list":  `{"country":["x"` + strings.Repeat(`,"x"`, 1000) + `]}`,
	} {
		if _, err := segments.Compile(json.RawMessage(rule)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestTheZeroRulePicksNobody(t *testing.T) {
	db := sqldbtest.SQLite(t)
	addPeople(t, db, "NL")
	if n, err := segments.Count(context.Background(), db, segments.Compiled{}, now); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestOtherSpellingsMeanTheSame(t *testing.T) {
	db := sqldbtest.SQLite(t)
	addPeople(t, db, "NL", "DE", "FR")
	for rule, want := range map[string]int64{
		`{"field":"country","value":"NL"}`:            1,
		`{"field":"country","op":"=","value":"NL"}`:   1,
		`{"field":"country","op":"!=","value":"NL"}`:  2,
		`{"or":[{"country":"NL"},{"country":"DE"}]}`:  2,
		`{"and":[{"country":"NL"},{"country":"DE"}]}`: 0,
		`{"any":[]}`: 0,
		`{"field":"created_at","op":"<","value":"1970-01-02"}`:  3,
		`{"field":"created_at","op":">=","value":"1970-01-02"}`: 0,
	} {
		c, err := segments.Compile(json.RawMessage(rule))
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if n, err := segments.Count(context.Background(), db, c, now); err != nil || n != want {
			t.Errorf("%s: %d (%v), want %d", rule, n, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		addPeople(t, db, "NL", "DE")
		c, err := segments.Compile(json.RawMessage(`{"country":"NL"}`))
		if err != nil {
			t.Fatal(err)
		}
		for country, want := range map[string]bool{"NL": true, "DE": false} {
			var id string
			if err := db.QueryRowContext(context.Background(), "SELECT id FROM subscribers WHERE country = $1", country).Scan(&id); err != nil {
				t.Fatal(err)
			}
			if got, err := segments.Matches(context.Background(), db, c, id, now); err != nil || got != want {
				t.Errorf("%s: %t, %v", country, got, err)
			}
		}
	})
}

// Whatever is taken as a rule is also good SQL.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `{"all":[{"country":"NL"}]}`, `{"field":"attributes.x","op":"in","value":[1,"a",true]}`, `{"topic":"a","state":["given","none"]}`, `{"delivery":"bounced","within_days":3}`, `{"field":"created_at","op":"after","value":"2026-05-01"}`} {
		f.Add(seed)
	}
	db := sqldbtest.SQLite(f)
	f.Fuzz(func(t *testing.T, rule string) {
		c, err := segments.Compile(json.RawMessage(rule))
		if err != nil {
			return
		}
		if _, err := segments.Count(context.Background(), db, c, now); err != nil {
			t.Errorf("%q: %v", rule, err)
		}
	})
}
