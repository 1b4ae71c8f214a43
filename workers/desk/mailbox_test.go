package desk_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
	"assent/preferences/staff/stafftest"
	"assent/templates/site"
	"assent/workers/desk"
	"assent/workers/mailbox"
	"assent/workers/transport"
)

var quiet = slog.New(slog.DiscardHandler)

var ctx = context.Background()

const hostile = "From: =?UTF-8?q?=3Cscript=3Ealert=281=29=3C=2Fscript=3E?= <a@brand.test>\r\nSubject: \"><img src=x onerror=alert(1)>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain <b>words</b>\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>marked</p><script>alert(1)</script>\r\n" +
	"--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"evil.html\"\r\n\r\n<script>alert(2)</script>\r\n--b--\r\n"

func send(t *testing.T, b *mailbox.Box, id, raw string) {
	t.Helper()
	f := gate.Facts{Class: gate.Notice, Basis: gate.Contract, Erased: gate.No, Bounced: gate.No, Unverified: gate.No, Restricted: gate.No, Minor: gate.No,
		Suppressed: gate.No, Complained: gate.No, ObjectedDirect: gate.No, ObjectedResearch: gate.No, UnsubscribedAll: gate.No, PartnerOptedOut: gate.No}
	p, ok := gate.Decide(f, time.Now()).Permit(id, gate.StreamTransactional)
	if !ok {
		t.Fatal("no permit")
	}
	for _, r := range b.SendBatch(ctx, transport.Batch{Messages: []transport.Outgoing{{Permit: p, ID: id, From: "a@brand.test", To: "ann@people.test", Data: []byte(raw)}}}) {
		if r.State != transport.Sent {
			t.Fatal(r.Err)
		}
	}
}

// open is an empty mailbox and its pages.
func open(t *testing.T) (*mailbox.Box, *stafftest.House) {
	t.Helper()
	box, err := mailbox.Open(ctx, t.TempDir(), mailbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close(ctx) })
	h := stafftest.New(t, sqldbtest.SQLite(t), time.Now)
	(&desk.Mailbox{Box: box, Site: h.Site, Keys: h.Keys}).Register(h.Echo)
	return box, h
}

func TestMailIsReadAndNothingInItRuns(t *testing.T) {
	box, h := open(t)
	ada, reader := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
	ada.Get("/admin/mailbox").Want(200, "No mail yet")
	h.Nobody().Get("/admin/mailbox/1").Want(303, "/admin/sign-in")
	send(t, box, "1", hostile)

	list := reader.Get("/admin/mailbox").Want(200, "ann@people.test", "/admin/mailbox/1")
	if body := list.Body.String(); strings.Contains(body, "<img src=x") || strings.Contains(body, "Empty the mailbox") {
		t.Error("the list shows markup of a subject, or a button to somebody who may not use it")
	}
	ada.Get("/admin/mailbox?stream=marketing").Want(200, "Nothing")
	for _, part := range []string{"", "?part=text", "?part=headers", "?part=source", "?part=what"} {
		body := ada.Get("/admin/mailbox/1"+part).Want(200, "evil.html").Body.String()
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s runs what a mail contains", part)
		}
	}
	ada.Get("/admin/mailbox/1?part=text").Want(200, "plain &lt;b&gt;words")
	frame := ada.Get("/admin/mailbox/1/frame").Want(200, "<p>marked</p>")
	if frame.Header().Get("Content-Security-Policy") != site.FramePolicy || frame.Header().Get("X-Frame-Options") == "DENY" {
		t.Errorf("the frame's policy: %v", frame.Header())
	}
	file := ada.Get("/admin/mailbox/1/attachments/0").Want(200)
	if file.Header().Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("an attachment is served as %v", file.Header())
	}
	ada.Get("/admin/mailbox/1/attachments/1").Want(404)
	ada.Get("/admin/mailbox/2").Want(404)
	ada.Get("/admin/mailbox/x").Want(404)
	reader.Post("/admin/mailbox/empty").Want(403)
	ada.Post("/admin/mailbox/empty").Want(303, "/admin/mailbox")
	ada.Get("/admin/mailbox").Want(200, "No mail yet", "The mailbox is empty.")
}

func TestProgramsReadTheMailbox(t *testing.T) {
	box, h := open(t)
	send(t, box, "1", "From: a@brand.test\r\nSubject: One\r\n\r\nhello\r\n")
	send(t, box, "2", "From: a@brand.test\r\nSubject: Two\r\n\r\nhello\r\n")
	get := func(path, key string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", path, nil)
		req.Header.Set("Accept", "application/json")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		rec := httptest.NewRecorder()
		h.Echo.ServeHTTP(rec, req)
		return rec
	}
	value := func(name string, scope access.Scope) string {
		_, value, err := h.Keys.Add(ctx, audit.System("test"), keys.New{Name: name, Scopes: []access.Scope{scope}})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	key := value("reads", access.Read)
	var list struct {
		Items []struct{ ID, To, From, Subject, Stream, At string }
		Next  string `json:"next_cursor"`
	}
	rec := get("/mailbox?limit=1", key)
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil || len(list.Items) != 1 || list.Items[0].Subject != "Two" || list.Items[0].To != "ann@people.test" || list.Next == "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	rec = get("/mailbox?limit=1&cursor="+list.Next, key)
	if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil || len(list.Items) != 1 || list.Items[0].Subject != "One" {
		t.Errorf("the second page: %d %s", rec.Code, rec.Body)
	}
	if rec = get("/mailbox/"+list.Items[0].ID+"/raw", key); rec.Header().Get("Content-Type") != "message/rfc822" || !strings.HasSuffix(rec.Body.String(), "hello\r\n") {
		t.Errorf("raw: %d %v %q", rec.Code, rec.Header(), rec.Body)
	}
	for _, bad := range []struct {
		key  string
		code int
	}{{"", 401}, {"wrong", 401}, {value("writes", access.TopicsWrite), 403}} {
		if rec := get("/mailbox", bad.key); rec.Code != bad.code {
			t.Errorf("with key %q: %d", bad.key, rec.Code)
		}
	}
	h.Nobody().Get("/mailbox").Want(303, "/admin/mailbox")
	h.Nobody().Get("/mailbox/1").Want(303, "/admin/mailbox/1")
}

// A link with which somebody gets into an account of the staff is for that person and for administrators alone.
func TestLinksIntoAccountsAreNotForEverybody(t *testing.T) {
	box, h := open(t)
	// Quoted-printable breaks the address over lines.
	send(t, box, "1", "From: a@brand.test\r\nSubject: You are invited\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nhttps://assent.example/admin/pass=\r\nword/c2VjcmV0\r\n")
	send(t, box, "2", "From: a@brand.test\r\nSubject: News\r\n\r\nhttps://assent.example/admin\r\n")
	marketer, administrator := h.As("Mia", access.Marketer), h.As("Ada", access.Administrator)
	_, key, err := h.Keys.Add(ctx, audit.System("test"), keys.New{Name: "reads", Scopes: []access.Scope{access.Read}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "?part=source", "/frame", "/raw"} {
		marketer.Get("/admin/mailbox/1" + path).Want(403)
		administrator.Get("/admin/mailbox/1" + path).Want(200)
		marketer.Get("/admin/mailbox/2" + path).Want(200)
	}
	req := httptest.NewRequest("GET", "/mailbox/1/raw", nil)
	req.Header.Set("Authorization", "Bearer "+key)
	rec := httptest.NewRecorder()
	if h.Echo.ServeHTTP(rec, req); rec.Code != 403 {
		t.Errorf("a key reads it: %d", rec.Code)
	}
}
