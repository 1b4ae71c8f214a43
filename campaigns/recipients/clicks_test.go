package recipients_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/content"
	"assent/campaigns/recipients"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web"
)

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// mailed sends a campaign whose clicks are counted, and gives the mail that somebody gets as the engine writes it.
func mailed(t *testing.T, w *campaignstest.World, c *campaigns.Campaign) map[string]string {
	t.Helper()
	ctx := context.Background()
	w.Schedule(c)
	out := map[string]string{}
	for {
		b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 50)
		if err != nil {
			t.Fatal(err)
		}
		var done []campaigns.Outcome
		for _, item := range b.Items {
			m, err := w.Mails.ComposeFor(ctx, w.DB, b.Campaign, "en", item.Variant, item.Tracked)
			if err != nil {
				t.Fatal(err)
			}
			person := m.Fill(item.Person, w.Links.For(item.Person.ID, c.TopicID, c.ID, w.Clock.Now()))
			if item.Tracked {
				person.Click = func(link string) string { return w.Links.Click(item.Person.ID, link, c.ID, w.Clock.Now()) }
			}
			_, html, text := m.Content.Render(&person)
			out[item.Person.Email] = html
			if a, b := len(counted.FindAllString(html, -1)), len(counted.FindAllString(text, -1)); a != b || (a > 0) != item.Tracked {
				t.Errorf("%s: %d counted links in the HTML part and %d in the text part: %s", item.Person.Email, a, b, text)
			}
			done = append(done, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusSent})
		}
		if err := w.Mails.Complete(ctx, c.ID, "worker", 0, done); err != nil {
			t.Fatal(err)
		}
		if b.Idle {
			return out
		}
	}
}

var counted = regexp.MustCompile(`https://mail\.example\.com(/k/[A-Za-z0-9_-]+)`)

func TestClicksAreCountedOnlyOfThoseWhoAgreeAndLeadNowhereElse(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		(&recipients.Pages{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People, Campaigns: w.Mails, Links: w.Links}).Register(e)
		w.Topic("news", nil)
		var people []*preferences.Subscriber
		for i := range 14 {
			p := w.Person(fmt.Sprintf("p%d@example.com", i), nil)
			w.Give(p, "news")
			if i < 12 {
				if err := w.People.SetTracking(ctx, campaignstest.Staff, p.ID, true, preferences.Evidence{Source: "test"}); err != nil {
					t.Fatal(err)
				}
			}
			people = append(people, p)
		}
		blocks := `[{"type":"button","label":"Go","url":"https://example.com/a?x=1&y=2"},{"type":"text","markdown":"[b](https://example.com/b) [own](https://example.com/p/{{ first_name | \"no \\\"body\\\"\" }}?u={{ attributes.id }}&x=1) [leave]({{ unsubscribe_url }}) [m](mailto:a@example.com)"},{"type":"image","url":"https://example.com/i.png","alt":"x","link":"https://example.com/b"}]`
		made := func(track bool) *campaigns.Campaign {
			return w.Campaign("news", func(d *campaigns.Draft) { d.Blocks, d.TrackClicks = []byte(blocks), &track })
		}
		for email, html := range mailed(t, w, made(false)) {
			if counted.MatchString(html) {
				t.Fatalf("%s has counted links in a campaign that does not ask for it", email)
			}
		}
		c := made(true)
		mails := mailed(t, w, c)
		if len(mails) != 14 || counted.MatchString(mails["p12@example.com"]) || counted.MatchString(mails["p13@example.com"]) {
			t.Fatal("links of somebody who did not agree are counted")
		}
		links := counted.FindAllStringSubmatch(mails["p0@example.com"], -1)
		if len(links) != 4 || !strings.Contains(mails["p0@example.com"], `href="https://mail.example.com/u/`) || !strings.Contains(mails["p0@example.com"], "mailto:a@example.com") {
			t.Fatalf("%d counted links in %s", len(links), mails["p0@example.com"])
		}
		follow := func(method, path, agent string) *httptest.ResponseRecorder {
			req := httptest.NewRequest(method, path, nil)
			req.Header.Set("User-Agent", agent)
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, req)
			return rec
		}
		lead := func(email string, n int) string {
			return counted.FindAllStringSubmatch(mails[email], -1)[n][1]
		}
		clicks := func() campaigns.Clicks {
			got, err := w.Mails.Clicks(ctx, get(t, w, c))
			if err != nil {
				t.Fatal(err)
			}
			return *got
		}
		rec := follow("GET", lead("p0@example.com", 0), browser)
		if rec.Code != http.StatusFound || rec.Header().Get("Location") != "https://example.com/a?x=1&y=2" || !strings.Contains(rec.Header().Get("Cache-Control"), "no-store") || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("%d %v", rec.Code, rec.Header())
		}
		if got := clicks(); got.Machines != 1 || got.Tracked != 12 || got.People != nil {
			t.Errorf("a click in the first seconds is a scanner's: %+v", got)
		}
		w.Clock.Move(time.Minute)
		for _, agent := range []string{"", "curl/8", "Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 Barracuda"} {
			follow("GET", lead("p0@example.com", 0), agent)
		}
		follow("HEAD", lead("p0@example.com", 0), browser)
		if got := clicks(); got.Machines != 5 || got.People != nil {
			t.Errorf("machines: %+v", got)
		}
		for range 3 {
			for i := range 11 {
				follow("GET", lead(people[i].Email, 0), browser)
			}
			follow("GET", lead("p0@example.com", 1), browser)
		}
		got := clicks()
		if got.People == nil || *got.People != 11 || len(got.Links) != 3 || got.Links[0].URL != "https://example.com/a?x=1&y=2" || *got.Links[0].People != 11 || got.Links[1].People != nil {
			t.Errorf("each counts once, and fewer than ten are not told: %+v", got)
		}
		// A link with merge fields leads each to their own page, is one in the report, and no value leads to another site.
		first := `//evil.example/"><x`
		if _, err := w.People.Update(ctx, campaignstest.Staff, people[3].ID, preferences.Profile{FirstName: &first, Attributes: &map[string]any{"id": "3&y=#4"}}); err != nil {
			t.Fatal(err)
		}
		for i, want := range map[int]string{2: "https://example.com/p/no%20%22body%22?u=&x=1", 3: "https://example.com/p/%2F%2Fevil.example%2F%22%3E%3Cx?u=3%26y%3D%234&x=1"} {
			if rec := follow("GET", lead(people[i].Email, 2), browser); rec.Header().Get("Location") != want {
				t.Errorf("it leads to %q", rec.Header().Get("Location"))
			}
		}
		if got := clicks(); len(got.Links) != 3 {
			t.Errorf("%+v", got.Links)
		}
		// Taking back the agreement removes who clicked, keeps the counts, and ends the counting of links that are out (compliance 43).
		if err := w.People.SetTracking(ctx, campaignstest.Staff, people[0].ID, false, preferences.Evidence{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		var marks int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM click_marks WHERE subscriber_id = $1", people[0].ID).Scan(&marks); err != nil || marks != 0 {
			t.Errorf("%d marks of who took it back, %v", marks, err)
		}
		if rec := follow("GET", lead("p0@example.com", 1), browser); rec.Header().Get("Location") != "https://example.com/b" {
			t.Errorf("after that the link leads to %q", rec.Header().Get("Location"))
		}
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM click_marks WHERE subscriber_id = $1", people[0].ID).Scan(&marks); err != nil || marks != 0 || *clicks().People != 11 {
			t.Errorf("%d marks of who took it back, %v", marks, err)
		}
		// Whatever is not ours leads nowhere (compliance 54, 63).
		good := w.Keys.Sign(tokens.Click, tokens.Claims{Subject: people[1].ID, Topic: c.ID, Source: c.ID, Issued: w.Clock.Now()})
		other := w.Keys.Sign(tokens.View, tokens.Claims{Subject: people[1].ID, Topic: c.TopicID, Source: c.ID, Issued: w.Clock.Now()})
		for _, path := range []string{"/k/" + good, "/k/" + other, lead("p1@example.com", 0)[:40], "/k/https:%2F%2Fevil.example", "/k/x?url=https://evil.example", "/k/%2F%2Fevil.example"} {
			if rec := follow("GET", path, browser); rec.Code != 404 || rec.Header().Get("Location") != "" {
				t.Errorf("%s: %d, to %q", path, rec.Code, rec.Header().Get("Location"))
			}
		}
		if rec := follow("GET", lead("p1@example.com", 0)+"?url=https://evil.example", browser); rec.Header().Get("Location") != "https://example.com/a?x=1&y=2" {
			t.Errorf("a query changes where it leads: %q", rec.Header().Get("Location"))
		}
		// Long after, nothing is counted, and who clicked is gone.
		w.Clock.Move(32 * 24 * time.Hour)
		if err := w.Mails.TrimClicks(ctx); err != nil {
			t.Fatal(err)
		}
		follow("GET", lead("p11@example.com", 0), browser)
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM click_marks").Scan(&marks); err != nil || marks != 0 || *clicks().People != 11 {
			t.Errorf("%d marks after the time, %v", marks, err)
		}
	})
}

func get(t *testing.T, w *campaignstest.World, c *campaigns.Campaign) *campaigns.Campaign {
	t.Helper()
	c, err := w.Mails.Get(context.Background(), w.DB, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWordInBracesCannotBecomeACountedLink(t *testing.T) {
	if _, err := content.Compile(content.Content{Subject: "{{ click_url }}", Blocks: content.Blocks{content.Divider{}}}, content.Setting{}); err == nil {
		t.Error("an author can write the field of a counted link")
	}
}
