package recipients_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/partners"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web/webtest"
)

const oneClick = "List-Unsubscribe=One-Click"

// since is when a person left a topic.
func (s *site) since(sub *preferences.Subscriber, topic string) time.Time {
	s.t.Helper()
	list, err := s.People.Consents(context.Background(), s.DB, sub.ID)
	s.Must(err)
	for _, st := range list {
		if st.Topic == topic {
			return st.Since
		}
	}
	return time.Time{}
}

// RFC 8058 §3.2: the POST comes as a form of either kind, without cookies, from nowhere; it is done at once, and a
// repeat is too. One press is all it takes, less than signing up did (compliance 2, 29).
func TestOneClick(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Unsubscribe, sub, "news")
		a := s.Do("POST", path, oneClick, "Content-Type", "application/x-www-form-urlencoded", "Origin", "null").Want(okStatus)
		wantPrivate(t, a)
		if got := a.Header.Get("Assent-In-Flight"); got != "0" {
			t.Errorf("Assent-In-Flight %q", got)
		}
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "given"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		first := s.since(sub, "news")
		s.Clock.Move(time.Hour)
		s.Do("POST", path, oneClick, "Content-Type", "application/x-www-form-urlencoded").Want(okStatus)
		if got := s.since(sub, "news"); !got.Equal(first) {
			t.Errorf("a repeat moved the instant from %v to %v", first, got)
		}
		if n := strings.Count(strings.Join(s.events(sub), "\n"), "withdrawn news"); n != 1 {
			t.Errorf("%d withdrawals were recorded", n)
		}
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		s.Must(w.WriteField("List-Unsubscribe", "One-Click"))
		s.Must(w.Close())
		s.Do("POST", s.link(tokens.Unsubscribe, sub, "offers"), body.String(), "Content-Type", w.FormDataContentType()).Want(okStatus)
		if got := s.States(sub)["offers"]; got != "withdrawn" {
			t.Errorf("multipart: %s", got)
		}
	})
}

// Only the POST that means it changes something: scanners, previews and half requests do not (compliance 3, 58).
func TestNothingElseUnsubscribes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub, other := s.lists(), s.Person("eve@example.com", nil)
		s.Give(other, "news")
		path := s.link(tokens.Unsubscribe, sub, "news")
		want, events := s.States(sub), s.events(sub)
		urlencoded := []string{"Content-Type", "application/x-www-form-urlencoded"}
		for _, try := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", path, "", 200}, {"HEAD", path, "", 200}, {"OPTIONS", path, "", 204}, {"GET", path + "?" + oneClick, "", 200}, {"GET", path, oneClick, 200},
			{"PUT", path, oneClick, 405}, {"DELETE", path, "", 405}, {"PATCH", path, oneClick, 405},
			{"POST", path, "", 400}, {"POST", path + "?" + oneClick, "", 400}, {"POST", path + "?scope=all", "x=1", 400}, {"POST", path, "List-Unsubscribe=one-click", 400}, {"POST", path, "List-Unsubscribe=", 400},
			{"POST", path, "email=" + other.Email, 400}, {"POST", path, "scope=everything", 400}, {"POST", path, "topic=offers&status=withdrawn", 400}, {"POST", path, "%zz=1", 400}, {"POST", path, strings.Repeat("x", 100_000), 413},
			{"POST", path + "x", oneClick, 404}, {"POST", path + "/", oneClick, 404}, {"POST", strings.TrimSuffix(path, path[len(path)-4:]), oneClick, 404}, {"POST", strings.ToUpper(path), oneClick, 404},
		} {
			if a := s.Do(try.method, try.path, try.body, urlencoded...); a.Status != try.status {
				t.Errorf("%s %s %q: %d, want %d", try.method, strings.Replace(try.path, path, "LINK", 1), try.body[:min(len(try.body), 40)], a.Status, try.status)
			}
		}
		s.Do("POST", path, oneClick, "Content-Type", "application/json").Want(http.StatusBadRequest)
		s.Do("POST", path, "--x\r\nContent-Disposition: form-data; name=", "Content-Type", "multipart/form-data; boundary=x").Want(http.StatusBadRequest)
		if diff := cmp.Diff(want, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(events, s.events(sub)); diff != "" {
			t.Error(diff)
		}
		// What stands beside the pair does not count: not whom, not what.
		s.Do("POST", path+"?email="+other.Email+"&topic=offers&id="+other.ID, oneClick+"&email="+other.Email+"&topic=offers&id="+other.ID+"&scope=all", urlencoded...).Want(okStatus)
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "given"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		if got := s.States(other)["news"]; got != "given" {
			t.Errorf("somebody else was unsubscribed: %s", got)
		}
	})
}

// A token of one purpose is none for another, and every wrong one gets the same answer (compliance 52, 54).
func TestTokensAreForOnePurpose(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		prefixes := map[tokens.Purpose]string{tokens.Unsubscribe: "/u/", tokens.Preferences: "/p/", tokens.Confirm: "/c/", tokens.Why: "/why/", tokens.View: "/v/", tokens.Rights: "/d/"}
		all := []tokens.Purpose{tokens.Unsubscribe, tokens.Preferences, tokens.Confirm, tokens.Why, tokens.View, tokens.Click, tokens.Return, tokens.Rights, tokens.Open, tokens.Undo, tokens.Document}
		before, detail := s.States(sub), ""
		same := func(what string, a webtest.Answer) {
			var doc struct{ Detail, Title string }
			if a.Status != http.StatusNotFound {
				t.Errorf("%s: %d", what, a.Status)
				return
			}
			a.Into(&doc)
			if detail == "" {
				detail = doc.Title + doc.Detail
			}
			if doc.Title+doc.Detail != detail {
				t.Errorf("%s is told apart: %s", what, doc.Detail)
			}
			wantPrivate(t, a)
		}
		for page, prefix := range prefixes {
			for _, purpose := range all {
				token := s.Keys.Sign(purpose, tokens.Claims{Subject: sub.ID, Issued: s.Clock.Now()})
				if purpose == page {
					for i := 0; i < len(token); i += 7 {
						same("a changed token", s.Get(prefix+token[:i]+flipped(token[i])+token[i+1:]))
					}
					continue
				}
				same(prefix+" with a token of "+string(purpose), s.Get(prefix+token))
				if prefix != "/why/" && prefix != "/v/" {
					same("POST "+prefix+" with a token of "+string(purpose), s.Post(prefix+token, form("List-Unsubscribe", "One-Click", "do", "save", "topic", "")))
				}
			}
			for _, junk := range []string{"x", "%00", "..%2f..%2fetc", strings.Repeat("A", 3000), "%F0%9F%98%80"} {
				if a := s.Get(prefix + junk); a.Status != http.StatusNotFound {
					t.Errorf("%s%s: %d", prefix, junk[:min(len(junk), 10)], a.Status)
				}
			}
		}
		if diff := cmp.Diff(before, s.States(sub)); diff != "" {
			t.Error(diff)
		}
	})
}

func flipped(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

// Links work for ever, through the rotation of keys (compliance 53, 55).
func TestOldLinksWork(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		unsubscribe, centre, why := s.link(tokens.Unsubscribe, sub, "news"), s.link(tokens.Preferences, sub, ""), s.link(tokens.Why, sub, "news")
		s.Clock.Move(5 * 366 * 24 * time.Hour)
		key := func(c string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, 32))) }
		ring, err := tokens.Parse("k3:" + key("z") + ",k2:" + key("y") + ",k1:" + key("k"))
		s.Must(err)
		s.pages.Keys = ring
		s.Get(centre).Want(okStatus)
		s.Get(why).Want(okStatus)
		s.Post(centre, form("topic", "news")).Want(okStatus)
		s.Post(unsubscribe, form("List-Unsubscribe", "One-Click")).Want(okStatus)
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "withdrawn"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		s.pages.Keys, err = tokens.Parse("k2:" + key("y"))
		s.Must(err)
		s.Get(centre).Want(http.StatusNotFound)
	})
}

// Mail that was being handed over when the person said stop is counted, and told in their words.
func TestWhatWasInFlightIsTold(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		c := s.scheduled("news")
		b, err := s.Mails.Claim(context.Background(), c.ID, "worker", 0, 10)
		if err != nil || len(b.Items) != 1 {
			t.Fatal(len(b.Items), err)
		}
		a := s.Post(s.link(tokens.Preferences, sub, ""), form("topic", "offers")).Want(okStatus) // the worker does not say what became of it
		if got := a.Header.Get("Assent-In-Flight"); got != "1" || !strings.Contains(a.Body, "already being handed over") {
			t.Errorf("Assent-In-Flight %q", got)
		}
	})
}

// The page after an unsubscribe names the topic, says what goes on and offers undo; the report counts it once.
func TestThePageAfterAnUnsubscribe(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		c := s.scheduled("news")
		s.SendAll(c)
		topic, err := s.People.Topic(context.Background(), s.DB, "news")
		s.Must(err)
		path := "/u/" + s.Keys.Sign(tokens.Unsubscribe, tokens.Claims{Subject: sub.ID, Topic: topic.ID, Source: c.ID, Issued: s.Clock.Now()})
		page := s.Get(path).Want(okStatus).Body
		for _, want := range []string{"News", `name="scope" value="topic"`, `name="scope" value="all"`, "a***@e***.com"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		page = s.Post(path, form("scope", "topic")).Want(okStatus).Body
		for _, want := range []string{`role="status"`, "“News” is stopped", "contracts, invoices", "Undo this"} {
			if !strings.Contains(page, want) {
				t.Errorf("the answer does not say %q", want)
			}
		}
		s.Post(path, form("scope", "topic")).Want(okStatus)
		if got := s.Report(c).Unsubscribed; got != 1 {
			t.Errorf("the report counts %d", got)
		}
		s.Post(path, form("undo", field(t, page, "undo"))).Want(okStatus)
		if got := s.States(sub)["news"]; got != "given" {
			t.Errorf("after undo: %s", got)
		}
		s.Post(path, form("scope", "all")).Want(okStatus)
		if got := s.decides(sub, "offers", s.Clock.Now()); got != "unsubscribed_all" {
			t.Error(got)
		}
		if page := s.Get(path).Want(okStatus).Body; !strings.Contains(page, "already stopped all") {
			t.Error("the page does not say that all is stopped")
		}
	})
}

// The page tells the topic, the basis, the wording and the decision; of somebody erased it tells nothing.
func TestWhy(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		_, err := (&partners.Store{DB: s.DB, Now: s.Clock.Now}).Create(ctx, campaignstest.Staff, "hub", "Hub Resellers")
		s.Must(err)
		topic := s.Topic("news", func(in *preferences.TopicInput) { hub := "hub"; in.Partner = &hub })
		sub := s.Person("anna@example.com", customer)
		s.Give(sub, "news")
		c := s.scheduled("news")
		s.SendAll(c)
		path := "/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Subject: sub.ID, Topic: topic.ID, Source: c.ID, Issued: s.Clock.Now()})
		a := s.Get(path + "?lang=nl").Want(okStatus)
		wantPrivate(t, a)
		for _, want := range []string{`lang="nl"`, "Yes, mail me.", "https://example.com/form", "Hub Resellers", "a***@e***.com"} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		for _, secret := range []string{sub.Email, "+31"} {
			if strings.Contains(a.Body, secret) {
				t.Errorf("the page shows %q", secret)
			}
		}
		page := s.Get(path + "?lang=en").Want(okStatus).Body
		for _, want := range []string{"Hello Anna", ">News<", "Your consent, which you can take back", "Because you signed up", "1 May 2026, 09:00", "Allowed", "Nothing stands in the way"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		notice := "/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Subject: sub.ID, Source: s.notice(sub), Issued: s.Clock.Now()})
		if page := s.Get(notice).Want(okStatus).Body; !strings.Contains(page, "obliged") || !strings.Contains(page, "A payment") || strings.Contains(page, "/u/") {
			t.Error("the page about a notice offers to unsubscribe, or does not say why it came")
		}
		stranger := "/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Source: s.notice(&preferences.Subscriber{Email: "x@example.com", EmailKey: "x@example.com"}), Issued: s.Clock.Now()})
		s.Get(stranger).Want(okStatus)
		s.Get("/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Source: sub.ID})).Want(http.StatusNotFound)
		_, err = s.People.Erase(ctx, campaignstest.Staff, sub.ID)
		s.Must(err)
		for _, link := range []string{path, "/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Subject: sub.ID, Source: c.ID})} {
			if page := s.Get(link).Want(okStatus).Body; strings.Contains(page, "Yes, mail me.") || !strings.Contains(page, "already stopped") {
				t.Error("the page tells of somebody erased")
			}
		}
		if page := s.Get(notice).Want(okStatus).Body; !strings.Contains(page, "obliged") || strings.Contains(page, "/p/") {
			t.Error("the page about a notice to somebody erased")
		}
	})
}

// Whatever the pages hold comes out as text, and every link of a page is signed for what it leads to.
func TestValuesAreText(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t))
	evil := `<script>alert(1)</script>{{env "PATH"}}`
	s.Topic("news", func(in *preferences.TopicInput) {
		in.Names, in.Descriptions = map[string]string{"en": evil}, map[string]string{"en": `"><img src=x onerror=alert(1)>`}
	})
	sub := s.Person("anna@example.com", func(p *preferences.Profile) { p.FirstName = &evil })
	_, err := s.People.Consent(context.Background(), campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: "give", Confirmed: true,
		Evidence: preferences.Evidence{Source: evil, Wording: evil, URL: "https://example.com/" + evil, CollectedAt: s.Clock.Now()}})
	s.Must(err)
	for _, path := range []string{s.link(tokens.Preferences, sub, "news"), s.link(tokens.Unsubscribe, sub, "news"), s.link(tokens.Why, sub, "news")} {
		a := s.Get(path + "?lang=" + "%22%3E%3Cscript%3E").Want(okStatus)
		if strings.Contains(a.Body, "<script") || strings.Contains(a.Body, "<img src=x") || strings.Contains(a.Body, `lang=""><script`) {
			t.Errorf("%s is not escaped", path[:5])
		}
		if !strings.Contains(a.Body, `{{env &#34;PATH&#34;}}`) && !strings.HasPrefix(path, "/why") {
			t.Errorf("%s does not show the value as it is", path[:5])
		}
		if !strings.Contains(a.Header.Get("Content-Security-Policy"), "script-src 'none'") {
			t.Error(a.Header)
		}
	}
}

// A report that cannot be counted in does not turn an unsubscribe into an error.
func TestAnUnsubscribeHoldsWithoutItsReport(t *testing.T) {
	s := newSite(t, sqldbtest.SQLite(t))
	s.pages.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	sub := s.lists()
	c := s.scheduled("news")
	s.SendAll(c)
	_, err := s.DB.ExecContext(context.Background(), "DROP TABLE tallies")
	s.Must(err)
	topic, err := s.People.Topic(context.Background(), s.DB, "news")
	s.Must(err)
	s.Post("/u/"+s.Keys.Sign(tokens.Unsubscribe, tokens.Claims{Subject: sub.ID, Topic: topic.ID, Source: c.ID}), form("List-Unsubscribe", "One-Click")).Want(okStatus)
	if got := s.States(sub)["news"]; got != "withdrawn" {
		t.Error(got)
	}
}
