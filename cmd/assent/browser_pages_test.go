package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"assent/templates/locale"
	"assent/templates/pages"
)

// company is a company with everything that recipients meet.
func (w *whole) company() {
	w.api("POST", "/topics", `{"key":"news","class":"marketing","basis":"consent","double_opt_in":true,"names":{"en":"Newsletter","nl":"Nieuwsbrief","de":"Rundbrief","fr":"Lettre"},"descriptions":{"en":"Once a month: what is new."}}`)
	w.api("POST", "/topics", `{"key":"offers","class":"marketing","basis":"consent","double_opt_in":true,"names":{"en":"Offers","nl":"Aanbiedingen","de":"Angebote","fr":"Offres"}}`)
	w.api("POST", "/topics", `{"key":"surveys","class":"research","basis":"legitimate_interests","names":{"en":"Surveys","nl":"Enquêtes","de":"Umfragen","fr":"Enquêtes"}}`)
	w.api("POST", "/partners", `{"key":"hub","name":"Hub Resellers"}`)
	w.api("POST", "/forms", `{"key":"join","kind":"newsletter","names":{"en":"Newsletter","nl":"Nieuwsbrief","de":"Rundbrief","fr":"Lettre"},"topics":["news","offers"],"ask_names":true,"ask_age":true}`)
	w.api("POST", "/policies", `{"slug":"privacy","names":{"en":"Privacy policy","nl":"Privacyverklaring","de":"Datenschutz","fr":"Confidentialité"}}`)
	for version, word := range map[string]string{"1": "little", "2": "less"} {
		w.api("POST", "/policies/privacy/versions", fmt.Sprintf(`{"version":"%[1]s","effective_at":"2020-0%[2]s-01T00:00:00Z","bodies":{"en":"# What we know\n\nWe know %[3]s.","nl":"# Wat\n\n%[3]s","de":"# Was\n\n%[3]s","fr":"# Quoi\n\n%[3]s"},"affects_rights":false}`, version, version, word))
	}
	w.api("POST", "/events", `{"slug":"day","names":{"en":"The day","nl":"De dag","de":"Der Tag","fr":"Le jour"},"starts_at":"2036-05-01T09:00:00Z","ends_at":"2036-05-01T17:00:00Z","timezone":"Europe/Amsterdam"}`)
}

// campaign sends a mail about a topic to all who may get it.
func (w *whole) campaign(topic, subject string) {
	id := w.api("POST", "/campaigns", fmt.Sprintf(`{"name":"%s","topic":"%s","subject":"%s","blocks":[{"type":"heading","text":"Hello {{ first_name | \"you\" }}","level":1},{"type":"text","markdown":"News with [a link](https://example.com/a)."},{"type":"button","label":"Read","url":"https://example.com/b"}]}`, subject, topic, subject))["id"].(string)
	w.api("POST", "/campaigns/"+id+"/schedule", `{}`)
	w.until("the campaign", func() bool { return w.api("GET", "/campaigns/"+id+"/report", "")["status"] == "finished" })
}

// stands is the state of each topic for a person.
func (w *whole) stands(email string) map[string]string {
	w.t.Helper()
	sub, err := w.a.people.SubscriberByKey(w.t.Context(), w.a.db, email)
	if err != nil {
		w.t.Fatal(err)
	}
	states, err := w.a.people.Consents(w.t.Context(), w.a.db, sub.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range states {
		out[s.Topic] = s.State
	}
	return out
}

func (r *reader) want(email string, topics ...string) {
	r.t.Helper()
	got := r.w.stands(email)
	for i := 0; i < len(topics); i += 2 {
		if got[topics[i]] != topics[i+1] {
			r.t.Errorf("%s: %s is %q, want %q", r.lang, topics[i], got[topics[i]], topics[i+1])
		}
	}
}

// A person in each language does everything that recipients can do, from the sign-up to the erasure, over the real pages and the real
// mails, with the keyboard alone, without scripts and cookies, on 320 px; and axe finds nothing on any page, light or dark (promise 6,
// compliance 48, 49).
func TestEverythingByKeyboardWithoutScriptsAndCookies(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	blocked := &noCookies{}
	w := openWhole(t, &Settings{}, blocked.wrap)
	w.company()
	r := newReader(t, w, false)
	for _, lang := range locale.Languages() {
		r.lang = lang
		r.journey("reader-" + lang + "@example.org")
	}
	if len(blocked.offered) > 0 {
		t.Errorf("a cookie is offered by %v", blocked.offered)
	}
	t.Logf("%d pages", r.seen)
}

func (r *reader) journey(email string) {
	w, in, read := r.w, "?lang="+r.lang, map[int64]bool{}

	// Sign up: nothing is agreed to beforehand; one mail confirms both topics.
	r.open("subscribe", "/subscribe/join"+in)
	if n := eval[int](r, `document.querySelectorAll('input[type=checkbox]:checked').length`); n != 0 {
		r.t.Errorf("%d boxes are ticked", n)
	}
	r.write("#email", email)
	r.choose(pages.FieldOfAge, pages.OfAgeYes)
	r.toggle(`input[name=topics][value=news]`)
	r.toggle(`input[name=topics][value=offers]`)
	r.press("thanks", "main button[type=submit]")
	confirm := w.link(read, email, "/c/")
	r.want(email, "news", "pending", "offers", "pending")
	r.open("confirm", confirm)
	r.want(email, "news", "pending")
	r.press("confirmed", "main form button")
	r.want(email, "news", "given", "offers", "given")

	// A mail comes; it can be read in the browser, and says why.
	w.campaign("news", "News for "+r.lang)
	leave := w.link(read, email, "/u/")
	links := map[string]string{} // of the newest mail, by the kind of page
	for _, at := range w.letters(email)[0].links() {
		if path, ours := strings.CutPrefix(at, w.url); ours {
			links[path[:strings.Index(path[1:], "/")+2]] = at
		}
	}
	r.open("view", links["/v/"])
	r.open("why", links["/why/"])
	r.says(locale.Get(r.lang).T("pages.why.confirmed"))

	// One press stops it, one more takes that back.
	r.open("unsubscribe", leave)
	r.want(email, "news", "given")
	r.press("unsubscribed", `button[name=scope][value=topic]`)
	r.want(email, "news", "withdrawn", "offers", "given")
	r.press("undone", `main form button`)
	r.want(email, "news", "given", "offers", "given")
	r.open("", leave)
	r.press("unsubscribed all", `button[name=scope][value=all]`)
	r.want(email, "news", "withdrawn", "offers", "withdrawn")
	r.press("", `main form button`)
	r.want(email, "news", "given", "offers", "given")

	r.centre(email, links["/p/"], read)
	r.rights(email, links["/p/"], read)
}

// centre makes every choice of the preference centre.
func (r *reader) centre(email, link string, read map[int64]bool) {
	r.open("preferences", link)
	r.toggle(`input[name=topic][value=offers]`)
	r.choose("frequency", "weekly")
	r.choose("pause_until", "30d")
	r.reach("#timezone")
	r.do("type", chromedp.KeyEvent("UTC"))
	r.toggle(`input[name=partner][value=hub]`)
	r.press("saved", `button[name=do][value=save]`)
	r.want(email, "news", "given", "offers", "withdrawn")
	sub, err := r.w.a.people.SubscriberByKey(r.t.Context(), r.w.a.db, email)
	if err != nil {
		r.t.Fatal(err)
	}
	objected, err := r.w.a.people.PartnerObjections(r.t.Context(), r.w.a.db, sub.ID)
	if err != nil || sub.Frequency != "weekly" || sub.PausedUntil.IsZero() || sub.Timezone != "UTC" || len(objected) != 1 {
		r.t.Errorf("%s: %s, paused until %v, zone %q, %d partners off: %v", r.lang, sub.Frequency, sub.PausedUntil, sub.Timezone, len(objected), err)
	}
	r.press("undone in the centre", `button[type=submit]`) // the first one is the undo beside what was done
	r.want(email, "offers", "given")

	// More than before waits for the mailbox.
	r.open("", link)
	r.toggle(`input[name=tracking]`)
	r.press("waits", `button[name=do][value=save]`)
	r.open("confirm a wish", r.w.link(read, email, "/c/"))
	r.press("", "main form button")
	if sub, err = r.w.a.people.SubscriberByKey(r.t.Context(), r.w.a.db, email); err != nil || sub.TrackingAt.IsZero() {
		r.t.Errorf("%s: tracking was not agreed to: %v", r.lang, err)
	}
	r.open("", link)
	r.press("receipts", `a[href$="/receipts"]`)
	r.press("", `a.btn[href^="/p/"]:not([download])`)
}

// rights uses each right over one's data, the last of them the erasure.
func (r *reader) rights(email, link string, read map[int64]bool) {
	r.open("", link)
	r.toggle(`details:has(button[value=object]) > summary`)
	r.press("objected", `button[name=do][value=object]`)
	r.toggle(`details:has(button[value=restrict]) > summary`)
	r.press("restricted", `button[name=do][value=restrict]`)

	// Somebody moves to another address, and confirms it from there.
	moved := "moved-" + email
	r.toggle(`details:has(button[value=correct]) > summary`)
	r.write("#new-email", moved)
	r.press("correction asked", `button[name=do][value=correct]`)
	r.open("correction", r.w.link(read, email, "/d/"))
	r.press("corrected", "main form button")
	r.open("confirm an address", r.w.link(read, moved, "/c/"))
	r.press("address confirmed", "main form button")

	r.open("rights", "/rights?lang="+r.lang)
	r.choose("kind", "access")
	r.write("#email", moved)
	r.press("rights sent", "main button[type=submit]")
	r.open("copy", r.w.link(read, moved, "/d/"))
	r.press("copy made", "main form button")
	r.reach(`a[href$="/data.json"]`)

	r.open("", link)
	r.toggle(`details:has(button[value=erase]) > summary`)
	r.press("erasure asked", `button[name=do][value=erase]`)
	erasure := r.w.link(read, moved, "/d/")
	r.open("erasure", erasure)
	r.press("erased", "main form button")
	if _, err := r.w.a.people.SubscriberByKey(r.t.Context(), r.w.a.db, moved); err == nil {
		r.t.Errorf("%s: nobody was erased", r.lang)
	}
	r.open("erased centre", link+"?lang="+r.lang)

	for name, at := range map[string]string{"policy": "/policies/privacy", "policy version": "/policies/privacy/1", "event": "/events/day", "bad link": "/u/nothing"} {
		r.open(name, at+"?lang="+r.lang)
	}
}
