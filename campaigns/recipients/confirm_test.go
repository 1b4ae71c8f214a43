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
