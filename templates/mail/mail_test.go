package mail

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/templates/locale"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	at    = time.Date(2026, 3, 3, 13, 5, 0, 0, time.UTC)
	until = time.Date(2026, 3, 10, 13, 5, 0, 0, time.UTC)
	acme  = Brand{
		Name: "Acme Payroll", Color: "#0b6e4f", PostalAddress: "Acme Payroll B.V.\nKeizersgracht 1\n1015 CJ Amsterdam",
		ReplyTo: "help@acme.example", LogoURL: "https://acme.example/logo.png", Website: "https://acme.example/",
	}
	body = []Node{P("The monthly price per employee becomes EUR 4.20."), {Kind: List, N: 1, Children: []Node{
		{Kind: Item, Children: []Node{{Text: "First, "}, {Kind: Strong, Children: []Node{{Text: "this"}}}}}, {Kind: Item, Children: []Node{{Text: "then that."}}},
	}}}
)

const url = "https://mail.acme.example/x/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8w"

// views is one of each typed mail, with all that it can say.
var views = []struct {
	name string
	view View
}{
	{"confirm_signup", ConfirmSignup{Topics: []string{"Newsletter", "Event invitations"}, URL: url, Until: until}},
	{"confirm_topics", ConfirmTopics{Topics: []string{"Offers"}, URL: url, Until: until}},
	{"confirm_address", ConfirmAddress{URL: url, Until: until}},
	{"document_link", Document{Title: "Ten ways to pay on time", URL: url, Until: until}},
	{"document_attached", Document{Title: "Ten ways to pay on time", Attached: true}},
	{"contact", ContactReceived{Kind: "contact", Reference: "C-1042"}},
	{"demo", ContactReceived{Kind: "demo", Reference: "C-1042"}},
	{"support", ContactReceived{Kind: "support", Reference: "C-1042"}},
	{"rights_received", RightsReceived{Kind: "erasure", Reference: "R-7", Due: time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)}},
	{"rights_identity", RightsIdentity{Kind: "access", Reference: "R-7", URL: url, Until: until}},
	{"export_ready", ExportReady{Reference: "R-7", URL: url, Until: until}},
	{"rights_done", RightsDone{Kind: "rectification", Reference: "R-7", Note: "Your name has been corrected."}},
	{"rights_refused", RightsDone{Kind: "erasure", Reference: "R-7", Note: "We must keep invoices for seven years.", Refused: true}},
	{"rights_extended", RightsExtended{Kind: "access", Reference: "R-7", Note: "Your data is in three systems.", Due: until}},
	{"rights_soon", RightsEscalation{Kind: "erasure", Reference: "R-7", Due: until, URL: url}},
	{"brake_alert", BrakeAlert{Campaign: "Spring", Kind: "complaints", Percent: 0.25, Total: 1200, URL: url}},
	{"brake_stop", BrakeAlert{Campaign: "Spring", Kind: "bounces", Stop: true, Percent: 5.5, Total: 1200, URL: url}},
	{"brake_domain", BrakeAlert{Campaign: "Spring", Kind: "deferrals", Domain: "slow.example", Stop: true, Percent: 34, Total: 120, URL: url}},
	{"rights_overdue", RightsEscalation{Kind: "erasure", Reference: "R-7", Due: until, Overdue: true, URL: url}},
	{"event_registered", EventMail{Stage: EventRegistered, Title: "Payroll day", Place: "Amsterdam", Starts: until, TimeZone: "Europe/Amsterdam", URL: url, CancelURL: url + "c", CalendarAttached: true}},
	{"event_waiting", EventMail{Stage: EventWaiting, Title: "Payroll day", Place: "Amsterdam", Starts: until, TimeZone: "Europe/Amsterdam", URL: url, CancelURL: url + "c"}},
	{"event_place_free", EventMail{Stage: EventPlaceFree, Title: "Payroll day", Place: "Amsterdam", Starts: until, URL: url, CancelURL: url + "c", CalendarAttached: true}},
	{"event_reminder", EventMail{Stage: EventReminder, Title: "Payroll day", Place: "Amsterdam", Starts: until, URL: url, CancelURL: url + "c"}},
	{"event_changed", EventMail{Stage: EventChanged, Title: "Payroll day", Place: "Utrecht", Starts: until, URL: url, CancelURL: url + "c", CalendarAttached: true}},
	{"event_cancelled", EventMail{Stage: EventCancelled, Title: "Payroll day", Place: "Amsterdam", Starts: until, URL: url}},
	{"event_deregistered", EventMail{Stage: EventDeregistered, Title: "Payroll day", Place: "Amsterdam", Starts: until}},
	{"event_shared", EventMail{Stage: EventRegistered, Title: "Payroll day", Place: "Amsterdam", Starts: until, URL: url, CancelURL: url + "c", SharedWith: []string{"Fair Events", "Hub & Co"}}},
	{"event_follow_up", EventMail{Stage: EventFollowUp, Title: "Payroll day", Place: "Amsterdam", Starts: until, URL: url, CancelURL: url + "c", Note: Linked("The slides: ", "all of them", "https://acme.example/slides", "")}},
	{"staff_invite", StaffInvite{By: "Eva de Vries", Role: "marketer", URL: url, Until: until}},
	{"password_reset", PasswordReset{URL: url, Until: until}},
	{"staff_address", StaffAddress{URL: url, Until: until}},
	{"staff_moved", StaffMoved{Email: "eva@acme.example"}},
	{"staff_moved_by", StaffMoved{Email: "eva@acme.example", By: "Eva de Vries"}},
	{"contract_confirmed", ContractNotice{Stage: "confirmed", Contract: "NL-88", Product: "Payroll Plus", EffectiveAt: until, Details: []Fact{{"Employees", "25"}}, Body: body, URL: url}},
	{"contract_amended", ContractNotice{Stage: "amended", Contract: "NL-88", Product: "Payroll Plus", EffectiveAt: until, Body: body, URL: url}},
	{"contract_cancelled", ContractNotice{Stage: "cancelled", Contract: "NL-88", EffectiveAt: until}},
	{"payment_due", PaymentNotice{Stage: "due", Invoice: "2026-0042", Amount: "1234.5", Currency: "EUR", DueAt: until, Method: "SEPA", URL: url}},
	{"payment_failed", PaymentNotice{Stage: "failed", Invoice: "2026-0042", Amount: "1234.5", Currency: "EUR", RetryAt: until, Reason: "Card expired", URL: url}},
	{"payment_received", PaymentNotice{Stage: "received", Invoice: "2026-0042", Amount: "1234.5", Currency: "EUR", PaidAt: at}},
	{"account_changed", AccountChanged{What: "Bank account", At: at, URL: url}},
	{"sign_in_alert", SignInAlert{At: at, Device: "Firefox on Linux", Place: "Rotterdam", IP: "192.0.2.7", URL: url}},
	{"terms_change", PolicyChange{Title: "Terms of service", EffectiveAt: until, Summary: []string{"The price changes.", "You may cancel monthly."}, Body: body, URL: url}},
	{"privacy_change", PolicyChange{Privacy: true, EffectiveAt: until, Summary: []string{"We use a new processor."}, Body: body, URL: url}},
	{"interruption_planned", ServiceInterruption{Service: "Payslips", Planned: true, StartsAt: at, Ends: until, Impact: "No new payslips", URL: url}},
	{"interruption_fault", ServiceInterruption{Service: "Payslips", StartsAt: at}},
}

func to(lang string) To {
	return To{Locale: locale.Get(lang), Name: "Anna Jansen", TimeZone: "Europe/Amsterdam"}
}

// newsletter has every block of a campaign.
func newsletter(lang string) Message {
	return Message{
		Locale: locale.Get(lang), Brand: acme, Subject: "What is new in March", Preheader: "Three things that save you an afternoon.",
		Blocks: []Block{
			Heading{Text: "What is new in March", Level: 1},
			Text{Nodes: []Node{
				{Kind: Paragraph, Children: []Node{{Text: "Payslips can now be sent "}, {Kind: Strong, Children: []Node{{Text: "before the weekend"}}}, {Text: ", and the year statement is one page. "},
					{Kind: Link, URL: "https://acme.example/march", Children: []Node{{Text: "Read all about it"}}}, {Text: " or write to "}, {Kind: Link, URL: "mailto:help@acme.example", Children: []Node{{Text: "help@acme.example"}}}, {Text: "."}}},
				{Kind: List, Children: []Node{{Kind: Item, Children: []Node{{Text: "Corrections after closing no longer need a new run, and every one of them shows who made it and why."}}}, {Kind: Item, Children: []Node{P("Two paragraphs"), P("in one item.")}}}},
				{Kind: Quote, Children: []Node{P("It saves us an afternoon each month, and nobody misses the old way of doing it at all.")}},
			}},
			Image{URL: "https://acme.example/march.png", Alt: "The new year statement on one page", Link: "https://acme.example/march"},
			Image{URL: "https://acme.example/line.png"},
			Columns{Columns: [][]Block{
				{Heading{Text: "Sooner", Level: 3}, Prose("Payslips on Friday."), Button{Label: "See how", URL: "https://acme.example/sooner"}},
				{Heading{Text: "Shorter", Level: 3}, Prose("The year on one page.")},
			}},
			Divider{},
			Event{Title: "Payroll day", When: "Tuesday 10 March 2026, 14:05 CET", Place: "Amsterdam", Text: "Free for customers.", Label: "Register", URL: "https://acme.example/events/day"},
			Button{Label: "Try it", URL: "https://acme.example/try"},
		},
		Footer: Footer{Class: Marketing, Topic: "Newsletter", Basis: "consent", UnsubscribeURL: url + "u", PreferencesURL: url + "p", WhyURL: url + "w", ViewURL: url + "v"},
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it anew:\n%s", name, diff)
	}
}

// The words of every typed mail in every language stand in one file per language, its HTML in English in one file
// per mail, and a whole newsletter in both parts per language.
func TestMailsAreAsTheyWere(t *testing.T) {
	for _, lang := range locale.Languages() {
		var all strings.Builder
		for _, v := range views {
			m := Compose(acme, to(lang), v.view)
			all.WriteString("=== " + v.name + "\nSubject: " + m.Subject + "\n\n" + m.Text() + "\n")
			if lang == "en" {
				golden(t, v.name+".html", mustHTML(t, m))
			}
		}
		golden(t, "mails."+lang+".txt", all.String())
		n := newsletter(lang)
		golden(t, "newsletter."+lang+".txt", n.Text())
		golden(t, "newsletter."+lang+".html", mustHTML(t, n))
	}
	golden(t, "newsletter.ar.html", mustHTML(t, newsletter("ar")))
}

// A mail in a language that we have no texts in says so where our English stands (WCAG 3.1.2).
func TestBorrowedTextsAreMarked(t *testing.T) {
	for lang, want := range map[string]int{"en": 0, "nl-BE": 0, "ar": 2, "ja": 2} {
		page := mustHTML(t, Compose(acme, to(lang), views[0].view))
		if n := strings.Count(page, `dir="ltr" lang="en"`); n != want {
			t.Errorf("%s: %d marks, want %d", lang, n, want)
		}
	}
}

func mustHTML(t *testing.T, m Message) string {
	t.Helper()
	s, err := m.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// each calls f with every mail in every language, and in one that is written from right to left.
func each(t *testing.T, f func(t *testing.T, m Message, html string)) {
	for _, lang := range append(locale.Languages(), "ar", "ja") {
		for _, v := range views {
			m := Compose(acme, to(lang), v.view)
			t.Run(lang+"/"+v.name, func(t *testing.T) { f(t, m, mustHTML(t, m)) })
		}
		m := newsletter(lang)
		t.Run(lang+"/newsletter", func(t *testing.T) { f(t, m, mustHTML(t, m)) })
	}
}

// leftover is a key without a text, an argument without a value, or a failed format.
var leftover = regexp.MustCompile(`\b(mail|rights)\.[a-z_]+(\.[a-z_]+)*\b[^@]|\{[a-z_]+\}|%![a-z(]+\(`)

func TestEveryMailIsWholeInItsLanguage(t *testing.T) {
	each(t, func(t *testing.T, m Message, page string) {
		text := m.Text()
		clean := strings.ReplaceAll(m.Subject+page+text, url, "")
		if found := leftover.FindString(clean); found != "" {
			t.Errorf("%q is left in the mail", found)
		}
		if m.Subject == "" || strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("subject %q", m.Subject)
		}
		if !strings.Contains(page, `lang="`+m.Locale.Tag()+`" dir="`+m.Locale.Dir()+`"`) {
			t.Error("lang and dir are missing")
		}
		for _, line := range strings.Split(text, "\n") {
			if measure(line) > TextWidth && !strings.Contains(line, "https://") {
				t.Errorf("line of %d columns: %q", measure(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("space at the end of %q", line)
			}
		}
	})
}

// Compliance 51: 600 px, inline styles, alt texts, a dark look, conditionals for Outlook; no script and no form.
func TestHTMLIsFitForMail(t *testing.T) {
	each(t, func(t *testing.T, m Message, page string) {
		if Weigh(len(page)) != WeightFine {
			t.Errorf("%d bytes", len(page))
		}
		for _, line := range strings.Split(page, "\n") {
			if len(line) > 4000 {
				t.Errorf("a line of %d bytes: %.60q…", len(line), line)
			}
		}
		for _, want := range []string{`name="color-scheme"`, "prefers-color-scheme:dark", "<!--[if mso]>", "max-width:600px", "<!doctype html>"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s is missing", want)
			}
		}
		walk(parse(t, page), func(n *html.Node) {
			switch n.Data {
			case "script", "form", "input", "iframe", "object", "link", "svg", "video":
				t.Errorf("<%s> in a mail", n.Data)
			case "img":
				if _, ok := attr(n, "alt"); !ok {
					t.Error("an image has no alt text")
				}
			case "table":
				if role, _ := attr(n, "role"); role != "presentation" && !hasHeader(n) {
					t.Error("a layout table is announced as data")
				}
			case "a":
				if href, _ := attr(n, "href"); !strings.Contains(href, ":") {
					t.Errorf("link to %q", href)
				}
			case "p", "h1", "h2", "h3", "td":
				if s, _ := attr(n, "style"); s == "" && n.Data != "td" {
					t.Errorf("<%s> has no inline style", n.Data)
				}
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s in a mail", a.Key)
				}
			}
		})
	})
}

// What one part says and links to, the other does (compliance 51).
func TestTextPartIsEquivalent(t *testing.T) {
	each(t, func(t *testing.T, m Message, page string) {
		plain := squeeze(m.Text())
		var inHTML []string
		walk(parse(t, page), func(n *html.Node) {
			if href, ok := attr(n, "href"); ok && n.Data == "a" {
				inHTML = append(inHTML, href)
				if !strings.Contains(plain, squeeze(strings.TrimPrefix(href, "mailto:"))) && href != m.Brand.Website {
					t.Errorf("text part lacks the link %s", href)
				}
			}
			if n.Type == html.TextNode && !within(n, "style", "title", "head") && !strings.Contains(n.Data, "\u034f") {
				if s := squeeze(strings.Trim(n.Data, "· \u00a0\n\t")); s != "" && s != m.Preheader && !strings.Contains(plain, s) && !strings.Contains(m.Preheader, strings.TrimSpace(n.Data)) {
					t.Errorf("text part lacks %q", n.Data)
				}
			}
		})
		for _, f := range strings.Fields(m.Text()) {
			if u := strings.Trim(f, "()"); strings.HasPrefix(u, "https://") && !slices.Contains(inHTML, u) {
				t.Errorf("HTML part lacks the link %s", u)
			}
		}
	})
}

// Ways out where there is something to leave, in both parts; the sender's postal and reply address everywhere (compliance 23, 39, 40).
func TestFooterFitsTheKindOfMail(t *testing.T) {
	each(t, func(t *testing.T, m Message, page string) {
		l := m.Locale
		both := squeeze(m.Text()) + squeeze(page)
		toMany := m.Footer.Class <= Research
		for _, key := range []string{"mail.footer.unsubscribe", "mail.footer.preferences"} {
			if n := strings.Count(both, squeeze(l.T(key))+"https:") + strings.Count(both, squeeze(">"+l.T(key)+"<")); toMany && n < 2 || !toMany && n > 0 {
				t.Errorf("%s stands %d times in a mail of class %d", key, n, m.Footer.Class)
			}
		}
		for _, part := range []string{m.Text(), page} {
			for _, s := range append(acme.postal(), acme.Name, acme.ReplyTo) {
				if !strings.Contains(part, s) {
					t.Errorf("%q is missing", s)
				}
			}
		}
		if !toMany && (m.nature() == "" || m.because() == "") {
			t.Error("the mail does not say why it came and what it is")
		}
	})
}

// There is nothing to unsubscribe from in a mandatory mail, whatever its caller fills in (compliance 24).
func TestNoticesAndServiceMailNeverShowAnUnsubscribeLink(t *testing.T) {
	for class, want := range map[Class]bool{Marketing: true, Research: true, Service: false, Notice: false} {
		m := newsletter("en")
		m.Footer.Class = class
		for _, part := range []string{m.Text(), mustHTML(t, m)} {
			if got := strings.Contains(part, m.Footer.UnsubscribeURL); got != want {
				t.Errorf("class %d: unsubscribe link %v", class, got)
			}
			if got := strings.Contains(part, m.Footer.PreferencesURL); got != want {
				t.Errorf("class %d: preferences link %v", class, got)
			}
		}
	}
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func walk(n *html.Node, f func(*html.Node)) {
	f(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func hasHeader(n *html.Node) (found bool) {
	walk(n, func(c *html.Node) { found = found || c.Data == "th" })
	return found
}

func within(n *html.Node, tags ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if slices.Contains(tags, p.Data) {
			return true
		}
	}
	return false
}

// squeeze drops what wrapping and lists add.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \n\t>\u00a0", r) {
			return -1
		}
		return r
	}, s)
}
