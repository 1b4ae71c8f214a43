package recipients_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/preferencestest"
	"assent/preferences/rights"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// requests are the requests at the desk.
func (s *site) requests() []*rights.Request {
	s.t.Helper()
	list, err := s.desk.List(context.Background(), rights.Filter{}, time.Time{}, "", 100)
	s.Must(err)
	return list
}

// steps are the actions in the audit log about a request, the first one first.
func (s *site) steps(id string) string {
	s.t.Helper()
	entries, _, err := audit.List(context.Background(), s.DB, audit.Filter{Object: audit.Object("data_request", id)}, 50, "")
	s.Must(err)
	var out []string
	for i := len(entries) - 1; i >= 0; i-- {
		out = append(out, strings.TrimPrefix(entries[i].Action, "data_request."))
	}
	return strings.Join(out, " ")
}

func customer(p *preferences.Profile) {
	name, phone := "Anna", "+31 20 1234567"
	p.FirstName, p.Phone, p.Attributes = &name, &phone, &map[string]any{"plan": "=cmd|'x'!A1"}
}

// A copy of one's data goes by a link that is mailed, never by the link in a mail that may have been passed on.
func TestCopyOfOnesData(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		sub := s.Person("anna@example.com", customer)
		other := s.Person("bert@example.com", nil)
		s.Give(sub, "news")
		s.Give(other, "news")
		s.SendAll(s.scheduled("news"))
		_, _, err := s.People.Suppress(context.Background(), campaignstest.Staff, sub.Email, "manual", "asked by phone", "staff")
		s.Must(err)
		path := s.link(tokens.Preferences, sub, "")
		for range 2 { // asked twice, one mail
			if page := s.Post(path, form("do", pages.DoExport)).Want(okStatus).Body; strings.Contains(page, "+31") {
				t.Error("the page shows the data to whoever has the link")
			}
		}
		mails := s.mails(sub.Email, rights.MailExport)
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		link := s.linkIn(mails[0])
		wantPrivate(t, s.Get(link).Want(okStatus))
		s.Get(link + "/data.json").Want(http.StatusGone) // a scanner that opens every link gets nothing
		page := s.Post(link, nil).Want(okStatus).Body
		if !strings.Contains(page, link+"/data.json") || !strings.Contains(page, link+"/data.zip") {
			t.Fatal(page)
		}
		a := s.Get(link + "/data.json").Want(okStatus)
		var data struct {
			Profile      map[string]any
			Consents     []map[string]any
			Events       []map[string]any
			Mails        []map[string]any
			Suppressions []map[string]any
			Requests     []map[string]any
		}
		a.Into(&data)
		if data.Profile["email"] != sub.Email || data.Profile["source"] != "test" || len(data.Consents) != 1 || len(data.Events) == 0 || len(data.Suppressions) != 1 || len(data.Requests) != 1 {
			t.Errorf("%s", a.Body)
		}
		told := map[any]int{}
		for _, m := range data.Mails {
			told[m["topic"]]++
			told[m["kind"]]++
		}
		if told["news"] != 1 || told[rights.MailExport] != 1 {
			t.Errorf("the mails are not told by what they were: %v", data.Mails)
		}
		if len(data.Mails) == 0 || data.Events[0]["actor"] != "staff" || data.Events[0]["wording"] != "Yes, mail me." {
			t.Errorf("%v %v", data.Mails, data.Events)
		}
		for _, others := range []string{"bert", other.ID, "key:test"} {
			if strings.Contains(a.Body, others) {
				t.Errorf("the copy tells of somebody else: %s", others)
			}
		}
		files := preferencestest.Unzip(t, []byte(s.Get(link+"/data.zip").Want(okStatus).Body))
		for _, name := range []string{"data.json", "profile.csv", "consents.csv", "events.csv", "mails.csv", "suppressions.csv", "requests.csv"} {
			if files[name] == "" {
				t.Errorf("no %s", name)
			}
		}
		if !strings.Contains(files["profile.csv"], "anna@example.com") || strings.Contains(files["profile.csv"], ",=cmd") {
			t.Error(files["profile.csv"])
		}
		if got := s.steps(s.requests()[0].ID); got != "receive verify done" {
			t.Errorf("steps: %s", got)
		}
		s.Clock.Move(rights.LinkTTL + time.Minute)
		s.Get(link + "/data.json").Want(http.StatusGone)
		if page := s.Get(link).Want(okStatus).Body; strings.Contains(page, "data.json") {
			t.Error("the page still offers the copy")
		}
	})
}

// Erasing needs a fresh mail to the address, and is then done at once and for good.
func TestErasureFromThePreferenceCentre(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		s.Post(path, form("do", pages.DoErase)).Want(okStatus)
		link := s.linkIn(s.mails(sub.Email, rights.MailIdentity)[0])
		s.Get(link).Want(okStatus)
		s.Do(http.MethodHead, link, "")
		if got := s.now(sub); got.Email != sub.Email {
			t.Fatal("opening the link erased the person")
		}
		for _, cross := range []string{strings.Replace(link, "/d/", "/c/", 1), strings.Replace(link, "/d/", "/p/", 1), strings.Replace(path, "/p/", "/d/", 1), strings.Replace(s.link(tokens.Confirm, sub, ""), "/c/", "/d/", 1)} {
			s.Post(cross, form("do", "save")).Want(http.StatusNotFound)
		}
		if page := s.Post(link, nil).Want(okStatus).Body; !strings.Contains(page, "erased") {
			t.Error(page)
		}
		if _, err := s.People.Subscriber(ctx, s.DB, sub.ID); err != preferences.ErrSubscriberNotFound {
			t.Fatalf("after the button: %v", err)
		}
		r := s.requests()[0]
		if r.Status != rights.Done || r.Email != "" || r.SubscriberID != "" || r.AddressKey != "" {
			t.Errorf("%+v", r)
		}
		if got := s.steps(r.ID); got != "receive verify done" {
			t.Errorf("steps: %s", got)
		}
		s.Post(link, nil).Want(okStatus) // again
		s.Get(link).Want(okStatus)
		if d, err := s.People.Decide(ctx, preferences.Question{Email: sub.Email, Class: "marketing", Topic: "news"}); err != nil || d.Reason() != "erased" {
			t.Errorf("%v %v", d, err)
		}
	})
}

// A correction is made when it is confirmed from the address that we have; a new address is then verified by its own mail.
func TestCorrections(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		for _, pairs := range [][]string{
			{"do", pages.DoCorrect}, {"do", pages.DoCorrect, "email", "nobody"}, {"do", pages.DoCorrect, "email", "ANNA@example.com"},
			{"do", pages.DoCorrect, "first_name", "a\r\nBcc: x@y.example"}, {"do", pages.DoCorrect, "last_name", strings.Repeat("x", 300)},
		} {
			if page := s.Post(path, form(pairs...)).Want(http.StatusUnprocessableEntity).Body; !strings.Contains(page, `aria-invalid="true"`) {
				t.Errorf("%v: the page does not mark the field", pairs)
			}
		}
		s.Post(path, form("do", pages.DoCorrect, "email", "anna@new.example", "first_name", "Ann")).Want(okStatus)
		if got := s.now(sub); got.Email != "anna@example.com" || got.FirstName != "" {
			t.Fatal("whoever has a link can move mail to another address")
		}
		if n := len(s.mails("anna@new.example", preferences.MailConfirmAddress)); n != 0 {
			t.Fatal("whoever has a link can have mail sent to any address")
		}
		link := s.linkIn(s.mails(sub.Email, rights.MailIdentity)[0])
		page := s.Get(link).Want(okStatus).Body
		if !strings.Contains(page, "Ann") || !strings.Contains(page, "a***@n***.example") {
			t.Error("the page does not say what is corrected")
		}
		const wait = "We have sent a mail to a***@n***.example"
		if page := s.Post(link, nil).Want(okStatus).Body; !strings.Contains(page, wait) {
			t.Error("the page does not say that the new address is to be confirmed")
		}
		got := s.now(sub)
		if got.Email != "anna@new.example" || got.FirstName != "Ann" || got.UnverifiedSince.IsZero() {
			t.Fatalf("%+v", got)
		}
		if reason := s.decides(got, "news", s.Clock.Now()); reason != "address_unverified" {
			t.Errorf("before it is verified: %s", reason)
		}
		s.Clock.Move(time.Minute)
		s.Post(s.linkIn(s.mails("anna@new.example", preferences.MailConfirmAddress)[0]), nil).Want(okStatus)
		if reason := s.decides(got, "news", s.Clock.Now()); reason != "allowed" {
			t.Errorf("after it is verified: %s", reason)
		}
		if page := s.Get(link).Want(okStatus).Body; strings.Contains(page, wait) {
			t.Error("the page still waits for the new address")
		}
	})
}

// Somebody else's address is not told to be known: the request goes to staff.
func TestCorrectionToATakenAddress(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		s.Person("taken@example.com", nil)
		s.Post(s.link(tokens.Preferences, sub, ""), form("do", pages.DoCorrect, "email", "taken@example.com")).Want(okStatus)
		page := s.Post(s.linkIn(s.mails(sub.Email, rights.MailIdentity)[0]), nil).Want(okStatus).Body
		if strings.Contains(page, "taken") || strings.Contains(page, "belongs") {
			t.Error(page)
		}
		if r := s.requests()[0]; r.Status != rights.Open || s.now(sub).Email != sub.Email {
			t.Errorf("%+v", r)
		}
	})
}

func TestRightsThatHoldAtOnceAreAtTheDeskToo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		for range 2 {
			s.Post(path, form("do", pages.DoRestrict)).Want(okStatus)
		}
		s.Post(path, form("do", pages.DoObject)).Want(okStatus)
		list := s.requests()
		if len(list) != 2 || list[0].Status != rights.Done || s.steps(list[0].ID) != "receive done" {
			t.Errorf("%+v", list)
		}
	})
}

// The public page answers everybody alike, and nothing happens before the address answers.
func TestPublicPage(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		page := s.Get("/rights?lang=nl").Want(okStatus).Body
		if !strings.Contains(page, `lang="nl"`) {
			t.Error("not in Dutch")
		}
		ask := func(email, kind string, more ...string) string {
			return s.Post("/rights", form(append([]string{"email", email, "kind", kind, "locale", "nl"}, more...)...)).Want(okStatus).Body
		}
		known, unknown := ask(sub.Email, "erasure"), ask("nobody@example.com", "erasure")
		if known != unknown {
			t.Error("the answer tells whether the address is known")
		}
		for range 10 {
			ask(sub.Email, "erasure")
			ask(sub.Email, "access")
			ask(sub.Email, "complaint", "message", "You wrote too often.")
		}
		n := len(s.mails(sub.Email, rights.MailIdentity))
		if n != 3 {
			t.Errorf("%d mails, want one for each kind", n)
		}
		for _, kind := range []string{"portability", "rectification", "restriction", "objection"} {
			ask(sub.Email, kind)
		}
		if n := len(s.mails(sub.Email, rights.MailIdentity)); n != 5 {
			t.Errorf("%d mails to one address in a day", n)
		}
		if got := s.now(sub); !got.RestrictedAt.IsZero() || !got.ObjectedAt.IsZero() {
			t.Error("something happened before the address answered")
		}
		ask("robot@example.com", "access", "website", "https://spam.example")
		if n := len(s.mails("robot@example.com", rights.MailIdentity)); n != 0 {
			t.Error("a robot got a mail")
		}
		for _, pairs := range [][]string{{"email", "x", "kind", "access"}, {"email", sub.Email}, {"email", sub.Email, "kind", "all"}, {"email", sub.Email, "kind", "access", "message", strings.Repeat("x", 20000)}} {
			s.Post("/rights", form(pairs...)).Want(http.StatusUnprocessableEntity)
		}
		s.pages.Allow = func(context.Context, netip.Addr) bool { return false }
		s.Post("/rights", form("email", "other@example.com", "kind", "access")).Want(http.StatusTooManyRequests)
	})
}

// What Assent can do by itself is done when the address answers; the rest is open, with its day.
func TestWhatTheLinkOfThePublicPageDoes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		for kind, want := range map[rights.Kind]rights.Status{rights.Access: rights.Done, rights.Restriction: rights.Done, rights.Objection: rights.Done, rights.Complaint: rights.Open, rights.Rectification: rights.Open} {
			email := string(kind) + "@example.com"
			sub := s.Person(email, nil)
			s.Post("/rights", form("email", email, "kind", string(kind), "message", "My name is wrong.")).Want(okStatus)
			link := s.linkIn(s.mails(email, rights.MailIdentity)[0])
			s.Post(link, nil).Want(okStatus)
			list, err := s.desk.List(ctx, rights.Filter{Kind: kind}, time.Time{}, "", 10)
			s.Must(err)
			if len(list) != 1 || list[0].Status != want || list[0].VerifiedAt.IsZero() {
				t.Errorf("%s: %+v", kind, list[0])
			}
			got := s.now(sub)
			if (kind == rights.Restriction) == got.RestrictedAt.IsZero() || (kind == rights.Objection) == got.ObjectedAt.IsZero() || (kind == rights.Objection) == got.ObjectedResearch.IsZero() {
				t.Errorf("%s: %+v", kind, got)
			}
			if mails := s.mails(email, rights.MailReceived); (want == rights.Open) != (len(mails) == 1) {
				t.Errorf("%s: %d mails say that it came in", kind, len(mails))
			}
			if page := s.Get(link).Want(okStatus).Body; !strings.Contains(page, list[0].Number) {
				t.Errorf("%s: the page does not tell how it stands", kind)
			}
		}
		// Nobody we know has a right to an answer, too.
		s.Post("/rights", form("email", "stranger@example.com", "kind", "access")).Want(okStatus)
		link := s.linkIn(s.mails("stranger@example.com", rights.MailIdentity)[0])
		s.Post(link, nil).Want(okStatus)
		if body := s.Get(link + "/data.json").Want(okStatus).Body; strings.Contains(body, "profile") || !strings.Contains(body, rights.MailIdentity) {
			t.Errorf("the copy of somebody of whom nothing but mail is known: %s", body)
		}
		s.Post("/rights", form("email", "stranger@example.com", "kind", "erasure")).Want(okStatus)
		s.Post(s.linkIn(s.mails("stranger@example.com", rights.MailIdentity)[1]), nil).Want(okStatus)
		if d, err := s.People.Decide(ctx, preferences.Question{Email: "stranger@example.com", Class: "notice"}); err != nil || d.Outcome().String() != "allow" {
			t.Errorf("%v %v", d, err)
		}
		if n := len(s.mails("stranger@example.com", rights.MailIdentity)); n != 0 {
			t.Errorf("%d mails to the erased address are kept", n)
		}
	})
}

func TestOldIdentityLinksExpireAndLapse(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		s.Post(s.link(tokens.Preferences, sub, ""), form("do", pages.DoErase)).Want(okStatus)
		link := s.linkIn(s.mails(sub.Email, rights.MailIdentity)[0])
		s.Clock.Move(8 * 24 * time.Hour)
		s.Get(link).Want(http.StatusGone)
		s.Post(link, nil).Want(http.StatusGone)
		s.Must(s.desk.Clock(context.Background()))
		if n := len(s.requests()); n != 0 {
			t.Errorf("%d requests that nobody confirmed are kept", n)
		}
		s.Post(link, nil).Want(http.StatusGone)
		if got := s.now(sub); got.Email != sub.Email {
			t.Error("an old link erased the person")
		}
		if body, _ := json.Marshal(s.events(sub)); strings.Contains(string(body), "restricted") {
			t.Error(string(body))
		}
	})
}
