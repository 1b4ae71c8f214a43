package pages

import (
	"strings"
	"testing"

	"assent/templates/pagetest"

	"github.com/a-h/templ"
)

// addPolicies adds the policies and what changed in them.
func addPolicies(out map[string]templ.Component, p Page, say func(string) string) {
	p.Public = true
	archive := []PolicyVersion{
		{Version: say("4.0"), URL: "/policies/privacy/4.0", Status: PolicyPending, At: at.AddDate(0, 2, 0), AffectsRights: true, ChangesURL: "/policies/privacy/changes?from=3.0&to=4.0"},
		{Version: "3.0", URL: "/policies/privacy/3.0", Status: PolicyScheduled, At: at.AddDate(0, 1, 0), AffectsRights: true, ChangesURL: "/policies/privacy/changes?from=2.0&to=3.0"},
		{Version: "2.0", URL: "/policies/privacy/2.0", Status: PolicyCurrent, At: at, ChangesURL: "/policies/privacy/changes?from=1.0&to=2.0", Here: true},
		{Version: "1.0", URL: "/policies/privacy/1.0", Status: PolicySuperseded, At: at.AddDate(-1, 0, 0)},
	}
	body := "<p>We use what you give us.</p><h2 id=\"section-1\">What we keep</h2><ul><li>Your address.</li></ul><table><tbody><tr><td>Mail</td><td>2 years</td></tr></tbody></table>"
	show := func(i int, current string) PolicyView {
		return PolicyView{Page: p, Title: say("Privacy policy"), Version: archive[i], Body: body, BodyLang: p.Locale.Tag(), Archive: archive, CurrentURL: current, ChangesURL: "/policies/privacy/changes"}
	}
	out["policy"], out["policy-scheduled"] = Policy(show(2, "")), Policy(show(1, "/policies/privacy"))
	out["policy-pending"], out["policy-old"] = Policy(show(0, "/policies/privacy")), Policy(show(3, "/policies/privacy"))
	out["policy-none"] = Policy(PolicyView{Page: p, Title: say("Terms"), Archive: archive[:1]})
	changes := PolicyChangesView{Page: p, Title: say("Privacy policy"), URL: "/policies/privacy", Action: "/policies/privacy/changes", From: archive[3], To: archive[2],
		Versions: archive, Added: 2, Removed: 1, BodyLang: p.Locale.Tag(), Paragraphs: comparison(say)}
	same := changes
	same.Added, same.Removed, same.Paragraphs = 0, 0, comparison(say)[:2]
	out["policy-changes"], out["policy-changes-none"] = PolicyChanges(changes), PolicyChanges(same)
}

// addRegistrations adds what a registrant of an event sees.
func addRegistrations(out map[string]templ.Component, p Page, say func(string) string) {
	event := EventView{Page: p, Name: say("Open day 2026"), StartsAt: at, EndsAt: at.AddDate(0, 0, 1), EventZone: "Europe/Amsterdam", Place: say("Keizersgracht 1, Amsterdam"), CalendarURL: "/events/open-day/event.ics"}
	v := RegistrationView{Page: p, Action: "/registration/token", Event: event, Email: say("anna.de.vries@example.com"), Status: RegistrationRegistered, URL: "/events/open-day",
		Shares: []Share{{Partner: "fair", Name: say("Fair Events")}, {Partner: "hub", Name: say("Hub Resellers")}}}
	out["registration"] = Registration(v)
	waiting := v
	waiting.Status, waiting.Shares, waiting.Stopped = RegistrationWaiting, v.Shares[1:], say("Fair Events")
	waiting.Event.Place, waiting.Event.Online = "", true
	out["registration-stopped"] = Registration(waiting)
	cancelled := v
	cancelled.Status, cancelled.Shares = RegistrationCancelled, nil
	out["registration-cancelled"] = Registration(cancelled)
	over, off := v, v
	over.Event.Over, off.Event.Cancelled = true, true
	out["registration-over"], out["registration-off"] = Registration(over), Registration(off)
}

func comparison(say func(string) string) []PolicyParagraph {
	same := func(kind string) PolicyParagraph {
		return PolicyParagraph{kind, []PolicySpan{{"", say("This stays as it was.")}}}
	}
	list := []PolicyParagraph{same("heading"), same("paragraph"), {"paragraph", []PolicySpan{{"", "We keep it for "}, {"removed", say("five")}, {"added", say("two")}, {"", " years."}}}}
	for range 8 {
		list = append(list, same("paragraph"))
	}
	return append(list, PolicyParagraph{"item", []PolicySpan{{"added", say("Your language.")}}}, same("code"), same("row"))
}

func TestUnchangedStretchesAreFoldedWithTheirContextLeft(t *testing.T) {
	plain, changed := PolicyParagraph{Kind: "paragraph", Spans: []PolicySpan{{"", "x"}}}, PolicyParagraph{Kind: "paragraph", Spans: []PolicySpan{{"added", "y"}}}
	for name, tt := range map[string]struct {
		paragraphs string // u: unchanged, c: changed
		want       string // in lower case shown, in upper case folded
	}{
		"nothing":     {"", ""},
		"all changed": {"ccc", "ccc"},
		"all same":    {"uuuuuu", "UUUUUU"},
		"few same":    {"cuuc", "cuuc"},
		"long middle": {"cuuuuuuuc", "cuUUUUUuc"},
		"long ends":   {"uuuuuucuuuuuu", "UUUUUucuUUUUU"},
	} {
		v := PolicyChangesView{}
		for _, r := range tt.paragraphs {
			v.Paragraphs = append(v.Paragraphs, map[rune]PolicyParagraph{'u': plain, 'c': changed}[r])
		}
		got := ""
		for _, s := range v.stretches() {
			for _, p := range s.paragraphs {
				letter := "u"
				if p.changed() {
					letter = "c"
				}
				if s.folded {
					letter = strings.ToUpper(letter)
				}
				got += letter
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// What is marked by colour is marked by elements and words too, and no space comes in between words and commas.
func TestChangesAreSaidAndNotOnlyColoured(t *testing.T) {
	page := pagetest.Render(t, gallery("en", asIs)["policy-changes"])
	for _, want := range []string{
		`<p>We keep it for <del><span class="sr" lang="en">removed: </span>five</del><ins><span class="sr" lang="en">added: </span>two</ins> years.</p>`,
		"2 words were added.", "One word was removed.", "6 paragraphs that did not change",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the comparison lacks %s", want)
		}
	}
}

func TestPublicPagesMayBeListed(t *testing.T) {
	for name, c := range gallery("en", asIs) {
		hidden := strings.Contains(pagetest.Render(t, c), `content="noindex`)
		if public := name == "event" || strings.HasPrefix(name, "event-") || strings.HasPrefix(name, "policy"); hidden == public {
			t.Errorf("%s is hidden from search engines: %t", name, hidden)
		}
	}
}
