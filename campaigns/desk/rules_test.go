package desk_test

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"assent/preferences"
	"assent/preferences/segments"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

var control = regexp.MustCompile(`(?s)<input type="hidden" name="(r\.[^"]+)" value="([^"]*)"|<input[^>]* name="(r\.[^"]+)" value="([^"]*)"|<select[^>]* name="(r\.[^"]+)"(.*?)</select>|<textarea[^>]* name="(r\.[^"]+)"[^>]*>([^<]*)<`)
var picked = regexp.MustCompile(`value="([^"]*)" selected`)

// typedRules are the controls of the builder on a page, as a browser would send them.
func typedRules(page string) []string {
	var out []string
	for _, m := range control.FindAllStringSubmatch(page, -1) {
		switch {
		case m[1] != "":
			out = append(out, m[1], html.UnescapeString(m[2]))
		case m[3] != "":
			out = append(out, m[3], html.UnescapeString(m[4]))
		case m[5] != "":
			value := ""
			if p := picked.FindStringSubmatch(m[6]); p != nil {
				value = html.UnescapeString(p[1])
			}
			out = append(out, m[5], value)
		case m[7] != "":
			out = append(out, m[7], html.UnescapeString(m[8]))
		}
	}
	return out
}

// What is stored is shown by the builder, and what the builder sends picks the same people.
func TestRulesRoundTrip(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Topic("offers", nil)
		ada := h.As("Ada", access.Marketer)
		nl, de, company := "NL", "de", "Süd & \"Söhne\""
		h.Give(h.Person("ann@example.com", func(p *preferences.Profile) { p.Country, p.Attributes = &nl, &map[string]any{"plan": "pro"} }), "news")
		h.Give(h.Person("bob@example.org", func(p *preferences.Profile) { p.Locale, p.Company = &de, &company }), "news", "offers")
		h.Person("cy@example.com", nil)
		ids := `"` + h.Campaign("news", nil).ID + `"`
		rules := map[string]string{
			"a": `{"country": "NL"}`, "b": `{"country": ["NL", "DE"], "attributes.plan": "pro"}`, "c": `[{"field": "email_domain", "op": "=", "value": "example.com"}, {"not": {"country": "NL"}}]`,
			"d": `{"any": [{"topic": "news", "state": ["given", "pending"]}, {"not": {"any": [{"topic": "offers"}, {"delivery": "bounced", "within_days": 30}]}}]}`,
			"e": `{"not": {"all": [{"field": "customer", "op": "eq", "value": false}, {"field": "company", "op": "exists"}]}}`, "f": `{"all": []}`, "g": `{"and": [{"campaign": ` + ids + `}, {"or": []}]}`,
			"h": `{"field": "company", "op": "contains", "value": "& \"S"}`, "i": `{"field": "created_at", "op": "within_days", "value": 30}`, "j": `{"field": "birth_date", "op": "not_exists"}`, "k": `{"field": "locale", "op": "not_in", "value": ["nl", "en"]}`,
			"l": `{"field": "attributes.age", "op": "gt", "value": 5}`, "m": `{"topic": "offers", "state": "none"}`,
		}
		count := func(raw string) int64 {
			t.Helper()
			rule, err := segments.Compile(json.RawMessage(raw))
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			n, err := segments.Count(ctx, h.DB, rule, h.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for key, raw := range rules {
			ada.Post("/admin/segments", "key", "s"+key, "name", key, "rules", raw).Want(303)
			page := ada.Get("/admin/segments/s"+key).Want(200, `name="r.0.is"`).Body.String()
			ada.Post("/admin/segments/s"+key, append(typedRules(page), "name", key, "rules", "{}")...).Want(303)
			s, err := segments.Get(ctx, h.DB, "s"+key)
			if err != nil || count(string(s.Rules)) != count(raw) {
				t.Errorf("%s became %s: %d instead of %d, %v", raw, s.Rules, count(string(s.Rules)), count(raw), err)
			}
			// Once more changes nothing.
			again := ada.Get("/admin/segments/s" + key).Want(200).Body.String()
			ada.Post("/admin/segments/s"+key, append(typedRules(again), "name", key)...).Want(303)
			if twice, _ := segments.Get(ctx, h.DB, "s"+key); string(twice.Rules) != string(s.Rules) {
				t.Errorf("%s is not stable: %s, then %s", raw, s.Rules, twice.Rules)
			}
		}
		// What it has no control for stays as it was written.
		exact := `{"field": "created_at", "op": "after", "value": "2026-03-01T09:00:00Z"}`
		ada.Post("/admin/segments", "key", "exact", "name", "x", "rules", exact).Want(303)
		if page := ada.Get("/admin/segments/exact").Want(200, "2026-03-01T09:00:00Z").Body.String(); strings.Contains(page, `name="r.0.is"`) {
			t.Error("an instant is shown as a day")
		}
		ada.Post("/admin/segments", "key", "raw", "name", "x", "r.0.type", "group", "r.0.is", "all", "raw", "1", "rules", `{"country": "DE"}`).Want(303)
		if s, _ := segments.Get(ctx, h.DB, "raw"); !strings.Contains(string(s.Rules), `"DE"`) {
			t.Errorf("%s in place of the JSON that was asked for", s.Rules)
		}
	})
}

// Without a script the buttons put rules together; faults are told at their rule.
func TestRulesWithoutAScript(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		start := []string{"key", "nl", "name", "Dutch " + script, "r.0.type", "group", "r.0.is", "any", "r.0-0.type", "rule", "r.0-0.what", "country", "r.0-0.op", "eq", "r.0-0.value", script}
		form := func(more ...string) []string { return append(append([]string{}, start...), more...) }
		page := ada.Post("/admin/segments", form("do", "add-rule-0")...).Want(200, `name="r.0-1.what"`).Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("the builder runs a value")
		}
		ada.Post("/admin/segments", form("do", "add-group-0")...).Want(200, `name="r.0-1-0.what"`, `name="r.0-1.is"`)
		if page := ada.Post("/admin/segments", form("do", "drop-0-0")...).Want(200).Body.String(); strings.Contains(page, `name="r.0-0.what"`) {
			t.Error("a rule that was removed is still there")
		}
		for _, do := range []string{"drop-0", "drop-9-9", "add-rule-0-0", "add-x-", "drop-", "add-rule-0-5-5"} {
			ada.Post("/admin/segments", form("do", do)...).Want(200, `name="r.0-0.what"`)
		}
		ada.Post("/admin/segments", form("r.0-1.type", "rule", "r.0-1.what", "topic", "r.0-1.topic", "nothing", "r.0-1.state", "given")...).Want(422, "nothing")
		ada.Post("/admin/segments", form("r.0-1.type", "rule", "r.0-1.what", "birth_date", "r.0-1.op", "before", "r.0-1.value", "soon")...).Want(422, `class="error"`, "must be a date")
		rita.Post("/admin/segments/new/count", form()...).Want(403)
		ada.Post("/admin/segments/new/count", form("r.0-1.type", "rule", "r.0-1.what", "birth_date", "r.0-1.op", "before", "r.0-1.value", "soon")...).Want(200, "Complete the rules")
		h.Person("ann@example.com", nil)
		ada.Post("/admin/segments/new/count", "r.0.type", "group", "r.0.is", "all").Want(200, `data-people="1"`, "ann@example.com")
		ada.Post("/admin/segments", form()...).Want(303)
	})
}

// In a browser rules are added and changed, and the count follows.
func TestRulesInABrowser(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	nl := "NL"
	h.Give(h.Person("ann@example.com", func(p *preferences.Profile) { p.Country = &nl }), "news")
	h.Person("bob@example.com", nil)
	ada := h.As("Ada", access.Marketer)
	b := browse(t, h.serve(t), ada)
	b.open("/admin/segments/new")
	b.until(`document.querySelector('[data-people="1"]')`)
	b.js(`document.querySelector('[name="r.0-0.value"]').focus()`)
	b.keys(kb.Backspace + kb.Backspace + "DE")
	b.until(`document.querySelector('[data-people="0"]')`)
	b.js(`(() => { const s = document.querySelector('[name="r.0-0.what"]'); s.value = 'topic'; s.dispatchEvent(new Event('change', {bubbles: true})); })()`)
	b.until(`document.querySelector('[name="r.0-0.state"]')`)
	b.until(`document.querySelector('[data-people="1"]')`)
	b.click(`[value="add-group-0"]`)
	b.until(`document.querySelector('[name="r.0-1-0.what"]')`)
	b.click(`[value="drop-0-0"]`)
	b.until(`!document.querySelector('[name="r.0-1.is"]') && document.querySelector('[name="r.0-0.is"]')`)
	b.js(`document.querySelector('[name=key]').focus()`)
	b.keys("some")
	b.js(`document.querySelector('[name=name]').focus()`)
	b.keys("Some")
	b.js(`document.querySelector('[name="r.0-0-0.value"]').focus()`)
	b.keys("NL")
	b.until(`document.querySelector('[name=key]').value === 'some' && document.querySelector('[name=name]').value === 'Some' &&
		document.querySelector('[name="r.0-0-0.value"]').value === 'NL' && document.querySelector('[data-people="1"]')`)
	b.sound()
	for _, width := range []int64{1280, 320} {
		b.look(width, "light")
		b.axe("segment")
		b.shot("segment-" + itoa(width))
	}
	b.look(390, "dark")
	b.axe("segment, dark")
	b.shot("segment-dark")
	b.js(`document.querySelector('[name=name]').focus()`)
	b.keys(kb.Enter)
	b.until(`location.pathname === '/admin/segments' && document.readyState === 'complete'`)
	s, err := segments.Get(ctx, h.DB, "some")
	if err != nil || strings.Join(strings.Fields(string(s.Rules)), "") != `{"all":[{"any":[{"field":"country","op":"eq","value":"NL"}]}]}` {
		t.Errorf("%s %v", s.Rules, err)
	}
}
