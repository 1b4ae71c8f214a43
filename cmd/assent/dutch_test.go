package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"assent/campaigns/media"
	"assent/preferences/audit"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/templates/locale"
)

// load sends a file of people, and waits for it.
func (w *whole) load(file, mapping string, fields ...string) (id string) {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i, field := range append([]string{"mapping", mapping}, fields...) {
		if i%2 == 0 {
			_ = form.WriteField(field, append([]string{"mapping", mapping}, fields...)[i+1])
		}
	}
	part, err := form.CreateFormFile("file", "lijst.csv")
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = part.Write([]byte(file))
	_ = form.Close()
	id = text(w.api("POST", "/imports", body.String(), "Content-Type", form.FormDataContentType())["id"])
	w.until("the import", func() bool {
		return slices.Contains([]string{"finished", "failed"}, text(w.api("GET", "/imports/"+id, "")["status"]))
	})
	return id
}

// bedrijf is a company in Dutch with something of everything, whose own texts have no word of English.
func (o *officeRoom) bedrijf() {
	o.t.Helper()
	api := func(method, path, body string, args ...any) map[string]any {
		return o.api(method, path, fmt.Sprintf(body, args...))
	}
	made := func(path, body string, args ...any) string { return text(api("POST", path, body, args...)["id"]) }
	ada, bo := audit.Actor{Kind: audit.KindUser, ID: "ada", UserID: "ada", Name: "Ada"}, audit.Actor{Kind: audit.KindUser, ID: "bo", UserID: "bo", Name: "Bo"}
	ctx := o.t.Context()
	must := func(_ any, err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}

	api("PATCH", "/brands/default", `{"name": "Noord", "from_name": "Noord"}`)
	api("POST", "/topics", `{"key": "nieuws", "class": "marketing", "basis": "consent", "double_opt_in": true, "names": {"nl": "Nieuwsbrief"}}`)
	api("POST", "/topics", `{"key": "peiling", "class": "research", "basis": "legitimate_interests", "names": {"nl": "Peiling"}}`)
	api("PATCH", "/topics/peiling", `{"descriptions": {"nl": "Een vraag per maand."}}`)
	api("POST", "/partners", `{"key": "wijk", "name": "De Wijk"}`)
	api("POST", "/segments", `{"key": "vrienden", "name": "Vrienden", "rules": {"field": "country", "op": "eq", "value": "NL"}}`)
	api("POST", "/forms", `{"key": "aanmelden", "kind": "newsletter", "names": {"nl": "Aanmelden"}, "topics": ["nieuws"]}`)
	api("POST", "/forms", `{"key": "vraag", "kind": "contact", "names": {"nl": "Vraag"}}`)
	api("POST", "/policies", `{"slug": "privacy", "names": {"nl": "Privacyverklaring"}}`)
	api("POST", "/policies/privacy/versions", `{"version": "1", "effective_at": "2020-01-01T00:00:00Z", "bodies": {"nl": "Wat wij weten."}, "affects_rights": false}`)
	api("POST", "/events", `{"slug": "dag", "names": {"nl": "Open dag"}, "starts_at": "2036-05-01T09:00:00Z", "ends_at": "2036-05-01T17:00:00Z", "timezone": "Europe/Amsterdam", "partners": ["wijk"], "capacity": 20}`)
	api("POST", "/events/dag/registrations", `{"email": "gast@example.com", "first_name": "Guusje"}`)

	var people []string
	for i, name := range []string{"Anna", "Bram", "Cees", "Dirk", "Els", "Frits"} {
		id := made("/subscribers", `{"email": "%s@example.com", "first_name": %q, "country": "NL", "locale": "nl", "customer_since": "2024-01-01"}`, strings.ToLower(name), name)
		people = append(people, id)
		if i > 0 {
			api("POST", "/subscribers/"+id+"/consents", `{"topic": "nieuws", "action": "give", "source": "winkel", "wording": "Ja graag", "confirmed": true, "collected_at": "2026-01-01T00:00:00Z", "document": "map 1"}`)
		}
	}
	api("POST", "/subscribers/"+people[2]+"/consents", `{"topic": "nieuws", "action": "withdraw", "source": "balie"}`)
	api("POST", "/subscribers/"+people[3]+"/object", `{}`)
	api("POST", "/subscribers/"+people[4]+"/restrict", `{}`)
	for i, reason := range []string{"manual", "bounced", "complained"} {
		api("POST", "/suppressions", `{"email": "weg%d@example.com", "reason": %q}`, i, reason)
	}
	api("DELETE", "/suppressions?email=weg0@example.com&reason=manual", "")

	blocks := `[{"type": "heading", "text": "Hallo {{ first_name | \"lezer\" }}", "level": 1}, {"type": "text", "markdown": "Er is nieuws."}, {"type": "event", "event": "dag"}]`
	campaign := func(name, more string) string {
		return made("/campaigns", `{"name": %q, "topic": "nieuws", "subject": "Nieuws", "blocks": %s%s}`, name, blocks, more)
	}
	campaign("Klad", "")
	review := campaign("Ter inzage", "")
	must(o.a.mails.Submit(ctx, ada, review))
	refused := campaign("Afgewezen", "")
	must(o.a.mails.Submit(ctx, ada, refused))
	must(o.a.mails.Refuse(ctx, bo, refused, "Te lang"))
	api("POST", "/campaigns/"+campaign("Later", "")+"/schedule", `{"at": "2036-01-01T09:00:00Z", "rate": "500/h", "window": "09:00-17:00"}`)
	for name, reason := range map[string]string{"Met de hand": "by hand", "Beleid": "the relay refused too much by policy: 550 5.7.1", "Klachten": "too many complaints: 0.40 % of 1000"} {
		id := campaign(name, "")
		api("POST", "/campaigns/"+id+"/schedule", `{"at": "2036-01-01T09:00:00Z"}`)
		must(o.a.mails.Pause(ctx, ada, id, reason))
	}
	gone := campaign("Geannuleerd", "")
	api("POST", "/campaigns/"+gone+"/schedule", `{"at": "2036-01-01T09:00:00Z"}`)
	api("POST", "/campaigns/"+gone+"/cancel", `{}`)
	for _, id := range []string{campaign("Klaar", ""), campaign("Twee teksten", `, "ab_test": {"share": 100, "wait": "1h", "measure": "hand", "variants": [{"subject": "Anders"}]}`)} {
		api("POST", "/campaigns/"+id+"/schedule", `{}`)
		o.until("a campaign", func() bool { return api("GET", "/campaigns/"+id+"/report", "")["sent"] != 0.0 })
	}

	evidence := `{"topic": "nieuws", "source": "beurs", "wording": "Ja graag", "confirmed": true, "collected_at": "2026-02-01T00:00:00Z", "document": "map 2"}`
	o.load("mail,land,nieuw\ngijs@example.com,NL,x\nfout,NL,\nhans@example.com,Nederland,\nanna@example.com,NL,\n,NL,\n", `{"mail": "email", "land": "country"}`, "evidence", evidence)
	back := o.load("mail\nterug@example.com\n", `{"mail": "email"}`, "evidence", evidence)
	api("POST", "/imports/"+back+"/undo", `{}`)
	o.until("the import that is taken back", func() bool { return api("GET", "/imports/"+back, "")["status"] == "undone" })
	o.load("mail\nproef@example.com\n", `{"mail": "email"}`, "dry_run", "true", "evidence", evidence)
	broken := o.load("mail\n\"open@example.com\n"+strings.Repeat("x", 4<<20), `{"mail": "email"}`)
	if api("GET", "/imports/"+broken, "")["status"] != "failed" {
		o.t.Error("an import that cannot be read has not failed")
	}

	for i, kind := range []string{"access", "rectification", "erasure", "restriction", "objection", "complaint", "portability"} {
		id := made("/data-requests", `{"kind": %q, "email": "vraag%d@example.com", "detail": "Graag.", "locale": "nl", "verified_by": "paspoort"%s}`, kind, i, map[bool]string{true: `, "received_at": "2026-01-05T00:00:00Z"`}[i == 0])
		if i == 5 {
			api("PATCH", "/data-requests/"+id, `{"status": "refused", "answer": "Nee."}`)
		}
	}
	notice := `{"obligation": "contract", "basis": "contract", "audience": {"customers": true}, "effective_at": %q, "subject": "Uw contract", "blocks": [{"type": "text", "markdown": "Het contract verandert."}]}`
	when := time.Now().AddDate(0, 2, 0).UTC().Format(time.RFC3339)
	made("/notice-broadcasts", notice, when)
	must(o.a.broadcasts.Refuse(ctx, bo, made("/notice-broadcasts", notice, when), "Te kort"))
	sent := made("/notice-broadcasts", notice, when)
	must(o.a.broadcasts.Approve(ctx, bo, sent))
	o.until("the notice to many", func() bool { return api("GET", "/notice-broadcasts/"+sent, "")["status"] == "finished" })
	one := made("/notices", `{"to": {"email": "bram@example.com"}, "obligation": "security", "basis": "contract", "subject": "Inlog", "blocks": [{"type": "text", "markdown": "Er is ingelogd."}]}`)
	o.until("the notice", func() bool { return api("GET", "/notices/"+one, "")["status"] == "sent" })

	made("/webhooks", `{"url": "https://haak.invalid/aan", "events": ["consent.*", "subscriber.erased"], "description": "Kassa"}`)
	api("DELETE", "/subscribers/"+people[5], "")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		o.t.Fatal(err)
	}
	must((&media.Store{DB: o.a.db, Now: o.a.config.Now}).Add(ctx, ada, media.Upload{Data: picture.Bytes(), Name: "boot.png", Alt: "Een boot"}))
	o.post("/subscribe/vraag", "email", "guus@example.com", "message", "Waar is de boot?")
	if _, err := o.a.accounts.SignIn(ctx, "marketer@staff.example", "wrong", accounts.From{}); err == nil {
		o.t.Fatal("signed in with a wrong password")
	}
}

// read is a page as somebody of a role reads it in Dutch.
func (o *officeRoom) read(role access.Role, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodGet, o.url+path, nil)
	r.AddCookie(&http.Cookie{Name: "assent", Value: o.sessions[role]})
	r.Header.Set("Accept-Language", "nl")
	w := httptest.NewRecorder()
	o.e.ServeHTTP(w, r)
	return w
}

// shownTexts are the texts of a page that a person reads or hears: not the addresses, names and codes.
func shownTexts(page string) (out []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			class := ""
			for _, a := range n.Attr {
				switch a.Key {
				case "class":
					class = a.Val
				case "lang":
					if n.Data != "html" && !strings.HasPrefix(a.Val, "nl") {
						return
					}
				case "placeholder", "aria-label", "title", "alt":
					out = append(out, strings.TrimSpace(a.Val))
				}
			}
			if slices.Contains([]string{"script", "style", "code", "pre", "textarea", "kbd"}, n.Data) || slices.Contains(strings.Fields(class), "mono") {
				return
			}
		}
		if n.Type == html.TextNode {
			if s := strings.Join(strings.Fields(n.Data), " "); s != "" {
				out = append(out, s)
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k)
		}
	}
	walk(root)
	return out
}

// englishWords are words that are no Dutch.
var englishWords = regexp.MustCompile(`(?i)\b(the|not|must|cannot|with|has|have|been|this|that|they|their|from|by|and|are|for|you|your|which|who|what|when|where|its|to|on|password|failed|required|sent|error|refused)\b`)

// foreign finds the texts of English locale files that Dutch says otherwise.
type foreign struct {
	whole map[string]string
	parts map[string]*regexp.Regexp
}

var braces = regexp.MustCompile(`\{[a-z_]+\}`)

func newForeign() foreign {
	f := foreign{map[string]string{}, map[string]*regexp.Regexp{}}
	en, nl := locale.Get("en"), locale.Get("nl")
	dutch := map[string]bool{}
	for _, key := range locale.Keys("nl", "") {
		dutch[nl.T(key)] = true
	}
	for _, key := range locale.Keys("en", "") {
		text := en.T(key)
		if text == nl.T(key) || dutch[text] || strings.HasPrefix(key, "mail.") {
			continue
		}
		if !braces.MatchString(text) {
			f.whole[text] = key
		} else if rest := braces.ReplaceAllString(text, ""); strings.Count(strings.TrimSpace(rest), " ") > 0 {
			expr := ""
			for i, part := range braces.Split(text, -1) {
				if i > 0 {
					expr += ".+"
				}
				expr += regexp.QuoteMeta(part)
			}
			f.parts[key] = regexp.MustCompile("^" + expr + "$")
		}
	}
	return f
}

// of tells why a text is English, or nothing.
func (f foreign) of(text string) string {
	if key, ok := f.whole[text]; ok {
		return "the English of " + key
	}
	for key, expr := range f.parts {
		if expr.MatchString(text) {
			return "the English of " + key
		}
	}
	if said := locale.Get("nl").Said(text); said != text {
		return "what the engine says"
	}
	if word := englishWords.FindString(text); word != "" {
		return fmt.Sprintf("it has the word %q", word)
	}
	return ""
}

// own are texts that are English in Dutch too: names of things, languages, roles and formats.
var own = regexp.MustCompile(`^(English|Deutsch|Français|Nederlands|Double opt-in|.*Mozilla/.*|ASSENT_.*)$|^(mailbox · )?[0-9]{3} [0-9]\.|@|https?://|^[a-z_]+(\.[a-z_*]+)+$`)

// Every page of the staff that links lead to, with something of everything in the database, is whole in Dutch.
func TestStaffPagesAreDutch(t *testing.T) {
	o := newOffice(t)
	o.bedrijf()
	english := newForeign()
	met, told := map[string]bool{}, map[string]bool{}
	for _, role := range []access.Role{access.Administrator, access.Marketer, access.PrivacyOfficer} {
		todo, seen := []string{"/admin"}, map[string]bool{"/admin": true}
		for len(todo) > 0 {
			path := todo[0]
			todo = todo[1:]
			w := o.read(role, path)
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get(echo.HeaderContentType), "text/html") {
				continue
			}
			met[path] = true
			page := w.Body.String()
			if strings.HasPrefix(path, "/admin/mailbox") || strings.Contains(path, "/frame") {
				continue // what is in a mail is in its reader's language
			}
			for _, text := range shownTexts(page) {
				if why := english.of(text); why != "" && !own.MatchString(text) && !told[text] {
					told[text] = true
					t.Errorf("%s says %q: %s", path, text, why)
				}
			}
			for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
				if to := strings.ReplaceAll(m[1], "&amp;", "&"); !seen[strings.Split(to, "?")[0]] {
					seen[strings.Split(to, "?")[0]] = true
					todo = append(todo, to)
				}
			}
		}
	}
	t.Logf("%d pages", len(met))
	if len(met) < 100 {
		t.Errorf("only %d pages were met", len(met))
	}
}

// formed is the first form of a page that sends something and is no question about one thing: where to, and its hidden fields.
func formed(page string) (action string, hidden url.Values) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", nil
	}
	var walk func(n *html.Node, inside bool)
	walk = func(n *html.Node, inside bool) {
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		switch {
		case n.Data == "main":
			inside = true
		case inside && n.Data == "form" && strings.EqualFold(at["method"], "post") && action == "":
			action, hidden = at["action"], url.Values{}
			for d := range n.Descendants() {
				if d.Data == "input" && slices.Contains(d.Attr, html.Attribute{Key: "type", Val: "hidden"}) {
					name, value := "", ""
					for _, a := range d.Attr {
						switch a.Key {
						case "name":
							name = a.Val
						case "value":
							value = a.Val
						}
					}
					hidden.Set(name, value)
				}
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k, inside)
		}
	}
	walk(root, false)
	return action, hidden
}

// sent is the answer to a form.
func (o *officeRoom) sent(role access.Role, action string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+action, strings.NewReader(form.Encode()))
	r.AddCookie(&http.Cookie{Name: "assent", Value: o.sessions[role]})
	r.Header.Set("Accept-Language", "nl")
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	r.Header.Set("Origin", o.url)
	w := httptest.NewRecorder()
	o.e.ServeHTTP(w, r)
	return w
}

// What a form refuses is said in Dutch: beside its fields, and above the next page where a button was pressed too late.
func TestStaffRefusalsAreDutch(t *testing.T) {
	o := newOffice(t)
	o.bedrijf()
	english, refused := newForeign(), 0
	for _, path := range []string{"/admin/topics/new", "/admin/brands/new", "/admin/partners", "/admin/segments/new", "/admin/suppressions", "/admin/subscribers/new", "/admin/events/new", "/admin/forms/new",
		"/admin/policies/new", "/admin/policies/privacy/new", "/admin/requests/new", "/admin/notices/new", "/admin/notices/single/new", "/admin/campaigns/new", "/admin/people/new", "/admin/keys/new", "/admin/webhooks"} {
		action, form := formed(o.read(access.Administrator, path).Body.String())
		if action == "" {
			t.Errorf("%s has no form", path)
			continue
		}
		for _, wild := range []string{"", "?!", strings.Repeat("x", 3000)} {
			for _, name := range []string{"key", "slug", "email", "name", "names.nl", "names.en", "from_email", "url", "starts_at", "ends_at", "country", "version", "rules", "topic", "subject", "kind", "rate", "effective_at", "capacity"} {
				form.Set(name, wild)
			}
			w := o.sent(access.Administrator, action, form)
			if w.Code != http.StatusUnprocessableEntity {
				continue
			}
			refused++
			for _, text := range shownTexts(w.Body.String()) {
				if why := english.of(text); why != "" && !own.MatchString(text) {
					t.Errorf("%s with %.5q says %q: %s", path, wild, text, why)
				}
			}
		}
	}
	if refused < 20 {
		t.Errorf("only %d forms were refused", refused)
	}
	page := o.read(access.Administrator, "/admin/segments/vrienden").Body.String()
	_, form := formed(page)
	list := o.api("GET", "/campaigns", "")["items"].([]any)
	for _, item := range list {
		c := item.(map[string]any)
		w := o.sent(access.Administrator, "/admin/campaigns/"+text(c["id"])+"/resume", form)
		if said := flashOf(w); c["status"] == "draft" && said != "Alleen een gepauzeerde campagne kan verder; deze heeft de status “Concept”." {
			t.Errorf("a draft that is to go on: %d %q", w.Code, said)
		}
	}
}

// flashOf is what the next page tells of what was just done.
func flashOf(w *httptest.ResponseRecorder) string {
	for _, c := range w.Result().Cookies() {
		if strings.Contains(c.Name, "flash") {
			raw, _ := base64.RawURLEncoding.DecodeString(c.Value)
			_, text, _ := strings.Cut(string(raw), "|")
			return text
		}
	}
	return ""
}
