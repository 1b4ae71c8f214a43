package site

import (
	"strings"
	"testing"
	"time"

	"assent/templates/locale"
	"assent/templates/pagetest"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

// staffGallery is every page of sign-in, people, security and audit.
func staffGallery(tag string, say func(string) string) map[string]templ.Component {
	p := samplePage(tag, say)
	ada := Person{ID: "1", Name: say("Ada"), Email: say("ada@nordlicht.example"), Roles: []string{"administrator"}, Second: true, SignedIn: at, Self: true}
	bob := Person{ID: "2", Name: say("Bob"), Email: say("bob@nordlicht.example"), Roles: []string{"marketer", "approver"}, Second: true}
	eve := Person{ID: "3", Name: say("Eve"), Email: say("eve@nordlicht.example"), Roles: RoleKeys, Disabled: true}
	var log []SecurityLine
	for _, event := range []string{"sign_in", "sign_in_failed", "second_factor_failed", "slowed_down", "sign_out", "session_ended", "password_changed", "link_made",
		"totp_on", "totp_off", "recovery_code_used", "recovery_codes_made", "passkey_added", "passkey_removed", "identity_linked"} {
		log = append(log, SecurityLine{At: at, Name: say("Ada"), UserURL: "/admin/people/1", Event: event, IP: say("192.0.2.1"), UserAgent: say("Mozilla/5.0"), Details: say("passkey")})
	}
	log = append(log, SecurityLine{At: at, Event: "sign_in_failed"})
	var lines []AuditLine
	for _, kind := range []string{"user", "key", "recipient", "system", "else"} {
		lines = append(lines, AuditLine{At: at, Name: say("Ada"), Kind: kind, IP: say("192.0.2.1"), Action: say("campaign.rename"), Object: say("campaign:1"),
			Changes: []Change{{Field: say("name"), Before: say("old"), After: say("new")}, {Field: say("note"), After: say("new")}}})
	}
	lines = append(lines, AuditLine{At: at, Kind: "system", Action: "x.y"})
	lines = append(lines, AuditLine{At: at, Name: say("Ada van Dijk"), Kind: "user", IP: say("2001:db8:85a3::8a2e:370:7334"), Action: "brand.update", Object: "brand:default", Changes: []Change{
		{Field: "postal_address", Before: say("Nordlicht B.V., Keizersgracht 1, 1015 AA Amsterdam"), After: say("Nordlicht B.V., Herengracht 500, 1017 CB Amsterdam")}, {Field: "updated_at", Before: "2026-03-01T09:05:00Z", After: "2026-03-03T09:05:00.123456Z"},
		{Field: "double_opt_in", Before: "false", After: "true"}, {Field: "roles", After: `["marketer","approver"]`}, {Field: "names.nl", After: say("Nieuws")}, {Field: "status", Before: "draft", After: "in_review"}}})
	account := AccountView{
		Page: p, Name: say("Ada"), Language: "nl", HasPassword: true, HasTOTP: true, CodesLeft: 9, CanPasskey: true, Log: log,
		Passkeys: []PasskeyLine{{ID: "1", Name: say("laptop"), Created: at}},
		Sessions: []SessionLine{{ID: "1", IP: say("192.0.2.1"), UserAgent: say("Mozilla/5.0"), Factors: say("password"), Created: at, Seen: at, Current: true}, {ID: "2", Created: at, Seen: at}},
	}
	wrong := map[string]string{"password": say("No."), "name": say("No."), "new_password": say("No."), "": say("No.")}
	out := map[string]templ.Component{
		"people":        People(PeopleView{Page: p, People: []Person{ada, bob, eve}}),
		"person-new":    PersonNew(PersonNewView{Page: p, Name: say("Bob"), Email: say("bob@"), Errors: map[string]string{"email": say("No."), "role": say("No.")}}),
		"person-self":   PersonPage(PersonView{Page: p, Person: ada}),
		"person":        PersonPage(PersonView{Page: p, Person: bob, Log: log, Errors: map[string]string{"": say("No.")}}),
		"person-out":    PersonPage(PersonView{Page: p, Person: eve}),
		"link":          LinkOnce(LinkView{Page: p, Name: say("Bob"), Link: say("https://assent.example/admin/password/x")}),
		"security":      Security(SecurityView{Page: p, Lines: log, Older: "?before=1"}),
		"audit":         Audit(AuditView{Page: p, Lines: lines, Object: say("campaign:"), Kind: "campaign", Actors: []ui.Option{{Value: say("1"), Label: say("Ada")}}, Older: "?cursor=1", Export: "/admin/audit.csv"}),
		"audit-empty":   Audit(AuditView{Page: p}),
		"audit-nothing": Audit(AuditView{Page: p, Period: "7"}),
		"account-plain": Account(AccountView{Page: p}),
		"totp":          TOTPNew(TOTPView{Page: p, URL: say("otpauth://totp/Assent:ada?secret=ABC"), Seed: say("ABC"), Step: say("x"), Errors: map[string]string{"code": say("No.")}}),
		"codes":         Codes(CodesView{Page: p, Codes: []string{say("aaaa-bbbb"), say("cccc-dddd")}}),
		"keys":          Keys(KeysView{Page: p, Keys: []KeyLine{{ID: "1", Name: say("shop"), Person: say("Ada"), Scopes: []string{say("read"), "notices:write"}, Created: at, Used: at}, {ID: "2", Revoked: at}, {ID: "3", Fixed: true}}}),
		"keys-none":     Keys(KeysView{Page: p}),
		"key-new":       KeyNew(KeyNewView{Page: p, Name: say("shop"), Scopes: []string{"read"}, Offered: []string{"full", "read", "topics:read"}, People: []ui.Option{{Value: "1", Label: say("Ada")}}, Errors: map[string]string{"name": say("No."), "scope": say("No.")}}),
		"key-made":      KeyMade(KeyMadeView{Page: p, Name: say("shop"), Value: say("ak_x_y")}),
	}
	out["account"] = Account(account)
	for _, form := range []string{"profile", "password", "second", "codes", "passkey"} {
		account.Form, account.Errors = form, wrong
		out["account-"+form] = Account(account)
	}
	e := Entrance{Locale: locale.Get(tag), CSRF: "csrf-token"}
	for _, kind := range []string{"get", "create"} {
		out["passkey-"+kind] = Passkey(PasskeyView{Entrance: e, Kind: kind, Action: "/admin/x", Step: say("x"), Next: say("/admin"), Options: say(`{"publicKey":{}}`), Refused: true, BackURL: "/admin/sign-in"})
	}
	return out
}

func TestStaffPages(t *testing.T) {
	for _, tag := range []string{"en", "nl", "de", "ar"} {
		for name, c := range staffGallery(tag, asIs) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, tag+"/"+name, page, strings.HasPrefix(name, "security") || strings.HasPrefix(name, "audit"))
			if len(page) > maxPage {
				t.Errorf("%s/%s has %d bytes", tag, name, len(page))
			}
		}
	}
}

func TestStaffPagesShowHostileValuesAsText(t *testing.T) {
	for _, bad := range pagetest.Hostile {
		for name, c := range staffGallery("en", func(string) string { return bad }) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, name, page, true)
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && (n.Data == "img" || n.Data == "script" && attr(n, "src") == "") {
					t.Errorf("%s: %q made a <%s>", name, bad, n.Data)
				}
				if n.Data == "form" && attr(n, "method") == "post" && !strings.HasPrefix(attr(n, "action"), "/admin/") {
					t.Errorf("%s: a form to %q", name, attr(n, "action"))
				}
			}
		}
	}
}

func TestStaffFormsHaveTheToken(t *testing.T) {
	for name, c := range staffGallery("en", asIs) {
		page := pagetest.Render(t, c)
		if posts, tokens := strings.Count(page, `method="post"`), strings.Count(page, `name="csrf" value="csrf-token"`); posts != tokens {
			t.Errorf("%s: %d forms, %d tokens", name, posts, tokens)
		}
	}
}

func TestStaffPagesInABrowser(t *testing.T) {
	pages := map[string]string{}
	for _, tag := range []string{"en", "nl", "ar"} {
		for name, c := range staffGallery(tag, asIs) {
			pages[tag+"/"+name] = pagetest.Render(t, c)
		}
	}
	pagetest.Browse(t, ContentPolicy, pages)
}

func TestTimesAreToldInTheZoneOfThePage(t *testing.T) {
	p := samplePage("en", asIs)
	page := pagetest.Render(t, Security(SecurityView{Page: p, Lines: []SecurityLine{{At: time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC), Event: "sign_in"}}}))
	if !strings.Contains(page, "2 July 2026, 00:30") {
		t.Error("22:30 UTC is not told as 00:30 in Amsterdam")
	}
}
