package recipients_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/tokens"
)

// The preference centre leads to the proof of what was agreed to: words, when, how; as a page and, the same, as a file of the standard
// (compliance 27, 44). Neither tells the address, nor anything that is not on the receipt (compliance 57).
func TestReceiptsAreReadAndDownloaded(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		double := true
		s.Topic("news", func(in *preferences.TopicInput) {
			in.DoubleOptIn, in.Names["nl"], in.Descriptions = &double, "Nieuws", map[string]string{"nl": "Eens per maand."}
		})
		s.Topic("offers", nil)
		s.Topic("never", nil)
		name := "Wiltrud"
		sub := s.Person("anna@example.com", func(p *preferences.Profile) { p.LastName = &name })
		_, err := s.People.Consent(context.Background(), campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive, Confirmed: true, Evidence: preferences.Evidence{
			Source: "fair in Utrecht", Wording: "Ja, stuur mij <b>nieuws</b>.", WordingVersion: "7", CollectedAt: s.Clock.Now().Add(-time.Hour), URL: "https://forms.example/fair", IP: "192.0.2.44", UserAgent: "Browser of Wiltrud"}})
		s.Must(err)
		s.Give(sub, "offers")
		s.Clock.Move(time.Minute)
		centre := s.link(tokens.Preferences, sub, "news")
		s.Post(centre, form("topic", "news")).Want(okStatus)
		page := s.Get(centre).Want(okStatus).Body
		link := regexp.MustCompile(`href="(/p/[^"]+/receipts)"`).FindStringSubmatch(page)
		if link == nil {
			t.Fatal("the preference centre does not lead to the receipts")
		}
		a := s.Get(link[1] + "?lang=nl").Want(okStatus)
		wantPrivate(t, a)
		text := a.Body
		for _, want := range []string{"Nieuws", "Eens per maand.", "Ja, stuur mij &lt;b&gt;nieuws&lt;/b&gt;.", "Versie 7", "forms.example", "toegestemd", "gestopt", "1 mei 2026", "op deze pagina"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		for _, secret := range []string{"anna@", "Wiltrud", "192.0.2.44", "Never"} {
			if strings.Contains(text, secret) {
				t.Errorf("the page tells %q", secret)
			}
		}
		file := regexp.MustCompile(`href="(/p/[^"]+/receipts\.json)"`).FindStringSubmatch(text)
		if file == nil {
			t.Fatal("the page does not offer the file")
		}
		var out struct {
			Receipts []struct {
				RecordID string `json:"record_id"`
			}
		}
		s.Must(json.Unmarshal([]byte(s.Get(file[1]).Want(okStatus).Body), &out))
		if len(out.Receipts) != 2 {
			t.Fatalf("%d receipts, want 2", len(out.Receipts))
		}
		for _, r := range out.Receipts {
			if !strings.Contains(text, r.RecordID) {
				t.Errorf("receipt %s is not on the page", r.RecordID)
			}
		}
		_, err = s.People.Erase(context.Background(), campaignstest.Staff, sub.ID)
		s.Must(err)
		s.Get(link[1]).Want(http.StatusNotFound)
		s.Get(file[1]).Want(http.StatusNotFound)
	})
}

func TestWhoNeverChoseHasNoReceipt(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		page := s.Get(s.link(tokens.Preferences, s.Person("anna@example.com", nil), "") + "/receipts").Want(okStatus).Body
		if !strings.Contains(page, "You have not chosen") || strings.Contains(page, "receipts.json") {
			t.Error(page)
		}
	})
}

// A mail that answers says in words what it answers; the numbers of programs are no use to its reader.
func TestWhyOfAnAnswerSpeaksInWords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		double := true
		s.Topic("news", func(in *preferences.TopicInput) { in.DoubleOptIn = &double })
		sub := s.Person("anna@example.com", nil)
		s.Post(s.link(tokens.Preferences, sub, ""), form("topic", "news")).Want(okStatus)
		var message string
		s.Must(s.DB.QueryRowContext(context.Background(), "SELECT id FROM messages WHERE subscriber_id = $1", sub.ID).Scan(&message))
		page := s.Get("/why/" + s.Keys.Sign(tokens.Why, tokens.Claims{Subject: sub.ID, Source: message, Issued: s.Clock.Now()})).Want(okStatus).Body
		if strings.Contains(page, "signup:") || strings.Contains(page, sub.ID) || !strings.Contains(page, "Your sign-up") {
			t.Error(page)
		}
	})
}
