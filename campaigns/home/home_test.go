package home_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/home"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/staff/secret"
	"assent/preferences/web"
)

const password = "correct horse battery"

func TestHomeSaysWhatToDoAndWhatRuns(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		w := campaignstest.New(t, db)
		people := accounts.New(db, w.Clock.Now)
		people.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
		pages, err := staff.NewSite(db, people, &keys.Store{DB: db, Now: w.Clock.Now}, &url.URL{Scheme: "http", Host: "assent.example"})
		if err != nil {
			t.Fatal(err)
		}
		e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		pages.Register(e)
		e.GET("/admin/topics", func(c echo.Context) error { return c.NoContent(204) })
		(&home.Home{DB: db, Now: w.Clock.Now, Site: pages, Campaigns: w.Mails, Transactional: "relay.example"}).Register(e)
		get := func(path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
			req := httptest.NewRequest("GET", path, nil)
			for _, c := range cookies {
				req.AddCookie(c)
			}
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, req)
			return rec
		}
		if rec := get("/"); rec.Code != 303 || rec.Header().Get("Location") != "/admin" {
			t.Errorf("the root: %d %s", rec.Code, rec.Header().Get("Location"))
		}
		if rec := get("/admin"); rec.Code != 303 || !strings.HasPrefix(rec.Header().Get("Location"), "/admin/sign-in") {
			t.Errorf("without a session: %d", rec.Code)
		}
		approver, err := people.Add(ctx, audit.System("test"), accounts.NewUser{Email: "ada@example.org", Name: "Ada", Password: password, Roles: []access.Role{access.Approver}})
		if err != nil {
			t.Fatal(err)
		}
		in, err := people.SignIn(ctx, "ada@example.org", password, accounts.From{})
		if err != nil {
			t.Fatal(err)
		}
		session := &http.Cookie{Name: "assent", Value: in.Token}
		first := get("/admin", session).Body.String()
		for _, want := range []string{"Good morning, Ada", "First steps", "Through relay.example", "built-in mailbox", "Nothing is being sent"} {
			if !strings.Contains(first, want) {
				t.Errorf("the first page lacks %q", want)
			}
		}
		if !strings.Contains(first, `"/admin/topics"`) || strings.Contains(first, `"/admin/brands"`) {
			t.Error("a step or an entry of the navigation leads to a page that is not served, or one that is served is missing")
		}
		if strings.Contains(first, "/admin/topics/usual") {
			t.Error("a step leads an approver to a form that is not theirs")
		}
		if _, err := people.Add(ctx, audit.System("test"), accounts.NewUser{Email: "mia@example.org", Name: "Mia", Password: password, Roles: []access.Role{access.Marketer}}); err != nil {
			t.Fatal(err)
		}
		if in, err = people.SignIn(ctx, "mia@example.org", password, accounts.From{}); err != nil {
			t.Fatal(err)
		}
		if mia := get("/admin", &http.Cookie{Name: "assent", Value: in.Token}).Body.String(); !strings.Contains(mia, `href="/admin/topics/usual"`) {
			t.Error("a step does not lead a marketer to its form")
		}
		topic := w.Topic("news", nil)
		var ids []string
		for i, actor := range []audit.Actor{campaignstest.Staff, approver.Actor("")} {
			m := w.Campaign(topic.Key, func(d *campaigns.Draft) { d.Name = &[]string{"Theirs", "Mine"}[i] })
			if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'in_review', author = $1 WHERE id = $2", actor.Person(), m.ID); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		page := get("/admin", session).Body.String()
		if !strings.Contains(page, "Approve “Theirs”") || strings.Contains(page, "Approve “Mine”") {
			t.Error("an approver is not asked for what others made, or is asked for the own")
		}
		if _, err := db.ExecContext(ctx, "UPDATE campaigns SET status = 'paused', status_reason = 'by hand' WHERE id = $1", ids[0]); err != nil {
			t.Fatal(err)
		}
		page = get("/admin", session).Body.String()
		if !regexp.MustCompile(`(?s)/admin/campaigns/` + ids[0] + `.*by hand`).MatchString(page) {
			t.Error("a paused campaign is not shown with its reason")
		}
		for i, author := range []string{"someone", approver.Actor("").Person()} {
			if _, err := db.ExecContext(ctx, `INSERT INTO notice_broadcasts (id, obligation, basis, lead, effective_at, subject, blocks, translations, status, author, author_name, created_at, updated_at)
				VALUES ($1, 'legal', 'legal_obligation', 'P0D', 1, $2, '[]', '{}', 'in_review', $3, 'x', 1, 1)`, sqldb.NewID(), []string{"Told by another", "Told by me"}[i], author); err != nil {
				t.Fatal(err)
			}
		}
		if page = get("/admin", session).Body.String(); !strings.Contains(page, "Approve “Told by another”") || strings.Contains(page, "Told by me") {
			t.Error("an approver is not asked for the broadcasts of others, or is asked for the own")
		}
		// A dead relay: what the sender writes when nobody answers.
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := w.Outbox.Queue(ctx, tx, w.Clock.Now(), preferences.ServiceMail{Kind: "x", Reference: "r", Email: "ann@example.com"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, "UPDATE messages SET class = 'notice', obligation = 'payment', basis = 'contract'"); err != nil {
			t.Fatal(err)
		}
		if page = get("/admin", session).Body.String(); strings.Contains(page, "does not answer") || !strings.Contains(page, "Notices that wait") {
			t.Error("mail that was not tried yet is said to wait for its relay")
		}
		claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 1)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("%v %v", claimed, err)
		}
		if err := w.Outbox.Complete(ctx, outbox.Result{ID: claimed[0].ID, Status: outbox.StatusDeferred, Reply: "dial tcp relay.example:25: connection refused", DueAt: w.Clock.Now()}); err != nil {
			t.Fatal(err)
		}
		page = get("/admin", session).Body.String()
		for _, want := range []string{"One notice waits for its relay, since", "connection refused", "Nothing is lost", "Stopped", "SMTP_URL_TRANSACTIONAL"} {
			if !strings.Contains(page, want) {
				t.Errorf("the first page lacks %q while the relay is dead", want)
			}
		}
		if claimed, _, err = w.Outbox.Claim(ctx, gate.Notice, "worker", 1); err != nil || len(claimed) != 1 {
			t.Fatalf("%v %v", claimed, err)
		}
		if err := w.Outbox.Complete(ctx, outbox.Result{ID: claimed[0].ID, Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}); err != nil {
			t.Fatal(err)
		}
		if page = get("/admin", session).Body.String(); strings.Contains(page, "does not answer") || strings.Contains(page, "Stopped") {
			t.Error("the relay is back, and the first page does not see it")
		}
	})
}
