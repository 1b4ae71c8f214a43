package forms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/forms"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web/webtest"
	"assent/templates/locale"
	"assent/templates/pages"
)

// site is forms behind a server.
type site struct {
	*preferencestest.World
	*webtest.Client
	store *forms.Store
}

const wait = 5 * time.Millisecond

func serve(t *testing.T, db *sqldb.DB) *site {
	t.Helper()
	s := &site{World: preferencestest.New(t, db)}
	s.store = &forms.Store{DB: db, Now: s.Clock.Now, People: s.People}
	s.People.Forget = append(s.People.Forget, s.store.Forget)
	p := &forms.Pages{Store: s.store, Base: "https://mail.example.com", Wait: wait, Frame: func(_ context.Context, l *locale.Locale, _ string) (pages.Page, error) {
		return pages.Page{Locale: l, Brand: pages.Brand{Name: "Acme"}}, nil
	}}
	s.Client = webtest.New(t, func(e *echo.Echo, api *echo.Group) {
		p.Register(e)
		s.store.Register(api, webtest.Scopes(t), webtest.ActorOf)
	})
	return s
}

func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { test(t, serve(t, db)) })
}

func (s *site) form(key, kind string, topics []string, more map[string]any) {
	s.T.Helper()
	in := map[string]any{"key": key, "kind": kind, "names": map[string]string{"en": "The " + key, "nl": "De " + key}, "topics": topics}
	for k, v := range more {
		in[k] = v
	}
	s.API("POST", "/forms", in).Want(http.StatusCreated)
}

// values are pairs of field and value.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// send fills in a form and has it worked off.
func (s *site) send(form string, pairs ...string) webtest.Answer {
	s.T.Helper()
	a := s.Post("/subscribe/"+form, values(pairs...)).Want(http.StatusOK)
	s.Must(s.store.Work(context.Background()))
	s.settled()
	return a
}

// settled waits until nothing is being worked off.
func (s *site) settled() {
	s.T.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var n int
		s.Must(s.DB.QueryRowContext(context.Background(), "SELECT count(*) FROM form_submissions").Scan(&n))
		if n == 0 {
			return
		}
	}
	s.T.Fatal("submissions are left")
}

func (s *site) events(sub *preferences.Subscriber) []string {
	s.T.Helper()
	events, err := s.People.Events(context.Background(), s.DB, sub.ID)
	s.Must(err)
	var list []string
	for _, e := range events {
		list = append(list, string(e.Action)+" "+e.Topic)
	}
	return list
}

func TestASignUpWaitsForOneConfirmationOfAllItsTopics(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, key := range []string{"news", "offers", "events"} {
			s.Topic(key, nil)
		}
		s.form("letter", "newsletter", []string{"news", "offers", "events"}, nil)
		s.send("letter", "email", "Anna@Example.com", "first_name", "Anna", "topics", "news", "topics", "offers", "status", "confirmed", "consent_at", "2020-01-01", "confirmed", "true", "tags", "vip")
		sub := s.Find("anna@example.com")
		if sub == nil || sub.FirstName != "Anna" || sub.Source != "form:letter" {
			t.Fatalf("%+v", sub)
		}
		if diff := cmp.Diff(map[string]string{"news": "pending", "offers": "pending"}, s.States(sub)); diff != "" {
			t.Fatalf("compliance 26, 68: %s", diff)
		}
		if got := s.Reason("anna@example.com", "news"); got != "unconfirmed" {
			t.Errorf("before the confirmation: %s", got)
		}
		mails := s.Mails("")
		if len(mails) != 1 || mails[0].Kind != preferences.MailConfirmSignup {
			t.Fatalf("want one confirmation: %+v", mails)
		}
		var data preferences.ConfirmSignup
		s.Must(json.Unmarshal(mails[0].Data, &data))
		slices.Sort(data.Topics)
		if diff := cmp.Diff([]string{"news", "offers"}, data.Topics); diff != "" {
			t.Error(diff)
		}
		_, err := s.People.Confirm(context.Background(), tokens.Claims{Subject: sub.ID, Issued: s.Clock.Now()}, preferences.Evidence{Source: "confirmation page"})
		s.Must(err)
		if diff := cmp.Diff(map[string]string{"news": "given", "offers": "given"}, s.States(sub)); diff != "" {
			t.Fatal(diff)
		}
		s.Clock.Move(time.Hour)
		s.send("letter", "email", "anna@example.com", "topics", "news")
		if diff := cmp.Diff(map[string]string{"news": "given", "offers": "given"}, s.States(sub)); diff != "" {
			t.Errorf("compliance 28: a new sign-up downgraded: %s", diff)
		}
		if n := len(s.Mails("")); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// The very words, their version and language, form, page, address of the internet and browser are kept (compliance 27).
func TestTheWordsThatWereShownAreKept(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		s.Topic("news", func(in *preferences.TopicInput) {
			in.Names = map[string]string{"en": "News", "nl": "Nieuws"}
			in.Descriptions = map[string]string{"nl": "Eens per maand."}
		})
		s.Topic("offers", nil)
		s.form("letter", "newsletter", []string{"news", "offers"}, nil)
		page := s.Get("/subscribe/letter?lang=nl").Want(http.StatusOK).Body
		if strings.Contains(page, "checked") {
			t.Error("compliance 26: a box is ticked")
		}
		shown := "Ja, Acme mag mij “Nieuws” per e-mail sturen. Ik kan dit op elk moment stoppen."
		if !strings.Contains(page, shown) || !strings.Contains(page, "Eens per maand.") {
			t.Fatalf("the page does not show the words: %s", page)
		}
		version := regexp.MustCompile(`name="wording_version" value="([0-9a-f]+)"`).FindStringSubmatch(page)
		if version == nil {
			t.Fatal("no version")
		}
		if _, err := s.People.UpdateTopic(ctx, preferencestest.Staff, "news", preferences.TopicInput{Names: map[string]string{"nl": "Heel iets anders"}}); err != nil {
			t.Fatal(err)
		}
		a := s.Post("/subscribe/letter", values("email", "anna@example.com", "topics", "news", "wording_version", version[1], "locale", "nl"),
			"User-Agent", "Browser/1", "Referer", "https://shop.example/page?session=secret")
		a.Want(http.StatusOK)
		s.settled()
		sub := s.Find("anna@example.com")
		if sub.Locale != "nl" {
			t.Errorf("locale %q", sub.Locale)
		}
		events, err := s.People.Events(ctx, s.DB, sub.ID)
		s.Must(err)
		if len(events) != 1 {
			t.Fatalf("%+v", events)
		}
		e := events[0]
		got := []string{e.Wording, e.WordingVersion, e.Locale, e.Form, e.URL, e.UserAgent, e.IP, e.Source}
		if diff := cmp.Diff([]string{shown + "\nEens per maand.", version[1], "nl", "letter", "https://shop.example/page", "Browser/1", "192.0.2.1", "form"}, got); diff != "" {
			t.Error(diff)
		}
		now := s.Get("/subscribe/letter?lang=nl").Body
		if strings.Contains(now, version[1]) {
			t.Error("the words changed and the version did not")
		}
	})
}

// Whoever is signed up, the answer is the same (compliance 67).
func TestTheAnswerTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, nil)
		s.Choose(s.Person("known@example.com", nil), "news", "give")
		gone := s.Person("gone@example.com", nil)
		if _, err := s.People.Erase(ctx, preferencestest.Staff, gone.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.People.Suppress(ctx, preferencestest.Staff, "blocked@example.com", "manual", "", "test"); err != nil {
			t.Fatal(err)
		}
		bodies := map[string]bool{}
		for _, email := range []string{"new@example.com", "known@example.com", "gone@example.com", "blocked@example.com", "new@example.com"} {
			began := time.Now()
			a := s.Post("/subscribe/letter", values("email", email, "topics", "news")).Want(http.StatusOK)
			if took := time.Since(began); took < wait {
				t.Errorf("%s: answered after %v, before the time that all take", email, took)
			}
			bodies[a.Body] = true
			s.settled()
		}
		honey := s.Post("/subscribe/letter", values("email", "bot@example.com", "topics", "news", "website", "https://spam.example")).Want(http.StatusOK)
		bodies[honey.Body] = true
		if len(bodies) != 1 {
			t.Errorf("%d different answers", len(bodies))
		}
		s.settled()
		if s.Find("bot@example.com") != nil {
			t.Error("the honeypot let a program in")
		}
		// Somebody else typed it: what the person is, and what they were told, stays.
		if back := s.Find("gone@example.com"); back == nil || !back.ErasedBefore {
			t.Error("an erased person who signs up must be noticed")
		}
		if got := s.Reason("gone@example.com", "news"); got != "erased" {
			t.Errorf("erased, unconfirmed: %s", got)
		}
	})
}

// A thousand sign-ups of one mailbox, under tags and by several forms at once, bring one mail (compliance 69).
func TestNobodyIsBuried(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, nil)
		s.form("other", "newsletter", []string{"news"}, nil)
		var wg sync.WaitGroup
		for worker := range 10 {
			wg.Go(func() {
				for i := range 100 {
					email := "victim@example.com"
					if i%4 == 1 {
						email = fmt.Sprintf("Victim+%d.%d@example.com", worker, i)
					}
					s.Post("/subscribe/"+[]string{"letter", "other"}[i%2], values("email", email, "topics", "news")).Want(http.StatusOK)
				}
			})
		}
		wg.Wait()
		s.settled()
		if n := len(s.Mails("")); n != 1 {
			t.Errorf("%d mails", n)
		}
		var events int
		s.Must(s.DB.QueryRowContext(context.Background(), "SELECT count(*) FROM consent_events").Scan(&events))
		if events > 20 {
			t.Errorf("%d events about somebody who did nothing", events)
		}
		if n, err := s.People.CountAll(context.Background(), s.DB); err != nil || n > 10 {
			t.Errorf("one mailbox became %d people (%v)", n, err)
		}
		s.Clock.Move(25 * time.Hour)
		s.send("letter", "email", "victim@example.com", "topics", "news")
		if n := len(s.Mails("")); n != 2 {
			t.Errorf("a day later: %d mails", n)
		}
	})
}

// Who confirmed holds the mailbox: what they ask for next is confirmed at once.
func TestAConfirmedPersonIsAskedAgainAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.Topic("offers", nil)
		s.form("letter", "newsletter", []string{"news", "offers"}, nil)
		s.send("letter", "email", "anna@example.com", "topics", "news")
		sub := s.Find("anna@example.com")
		_, err := s.People.Confirm(context.Background(), tokens.Claims{Subject: sub.ID, Issued: s.Clock.Now()}, preferences.Evidence{Source: "confirmation page"})
		s.Must(err)
		s.send("letter", "email", "anna@example.com", "topics", "offers")
		if n := len(s.Mails("")); n != 2 {
			t.Errorf("%d mails, want one for each sign-up", n)
		}
	})
}

// The document is what was asked for; the newsletter is apart from it.
func TestTheDocumentComesWithOrWithoutTheNewsletter(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("paper", "download", []string{"news"}, map[string]any{"document": "https://example.com/paper.pdf"})
		s.send("paper", "email", "without@example.com", "locale", "nl")
		s.send("paper", "email", "with@example.com", "topics", "news")
		mails := s.Mails("without@example.com")
		if len(mails) != 1 || mails[0].Kind != forms.MailDocument || mails[0].Locale != "nl" {
			t.Fatalf("%+v", mails)
		}
		var data forms.Document
		s.Must(json.Unmarshal(mails[0].Data, &data))
		if data.URL != "https://example.com/paper.pdf" || data.Title != "De paper" || mails[0].Reference == "" {
			t.Errorf("%+v of %+v", data, mails[0])
		}
		if got := s.States(s.Find("without@example.com")); len(got) != 0 {
			t.Errorf("compliance 26: an omitted box became %v", got)
		}
		var kinds []string
		for _, m := range s.Mails("with@example.com") {
			kinds = append(kinds, m.Kind)
		}
		slices.Sort(kinds)
		if diff := cmp.Diff([]string{preferences.MailConfirmSignup, forms.MailDocument}, kinds); diff != "" {
			t.Error(diff)
		}
		s.send("paper", "email", "without@example.com")
		if n := len(s.Mails("without@example.com")); n != 1 {
			t.Errorf("the same document on the same day: %d mails", n)
		}
	})
}

// A stranger who types an address changes nothing about the person, and cannot put them back on a list they left.
func TestAStrangerCannotBringAnybodyBack(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		single := false
		s.Topic("news", func(in *preferences.TopicInput) { in.DoubleOptIn = &single })
		s.Topic("fresh", func(in *preferences.TopicInput) { in.DoubleOptIn = &single })
		s.form("letter", "newsletter", []string{"news", "fresh"}, nil)
		name := "Anna"
		left := s.Person("left@example.com", func(p *preferences.Profile) { p.FirstName = &name })
		s.Choose(left, "news", "give")
		s.Clock.Move(time.Minute)
		s.Choose(left, "news", "withdraw")
		all := s.Person("all@example.com", nil)
		_, err := s.People.UnsubscribeAll(ctx, preferencestest.Staff, all.ID, preferences.Evidence{Source: "test"})
		s.Must(err)
		s.Clock.Move(time.Minute)
		for _, email := range []string{"left@example.com", "all@example.com", "new@example.com"} {
			s.send("letter", "email", email, "topics", "news", "first_name", "Mallory", "last_name", "Malice")
		}
		s.form("contact", "contact", nil, nil)
		for _, first := range []string{"", "Bob", "Mallory"} {
			s.send("contact", "email", "lead@example.com", "first_name", first)
		}
		if got := s.Find("lead@example.com").FirstName; got != "Bob" {
			t.Errorf("of a lead the first name that was told is to stand: %q", got)
		}
		if got := s.Reason("left@example.com", "news"); got != "unconfirmed" {
			t.Errorf("withdrawn: %s", got)
		}
		if got := s.Reason("all@example.com", "news"); got != "unsubscribed_all" {
			t.Errorf("unsubscribed from all: %s", got)
		}
		if got := s.Reason("new@example.com", "news"); got != "allowed" {
			t.Errorf("new, single opt-in: %s", got)
		}
		if got := s.Find("left@example.com").Name(); got != "Anna" {
			t.Errorf("a stranger changed the name to %q", got)
		}
		_, err = s.People.Confirm(ctx, tokens.Claims{Subject: all.ID, Issued: s.Clock.Now()}, preferences.Evidence{Source: "confirmation page"})
		s.Must(err)
		if got := s.Reason("all@example.com", "news"); got != "allowed" {
			t.Errorf("after the person's own confirmation: %s", got)
		}
		if got := s.Reason("all@example.com", "fresh"); got == "allowed" {
			t.Error("more came back than was asked for")
		}
	})
}

func TestWrongFieldsAreNamed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("ask", "survey", []string{"news"}, map[string]any{"ask_names": true, "questions": []map[string]any{
			{"name": "mood", "kind": "choice", "labels": map[string]string{"en": "How are you?"}, "options": []string{"Well", "Ill"}, "required": true},
			{"name": "uses", "kind": "choices", "labels": map[string]string{"en": "What do you use?"}, "options": []string{"A", "B"}},
			{"name": "since", "kind": "date", "labels": map[string]string{"en": "Since when?"}},
			{"name": "count", "kind": "number", "labels": map[string]string{"en": "How many?"}},
		}})
		for _, tt := range []struct {
			name  string
			field string
			in    []string
		}{
			{"no address", "email", []string{"mood", "Well"}},
			{"no address at all", "email", []string{"email", "anna@", "mood", "Well"}},
			{"two addresses", "email", []string{"email", "a@example.com, b@example.com", "mood", "Well"}},
			{"a header in the address", "email", []string{"email", "a@example.com\r\nBcc: b@example.com", "mood", "Well"}},
			{"a header in the name", "first-name", []string{"email", "a@example.com", "first_name", "A\r\nBcc: b@example.com", "mood", "Well"}},
			{"a long name", "last-name", []string{"email", "a@example.com", "last_name", strings.Repeat("x", 256), "mood", "Well"}},
			{"no answer", "own-mood", []string{"email", "a@example.com"}},
			{"another answer", "own-mood", []string{"email", "a@example.com", "mood", "Dead"}},
			{"another choice", "own-uses", []string{"email", "a@example.com", "mood", "Well", "uses", "C"}},
			{"no date", "own-since", []string{"email", "a@example.com", "mood", "Well", "since", "31-12-2020"}},
			{"no number", "own-count", []string{"email", "a@example.com", "mood", "Well", "count", "many"}},
			{"NUL", "own-count", []string{"email", "a@example.com", "mood", "Well", "count", "1\x00"}},
		} {
			a := s.Post("/subscribe/ask", values(tt.in...))
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="`+tt.field+`-error"`) {
				t.Errorf("%s: %d, %s", tt.name, a.Status, a.Body)
			}
		}
		s.send("ask", "email", "a@example.com", "mood", "Well", "uses", "B", "uses", "A", "uses", "B", "since", "2020-12-31", "count", "3", "secret", "x")
		var list struct{ Items []forms.Response }
		s.API("GET", "/forms/ask/responses", nil).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 1 {
			t.Fatalf("%+v", list)
		}
		want := map[string]any{"mood": "Well", "uses": []any{"B", "A"}, "since": "2020-12-31", "count": "3"}
		if diff := cmp.Diff(want, list.Items[0].Answers); diff != "" {
			t.Error(diff)
		}
		if n := len(s.Mails("")); n != 0 {
			t.Errorf("a survey sent %d mails", n)
		}
		if a := s.Post("/subscribe/ask", values("email", "a@example.com", "mood", strings.Repeat("x", 1<<20))); a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("a megabyte: %d", a.Status)
		}
		s.Get("/subscribe/none").Want(http.StatusNotFound)
		s.Post("/subscribe/none", values("email", "a@example.com")).Want(http.StatusNotFound)
	})
}

// Below the age of consent nothing is agreed to, and the answer is the same (compliance 30).
func TestTheYoungAgreeToNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, map[string]any{"ask_age": true, "country": "be"})
		s.form("paper", "download", []string{"news"}, map[string]any{"ask_age": true, "document": "https://example.com/paper.pdf"})
		if page := s.Get("/subscribe/letter").Body; !strings.Contains(page, "Are you 13 or older?") {
			t.Errorf("the form does not ask for Belgium's age: %s", page)
		}
		old := s.send("letter", "email", "old@example.com", "topics", "news", "of_age", "yes")
		young := s.send("letter", "email", "young@example.com", "topics", "news", "of_age", "no")
		if old.Body != young.Body {
			t.Error("the answer tells the age")
		}
		if s.Find("young@example.com") != nil || s.Find("old@example.com") == nil {
			t.Error("want the old one recorded and the young one not")
		}
		s.Post("/subscribe/letter", values("email", "silent@example.com", "topics", "news")).Want(http.StatusUnprocessableEntity)
		s.send("paper", "email", "reader@example.com", "topics", "news", "of_age", "no")
		if got := s.States(s.Find("reader@example.com")); len(got) != 0 || len(s.Mails("reader@example.com")) != 1 {
			t.Errorf("%v and %d mails, want the document alone", got, len(s.Mails("reader@example.com")))
		}
		s.send("paper", "email", "child@example.com") // without a box no age is needed
	})
}

// few lets so many through.
type few struct {
	mu   sync.Mutex
	left int
	seen []string
}

func (f *few) Source(_ context.Context, ip netip.Addr, perIP, all int) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, ip.String())
	f.left--
	return f.left >= 0, nil
}

func TestASourceThatSendsTooMuchIsNotHeard(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, nil)
		limits := &few{left: 2}
		s.store.Limits = limits
		bodies := map[string]bool{}
		for _, who := range []string{"a", "b", "c"} {
			bodies[s.send("letter", "email", who+"@example.com", "topics", "news").Body] = true
		}
		if s.Find("b@example.com") == nil || s.Find("c@example.com") != nil || len(bodies) != 1 {
			t.Errorf("want a and b recorded, c not, and one answer for all: %d answers", len(bodies))
		}
		if limits.seen[0] != "192.0.2.1" {
			t.Errorf("counted for %s", limits.seen[0])
		}
	})
}

func TestAContactIsAnsweredAndForgottenWithThePerson(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		s.form("contact", "contact", nil, nil)
		s.send("contact", "email", "anna@example.com", "first_name", "Anna", "company", "Acme", "phone", "+31 6 1", "message", "Hello,\r\ncall me.")
		mails := s.Mails("anna@example.com")
		if len(mails) != 1 || mails[0].Kind != forms.MailReceived || strings.Contains(string(mails[0].Data), "call me") {
			t.Fatalf("%+v", mails)
		}
		sub := s.Find("anna@example.com")
		if sub.Company != "Acme" || sub.Phone != "+31 6 1" || len(s.States(sub)) != 0 {
			t.Errorf("%+v %v", sub, s.States(sub))
		}
		var list struct{ Items []forms.Response }
		s.API("GET", "/forms/contact/responses?open=true", nil).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 1 || list.Items[0].Answers["message"] != "Hello,\r\ncall me." || !strings.Contains(string(mails[0].Data), list.Items[0].Reference) {
			t.Fatalf("%+v", list)
		}
		path := "/forms/contact/responses/" + list.Items[0].ID
		s.API("PATCH", path, `{"handled":true}`).Want(http.StatusOK)
		s.API("GET", "/forms/contact/responses?open=true", nil).Into(&list)
		if len(list.Items) != 0 {
			t.Error("a handled response is open")
		}
		s.API("PATCH", "/forms/contact/responses/"+sqldb.NewID(), `{"handled":true}`).Want(http.StatusNotFound)
		own, err := s.store.Copy(ctx, s.DB, sub)
		if s.Must(err); len(own) != 1 || own[0]["answers"].(map[string]any)["phone"] != "+31 6 1" {
			t.Errorf("compliance 32: the person's copy holds %v", own)
		}
		_, err = s.DB.ExecContext(ctx, "INSERT INTO form_submissions (id, form_id, address_key, content, due_at, created_at) SELECT $1, id, $2, $3, $4, $4 FROM forms",
			sqldb.NewID(), sub.EmailKey, `{"email":"anna@example.com"}`, sqldb.Micros(s.Clock.Now().Add(time.Hour)))
		s.Must(err)
		if _, err := s.People.Erase(ctx, preferencestest.Staff, sub.ID); err != nil {
			t.Fatal(err)
		}
		var left int
		s.Must(s.DB.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM form_submissions) + (SELECT count(*) FROM form_responses)").Scan(&left))
		if left != 0 {
			t.Errorf("%d rows of an erased person are kept", left)
		}
		entries, _, err := audit.List(ctx, s.DB, audit.Filter{Object: "form:contact"}, 10, "")
		if s.Must(err); len(entries) != 1 || entries[0].Action != "form.create" {
			t.Errorf("%+v", entries)
		}
	})
}

// A frame is allowed where staff said so and nowhere else; the copied form needs nothing from us to be sent.
func TestFormsOnOtherSites(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, map[string]any{"embed": []string{"https://www.example.org", "https://shop.example.org:8443"}})
		own := s.Get("/subscribe/letter")
		if got := own.Header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors 'none'") || own.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("the page itself may be framed: %s", got)
		}
		frame := s.Get("/subscribe/letter/embed?lang=de").Want(http.StatusOK)
		if got := frame.Header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors 'self' https://www.example.org https://shop.example.org:8443") || strings.Contains(got, "'none' https") || frame.Header.Get("X-Frame-Options") != "" {
			t.Errorf("frame: %s, %q", got, frame.Header.Get("X-Frame-Options"))
		}
		if strings.Contains(frame.Body, "<script") || !strings.Contains(frame.Body, `action="/subscribe/letter/embed"`) || !strings.Contains(frame.Body, `lang="de"`) {
			t.Errorf("%s", frame.Body)
		}
		answer := s.Post("/subscribe/letter/embed", values("email", "anna@example.com", "topics", "news", "locale", "de")).Want(http.StatusOK)
		if !strings.Contains(answer.Header.Get("Content-Security-Policy"), "https://www.example.org") {
			t.Error("the answer cannot be shown in the frame")
		}
		s.settled()
		if s.Find("anna@example.com") == nil {
			t.Error("nobody is signed up")
		}
		snippet := s.Get("/subscribe/letter/snippet").Want(http.StatusOK).Body
		for _, part := range []string{"https://mail.example.com/subscribe/letter/embed?lang=en", "wording_version", "action=&#34;https://mail.example.com/subscribe/letter&#34;"} {
			if !strings.Contains(snippet, part) {
				t.Errorf("the snippet lacks %q: %s", part, snippet)
			}
		}
		for _, bad := range []string{"https://a.example/path", "*", "https://*.example.com", "https://a.example; script-src *", "javascript:x", "https://a.example 'none'"} {
			s.API("PATCH", "/forms/letter", map[string]any{"embed": []string{bad}}).Want(http.StatusUnprocessableEntity)
		}
	})
}

func TestFormsAreChecked(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		for field, in := range map[string]string{
			"key":              `{"key":"A b","kind":"contact","names":{"en":"X"}}`,
			"kind":             `{"key":"a","kind":"poll","names":{"en":"X"}}`,
			"names":            `{"key":"a","kind":"contact"}`,
			"topics":           `{"key":"a","kind":"newsletter","names":{"en":"X"},"topics":["none"]}`,
			"document":         `{"key":"a","kind":"download","names":{"en":"X"},"topics":["news"]}`,
			"brand":            `{"key":"a","kind":"contact","names":{"en":"X"},"brand":"none"}`,
			"country":          `{"key":"a","kind":"contact","names":{"en":"X"},"country":"Belgium"}`,
			"back_url":         `{"key":"a","kind":"contact","names":{"en":"X"},"back_url":"javascript:alert(1)"}`,
			"wordings.news":    `{"key":"a","kind":"contact","names":{"en":"X"},"wordings":{"news":{"en":"Yes"}}}`,
			"questions.0.name": `{"key":"a","kind":"survey","names":{"en":"X"},"questions":[{"name":"email","kind":"text","labels":{"en":"Q"}}]}`,
		} {
			if got := s.API("POST", "/forms", in).Want(http.StatusUnprocessableEntity).Fields(); !slices.Contains(got, field) {
				t.Errorf("%s: named %v", field, got)
			}
		}
		s.API("POST", "/forms", `{"key":"a","kind":"contact","names":{"en":"X"},"status":1}`).Want(http.StatusBadRequest)
		s.form("letter", "newsletter", []string{"news"}, nil)
		s.API("POST", "/forms", `{"key":"letter","kind":"contact","names":{"en":"X"}}`).Want(http.StatusConflict)
		s.API("PATCH", "/forms/letter", `{"kind":"contact"}`).Want(http.StatusUnprocessableEntity)
		var f forms.Form
		s.API("PATCH", "/forms/letter", `{"names":{"en":"News"},"wordings":{"news":{"en":"I want the news."}}}`).Want(http.StatusOK).Into(&f)
		if page := s.Get("/subscribe/letter").Body; !strings.Contains(page, `name="first_name"`) || !strings.Contains(page, `name="last_name"`) {
			t.Error("the contract's fields first_name and last_name are not on the form")
		}
		if f.Names["en"] != "News" || !slices.Equal(f.Topics, []string{"news"}) {
			t.Errorf("%+v", f)
		}
		if page := s.Get("/subscribe/letter").Body; !strings.Contains(page, "I want the news.") {
			t.Error("the form's own wording is not shown")
		}
		s.API("PATCH", "/forms/letter", `{"archived":true}`).Want(http.StatusOK)
		s.Get("/subscribe/letter").Want(http.StatusGone)
		s.Post("/subscribe/letter", values("email", "a@example.com", "topics", "news")).Want(http.StatusGone)
		var list struct{ Items []forms.Form }
		s.API("GET", "/forms", nil).Want(http.StatusOK).Into(&list)
		if len(list.Items) != 1 || list.Items[0].ArchivedAt == nil {
			t.Errorf("%+v", list)
		}
		s.API("GET", "/forms/none", nil).Want(http.StatusNotFound)
		s.API("POST", "/forms", `{}`, "Scopes", "forms:read").Want(http.StatusForbidden)
	})
}

// What a dead process left is worked off by the next one, once.
func TestASubmissionOutlivesItsProcess(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		s.Topic("news", nil)
		s.form("letter", "newsletter", []string{"news"}, nil)
		s.send("letter", "email", "first@example.com", "topics", "news") // keeps the wording
		var form, version string
		s.Must(s.DB.QueryRowContext(ctx, "SELECT id FROM forms").Scan(&form))
		s.Must(s.DB.QueryRowContext(ctx, "SELECT version FROM form_wordings").Scan(&version))
		_, err := s.DB.ExecContext(ctx, "INSERT INTO form_submissions (id, form_id, address_key, content, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)", sqldb.NewID(), form, "late@example.com",
			`{"email":"late@example.com","topics":["news"],"locale":"en","wording":"`+version+`"}`, 0, 0)
		s.Must(err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := s.store.Maintain(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(s.Mails("late@example.com")); n != 1 {
			t.Errorf("%d mails", n)
		}
		if got := s.events(s.Find("late@example.com")); len(got) != 1 {
			t.Errorf("%v", got)
		}
		// One that cannot be worked off stands in nobody's way, and is given up in the end.
		_, err = s.DB.ExecContext(ctx, "INSERT INTO form_submissions (id, form_id, address_key, content, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)", sqldb.NewID(), form, "x", `{"email":"x"}`, 0, 0)
		s.Must(err)
		for range 20 {
			s.Must(s.store.Work(ctx))
			s.Clock.Move(2 * time.Hour)
		}
		s.settled()
	})
}
