package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// What the API of people, their choices and campaigns answers is what the description says, good input and bad.
func TestTheAnswersAboutPeopleAndCampaignsAreAsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	if err != nil {
		t.Fatal(err)
	}
	w := openWhole(t, &Settings{BaseURL: "http://mail.example.com"}, nil)
	d := &described{t, doc, w.url}
	ask := func(method, path, route string, want int, body string) map[string]any {
		t.Helper()
		return d.ask("test-key-for-erasure", method, path, route, want, body)
	}
	made := func(path, body string) map[string]any { t.Helper(); return ask("POST", path, path, 201, body) }
	listed := func(path string) { t.Helper(); ask("GET", path+"?limit=1", path, 200, "") }

	made("/brands", `{"key": "south", "name": "South", "from_name": "South", "from_email": "news@south.example", "reply_to": "help@south.example", "postal_address": "Street 2", "color": "#0b6e4f"}`)
	ask("PATCH", "/brands/south", "/brands/{key}", 200, `{"name": "South and West"}`)
	ask("GET", "/brands/south", "/brands/{key}", 200, "")
	ask("GET", "/brands/north", "/brands/{key}", 404, "")
	made("/partners", `{"key": "hub", "name": "Hub"}`)
	ask("PATCH", "/partners/hub", "/partners/{key}", 200, `{"name": "The hub"}`)
	ask("GET", "/partners/hub", "/partners/{key}", 200, "")
	made("/topics", `{"key": "news", "class": "marketing", "basis": "consent", "double_opt_in": false, "names": {"en": "Newsletter", "nl": "Nieuwsbrief"}, "descriptions": {"en": "Monthly."}, "brand": "default", "consent_lifetime_days": 700}`)
	made("/topics", `{"key": "related", "class": "marketing", "basis": "soft_opt_in", "similar_goods": true, "names": {"en": "Related"}, "partner": "hub"}`)
	made("/topics", `{"key": "survey", "class": "research", "basis": "legitimate_interests", "names": {"en": "Surveys"}}`)
	ask("POST", "/topics", "/topics", 422, `{"key": "news", "class": "notice", "basis": "contract"}`)
	ask("PATCH", "/topics/news", "/topics/{key}", 200, `{"double_opt_in": true}`)
	ask("GET", "/topics/news", "/topics/{key}", 200, "")

	const one = "/subscribers/{id}"
	whole := `{"email": "ada@example.com", "external_id": "crm-1", "first_name": "Ada", "last_name": "Lovelace", "company": "Engines", "phone": "+44 1", "locale": "en-GB", "timezone": "Europe/London",
		"country": "GB", "birth_date": "1985-12-10", "customer_since": "2024-01-01", "attributes": {"plan": "gold", "seats": 3, "beta": true}}`
	ada := "/subscribers/" + made("/subscribers", whole)["id"].(string)
	ask("POST", "/subscribers", "/subscribers", 200, whole)
	ask("POST", "/subscribers", "/subscribers", 422, `{"email": "nobody", "country": "ZZ"}`)
	ask("POST", "/subscribers", "/subscribers", 400, `{"status": "confirmed"}`)
	ask("GET", "/subscribers?email=ada@example.com", "/subscribers", 200, "")
	ask("GET", "/subscribers?limit=0", "/subscribers", 422, "")
	ask("PATCH", ada, one, 200, `{"last_name": "King", "country": "NL"}`)
	ask("PATCH", ada, one, 200, `{"email": "ada@new.example"}`)
	ask("GET", "/subscribers/x", one, 404, "")
	choose := func(want int, body string) { t.Helper(); ask("POST", ada+"/consents", one+"/consents", want, body) }
	choose(201, `{"topic": "news", "action": "give", "source": "fair", "wording": "Yes please", "wording_version": "2", "collected_at": "2026-01-02T03:04:05Z", "ip": "192.0.2.1", "user_agent": "B/1", "url": "https://example.com/s", "confirmed": true}`)
	choose(201, `{"topic": "related", "action": "give", "source": "till", "wording": "May we?", "opt_out_offered": true}`)
	choose(201, `{"partner": "hub", "action": "object", "source": "phone"}`)
	choose(201, `{"topic": "survey", "action": "object", "source": "phone"}`)
	choose(422, `{"topic": "nothing", "action": "sing"}`)
	ask("GET", ada+"/consents", one+"/consents", 200, "")
	ask("POST", "/decisions", "/decisions", 200, `{"email": "ada@new.example", "class": "marketing", "topic": "news", "at": "2027-01-01T00:00:00Z"}`)
	ask("POST", "/decisions", "/decisions", 200, `{"email": "stranger@example.com", "class": "notice"}`)
	ask("POST", "/decisions", "/decisions", 422, `{"email": "ada@new.example", "class": "marketing"}`)
	for _, act := range []string{"restrict", "lift-restriction", "object", "lift-objection", "unsubscribe-all"} {
		ask("POST", ada+"/"+act, one+"/"+act, 200, `{"source": "phone"}`)
	}
	ask("GET", ada, one, 200, "")
	made("/suppressions", `{"email": "ada@new.example", "reason": "manual", "note": "by letter"}`)
	ask("POST", "/suppressions", "/suppressions", 422, `{"email": "x", "reason": "x"}`)
	ask("DELETE", "/suppressions?email=ada@new.example&reason=manual", "/suppressions", 204, "")
	ask("DELETE", "/suppressions?email=ada@new.example", "/suppressions", 404, "")

	form := made("/forms", `{"key": "talk", "kind": "contact", "names": {"en": "Talk to us"}, "topics": ["news"]}`)
	ask("PATCH", "/forms/talk", "/forms/{key}", 200, `{"ask_age": true}`)
	ask("GET", "/forms/"+form["key"].(string), "/forms/{key}", 200, "")
	ask("PATCH", "/forms/talk", "/forms/{key}", 200, `{"ask_age": false}`)
	w.post("/subscribe/talk", "email", "bob@example.com", "message", "Hello")
	w.settled()
	answers := ask("GET", "/forms/talk/responses", "/forms/{key}/responses", 200, "")["items"].([]any)
	if len(answers) != 1 {
		t.Fatalf("%v", answers)
	}
	ask("PATCH", "/forms/talk/responses/"+answers[0].(map[string]any)["id"].(string), "/forms/{key}/responses/{id}", 200, `{"handled": true}`)

	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	_ = parts.WriteField("evidence", `{"topic": "news", "source": "a list", "wording": "Yes"}`)
	file, _ := parts.CreateFormFile("file", "people.csv")
	_, _ = io.WriteString(file, "email\nkim@example.com\nnot an address\n")
	_ = parts.Close()
	imported := "/imports/" + w.api("POST", "/imports", body.String(), "Content-Type", parts.FormDataContentType())["id"].(string)
	w.until("the import", func() bool { return w.api("GET", imported, "")["status"] == "finished" })
	ask("GET", imported, "/imports/{id}", 200, "")
	ask("GET", imported+"/rejects", "/imports/{id}/rejects", 200, "")
	ask("POST", imported+"/undo", "/imports/{id}/undo", 202, "")
	w.until("the undoing", func() bool { return w.api("GET", imported, "")["status"] == "undone" })
	ask("GET", imported, "/imports/{id}", 200, "")

	request := "/data-requests/" + made("/data-requests", `{"email": "ada@new.example", "kind": "complaint", "detail": "Too often", "verified_by": "called back"}`)["id"].(string)
	ask("POST", "/data-requests", "/data-requests", 422, `{"email": "x", "kind": "x"}`)
	ask("PATCH", request, "/data-requests/{id}", 422, `{"status": "done"}`)
	ask("PATCH", request, "/data-requests/{id}", 200, `{"status": "in_progress"}`)
	ask("PATCH", request, "/data-requests/{id}", 200, `{"status": "done", "answer": "We write less."}`)
	ask("PATCH", request, "/data-requests/{id}", 409, `{"status": "done", "answer": "Again."}`)
	ask("GET", request, "/data-requests/{id}", 200, "")
	hook := made("/webhooks", `{"url": "https://hooks.invalid/x", "events": ["subscriber.erased"], "description": "CRM"}`)
	ask("GET", "/webhooks/"+hook["id"].(string), "/webhooks/{provider}", 200, "")
	ask("DELETE", "/webhooks/"+hook["id"].(string), "/webhooks/{provider}", 204, "")

	made("/segments", `{"key": "dutch", "name": "Dutch", "rules": {"all": [{"field": "country", "op": "eq", "value": "NL"}]}}`)
	ask("GET", "/segments/dutch", "/segments/{key}", 200, "")
	ask("GET", "/segments/dutch/count", "/segments/{key}/count", 200, "")
	ask("POST", "/segments/count", "/segments/count", 200, `{"rules": {"all": []}}`)
	made("/events", `{"slug": "day", "names": {"en": "The day"}, "starts_at": "2036-05-01T09:00:00Z", "ends_at": "2036-05-01T17:00:00Z", "timezone": "Europe/Amsterdam", "place": "Utrecht", "capacity": 10, "partners": ["hub"]}`)
	ask("GET", "/events/day", "/events/{slug}", 200, "")

	campaign := "/campaigns/" + made("/campaigns", `{"name": "Spring", "topic": "news", "segment": "dutch", "exclude_segments": [], "subject": "Spring", "preheader": "New", "expires_after": "72h",
		"blocks": [{"type": "heading", "text": "Spring", "level": 1}, {"type": "text", "markdown": "Hi {{ first_name | \"there\" }}"}, {"type": "event", "event": "day"}, {"type": "columns", "columns": [[{"type": "divider"}], [{"type": "button", "label": "Go", "url": "https://example.com"}]]}]}`)["id"].(string)
	const c = "/campaigns/{id}"
	ask("POST", "/campaigns", "/campaigns", 422, `{"name": "", "topic": "nothing", "blocks": [{"type": "script"}]}`)
	ask("PATCH", campaign, c, 200, `{"subject": "Spring is here"}`)
	ask("GET", campaign+"/audience", c+"/audience", 200, "")
	ask("POST", campaign+"/test", c+"/test", 202, `{"to": ["eve@example.com"]}`)
	for _, rate := range []string{`0`, `-1`, `"0/h"`} {
		ask("POST", campaign+"/schedule", c+"/schedule", 422, `{"rate": `+rate+`}`)
	}
	ask("POST", campaign+"/schedule", c+"/schedule", 200, `{"at": "2036-01-01T00:00:00Z", "rate": 100}`)
	ask("DELETE", campaign, c, 409, "")
	ask("POST", campaign+"/unschedule", c+"/unschedule", 200, "")
	ask("POST", campaign+"/schedule", c+"/schedule", 200, `{}`)
	w.until("the campaign", func() bool { return w.api("GET", campaign+"/report", "")["status"] == "finished" })
	ask("GET", campaign, c, 200, "")
	ask("GET", campaign+"/report", c+"/report", 200, "")
	ask("GET", campaign+"/deliveries?limit=10", c+"/deliveries", 200, "")
	for path, list := range map[string]string{"/campaigns?status=": "/campaigns", campaign + "/deliveries?status=": c + "/deliveries", "/notices?status=": "/notices", "/notices?obligation=": "/notices", "/suppressions?reason=": "/suppressions"} {
		ask("GET", path, list, 200, "")
		ask("GET", path+"nothing", list, 422, "")
	}
	ask("POST", campaign+"/pause", c+"/pause", 409, "")
	for _, path := range []string{"/brands", "/partners", "/topics", "/subscribers", "/suppressions", "/forms", "/imports", "/data-requests", "/webhooks", "/segments", "/events", "/campaigns"} {
		listed(path)
	}
	ask("DELETE", ada, one, 204, "")
	ask("GET", ada, one, 404, "")
}
