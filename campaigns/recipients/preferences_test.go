package recipients_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// lists sets up three topics and a person who gets two of them.
func (s *site) lists() *preferences.Subscriber {
	s.Topic("news", nil)
	s.Topic("offers", nil)
	s.Topic("events", nil)
	sub := s.Person("anna@example.com", nil)
	s.Give(sub, "news", "offers")
	s.Clock.Move(time.Minute)
	return sub
}

// What is not listed stops at once; what is listed and off waits for one mail, and comes only after its confirmation.
func TestSavingReducesAtOnceAndAddsOnlyWhenConfirmed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "news")
		s.Topic("tips", nil)
		a := s.Post(path, form("topic", "news", "topic", "events", "topic", "tips")).Want(okStatus)
		wantPrivate(t, a)
		if got := a.Header.Get("Assent-In-Flight"); got != "0" {
			t.Errorf("Assent-In-Flight %q", got)
		}
		want := map[string]string{"news": "given", "offers": "withdrawn", "events": "pending", "tips": "pending"}
		if diff := cmp.Diff(want, s.States(sub)); diff != "" {
			t.Fatal(diff)
		}
		if reason := s.decides(sub, "events", s.Clock.Now()); reason != "unconfirmed" {
			t.Errorf("a link alone added a topic: %s", reason)
		}
		events := s.events(sub)
		s.Post(path, form("topic", "news", "topic", "events", "topic", "tips")).Want(okStatus) // a repeat changes nothing
		if diff := cmp.Diff(events, s.events(sub)); diff != "" {
			t.Errorf("a repeat was recorded: %s", diff)
		}
		mails := s.mails(sub.Email, preferences.MailConfirmTopics)
		if len(mails) != 1 || !strings.Contains(mails[0], "Events") || !strings.Contains(mails[0], "Tips") {
			t.Fatalf("want one mail about both topics: %q", mails)
		}
		confirm := s.linkIn(mails[0])
		s.Get(confirm).Want(okStatus)
		if got := s.States(sub)["events"]; got != "pending" {
			t.Fatalf("opening the link made it %s", got)
		}
		s.Clock.Move(time.Minute)
		s.Post(confirm, nil).Want(okStatus)
		if diff := cmp.Diff(map[string]string{"news": "given", "offers": "withdrawn", "events": "given", "tips": "given"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		// Who answered from the mailbox may ask again on the same day.
		s.Post(path, form("topic", "news", "topic", "events", "topic", "tips", "topic", "offers")).Want(okStatus)
		if n := len(s.mails(sub.Email, preferences.MailConfirmTopics)); n != 2 {
			t.Errorf("%d mails after a second choice, want 2", n)
		}
	})
}

// Fields that are absent stay as they are; only the page's own form, or an empty topic, says "none of the topics".
func TestAbsentFieldsStayAsTheyAre(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		both := map[string]string{"news": "given", "offers": "given"}
		s.Post(path, form("pause_until", "30d")).Want(okStatus)
		if diff := cmp.Diff(both, s.States(sub)); diff != "" {
			t.Fatalf("a pause alone changed topics: %s", diff)
		}
		if got := s.decides(sub, "news", s.Clock.Now().AddDate(0, 0, 29)); got != "paused" {
			t.Errorf("on day 29 the gate says %s", got)
		}
		if got := s.decides(sub, "news", s.Clock.Now().AddDate(0, 0, 31)); got != "allowed" {
			t.Errorf("on day 31 the gate says %s", got)
		}
		s.Post(path, form("topic", "news", "topic", "offers")).Want(okStatus)
		if s.now(sub).PausedUntil.IsZero() {
			t.Error("saving topics alone ended the pause")
		}
		s.Post(path, form("topic", "news", "topic", "offers", "pause_until", "", "frequency", "weekly", "locale", "nl", "timezone", "Europe/Amsterdam")).Want(okStatus)
		got := s.now(sub)
		if !got.PausedUntil.IsZero() || got.Frequency != "weekly" || got.Locale != "nl" || got.Timezone != "Europe/Amsterdam" {
			t.Errorf("%v %s %s %s", got.PausedUntil, got.Frequency, got.Locale, got.Timezone)
		}
		if diff := cmp.Diff(both, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		// The contract: the fields topic say which stay on. A browser sends none of them when no box is ticked.
		none := map[string]string{"news": "withdrawn", "offers": "withdrawn"}
		s.Post(path, form("pause_until", "", "frequency", "weekly", "locale", "nl", "timezone", "Europe/Amsterdam")).Want(okStatus)
		if diff := cmp.Diff(none, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		s.Give(sub, "news")
		s.Give(sub, "offers")
		s.Post(path, form("do", "save")).Want(okStatus)
		if diff := cmp.Diff(none, s.States(sub)); diff != "" {
			t.Error(diff)
		}
		if got := s.now(sub); !got.UnsubscribedAt.IsZero() {
			t.Error("unticking everything became an unsubscribe from all")
		}
		s.Topic("later", nil)
		s.Give(sub, "later")
		if got := s.decides(sub, "later", s.Clock.Now()); got != "allowed" {
			t.Errorf("a later agreement: %s", got)
		}
		s.Post(path, form("topic", "")).Want(okStatus)
		if got := s.States(sub)["later"]; got != "withdrawn" {
			t.Errorf("an empty topic left it %s", got)
		}
	})
}

func TestPauses(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		s.Must(s.People.SetFrequency(context.Background(), campaignstest.Staff, sub.ID, "monthly", preferences.Evidence{Source: "test"}))
		path, now := s.link(tokens.Preferences, sub, ""), s.Clock.Now()
		s.Post(path, form("timezone", "America/New_York")).Want(okStatus)
		for _, c := range []struct {
			pairs  []string
			status int
			want   time.Time
		}{
			{[]string{"pause_until", "90d"}, 200, now.AddDate(0, 0, 90)},
			{[]string{"pause_until", "2026-06-15"}, 200, time.Date(2026, 6, 15, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "date", "pause_date", "2026-07-01"}, 200, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "", "pause_date", "2026-07-01"}, 200, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)}, // who fills in a day means it
			{[]string{"pause_until", "2026-04-30"}, 422, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "2029-01-01"}, 422, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "soon"}, 422, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "date", "pause_date", ""}, 422, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", "2026-07-01", "frequency", "hourly"}, 422, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
			{[]string{"pause_until", ""}, 200, time.Time{}},
		} {
			a := s.Post(path, form(c.pairs...)).Want(c.status)
			if got := s.now(sub).PausedUntil; !got.Equal(c.want) {
				t.Errorf("%v: paused until %v, want %v", c.pairs, got, c.want)
			}
			if c.status == 422 && !strings.Contains(a.Body, `role="alert"`) {
				t.Errorf("%v: the page does not tell", c.pairs)
			}
		}
		if got := s.now(sub).Frequency; got != "monthly" {
			t.Errorf("a refused form changed the frequency to %s", got)
		}
	})
}

// A form with one wrong field saves nothing, and a bare or strange POST is refused.
func TestWrongFormsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		before, events := s.now(sub), s.events(sub)
		for status, forms := range map[int][][]string{
			http.StatusBadRequest:          {nil, {"email", "eve@example.com"}, {"do", "give_me_all"}, {"status", "confirmed"}, {"List-Unsubscribe", "One-Click"}},
			http.StatusUnprocessableEntity: {{"topic", "no-such-topic"}, {"topic", "news", "locale", "!!"}, {"topic", "", "timezone", "Mars/Base"}, {"topic", "", "timezone", "Local"}, {"frequency", ""}},
		} {
			for _, pairs := range forms {
				s.Post(path, form(pairs...)).Want(status)
			}
		}
		s.Post(path+"?do=save", nil).Want(http.StatusBadRequest)
		s.Post(path+"?do=unsubscribe_all&topic=", form("email", "x@example.com")).Want(http.StatusBadRequest)
		for _, method := range []string{http.MethodHead, http.MethodOptions} {
			s.Do(method, path, "").Want(map[string]int{http.MethodHead: 200, http.MethodOptions: 204}[method])
		}
		s.Get(path).Want(okStatus)
		if diff := cmp.Diff(before, s.now(sub)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(events, s.events(sub)); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever would be more mail or more use of data waits for the mailbox: partners, tracking, objections, restrictions.
func TestALinkOnlyReduces(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub, ctx := s.lists(), context.Background()
		store := &partners.Store{DB: s.DB, Now: s.Clock.Now}
		for _, key := range []string{"hub", "fair"} {
			_, err := store.Create(ctx, campaignstest.Staff, key, "Partner "+key)
			s.Must(err)
		}
		path := s.link(tokens.Preferences, sub, "")
		s.Post(path, form("partners_shown", "1", "partner", "hub")).Want(okStatus)
		s.Post(path, form("do", pages.DoRestrict)).Want(okStatus)
		s.Post(path, form("do", pages.DoObject)).Want(okStatus)
		s.Post(path, form("do", pages.DoObjectResearch)).Want(okStatus)
		got := s.now(sub)
		if got.RestrictedAt.IsZero() || got.ObjectedAt.IsZero() || got.ObjectedResearch.IsZero() {
			t.Fatal("a right that reduces did not hold at once")
		}
		objected, err := s.People.PartnerObjections(ctx, s.DB, sub.ID)
		if _, off := objected["fair"]; err != nil || len(objected) != 1 || !off {
			t.Fatalf("%v %v", objected, err)
		}
		s.Clock.Move(time.Minute)
		for _, pairs := range [][]string{
			{"partners_shown", "1", "partner", "hub", "partner", "fair"}, {"tracking_shown", "1", "tracking", "1"},
			{"do", pages.DoLiftRestriction}, {"do", pages.DoLiftObjection}, {"do", pages.DoLiftResearch},
		} {
			s.Post(path, form(pairs...)).Want(okStatus)
		}
		got = s.now(sub)
		if objected, err = s.People.PartnerObjections(ctx, s.DB, sub.ID); err != nil || len(objected) != 1 || got.RestrictedAt.IsZero() || got.ObjectedAt.IsZero() || got.ObjectedResearch.IsZero() || !got.TrackingAt.IsZero() {
			t.Fatal("a link alone took back what protects the person")
		}
		mails := s.mails(sub.Email, preferences.MailConfirmTopics)
		if len(mails) != 1 || !strings.Contains(mails[0], "Partner fair") {
			t.Fatalf("%q", mails)
		}
		page := s.Get(s.linkIn(mails[0])).Want(okStatus).Body
		for _, want := range []string{"Partner fair", "You may measure", "Lift the restriction", "objection to direct marketing", "objection to market research"} {
			if !strings.Contains(page, want) {
				t.Errorf("the confirmation page does not say %q", want)
			}
		}
		s.Clock.Move(time.Minute)
		s.Post(s.linkIn(mails[0]), nil).Want(okStatus)
		got = s.now(sub)
		if objected, err = s.People.PartnerObjections(ctx, s.DB, sub.ID); err != nil || len(objected) != 0 || !got.RestrictedAt.IsZero() || !got.ObjectedAt.IsZero() || !got.ObjectedResearch.IsZero() || got.TrackingAt.IsZero() {
			t.Errorf("confirmed, and yet %v %+v", objected, got)
		}
		events := s.events(sub)
		s.Post(s.linkIn(mails[0]), nil).Want(okStatus)
		if diff := cmp.Diff(events, s.events(sub)); diff != "" {
			t.Errorf("confirming twice: %s", diff)
		}
		s.Post(path, form("tracking_shown", "1")).Want(okStatus)
		if !s.now(sub).TrackingAt.IsZero() {
			t.Error("tracking was not withdrawn at once")
		}
	})
}

// A wish that was taken back is not fulfilled by a link that is still under way.
func TestAWishTakenBackIsNotFulfilled(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		s.Post(path, form("tracking_shown", "1", "tracking", "1", "topic", "news", "topic", "events")).Want(okStatus)
		confirm := s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0])
		s.Post(path, form("tracking_shown", "1", "topic", "news")).Want(okStatus)
		s.Clock.Move(time.Minute)
		s.Post(confirm, nil).Want(okStatus)
		if got := s.now(sub); !got.TrackingAt.IsZero() || s.States(sub)["events"] != "withdrawn" {
			t.Errorf("%v %v", got.TrackingAt, s.States(sub))
		}
	})
}

// A topic that needs no consent is on until it is stopped, and then comes back only by a confirmation.
func TestTopicsThatNeedNoConsent(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("survey", func(in *preferences.TopicInput) { in.Class, in.Basis = "research", "legitimate_interests" })
		s.Topic("related", func(in *preferences.TopicInput) {
			similar := true
			in.Basis, in.SimilarGoods = "soft_opt_in", &similar
		})
		reader, customer := s.Person("reader@example.com", nil), s.Person("customer@example.com", func(p *preferences.Profile) {
			p.CustomerSince = &preferences.Date{Time: campaignstest.Start.AddDate(-1, 0, 0)}
		})
		if page := s.Get(s.link(tokens.Preferences, reader, "")).Body; strings.Contains(page, "Related") || !strings.Contains(page, "Survey") {
			t.Error("a topic for customers is offered to somebody who is none")
		}
		path := s.link(tokens.Preferences, customer, "")
		s.Post(path, form("topic", "survey", "topic", "related")).Want(okStatus)
		if got := s.decides(customer, "related", s.Clock.Now()); got != "unconfirmed" {
			t.Errorf("related: %s", got)
		}
		s.Clock.Move(time.Minute)
		s.Post(s.linkIn(s.mails(customer.Email, preferences.MailConfirmTopics)[0]), nil).Want(okStatus)
		for _, topic := range []string{"related", "survey"} {
			if got := s.decides(customer, topic, s.Clock.Now()); got != "allowed" {
				t.Errorf("%s after the confirmation: %s", topic, got)
			}
		}
		s.Clock.Move(time.Minute)
		s.Post(path, form("topic", "related")).Want(okStatus)
		if got := s.decides(customer, "survey", s.Clock.Now()); got != "withdrawn" {
			t.Errorf("survey: %s", got)
		}
		s.Post(path, form("topic", "related", "topic", "survey")).Want(okStatus)
		if got := s.decides(customer, "survey", s.Clock.Now()); got != "unconfirmed" {
			t.Errorf("a link alone turned research on again: %s", got)
		}
	})
}

// The button beside "save" stops everything; the page that answers can undo it.
func TestLeavingAllAndUndo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "news")
		page := s.Post(path, form("do", pages.DoUnsubscribeAll, "topic", "news")).Want(okStatus).Body
		if got := s.decides(sub, "news", s.Clock.Now()); got != "unsubscribed_all" {
			t.Fatal(got)
		}
		token := field(t, page, pages.FieldUndo)
		s.Post(path, form("undo", token)).Want(okStatus)
		for _, topic := range []string{"news", "offers"} {
			if got := s.decides(sub, topic, s.Clock.Now()); got != "allowed" {
				t.Errorf("%s after undo: %s", topic, got)
			}
		}
		page = s.Post(path, form("topic", "news")).Want(okStatus).Body
		s.Post(path, form("undo", field(t, page, pages.FieldUndo))).Want(okStatus)
		if got := s.States(sub)["offers"]; got != "given" {
			t.Errorf("offers after undo: %s", got)
		}
		s.Post(path, form("undo", token[:len(token)-2])).Want(http.StatusNotFound)
		other := s.Person("other@example.com", nil)
		s.Post(s.link(tokens.Preferences, other, ""), form("undo", token)).Want(http.StatusNotFound)
		s.Post(path, form("do", pages.DoUnsubscribeAll)).Want(okStatus)
		s.Clock.Move(2 * time.Hour)
		s.Post(path, form("undo", token)).Want(http.StatusGone)
	})
}

// field is the value of a hidden field of a page.
func field(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	value, _, end := strings.Cut(rest, `"`)
	if !ok || !end {
		t.Fatalf("no field %s", name)
	}
	return value
}

// The page is in the reader's language and says everything but who they are.
func TestThePageTellsAllButTheAddress(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		ctx := context.Background()
		name, phone := "Annabel", "+31201234567"
		_, err := s.People.Update(ctx, campaignstest.Staff, sub.ID, preferences.Profile{FirstName: &name, Phone: &phone})
		s.Must(err)
		path := s.link(tokens.Preferences, sub, "")
		s.Post(path, form("pause_until", "2026-06-15", "frequency", "weekly", "topic", "news")).Want(okStatus)
		for lang, wants := range map[string][]string{
			"en": {"a***@e***.com", "Break until 15 June 2026", "Offers: stopped", "How often: at most once a week", "Because you signed up for"},
			"nl": {"Pauze tot 15 juni 2026", "Offers: gestopt", "Hoe vaak: hooguit één keer per week"},
			"de": {"Pause bis 15. Juni 2026", "Offers: gestoppt"}, "fr": {"Pause jusqu&#39;au 15 juin 2026"},
		} {
			page := s.Get(path + "?lang=" + lang).Want(okStatus).Body
			for _, want := range wants {
				if !strings.Contains(page, want) {
					t.Errorf("%s: the page does not say %q", lang, want)
				}
			}
			if !strings.Contains(page, `<html lang="`+lang+`"`) {
				t.Errorf("%s: lang is not set", lang)
			}
			for _, secret := range []string{sub.Email, name, phone} {
				if strings.Contains(page, secret) {
					t.Errorf("%s: the page shows %q to whoever has the link", lang, secret)
				}
			}
		}
		if page := s.Post(path, form("locale", "de")).Want(okStatus).Body; !strings.Contains(page, `<html lang="de"`) {
			t.Error("the answer is not in the language that was just chosen")
		}
	})
}

func TestErasedPeopleSeeNothingAndAreNotBroughtBack(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path, ctx := s.link(tokens.Preferences, sub, "news"), context.Background()
		_, err := s.People.Erase(ctx, campaignstest.Staff, sub.ID)
		s.Must(err)
		for _, pairs := range [][]string{{"topic", "news"}, {"do", "save"}, {"do", pages.DoUnsubscribeAll}, {"undo", "x"}} {
			s.Post(path, form(pairs...)).Want(okStatus)
		}
		if page := s.Get(path).Want(okStatus).Body; !strings.Contains(page, "already stopped") {
			t.Error("the page does not say that nothing comes any more")
		}
		if n, err := s.People.CountAll(ctx, s.DB); err != nil || n != 0 {
			t.Errorf("%d people, %v", n, err)
		}
	})
}

// Evidence of what was added names the page, the words beside the box and the confirmation mail.
func TestEvidenceOfAnAddedTopic(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		s.Post(s.link(tokens.Preferences, sub, ""), form("topic", "news", "topic", "offers", "topic", "events"), "User-Agent", "browser").Want(okStatus)
		s.Clock.Move(time.Minute)
		s.Post(s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0]), nil).Want(okStatus)
		events, err := s.People.Events(context.Background(), s.DB, sub.ID)
		s.Must(err)
		i := slices.IndexFunc(events, func(e ledger.Event) bool { return e.Action == "pending" })
		if e := events[i]; e.Source != "preference centre" || e.Wording != "Events" || e.UserAgent != "browser" || e.Locale != "en" || e.IP == "" {
			t.Errorf("%+v", e)
		}
		if e := events[len(events)-1]; e.Action != "confirmed" || e.ConfirmationMessageID == "" {
			t.Errorf("%+v", e)
		}
	})
}
