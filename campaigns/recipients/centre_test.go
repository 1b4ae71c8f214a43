package recipients_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/partners"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// box is the checkbox of a page with this name and value, as it stands in the HTML.
func box(t *testing.T, page, name, value string) string {
	t.Helper()
	for _, part := range strings.Split(page, "<input ")[1:] {
		if tag, _, _ := strings.Cut(part, ">"); strings.Contains(tag, `name="`+name+`"`) && strings.Contains(tag, `value="`+value+`"`) {
			return tag
		}
	}
	t.Errorf("there is no box %s %s", name, value)
	return ""
}

// The preference centre shows partners and measuring as they are, what is always on and why, and whom to complain to.
func TestTheCentreShowsPartnersMeasuringAndWhatIsAlwaysOn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub, ctx := s.lists(), context.Background()
		for _, key := range []string{"hub", "sun"} {
			_, err := (&partners.Store{DB: s.DB, Now: s.Clock.Now}).Create(ctx, campaignstest.Staff, key, "The "+key)
			s.Must(err)
		}
		settings, err := s.People.Site.Get(ctx)
		s.Must(err)
		settings.Authority, settings.AuthorityURL = "Office of Privacy, Square 1, Town", "https://privacy.example/complain"
		s.Must(s.People.Site.Put(ctx, s.Clock.Now(), campaignstest.Staff, settings))
		path := s.link(tokens.Preferences, sub, "")
		look := func(hub, sun, measured bool) {
			t.Helper()
			page := s.Get(path).Want(okStatus).Body
			for _, b := range []struct {
				name, value string
				on          bool
			}{{pages.FieldPartner, "hub", hub}, {pages.FieldPartner, "sun", sun}, {pages.FieldTracking, "1", measured}} {
				if got := strings.Contains(box(t, page, b.name, b.value), " checked"); got != b.on {
					t.Errorf("%s %s is ticked: %v, want %v", b.name, b.value, got, b.on)
				}
			}
			for _, want := range []string{"The hub", "The sun", "Contract and payments", "Account and security", "Terms and privacy policy", "We are obliged to send them",
				"Office of Privacy", "Square 1, Town", "https://privacy.example/complain", "History of your choices"} {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			if n := strings.Count(page, ">Always on<"); n < 3 {
				t.Errorf("%d kinds of mail are marked as always on", n)
			}
		}
		look(true, true, false)
		s.Post(path, form(pages.FieldPartnersShown, "1", pages.FieldPartner, "sun", pages.FieldTrackingShown, "1")).Want(okStatus)
		look(false, true, false)

		s.Clock.Move(time.Minute)
		// More needs the click in a fresh mail: neither the partner nor measuring is on before it.
		s.Post(path, form(pages.FieldPartnersShown, "1", pages.FieldPartner, "sun", pages.FieldPartner, "hub", pages.FieldTrackingShown, "1", pages.FieldTracking, "1")).Want(okStatus)
		look(false, true, false)
		s.Post(s.linkIn(s.mails(sub.Email, preferences.MailConfirmTopics)[0]), nil).Want(okStatus)
		look(true, true, true)
	})
}
