package campaigns_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/notices"
	"assent/preferences"
	"assent/preferences/preferencestest"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
)

// GDPR 15: the copy of somebody's data shows the subject of a mail as they got it, with no merge field in it. No copy of a
// campaign's mail is kept, so its subject is filled in anew and says that; the name in a message is kept with it.
func TestTheCopyShowsSubjectsAsTheyWere(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		w.Topic("news", nil)
		named := func(name string) preferences.Profile {
			return preferences.Profile{FirstName: &name, Attributes: &map[string]any{"plan": "Gold"}}
		}
		anna := w.Person("anna@example.com", nil)
		w.Give(anna, "news")
		if _, err := w.People.Update(ctx, campaignstest.Staff, anna.ID, named("Anna")); err != nil {
			t.Fatal(err)
		}
		for _, subject := range []string{`Hello {{ first_name | "there" }}, {{ attributes.plan }}{{ attributes.none | " wins" }}`, "Nothing of anybody in it"} {
			c := w.Campaign("news", func(d *campaigns.Draft) { d.Subject = &subject })
			w.Schedule(c)
			w.SendAll(c)
		}
		n := &notices.Service{DB: db, Now: w.Clock.Now, Outbox: w.Outbox, People: w.People}
		if _, err := n.Create(ctx, campaignstest.Staff, notices.Input{To: notices.Recipient{SubscriberID: anna.ID, Name: "Anna"}, Obligation: "contract", Basis: "contract", Brand: "default",
			Subject: "{{ first_name }}, your contract", Blocks: []byte(`[{"type":"text","markdown":"It has changed."}]`)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.People.Update(ctx, campaignstest.Staff, anna.ID, named("Berta")); err != nil {
			t.Fatal(err)
		}
		desk := &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People}
		own, err := desk.Copy(ctx, &rights.Request{SubscriberID: anna.ID, Email: anna.Email, AddressKey: anna.EmailKey})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, m := range own.Mails {
			got[m.Subject] = m.Today
		}
		if diff := cmp.Diff(map[string]bool{"Hello Berta, Gold wins": true, "Nothing of anybody in it": false, "Anna, your contract": false}, got); diff != "" {
			t.Error(diff)
		}
		var b bytes.Buffer
		if err := own.WriteZip(&b); err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string]string{"data.json": `"subject_filled_in_with_todays_data": true`, "mails.csv": ",subject_filled_in_with_todays_data"} {
			if text := preferencestest.Unzip(t, b.Bytes())[file]; !strings.Contains(text, want) || strings.Contains(text, "{{") {
				t.Errorf("%s: %s", file, text)
			}
		}
	})
}

// GDPR 15 and 17: the text that a person got and the links that they followed are in the copy of their data, in both of its
// forms, and go with them when they are erased; that somebody got it and clicked stays counted.
func TestTheTextAndTheClicksOfAPersonAreTheirs(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		w.Topic("news", nil)
		var people []*preferences.Subscriber
		for i := range 40 {
			p := w.Person(fmt.Sprintf("p%02d@example.com", i), nil)
			w.Give(p, "news")
			if err := w.People.SetTracking(ctx, campaignstest.Staff, p.ID, true, preferences.Evidence{Source: "test"}); err != nil {
				t.Fatal(err)
			}
			people = append(people, p)
		}
		subject, track := "The first subject", true
		c := w.Campaign("news", func(d *campaigns.Draft) {
			d.Subject, d.TrackClicks = &subject, &track
			d.ABTest = []byte(`{"share": 100, "wait": "1h", "measure": "clicks", "variants": [{"subject": "The second subject"}]}`)
		})
		w.Schedule(c)
		w.SendAll(c)
		w.Clock.Move(time.Minute)
		var link string
		if err := db.QueryRowContext(ctx, "SELECT id FROM campaign_links WHERE campaign_id = $1", c.ID).Scan(&link); err != nil {
			t.Fatal(err)
		}
		got, _ := variants(t, w, c)
		var anna *preferences.Subscriber
		for _, p := range people {
			if err := w.Mails.Clicked(ctx, tokens.Claims{Subject: p.ID, Topic: link, Source: c.ID}, false); err != nil {
				t.Fatal(err)
			}
			if got[p.ID] == 2 {
				anna = p
			}
		}
		desk := &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People, Sections: []rights.Section{{Name: "clicks", Read: w.Mails.ClicksOf}}}
		copied := func() map[string]string {
			t.Helper()
			own, err := desk.Copy(ctx, &rights.Request{SubscriberID: anna.ID, Email: anna.Email, AddressKey: anna.EmailKey})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := own.WriteZip(&b); err != nil {
				t.Fatal(err)
			}
			return preferencestest.Unzip(t, b.Bytes())
		}
		files := copied()
		for file, wants := range map[string][]string{
			"data.json":  {`"subject": "The second subject"`, `"variant": 2`, `"clicks_counted": true`, `"url": "https://example.com/news"`},
			"mails.csv":  {"The second subject", ",clicks_counted,", ",variant"},
			"clicks.csv": {"https://example.com/news", "2026-05-01T09:01:00Z", "Spring"},
		} {
			for _, want := range wants {
				if !strings.Contains(files[file], want) {
					t.Errorf("%s has no %s:\n%s", file, want, files[file])
				}
			}
		}
		before := w.Report(c)
		if _, err := w.People.Erase(ctx, campaignstest.Staff, anna.ID); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM click_marks WHERE subscriber_id = $1) + (SELECT count(*) FROM deliveries WHERE subscriber_id = $1 AND (variant <> 0 OR tested = TRUE OR tracked = TRUE))", anna.ID).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d rows tell what an erased person got or clicked, %v", left, err)
		}
		if files := copied(); strings.Contains(files["data.json"], "example.com/news") || strings.Contains(files["data.json"], "second subject") {
			t.Errorf("after it the copy has %s", files["data.json"])
		}
		after := w.Report(c)
		if before.Clicks.Tracked != 40 || after.Clicks.Tracked != 40 || *after.Clicks.People != 40 {
			t.Errorf("clicks: %+v, and then %+v", before.Clicks, after.Clicks)
		}
		for i, was := range before.ABTest.Tried {
			is := after.ABTest.Tried[i]
			if is.Sent != was.Sent || is.Tracked != was.Tracked || *is.Clicked != *was.Clicked || *is.Share != 1 || is.Sent < 10 {
				t.Errorf("text %d: %+v, and then %+v", i+1, was, is)
			}
		}
	})
}

// Fewer than ten people who clicked are told of no text, nor the share that would tell how many.
func TestFewClicksOfATextAreNotTold(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		w.Topic("news", nil)
		for i := range 60 {
			p := w.Person(fmt.Sprintf("p%02d@example.com", i), nil)
			w.Give(p, "news")
			if err := w.People.SetTracking(ctx, campaignstest.Staff, p.ID, true, preferences.Evidence{Source: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		track := true
		c := w.Campaign("news", func(d *campaigns.Draft) {
			d.TrackClicks, d.ABTest = &track, []byte(`{"share": 100, "wait": "1h", "measure": "clicks", "variants": [{"subject": "B"}]}`)
		})
		w.Schedule(c)
		w.SendAll(c)
		w.Clock.Move(time.Minute)
		var link string
		if err := db.QueryRowContext(ctx, "SELECT id FROM campaign_links WHERE campaign_id = $1", c.ID).Scan(&link); err != nil {
			t.Fatal(err)
		}
		got, _ := variants(t, w, c)
		most := map[int]int{1: 9, 2: 10}
		for id, variant := range got {
			if most[variant]--; most[variant] < 0 {
				continue
			}
			if err := w.Mails.Clicked(ctx, tokens.Claims{Subject: id, Topic: link, Source: c.ID}, false); err != nil {
				t.Fatal(err)
			}
		}
		tried := w.Report(c).ABTest.Tried
		if few := tried[0]; few.Clicked != nil || few.Share != nil || few.Low != nil || few.High != nil {
			t.Errorf("nine are told: %+v", few)
		}
		if ten := tried[1]; ten.Clicked == nil || *ten.Clicked != 10 || ten.Share == nil || ten.Low == nil || ten.High == nil {
			t.Errorf("ten are not told: %+v", ten)
		}
	})
}
