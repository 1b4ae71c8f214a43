package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
	"assent/preferences/together"
)

// described asks an API and holds each answer to the description: its status, its fields and their types are those that are
// written there, and no field is missing from it.
type described struct {
	t   *testing.T
	doc *openapi3.T
	url string
}

func (d *described) ask(key, method, path, route string, want int, body string) map[string]any {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	name := method + " " + path
	if resp.StatusCode != want {
		d.t.Fatalf("%s answers %d, want %d: %s", name, resp.StatusCode, want, raw)
	}
	op := d.doc.Paths.Find(route).GetOperation(method)
	answer := op.Responses.Value(fmt.Sprint(want))
	if answer == nil {
		if want < 400 {
			d.t.Errorf("%s answers %d, which is not described", name, want)
		}
		answer = op.Responses.Default()
	}
	media := answer.Value.Content.Get(resp.Header.Get("Content-Type"))
	if media == nil {
		if len(raw) > 0 {
			d.t.Errorf("%s answers with %s, which is not described", name, resp.Header.Get("Content-Type"))
		}
		return nil
	}
	if !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return nil
	}
	if schema := op.RequestBody; body != "" && want < 300 && schema != nil {
		d.fits(name+" (asked)", schema.Value.Content.Get("application/json").Schema, []byte(body))
	}
	return d.fits(name, media.Schema, raw)
}

func (d *described) fits(name string, schema *openapi3.SchemaRef, raw []byte) map[string]any {
	d.t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		d.t.Fatalf("%s: %v", name, err)
	}
	if err := schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		d.t.Errorf("%s is not as described: %v\n%s", name, err, raw)
	}
	d.known(name, schema.Value, value)
	object, _ := value.(map[string]any)
	return object
}

// known looks for fields that are not described.
func (d *described) known(at string, s *openapi3.Schema, value any) {
	d.t.Helper()
	switch v := value.(type) {
	case []any:
		if s.Items != nil {
			for _, one := range v {
				d.known(at+"[]", s.Items.Value, one)
			}
		}
	case map[string]any:
		fields := map[string]*openapi3.Schema{}
		gather(s, fields)
		if len(fields) == 0 {
			return // any
		}
		for name, one := range v {
			if f, ok := fields[name]; ok {
				d.known(at+"."+name, f, one)
			} else if s.AdditionalProperties.Schema == nil && s.AdditionalProperties.Has == nil {
				d.t.Errorf("%s.%s is not described", at, name)
			}
		}
	}
}

func gather(s *openapi3.Schema, fields map[string]*openapi3.Schema) {
	for name, p := range s.Properties {
		fields[name] = p.Value
	}
	for _, list := range [][]*openapi3.SchemaRef{s.AllOf, s.OneOf, s.AnyOf} {
		for _, one := range list {
			gather(one.Value, fields)
		}
	}
}

// newDescribed is an installation whose answers are held to the description.
func newDescribed(t *testing.T) (*app, *described) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	if err != nil {
		t.Fatal(err)
	}
	config, err := (&Settings{Data: t.TempDir(), APIKey: authorKey, BaseURL: "http://mail.example.com", PostalAddress: "Street 1, 1234 AB Town"}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(context.Background(), config, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	routes, err := a.routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return a, &described{t, doc, server.URL}
}

// What a withdrawal of many answers is what the description says; no other key than one that may write people asks for it, and what
// is wrong is named.
func TestTheAnswersOfWithdrawalsAreAsDescribed(t *testing.T) {
	a, d := newDescribed(t)
	_, reader, err := a.apiKeys.Add(t.Context(), operator, keys.New{Name: "reader", Scopes: []access.Scope{"subscribers:read"}})
	if err != nil {
		t.Fatal(err)
	}
	d.ask(authorKey, "POST", "/topics", "/topics", 201, `{"key":"news","class":"marketing","basis":"consent","double_opt_in":false,"names":{"en":"News"}}`)
	var ids []any
	for _, name := range []string{"ann", "bob"} {
		id := d.ask(authorKey, "POST", "/subscribers", "/subscribers", 201, `{"email":"`+name+`@example.com"}`)["id"]
		d.ask(authorKey, "POST", fmt.Sprintf("/subscribers/%s/consents", id), "/subscribers/{id}/consents", 201, `{"topic":"news","action":"give","source":"fair","wording":"Yes"}`)
		ids = append(ids, id)
	}
	const path, one = "/withdrawals", "/withdrawals/{id}"
	named := fmt.Sprintf(`{"topic":"news","note":"letter","subscribers":["%s"]}`, ids[0])
	d.ask(reader, "POST", path, path, 403, named)
	for body, field := range map[string]string{
		`{"topic":"news","note":"letter"}`: "subscribers", `{"topic":"news","note":"letter","subscribers":[]}`: "subscribers", `{"topic":"news","note":"letter","subscribers":["nobody"]}`: "subscribers",
		`{"note":"letter","filter":{}}`: "topic", `{"topic":"other","note":"letter","filter":{}}`: "topic", `{"topic":"news","filter":{}}`: "note", `{"topic":"news","note":"x","filter":{"status":"actve"}}`: "filter.status",
		fmt.Sprintf(`{"topic":"news","note":"x","filter":{},"subscribers":["%s"]}`, ids[0]): "subscribers",
	} {
		wrong, _ := d.ask(authorKey, "POST", path, path, 422, body)["errors"].([]any)
		if len(wrong) != 1 || wrong[0].(map[string]any)["field"] != field {
			t.Errorf("%s: %v", body, wrong)
		}
	}
	d.ask(authorKey, "POST", path, path, 400, `{"topic":"news","note":"x","filter":{"stauts":"active"}}`)
	over := func(made map[string]any) (j map[string]any) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if j = d.ask(reader, "GET", fmt.Sprintf("/withdrawals/%s", made["id"]), one, 200, ""); j["status"] == "finished" {
				break
			}
		}
		return j
	}
	if j := over(d.ask(authorKey, "POST", path, path, 202, named)); j["withdrawn"] != 1.0 || j["people"] != 1.0 || j["finished_at"] == nil {
		t.Errorf("%v", j)
	}
	everybody := over(d.ask(authorKey, "POST", path, path, 202, `{"topic":"news","note":"letter","filter":{}}`))
	if everybody["withdrawn"] != 1.0 || fmt.Sprint(everybody["skipped"]) != "map[same:1]" {
		t.Errorf("%v", everybody)
	}
	events := d.ask(authorKey, "GET", fmt.Sprintf("/subscribers/%s/consents", ids[1]), "/subscribers/{id}/consents", 200, "")["events"].([]any)
	if last := events[len(events)-1].(map[string]any); last["action"] != "withdrawn" || last["note"] != "letter" {
		t.Errorf("%v", last)
	}
	if j := d.ask(authorKey, "POST", fmt.Sprintf("/withdrawals/%s/cancel", everybody["id"]), "/withdrawals/{id}/cancel", 200, ""); j["status"] != "finished" {
		t.Errorf("%v", j)
	}
	tagged, err := a.together.Create(t.Context(), operator, together.Request{Action: together.Tag, Tag: "vip", Everybody: true})
	if err != nil {
		t.Fatal(err)
	}
	d.ask(authorKey, "GET", "/withdrawals/"+tagged.ID, one, 404, "") // no withdrawal
	d.ask(authorKey, "POST", "/withdrawals/"+tagged.ID+"/cancel", "/withdrawals/{id}/cancel", 404, "")
}

// Compliance 20: a From that nothing proves is told in the answer to schedule, and does not keep the campaign from going, as the relay may
// sign for it. Where nothing leaves the machine nobody is warned.
func TestScheduleWarnsOfAFromThatNothingProves(t *testing.T) {
	a, d := newDescribed(t)
	d.ask(authorKey, "POST", "/topics", "/topics", 201, `{"key":"news","class":"marketing","basis":"consent","double_opt_in":false,"names":{"en":"News"}}`)
	d.ask(authorKey, "POST", "/brands", "/brands", 201, `{"key":"other","name":"Other","from_name":"Other","from_email":"news@other.example","reply_to":"post@other.example","postal_address":"Street 1"}`)
	schedule := func(brand string) (warned string) {
		t.Helper()
		id := d.ask(authorKey, "POST", "/campaigns", "/campaigns", 201, `{"name":"C","topic":"news","brand":"`+brand+`","subject":"S","blocks":[{"type":"text","markdown":"T"}]}`)["id"].(string)
		v := d.ask(authorKey, "POST", "/campaigns/"+id+"/schedule", "/campaigns/{id}/schedule", 200, "")
		if v["status"] != "scheduled" && v["status"] != "sending" {
			t.Errorf("it is %v", v["status"])
		}
		if again := d.ask(authorKey, "GET", "/campaigns/"+id, "/campaigns/{id}", 200, ""); again["warnings"] != nil {
			t.Errorf("it is told later too: %v", again["warnings"])
		}
		if v["warnings"] == nil {
			return ""
		}
		return fmt.Sprint(v["warnings"])
	}
	if got := schedule("other"); got != "" {
		t.Errorf("without a relay: %s", got)
	}
	a.mails.Aligns = func(_ context.Context, from string) bool { return strings.HasSuffix(from, "@mail.example.com") }
	if got := schedule("default"); got != "" {
		t.Errorf("of the default brand: %s", got)
	}
	if got := schedule("other"); !strings.Contains(got, "field:brand") || !strings.Contains(got, "news@other.example") {
		t.Errorf("warned of %q", got)
	}
}

// What notices, broadcasts and policies answer is what the description says, through their whole life.
func TestTheAnswersOfMandatoryMailAreAsDescribed(t *testing.T) {
	a, d := newDescribed(t)
	_, second, err := a.apiKeys.Add(t.Context(), operator, keys.New{Name: "second", Scopes: []access.Scope{access.Full}})
	if err != nil {
		t.Fatal(err)
	}
	const key = authorKey
	fate := func(status string) {
		t.Helper()
		claimed, _, err := a.outbox.Claim(t.Context(), gate.Notice, "worker", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range claimed {
			r := outbox.Result{ID: m.ID, Status: status, Code: 250, Reply: "250 ok", Relay: "mx:25", TLS: "TLS 1.3", MessageID: "<" + m.ID + "@x>", SHA256: strings.Repeat("0", 64), Raw: []byte("Subject: x\r\n\r\nx\r\n")}
			if status != outbox.StatusSent {
				r = outbox.Result{ID: m.ID, Status: status, Code: 550, Reply: "550 no", Reason: "hard_bounce", DueAt: a.config.Now()}
			}
			if err := a.outbox.Complete(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := `{"to": {"email": "ada@example.com", "name": "Ada", "locale": "nl-BE"}, "obligation": "contract", "basis": "contract", "subject": "Your contract", "blocks": [{"type": "text", "markdown": "It has changed."}],
		"reference": "C-1", "brand": "default", "attachments": [{"filename": "a.pdf", "content_type": "application/pdf", "content": "eA=="}], "cc": [{"email": "bob@example.com", "name": "Bob"}]}`
	n := d.ask(key, "POST", "/notices", "/notices", 202, whole)
	id := n["id"].(string)
	d.ask(key, "POST", "/notices", "/notices", 202, `{"to": {"email": "eve@example.com"}, "obligation": "payment", "basis": "contract", "template": "payment_due", "data": {"invoice": "F-1", "amount": "12.50", "currency": "EUR"}}`)
	d.ask(key, "POST", "/notices", "/notices", 422, `{"to": {}}`)
	d.ask(key, "POST", "/notices", "/notices", 400, `{"nothing": 1}`)
	d.ask(key, "GET", "/notices/x", "/notices/{id}", 404, "")
	d.ask("wrong", "GET", "/notices", "/notices", 401, "")
	d.ask(key, "GET", "/notices/"+id+"/raw", "/notices/{id}/raw", 409, "")
	look := func(status string) {
		t.Helper()
		v := d.ask(key, "GET", "/notices/"+id, "/notices/{id}", 200, "")
		if v["status"] != status {
			t.Errorf("it is %v, want %s", v["status"], status)
		}
		d.ask(key, "GET", "/notices/"+id+"/proof", "/notices/{id}/proof", 200, "")
		d.ask(key, "GET", "/notices?status="+status+"&limit=1", "/notices", 200, "")
	}
	look("queued")
	fate("deferred")
	look("deferred")
	fate("sent")
	look("sent")
	d.ask(key, "GET", "/notices/"+id+"/raw", "/notices/{id}/raw", 200, "")
	if err := a.outbox.Bounced(t.Context(), id, "5.1.1 no such user"); err != nil {
		t.Fatal(err)
	}
	look("bounced")

	d.ask(key, "POST", "/policies", "/policies", 201, `{"slug": "terms", "names": {"en": "Terms"}}`)
	d.ask(key, "POST", "/policies", "/policies", 409, `{"slug": "terms", "names": {"en": "Terms"}}`)
	d.ask(key, "POST", "/policies/terms/versions", "/policies/{slug}/versions", 201, `{"version": "1", "effective_at": "2020-01-01T00:00:00Z", "affects_rights": false, "bodies": {"en": "Old"}}`)
	d.ask(key, "POST", "/policies/terms/versions", "/policies/{slug}/versions", 201, `{"version": "2", "effective_at": "2020-02-01T00:00:00Z", "affects_rights": true, "bodies": {"en": "New"}}`)
	d.ask(key, "PATCH", "/policies/terms/versions/2", "/policies/{slug}/versions/{version}", 200, `{"bodies": {"en": "Newer"}}`)
	d.ask(key, "PATCH", "/policies/terms/versions/1", "/policies/{slug}/versions/{version}", 409, `{"bodies": {"en": "Newer"}}`)
	d.ask(key, "PATCH", "/policies/terms", "/policies/{slug}", 200, `{"names": {"en": "Terms of use"}}`)
	for path, route := range map[string]string{"/policies": "/policies", "/policies/terms": "/policies/{slug}", "/policies/terms/versions": "/policies/{slug}/versions", "/policies/terms/versions/2": "/policies/{slug}/versions/{version}"} {
		d.ask(key, "GET", path, route, 200, "")
	}

	for _, email := range []string{"ada@example.com", "eve@example.com", "kim@example.com"} {
		d.ask(key, "POST", "/subscribers", "/subscribers", 201, fmt.Sprintf(`{"email": %q, "customer_since": "2024-01-01T00:00:00Z"}`, email))
	}
	in := fmt.Sprintf(`{"obligation": "terms_change", "basis": "contract", "jurisdiction": "telecoms", "audience": {"customers": true}, "effective_at": %q, "policy": {"slug": "terms", "version": "2"}, "brand": "default", "locale": "en",
		"subject": "Our terms change", "blocks": [{"type": "text", "markdown": "They change."}], "translations": {"nl": {"subject": "Onze voorwaarden", "blocks": [{"type": "text", "markdown": "Ze veranderen."}]}}}`,
		time.Now().AddDate(0, 0, 50).UTC().Format(time.RFC3339))
	const all, one = "/notice-broadcasts", "/notice-broadcasts/{id}"
	d.ask(key, "POST", all, all, 422, `{"obligation": "terms_change"}`)
	b := d.ask(key, "POST", all, all, 201, in)
	if b["status"] != "in_review" {
		t.Errorf("%v", b)
	}
	at := all + "/" + b["id"].(string)
	d.ask(key, "GET", all+"?status=in_review&limit=1", all, 200, "")
	d.ask(key, "GET", at, one, 200, "")
	d.ask(key, "GET", at+"/audience", one+"/audience", 200, "")
	d.ask(key, "GET", at+"/preview?locale=nl", one+"/preview", 200, "")
	d.ask(key, "POST", at+"/approve", one+"/approve", 403, "")
	d.ask(second, "POST", at+"/approve", one+"/approve", 200, "")
	d.ask(key, "POST", at+"/resume", one+"/resume", 409, "")
	covered := func() map[string]any { return d.ask(key, "GET", at+"/coverage", one+"/coverage", 200, "") }
	covered()
	if err := a.broadcasts.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	fate("bounced")
	if err := a.broadcasts.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
	people := covered()["items"].([]any)
	if len(people) != 3 {
		t.Fatalf("%v", people)
	}
	d.ask(key, "POST", at+"/served", one+"/served", 201, fmt.Sprintf(`{"subscriber_id": %q, "channel": "post", "on": "2020-01-01", "note": "letter"}`, people[0].(map[string]any)["subscriber_id"]))
	d.ask(key, "DELETE", fmt.Sprintf("%s/served?subscriber_id=%s", at, people[0].(map[string]any)["subscriber_id"]), one+"/served", 204, "")
	d.ask(key, "DELETE", fmt.Sprintf("%s/served?subscriber_id=%s", at, people[0].(map[string]any)["subscriber_id"]), one+"/served", 409, "")
	c := covered()
	for _, name := range []string{"addressed", "accepted", "pending", "bounced", "unserved"} {
		if _, ok := c[name].(float64); !ok {
			t.Errorf("coverage has no %s: %v", name, c)
		}
	}
	if _, ok := c["lead_time_met"].(bool); !ok {
		t.Errorf("%v", c)
	}
	d.ask(key, "GET", at+"/coverage.csv", one+"/coverage.csv", 200, "")
	d.ask(key, "GET", at, one, 200, "")
	other := all + "/" + d.ask(key, "POST", all, all, 201, in)["id"].(string)
	d.ask(key, "POST", other+"/cancel", one+"/cancel", 200, "")
	d.ask(second, "POST", other+"/approve", one+"/approve", 409, "")
	d.ask(key, "GET", "/notice-settings", "/notice-settings", 200, "")
	d.ask(key, "PUT", "/notice-settings", "/notice-settings", 200, `{"lead_times": {"terms_change": "P45D"}, "jurisdictions": ["telecoms"]}`)
	if !slices.Contains([]any{"cancelled"}, d.ask(key, "GET", other, one, 200, "")["status"]) {
		t.Error("it is not cancelled")
	}
}
