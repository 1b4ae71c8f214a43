package recipients_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assent/campaigns/campaignstest"
	"assent/campaigns/recipients"
	"assent/preferences"
	"assent/preferences/rights"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web/webtest"
)

// Whatever a form sends to a link's page, and whatever stands in the link: no page fails, nobody gets more mail than before, and no other
// person is touched (promise 6, compliance 52, 57, 58).
func FuzzLinksOnlyReduce(f *testing.F) {
	for _, seed := range [][4]string{
		{"/p/", "", "do=save&topic=news&topic=offers&topic=events", "application/x-www-form-urlencoded"},
		{"/p/", "", "topic=events&pause_until=30d&frequency=weekly&locale=nl&timezone=Europe/Amsterdam&tracking_shown=1&tracking=1&partners_shown=1", "application/x-www-form-urlencoded"},
		{"/p/", "", "do=unsubscribe_all", "application/x-www-form-urlencoded"},
		{"/p/", "", "undo=abc&do=erase", "application/x-www-form-urlencoded"},
		{"/p/", "", "do=correct&email=other@example.com&first_name=%00%0d%0aBcc:x", "application/x-www-form-urlencoded"},
		{"/p/", "", "do=lift_objection", "application/x-www-form-urlencoded"},
		{"/u/", "", "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"},
		{"/u/", "", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n", "multipart/form-data; boundary=b"},
		{"/u/", "?scope=all&List-Unsubscribe=One-Click", "scope=topic", "application/x-www-form-urlencoded"},
		{"/c/", "", "confirm=1", "application/x-www-form-urlencoded"},
		{"/d/", "", "", ""},
		{"/u/", "AAAA", "scope=all", "application/x-www-form-urlencoded"},
		{"/p/", "%2f..%2fadmin", "\xff\xfe", "text/plain"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	db := sqldbtest.Open(f, "sqlite:"+filepath.Join(f.TempDir(), "fuzz.db"))
	w := campaignstest.New(f, db)
	desk := &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People}
	pages := &recipients.Pages{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People, Campaigns: w.Mails, Links: w.Links, Rights: desk}
	topics := []string{"news", "offers", "events"}
	for _, topic := range topics {
		w.Topic(topic, nil)
	}
	other := w.Person("other@example.com", nil)
	w.Give(other, "news")
	ctx, n := context.Background(), 0
	stands := func(t *testing.T, sub *preferences.Subscriber) (allowed string, email string) {
		now, err := w.People.Subscriber(ctx, db, sub.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range topics {
			d, err := w.People.Decide(ctx, preferences.Question{Email: sub.Email, Class: "marketing", Topic: topic})
			if err != nil {
				t.Fatal(err)
			}
			if string(d.Reason()) == "allowed" {
				allowed += topic + " "
			}
		}
		return allowed, now.Email
	}
	f.Fuzz(func(t *testing.T, path, more, body, media string) {
		purpose, ok := map[string]tokens.Purpose{"/p/": tokens.Preferences, "/u/": tokens.Unsubscribe, "/c/": tokens.Confirm, "/d/": tokens.Rights}[path]
		if !ok || strings.ContainsAny(more, " \r\n\x00\x7f") || strings.ContainsFunc(more, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Skip()
		}
		n++
		w.T = t
		client := webtest.New(t, func(e *echo.Echo, _ *echo.Group) { pages.Register(e) })
		sub := w.Person(fmt.Sprintf("p%d@example.com", n), nil)
		w.Give(sub, "news", "offers")
		before, _ := stands(t, sub)
		news, err := w.People.Topic(ctx, db, "news")
		if err != nil {
			t.Fatal(err)
		}
		at := path + w.Keys.Sign(purpose, tokens.Claims{Subject: sub.ID, Topic: news.ID, Issued: w.Clock.Now()}) + more
		if _, err := http.NewRequest("POST", at, nil); err != nil {
			t.Skip()
		}
		a := client.Do("POST", at, body, "Content-Type", media)
		if a.Status >= 500 || a.Status == http.StatusFound || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s answers %d %v %s", at, a.Status, a.Header, a.Body)
		}
		after, email := stands(t, sub)
		for _, topic := range strings.Fields(after) {
			if !strings.Contains(before, topic) {
				t.Errorf("a link turned %s on", topic)
			}
		}
		if email != sub.Email {
			t.Errorf("a link changed the address to %s", email)
		}
		if allowed, _ := stands(t, other); allowed != "news " {
			t.Errorf("another person stands at %q", allowed)
		}
		if a.Status >= 400 && after != before {
			t.Errorf("%d, and yet %q became %q", a.Status, before, after)
		}
	})
}
