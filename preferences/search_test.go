package preferences_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func emails(people []*preferences.Subscriber) string {
	var list []string
	for _, s := range people {
		name, _, _ := strings.Cut(s.Email, "@")
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

func TestPeopleAreFoundByWhatTheyAreCalled(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := preferencestest.New(t, db), context.Background()
		for _, p := range [][3]string{{"a", "Anna", "de Vries"}, {"b", "ÉMILE", "Zola"}, {"c", "émile", "Durkheim"}, {"d", "Émile", "ØSTERGAARD"}, {"e", "Jan Willem", "Østergaard"}, {"anna", "Bo", "Li"}, {"f", "", "100%_Sure"}} {
			w.Person(p[0]+"@example.com", func(in *preferences.Profile) { in.FirstName, in.LastName = &p[1], &p[2] })
		}
		for text, want := range map[string]string{
			"anna": "a anna", "ANNA": "a anna", "Anna  de v": "a", "vries": "", "de vries": "a", "émi": "b c d", "Émile Z": "b", "EMILE": "", "østergaard": "d e", "jan w": "e", "jan willem øst": "e",
			"anna@": "anna", "a@example.com": "a", "nobody": "", "100%": "f", "%": "", "b@EXAMPLE.com": "b",
		} {
			people, err := w.People.Search(ctx, preferences.Search{Text: text, Limit: 10})
			if got := emails(people); err != nil || got != want {
				t.Errorf("%q finds %q, not %q (%v)", text, got, want, err)
			}
		}
	})
}

// However a search is cut into stretches, everybody is found once and in order; and what many people are called is met on the way.
func TestASearchInStretchesFindsEverybodyOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := preferencestest.New(t, db), context.Background()
		w.Must(db.Tx(ctx, func(tx *sqldb.Tx) error {
			for i := range 2600 {
				name := "Sam"
				if i%4 == 0 {
					name = "Kim"
				}
				if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (id, email, email_key, first_name, country, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, 1)",
					sqldb.NewID(), fmt.Sprintf("p%04d@example.com", i), fmt.Sprintf("p%04d@example.com", i), name, []string{"NL", "DE"}[i%2]); err != nil {
					return err
				}
			}
			return nil
		}))
		for _, c := range []struct {
			in   preferences.Search
			want int
		}{
			{preferences.Search{}, 2600}, {preferences.Search{Text: "sam"}, 1950}, {preferences.Search{Text: "KIM"}, 650}, {preferences.Search{Text: "p"}, 2600}, {preferences.Search{Text: "p25"}, 100},
			{preferences.Search{Text: "sam", Where: "s.country = $4", Args: []any{"DE"}}, 1300}, {preferences.Search{Where: "s.country = $4", Args: []any{"NL"}}, 1300}, {preferences.Search{Where: "s.country = 'XX'"}, 0},
		} {
			found, last, in := 0, "", c.in
			in.Limit = 70
			for range 1000 {
				got, err := w.People.Find(ctx, in, time.Nanosecond)
				w.Must(err)
				for _, s := range got.People {
					if s.ID <= last {
						t.Fatalf("%+v: %s comes after %s", c.in, s.ID, last)
					}
					last = s.ID
					found++
				}
				if len(got.People) == in.Limit {
					in.After = last
				} else if got.End {
					break
				} else if got.At <= in.After {
					t.Fatalf("%+v: looked from %q to %q", c.in, in.After, got.At)
				} else {
					in.After = got.At
				}
			}
			if found != c.want {
				t.Errorf("%+v finds %d, not %d", c.in, found, c.want)
			}
			in = c.in
			in.Limit = 5000
			if whole, err := w.People.Search(ctx, in); err != nil || len(whole) != c.want {
				t.Errorf("%+v finds %d at once, not %d (%v)", c.in, len(whole), c.want, err)
			}
		}
	})
}

// A page that nobody waits for any more is not looked for.
func TestASearchEndsWithItsRequest(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := preferencestest.New(t, db)
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := w.People.Find(gone, preferences.Search{Where: "1 = 1", Limit: 5}, time.Minute); err == nil {
			t.Error("it went on")
		}
	})
}

// leaver reads the beginning of a file and goes.
type leaver struct {
	strings.Builder
	leave func()
}

func (l *leaver) Flush() { l.leave() }

// A file begins before anybody is looked for, and ends with whoever takes it.
func TestAFileBeginsAtOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := preferencestest.New(t, db)
		w.Person("ann@example.com", nil)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		out := &leaver{leave: cancel}
		err := w.People.ExportFound(ctx, out, preferences.Search{Where: "1 = 1"}, nil)
		if !strings.HasPrefix(out.String(), "id,email,") || strings.Contains(out.String(), "ann@") || err == nil {
			t.Errorf("%q %v", out.String(), err)
		}
	})
}
