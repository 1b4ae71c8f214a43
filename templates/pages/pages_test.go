package pages

import (
	"strings"
	"testing"

	"assent/templates/assets"
	"assent/templates/locale"
	"assent/templates/pagetest"

	"golang.org/x/net/html"
)

func asIs(s string) string { return s }

func TestEveryPageInEveryLanguage(t *testing.T) {
	for _, tag := range append(locale.Languages(), "ar") {
		for name, c := range gallery(tag, asIs) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, tag+"/"+name, page, false)
			if want := `<html lang="` + tag + `" dir="` + locale.Get(tag).Dir() + `">`; !strings.Contains(page, want) {
				t.Errorf("%s/%s lacks %s", tag, name, want)
			}
			if strings.Contains(page, "<script") {
				t.Errorf("%s/%s has a script", tag, name)
			}
			if len(page) > 40<<10 {
				t.Errorf("%s/%s has %d bytes", tag, name, len(page))
			}
		}
	}
}

func TestPagesAreInTheLanguageOfTheirReader(t *testing.T) {
	for name := range gallery("en", asIs) {
		seen := map[string]string{}
		for _, tag := range locale.Languages() {
			page := pagetest.Render(t, gallery(tag, asIs)[name])
			page = page[strings.Index(page, "<main"):strings.Index(page, "</main>")]
			if other, twice := seen[page]; twice {
				t.Errorf("%s reads the same in %s and %s", name, other, tag)
			}
			seen[page] = tag
		}
	}
}

func TestHostileValuesComeOutAsText(t *testing.T) {
	for _, bad := range pagetest.Hostile {
		for name, c := range gallery("en", func(string) string { return bad }) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, name, page, true)
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "img" || strings.Contains(n.Data, "onload")) {
					t.Errorf("%s: %q made a <%s>", name, bad, n.Data)
				}
			}
		}
	}
}

func TestPagesBehindATokenShowNoAddress(t *testing.T) {
	for name, c := range gallery("en", asIs) {
		page := pagetest.Render(t, c)
		if strings.Contains(page, "anna.de.vries") || strings.Contains(page, "@example.com") {
			t.Errorf("%s shows the address", name)
		}
	}
}

func TestMaskAddress(t *testing.T) {
	for in, want := range map[string]string{
		"anna@example.com": "a***@e***.com", "a@b.nl": "a***@b***.nl", "a***@e***.com": "a***@e***.com",
		`"a@b"@xn--d1a.example`: `"***@x***.example`, "jörg@müller.de": "j***@m***.de", "anna@localhost": "a***@l***",
		"": "***", "@": "***", "anna": "***", "@b.nl": "***", "anna@": "***", "\u202ex@b.nl": "***@b***.nl", "\xff@b.nl": "***@b***.nl",
	} {
		if got := MaskAddress(in); got != want {
			t.Errorf("MaskAddress(%q) = %q, want %q", in, got, want)
		}
	}
}

// The ways out stand side by side as equals (EDPB 03/2022, compliance 45), and one press is enough.
func TestWaysOutAreEqual(t *testing.T) {
	page := pagetest.Render(t, gallery("en", asIs)["unsubscribe"])
	for _, want := range []string{
		`<button class="btn primary" type="submit" name="scope" value="topic">`,
		`<button class="btn primary" type="submit" name="scope" value="all">`,
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("unsubscribe lacks %s", want)
		}
	}
	page = pagetest.Render(t, gallery("en", asIs)["preferences"])
	for _, want := range []string{
		`<button class="btn primary" type="submit" name="do" value="save">`,
		`<button class="btn primary" type="submit" name="do" value="unsubscribe_all">`,
	} {
		if strings.Count(page, want) != 2 { // below the topics, and at the end
			t.Errorf("preferences does not have %s twice", want)
		}
	}
}

// Results are announced, and the page tells what could not be stopped any more.
func TestResultsAreAnnounced(t *testing.T) {
	g := gallery("en", asIs)
	for _, name := range []string{"unsubscribed-topic", "unsubscribed-all", "unsubscribed-undone", "preferences-saved", "confirmed-topics", "unsubscribe-stopped"} {
		if !strings.Contains(pagetest.Render(t, g[name]), `role="status"`) {
			t.Errorf("%s is not announced", name)
		}
	}
	for name, want := range map[string]string{"unsubscribed-topic": "One mail was already", "unsubscribed-all": "3 mails were already", "preferences-saved": "2 mails were already"} {
		if !strings.Contains(pagetest.Render(t, g[name]), want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
	if strings.Contains(pagetest.Render(t, g["unsubscribed-undone"]), "already being handed over") {
		t.Error("nothing was in flight, yet the page says so")
	}
}

// A consent box is never ticked beforehand (GDPR 4(11), C-673/17, compliance 26), and neither is sharing with a partner.
func TestNothingIsAgreedToBeforehand(t *testing.T) {
	for name, c := range gallery("en", asIs) {
		if !strings.HasPrefix(name, "subscribe-") && !strings.HasPrefix(name, "event") {
			continue
		}
		root, err := html.Parse(strings.NewReader(pagetest.Render(t, c)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			a := map[string]string{}
			for _, x := range n.Attr {
				a[x.Key] = x.Val
			}
			if _, ticked := a["checked"]; n.Data == "input" && a["type"] == "checkbox" && ticked {
				t.Errorf("%s: %s=%s is ticked", name, a["name"], a["value"])
			}
			if _, required := a["required"]; required && (a["name"] == "topics" || a["name"] == FieldShare) {
				t.Errorf("%s: consent is required", name)
			}
		}
	}
}

// Where only one thing is asked for, sending the form is the consent, and its wording stands beside the button.
func TestOneTopicNewsletterSaysWhatSendingMeans(t *testing.T) {
	page := pagetest.Render(t, gallery("en", asIs)["subscribe-newsletter"])
	if !strings.Contains(page, `<input type="hidden" name="topics" value="news"`) || !strings.Contains(page, "Yes, send me the newsletter once a month.") {
		t.Error("the topic or its wording is missing")
	}
	page = pagetest.Render(t, gallery("en", asIs)["subscribe-contact"])
	if strings.Contains(page, `type="hidden" name="topics"`) {
		t.Error("a contact form must not sign anybody up by being sent")
	}
}

func TestErrorsAreTiedToTheirFields(t *testing.T) {
	g := gallery("en", asIs)
	for name, want := range map[string][]string{
		"subscribe-wrong":        {`id="email-error"`, `aria-describedby="email-error"`, `aria-invalid="true"`, `id="topics-error"`, `id="of-age-error"`},
		"subscribe-survey-wrong": {`id="own-q1-error"`, `aria-describedby="own-q1-error"`, `aria-describedby="own-message-error"`},
		"preferences-wrong":      {`aria-describedby="new-email-hint new-email-error"`, `aria-describedby="pause-day-error"`},
		"rights-wrong":           {`aria-describedby="kind-error"`, `aria-describedby="email-hint email-error"`},
	} {
		page := pagetest.Render(t, g[name])
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s lacks %s", name, w)
			}
		}
	}
}

func TestLogoComesFromThisHostOnly(t *testing.T) {
	for url, want := range map[string]bool{"/assets/logo.png": true, "https://evil.example/x.png": false, "//evil.example/x.png": false, `/\evil.example/x.png`: false, "x.png": false, "": false} {
		v := ErrorView{Page: Page{Locale: locale.Get("en"), Brand: Brand{Name: "N", LogoURL: url}}}
		if got := strings.Contains(pagetest.Render(t, Error(v)), "<img"); got != want {
			t.Errorf("logo %q shown: %v", url, got)
		}
	}
}

func TestStyleSheetIsSmall(t *testing.T) {
	if n := assets.Size("recipient.css"); n == 0 || n >= 20<<10 {
		t.Errorf("recipient.css has %d bytes", n)
	}
}

func TestPagesInABrowser(t *testing.T) {
	pages := map[string]string{}
	for _, tag := range []string{"en", "nl", "de", "fr", "ar"} {
		for name, c := range gallery(tag, asIs) {
			pages[tag+"/"+name] = pagetest.Render(t, c)
		}
	}
	pagetest.Browse(t, ContentPolicy, pages)
}
