package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"encoding/json"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/workers/mailbox"
)

// whole is the whole product in one process, with its workers, spoken to over HTTP.
type whole struct {
	t    *testing.T
	a    *app
	data string
	url  string
	stop func() // ends the workers
	log  *records
}

// records are the lines of a log.
type records struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *records) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func startWhole(t *testing.T, database string) *whole {
	t.Helper()
	return openWhole(t, &Settings{DatabaseURL: database, BaseURL: "http://mail.example.com"}, nil)
}

// openWhole starts it with settings; without a base address, links lead to the server itself. wrap, which may be nil, stands before it.
func openWhole(t *testing.T, s *Settings, wrap func(http.Handler) http.Handler) *whole {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s.Data, s.APIKey, s.PostalAddress = t.TempDir(), "test-key-for-erasure", "Street 1, 1234 AB Town"
	if s.BaseURL == "" {
		s.BaseURL = "http://" + server.Listener.Addr().String()
	}
	c, err := s.Config("")
	if err != nil {
		t.Fatal(err)
	}
	log := &records{}
	a, err := newApp(t.Context(), c, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	e, err := a.engine()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() { e.Stop(context.Background()) })
	t.Cleanup(stop)
	routes, err := a.routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = routes
	if wrap != nil {
		server.Config.Handler = wrap(routes)
	}
	server.Start()
	t.Cleanup(server.Close)
	return &whole{t, a, s.Data, server.URL, stop, log}
}

// send sends a request and fails the test unless the answer's status is below 400.
func (w *whole) send(method, path, media, body string, headers ...string) string {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if answer.StatusCode >= 400 {
		w.t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	return string(text)
}

func (w *whole) api(method, path, body string, headers ...string) map[string]any {
	w.t.Helper()
	text := w.send(method, "/api/v1"+path, "application/json", body, append([]string{"Authorization", "Bearer test-key-for-erasure"}, headers...)...)
	out := map[string]any{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			w.t.Fatalf("%s: %v", text, err)
		}
	}
	return out
}

func (w *whole) post(path string, pairs ...string) string {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return w.send("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

// until waits for something to become true, also where it is tried again only by the maintenance of each minute.
func (w *whole) until(what string, is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// mail is the first mail in the built-in mailbox whose text has a pattern in it, and what the pattern's group found.
func (w *whole) mail(pattern string) (found string) {
	w.t.Helper()
	re := regexp.MustCompile(pattern)
	w.until("a mail with "+pattern, func() bool {
		list, err := w.a.mailbox.List(w.t.Context(), mailbox.Query{Limit: 100})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range list {
			_, raw, err := w.a.mailbox.Get(w.t.Context(), m.ID)
			if err != nil {
				w.t.Fatal(err)
			}
			text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "=\r\n", ""), "=3D", "=")
			if hit := re.FindStringSubmatch(text); hit != nil {
				found = hit[len(hit)-1]
				return true
			}
		}
		return false
	})
	return found
}

// A person of whom every part of the product knows something is erased from the link in a mail. After that there is no trace
// of them: not in any column of any table, nor in the bytes of any file (compliance 34, promise 7).
func TestNothingIsLeftOfAnErasedPerson(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": func(t *testing.T) string { return sqldbtest.PostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			erased(startWhole(t, database(t)))
		})
	}
}

const (
	whoEmail = "Xenia.Unmistakable+tag@Example.org"
	whoLast  = "Quetzalcoatl"
	whoPhone = "+31 6 98765432"
)

func erased(w *whole) {
	t := w.t
	id := w.everything()
	for _, text := range []string{"xenia.unmistakable", whoLast, whoPhone} {
		if len(sqldbtest.Traces(t, w.a.db, text)) == 0 {
			t.Fatalf("the test is wrong: there is no trace of %q before", text)
		}
	}
	path := "/p/" + w.a.keyring.Sign(tokens.Preferences, tokens.Claims{Subject: id, Issued: time.Now()})
	w.post(path, "do", "correct", "email", "xenia.unmistakable@new.example", "last_name", whoLast)
	w.post(w.mail(`Correction of your data[\s\S]*?http://mail\.example\.com(/d/[A-Za-z0-9_-]+)`)) // what came to the old address stays theirs
	w.post(path, "do", "erase")
	link := w.mail(`Erasure of your data[\s\S]*?http://mail\.example\.com(/d/[A-Za-z0-9_-]+)`)
	w.post(link)

	for _, text := range []string{"unmistakable", whoLast, whoPhone, "98765432", "192.0.2.77"} {
		if found := sqldbtest.Traces(t, w.a.db, text); len(found) > 0 {
			t.Errorf("%q is still in %v", text, found)
		}
	}
	// What is told to processors is whom they must erase, by id.
	if found := sqldbtest.Traces(t, w.a.db, id); !slices.Contains(found, "webhook_calls.body") {
		t.Errorf("processors are not told: %v", found)
	}
	if err := w.a.people.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"unmistakable", strings.ToLower(whoLast), "98765432"} {
		w.files(text)
		w.queued(text)
		if strings.Contains(strings.ToLower(w.log.String()), text) {
			t.Errorf("%q is in the log", text)
		}
	}
	answer := w.api("POST", "/decisions", `{"email":"`+whoEmail+`","class":"marketing","topic":"news"}`)
	if answer["reason"] != "erased" {
		t.Errorf("%v", answer)
	}
	// Bringing them back is noticed.
	again := w.api("POST", "/subscribers", `{"email":"`+whoEmail+`"}`)
	w.api("POST", "/subscribers/"+again["id"].(string)+"/consents", `{"topic":"news","action":"give","source":"import","wording":"Yes"}`)
	if answer := w.api("POST", "/decisions", `{"email":"`+whoEmail+`","class":"marketing","topic":"news"}`); answer["reason"] != "erased" {
		t.Errorf("an import brought them back: %v", answer)
	}
}

// everything leaves traces of the person all over the product and returns their id.
func (w *whole) everything() string {
	person := `{"email":"` + whoEmail + `","external_id":"` + whoEmail + `","first_name":"Xenia","last_name":"` + whoLast + `","phone":"` + whoPhone + `","attributes":{"nick":"Quetzalcoatl"}}`
	id, _ := w.api("POST", "/subscribers", person, "Idempotency-Key", "k1")["id"].(string)
	w.api("POST", "/topics", `{"key":"news","class":"marketing","basis":"consent","double_opt_in":false,"names":{"en":"News"}}`)
	w.api("POST", "/partners", `{"key":"hub","name":"Hub"}`)
	w.api("POST", "/webhooks", `{"url":"https://hooks.invalid/x"}`)
	w.api("POST", "/subscribers/"+id+"/consents", `{"topic":"news","action":"give","source":"form of Quetzalcoatl","wording":"Yes","ip":"192.0.2.77"}`, "Idempotency-Key", "k2")
	w.api("POST", "/subscribers/"+id+"/consents", `{"partner":"hub","action":"object","source":"phone call of Quetzalcoatl"}`)
	w.api("PATCH", "/subscribers/"+id, `{"company":"Quetzalcoatl & Sons"}`)
	campaign := w.api("POST", "/campaigns", `{"name":"Spring","topic":"news","subject":"Hello {{ first_name }} {{ last_name }}","blocks":[{"type":"text","markdown":"News for {{ last_name }}."}]}`)["id"].(string)
	w.api("POST", "/campaigns/"+campaign+"/test", `{"to":["`+whoEmail+`"]}`)
	w.api("POST", "/campaigns/"+campaign+"/schedule", `{}`)
	w.until("the campaign", func() bool { return w.api("GET", "/campaigns/"+campaign+"/report", "")["status"] == "finished" })
	w.api("POST", "/notices", `{"to":{"email":"`+whoEmail+`","name":"`+whoLast+`"},"obligation":"payment","basis":"contract","subject":"Invoice for Quetzalcoatl","blocks":[{"type":"text","markdown":"Dear Quetzalcoatl, please pay."}]}`, "Idempotency-Key", "k3")
	w.api("POST", "/forms", `{"key":"talk","kind":"contact","names":{"en":"Talk to us"},"topics":["news"]}`)
	w.post("/subscribe/talk", "email", whoEmail, "first_name", "Xenia", "last_name", whoLast, "topics", "news", "message", "I am Quetzalcoatl, call "+whoPhone)
	w.api("POST", "/events", `{"slug":"day","names":{"en":"The day"},"starts_at":"2036-05-01T09:00:00Z","ends_at":"2036-05-01T17:00:00Z","timezone":"Europe/Amsterdam"}`)
	w.post("/events/day", "email", whoEmail, "first_name", "Xenia", "last_name", whoLast, "phone", whoPhone, "company", "Quetzalcoatl & Sons")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("evidence", `{"topic":"news","source":"a list","wording":"Yes"}`)
	file, _ := form.CreateFormFile("file", "people.csv")
	_, _ = io.WriteString(file, "email,last_name\n"+whoEmail+","+whoLast+"\nby mail "+whoEmail+",x\n")
	_ = form.Close()
	imported := w.api("POST", "/imports", body.String(), "Content-Type", form.FormDataContentType())["id"].(string)
	w.until("the import", func() bool { return w.api("GET", "/imports/"+imported, "")["status"] == "finished" })
	w.api("POST", "/data-requests", `{"email":"`+whoEmail+`","kind":"complaint","detail":"Quetzalcoatl is angry","verified_by":"called `+whoPhone+`"}`)
	w.api("POST", "/suppressions", `{"email":"`+whoEmail+`","reason":"complained","note":"Quetzalcoatl said so"}`, "Idempotency-Key", "k4")
	w.mail(`Subject: Invoice for (Quetzalcoatl)`)
	return id
}

// queued fails the test if anything in Redis holds the text: tasks that wait, run, were done or given up, limits, leases.
func (w *whole) queued(text string) {
	w.t.Helper()
	redis, seen := w.a.queue.Redis(), 0
	for keys := redis.Scan(w.t.Context(), 0, "*", 1000).Iterator(); keys.Next(w.t.Context()); {
		key, all := keys.Val(), ""
		seen++
		switch kind := redis.Type(w.t.Context(), key).Val(); kind {
		case "string":
			all = redis.Get(w.t.Context(), key).Val()
		case "hash":
			all = fmt.Sprint(redis.HGetAll(w.t.Context(), key).Val())
		case "list":
			all = fmt.Sprint(redis.LRange(w.t.Context(), key, 0, -1).Val())
		case "set":
			all = fmt.Sprint(redis.SMembers(w.t.Context(), key).Val())
		case "zset":
			all = fmt.Sprint(redis.ZRange(w.t.Context(), key, 0, -1).Val())
		case "none": // it was done between the two questions
		default:
			w.t.Errorf("Redis has a %s at %s, which this test cannot read", kind, key)
		}
		if strings.Contains(strings.ToLower(key+" "+all), text) {
			w.t.Errorf("%q is in Redis at %s", text, key)
		}
	}
	if seen == 0 {
		w.t.Error("the test is wrong: Redis is empty")
	}
}

// files fails the test if any file of the installation holds the text, in whatever case.
func (w *whole) files(text string) {
	w.t.Helper()
	seen := 0
	err := filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		if bytes.Contains(bytes.ToLower(raw), []byte(text)) {
			w.t.Errorf("%q is in the bytes of %s", text, filepath.Base(path))
		}
		return nil
	})
	if err != nil || seen == 0 {
		w.t.Fatalf("%d files: %v", seen, err)
	}
}
