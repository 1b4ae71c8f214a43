package audit_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

var ada = audit.Actor{Kind: audit.KindUser, ID: "u1", Name: "Ada", UserID: "u1", IP: "192.0.2.1"}

func record(t *testing.T, db *sqldb.DB, at time.Time, actor audit.Actor, action, object string, before, after any) {
	t.Helper()
	if err := audit.Record(context.Background(), db, at, actor, action, object, before, after); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, db *sqldb.DB, f audit.Filter, limit int, cursor string) ([]audit.Entry, string) {
	t.Helper()
	entries, next, err := audit.List(context.Background(), db, f, limit, cursor)
	if err != nil {
		t.Fatal(err)
	}
	return entries, next
}

func TestEntryHoldsActorAndBothStates(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		type state struct {
			Name string `json:"name"`
		}
		record(t, db, start, ada, "campaign.rename", audit.Object("campaign", "c1"), state{"old"}, &state{"new"})
		record(t, db, start.Add(time.Second), audit.System("planner"), "campaign.start", "campaign:c1", nil, (*state)(nil))
		entries, next := list(t, db, audit.Filter{}, 10, "")
		if len(entries) != 2 || next != "" {
			t.Fatalf("%d entries, next %q", len(entries), next)
		}
		got := entries[1]
		want := audit.Entry{ID: got.ID, At: start, Actor: ada, Action: "campaign.rename", Object: "campaign:c1",
			Before: []byte(`{"name":"old"}`), After: []byte(`{"name":"new"}`)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if entries[0].Before != nil || entries[0].After != nil || entries[0].Actor.Kind != "system" {
			t.Errorf("%+v", entries[0])
		}
	})
}

func TestEntryGoesWithItsTransaction(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		broken := errors.New("broken")
		err := db.Tx(context.Background(), func(tx *sqldb.Tx) error {
			if err := audit.Record(context.Background(), tx, start, ada, "a.b", "c:d", nil, nil); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if entries, _ := list(t, db, audit.Filter{}, 10, ""); len(entries) != 0 {
			t.Errorf("%d entries of a change that was not made", len(entries))
		}
	})
}

func TestFilters(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		key := audit.Actor{Kind: audit.KindKey, ID: "k1", Name: "shop", UserID: "u1"}
		record(t, db, start, ada, "campaign.create", "campaign:c1", nil, nil)
		record(t, db, start.Add(time.Minute), key, "campaign.schedule", "campaign:c1", nil, nil)
		record(t, db, start.Add(2*time.Minute), audit.System("x"), "campaigns.odd", "campaign:c2", nil, nil)
		record(t, db, start.Add(3*time.Minute), audit.System("x"), "topic.create", "topic:Été", nil, nil)
		for name, c := range map[string]struct {
			filter audit.Filter
			want   string
		}{
			"all":             {audit.Filter{}, "topic.create campaigns.odd campaign.schedule campaign.create"},
			"person":          {audit.Filter{Actor: "u1"}, "campaign.schedule campaign.create"},
			"key":             {audit.Filter{Actor: "k1"}, "campaign.schedule"},
			"action":          {audit.Filter{Action: "campaign.create"}, "campaign.create"},
			"kind of action":  {audit.Filter{Action: "campaign."}, "campaign.schedule campaign.create"},
			"object":          {audit.Filter{Object: "campaign:c2"}, "campaigns.odd"},
			"kind of object":  {audit.Filter{Object: "campaign:"}, "campaigns.odd campaign.schedule campaign.create"},
			"object, unicode": {audit.Filter{Object: "topic:Été"}, "topic.create"},
			"times":           {audit.Filter{From: start.Add(time.Minute), Until: start.Add(2 * time.Minute)}, "campaign.schedule"},
			"together":        {audit.Filter{Actor: "u1", Object: "campaign:", From: start.Add(time.Second)}, "campaign.schedule"},
			"injection":       {audit.Filter{Object: "' OR 1=1 --"}, ""},
		} {
			entries, _ := list(t, db, c.filter, 10, "")
			var actions []string
			for _, e := range entries {
				actions = append(actions, e.Action)
			}
			if got := strings.Join(actions, " "); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

func TestPagesShowEachEntryOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const n = 23
		for i := range n { // several at the same instant
			record(t, db, start.Add(time.Duration(i/5)*time.Second), ada, "a.b", fmt.Sprintf("thing:%d", i), nil, nil)
		}
		seen := map[string]bool{}
		cursor, pages := "", 0
		for {
			entries, next := list(t, db, audit.Filter{Actor: "u1"}, 4, cursor)
			for _, e := range entries {
				if seen[e.Object] {
					t.Errorf("%s twice", e.Object)
				}
				seen[e.Object] = true
			}
			pages++
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(seen) != n || pages != 6 {
			t.Errorf("%d entries on %d pages", len(seen), pages)
		}
		for _, bad := range []string{"x", "!!", "MSBh"} {
			if _, _, err := audit.List(context.Background(), db, audit.Filter{}, 4, bad); !errors.Is(err, audit.ErrCursor) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
	})
}

func TestForgetEmptiesWhatWasSaidOfAPerson(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		record(t, db, start, ada, "subscriber.update", "subscriber:s1", map[string]string{"email": "old@example.org"}, map[string]string{"email": "new@example.org"})
		record(t, db, start, ada, "subscriber.update", "subscriber:s2", nil, map[string]string{"email": "other@example.org"})
		if err := audit.Forget(context.Background(), db, "subscriber:s1"); err != nil {
			t.Fatal(err)
		}
		entries, _ := list(t, db, audit.Filter{Object: "subscriber:s1"}, 10, "")
		if len(entries) != 1 || entries[0].Before != nil || entries[0].After != nil {
			t.Errorf("%+v", entries)
		}
		if entries, _ = list(t, db, audit.Filter{Object: "subscriber:s2"}, 10, ""); len(entries) != 1 || entries[0].After == nil {
			t.Errorf("another person's entry: %+v", entries)
		}
	})
}

// Compliance 66.
func TestCSVHoldsAllAndNoFormulas(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		evil := audit.Actor{Kind: "user", ID: "u2", Name: "=HYPERLINK(\"https://evil.example\")"}
		record(t, db, start, evil, "@x", "-y", nil, map[string]int{"n": 1})
		for range 3 {
			record(t, db, start.Add(time.Second), ada, "a.b", "c:d", nil, nil)
		}
		var out strings.Builder
		if err := audit.WriteCSV(context.Background(), db, audit.Filter{}, &out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 5 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		want := []string{"2026-03-01T12:00:00.123456Z", "user", "u2", "'" + evil.Name, "", "", "'@x", "'-y", "", `{"n":1}`}
		if diff := cmp.Diff(want, rows[4]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPersonIsTheOneBehindAKey(t *testing.T) {
	key := audit.Actor{Kind: audit.KindKey, ID: "k1", UserID: "u1"}
	if key.Person() != ada.Person() {
		t.Error("a key with its user counts as a second person")
	}
	if alone := (audit.Actor{Kind: audit.KindKey, ID: "u1"}); alone.Person() == ada.Person() {
		t.Error("a key without a user counts as that user")
	}
}
