package recipients_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
)

// A sign-up that nobody confirms in time stays unconfirmed: its link ends, whether it is opened or its button pressed, and nothing
// comes; up to that instant it confirms (compliance 28, ASSENT_CONFIRM_TTL).
func TestAConfirmationLinkEnds(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		double := true
		s.Topic("news", func(in *preferences.TopicInput) { in.DoubleOptIn = &double })
		settings, err := s.People.Site.Get(context.Background())
		s.Must(err)
		for wait, want := range map[time.Duration]int{settings.ConfirmTTL - time.Minute: http.StatusOK, settings.ConfirmTTL + time.Minute: http.StatusGone} {
			email := "p" + http.StatusText(want)[:2] + "@example.com"
			sub := s.Person(email, nil)
			_, err := s.People.Consent(context.Background(), campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "form", Wording: "Yes"}})
			s.Must(err)
			link := s.linkIn(s.mails(sub.Email, preferences.MailConfirmSignup)[0])
			s.Clock.Move(wait)
			s.Get(link).Want(want)
			s.Post(link, nil).Want(want)
			reason := map[int]string{http.StatusOK: "allowed", http.StatusGone: "unconfirmed"}[want]
			if got := s.decides(sub, "news", s.Clock.Now()); got != reason {
				t.Errorf("after %v: %s, want %s", wait, got, reason)
			}
		}
	})
}

// A link that went to an address which the person gave up since proves nothing about who has the new one: it confirms neither that
// nor what was asked for under it (compliance 28). The new address has its own.
func TestALinkOfAnAddressThatWasGivenUpConfirmsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx, double := context.Background(), true
		s.Topic("news", func(in *preferences.TopicInput) { in.DoubleOptIn = &double })
		sub := s.Person("old@example.com", nil)
		_, err := s.People.Consent(ctx, campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive, Evidence: preferences.Evidence{Source: "form", Wording: "Yes"}})
		s.Must(err)
		old := s.linkIn(s.mails("old@example.com", preferences.MailConfirmSignup)[0])
		s.Get(old).Want(okStatus)
		s.Clock.Move(time.Minute)
		email := "new@example.com"
		_, err = s.People.Update(ctx, campaignstest.Staff, sub.ID, preferences.Profile{Email: &email})
		s.Must(err)
		s.Get(old).Want(http.StatusGone)
		s.Post(old, nil).Want(http.StatusGone)
		if got := s.now(sub); got.UnverifiedSince.IsZero() {
			t.Error("the old mailbox verified the new address")
		}
		s.Clock.Move(time.Minute)
		s.Post(s.linkIn(s.mails(email, preferences.MailConfirmAddress)[0]), nil).Want(okStatus)
		if reason := s.decides(s.now(sub), "news", s.Clock.Now()); reason != "allowed" {
			t.Errorf("after the new address confirmed: %s", reason)
		}
		s.Post(old, nil).Want(http.StatusGone)
	})
}
