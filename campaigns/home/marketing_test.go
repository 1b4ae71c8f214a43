package home_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/home"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
)

// figure is a figure of the page, by its label.
func figure(body, label string) string {
	m := regexp.MustCompile(`(?s)<dt>` + regexp.QuoteMeta(label) + `</dt>\s*<dd[^>]*>([^<]*)<`).FindStringSubmatch(body)
	if m == nil {
		return "none"
	}
	return m[1]
}

func TestHomeTellsHowTheMarketingStreamDoes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		h := stafftest.New(t, db, w.Clock.Now)
		(&home.Home{DB: db, Now: w.Clock.Now, Site: h.Site, Campaigns: w.Mails, Marketing: "relay.example"}).Register(h.Echo)
		reader := h.As("Rita", access.ReadOnly)
		if body := reader.Get("/admin").Want(200, "Through relay.example").Body.String(); figure(body, "Rate now") != "0 a minute" || figure(body, "Sent in the last hour") != "0" {
			t.Errorf("of a stream that rests: %q, %q", figure(body, "Rate now"), figure(body, "Sent in the last hour"))
		}
		minute := w.Clock.Now().Unix() / 60
		for _, row := range []struct {
			campaign string
			ago      int64
			outcome  string
			n        int64
		}{{"a", 0, "sent", 20}, {"b", 4, "sent", 11}, {"a", 5, "sent", 1000}, {"a", 59, "sent", 200}, {"a", 60, "sent", 70_000}, {"a", 3, "bounced", 5}, {"b", 59, "bounced", 2}, {"b", 60, "bounced", 500}, {"c", 30, "complained", 3}, {"a", 1, "skipped", 9}} {
			if _, err := db.ExecContext(ctx, "INSERT INTO tally_minutes (campaign_id, minute, outcome, lane, n) VALUES ($1, $2, $3, 0, $4)", row.campaign, minute-row.ago, row.outcome, row.n); err != nil {
				t.Fatal(err)
			}
		}
		body := reader.Get("/admin").Body.String()
		for label, want := range map[string]string{"Rate now": "7 a minute", "Sent in the last hour": "1,231", "Bounced in the last hour": "7", "Complaints in the last hour": "3"} {
			if got := figure(body, label); got != want {
				t.Errorf("%s: %s, want %s", label, got, want)
			}
		}
	})
}

func TestNavigationCountsOpenDataRequests(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		h := stafftest.New(t, db, w.Clock.Now)
		(&home.Home{DB: db, Now: w.Clock.Now, Site: h.Site, Campaigns: w.Mails}).Register(h.Echo)
		h.Echo.GET("/admin/requests", func(c echo.Context) error { return c.NoContent(204) })
		officer, marketer := h.As("Olga", access.PrivacyOfficer), h.As("Mia", access.Marketer)
		badge := regexp.MustCompile(`(?s)href="/admin/requests"[^/]*?>.*?<span class="count num">(\d+)</span>`)
		if badge.MatchString(officer.Get("/admin").Want(200, `href="/admin/requests"`).Body.String()) {
			t.Error("a figure for nothing")
		}
		for i, status := range []string{"open", "in_progress", "unconfirmed", "done", "refused", "withdrawn"} {
			if _, err := db.ExecContext(ctx, `INSERT INTO data_requests (id, number, kind, status, source, email, address_key, received_at, due_at, created_at, updated_at)
				VALUES ($1, $2, 'access', $3, 'staff', 'a@example.com', 'a@example.com', 1, 1, 1, 1)`, sqldb.NewID(), string(rune('A'+i)), status); err != nil {
				t.Fatal(err)
			}
		}
		for _, page := range []string{"/admin", "/admin/account"} {
			if m := badge.FindStringSubmatch(officer.Get(page).Body.String()); m == nil || m[1] != "2" {
				t.Errorf("%s: %v", page, m)
			}
		}
		if body := marketer.Get("/admin").Want(200).Body.String(); strings.Contains(body, "count num") {
			t.Error("somebody who may not see data requests sees how many there are")
		}
	})
}

func TestHomeSaysWhatCannotGoOnAlone(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		h := stafftest.New(t, db, w.Clock.Now)
		(&home.Home{DB: db, Now: w.Clock.Now, Site: h.Site, Campaigns: w.Mails}).Register(h.Echo)
		mia := h.As("Mia", access.Marketer)
		ids := map[string]string{}
		for _, b := range []struct{ subject, status, held string }{{"Terms", "sending", "9 of 10 mails bounced"}, {"Prices", "finished", ""}, {"Privacy", "cancelled", ""}, {"Calm", "finished", ""}} {
			id := sqldb.NewID()
			var at any
			if b.held != "" {
				at = 1
			}
			if _, err := db.ExecContext(ctx, `INSERT INTO notice_broadcasts (id, obligation, basis, lead, effective_at, subject, blocks, translations, status, author, author_name, held_at, held_for, created_at, updated_at)
				VALUES ($1, 'legal', 'legal_obligation', 'P0D', 1, $2, '[]', '{}', $3, 'x', 'x', $4, $5, 1, 1)`, id, b.subject, b.status, at, b.held); err != nil {
				t.Fatal(err)
			}
			ids[b.subject] = id
		}
		message := func(subject, status string) string {
			id := sqldb.NewID()
			if _, err := db.ExecContext(ctx, `INSERT INTO messages (id, class, kind, broadcast_id, subscriber_id, email, address_key, status, at, created_at)
				VALUES ($1, 'notice', 'broadcast', $2, $3, 'a@example.com', 'a@example.com', $4, 1, 1)`, id, ids[subject], sqldb.NewID(), status); err != nil {
				t.Fatal(err)
			}
			return id
		}
		served := ""
		for _, status := range []string{"bounced", "unserved", "unserved", "sent", "deferred"} {
			id := message("Prices", status)
			if status == "unserved" {
				served = id
			}
		}
		message("Privacy", "bounced")
		message("Calm", "sent")
		if _, err := db.ExecContext(ctx, "INSERT INTO notice_served (message_id, broadcast_id, channel, served_on, actor, at) VALUES ($1, $2, 'post', '2026-01-01', 'x', 1)", served, ids["Prices"]); err != nil {
			t.Fatal(err)
		}
		body := mia.Get("/admin").Want(200, "“Terms” is stopped until somebody has looked at it", "9 of 10 mails bounced", `"/admin/notices/`+ids["Terms"]+`"`,
			"“Prices” did not reach 2 people", "/admin/notices/"+ids["Prices"]+"/coverage?show=open").Body.String()
		for _, no := range []string{"Privacy”", "Calm”", "“Terms” did not reach"} {
			if strings.Contains(body, no) {
				t.Errorf("the page says %q", no)
			}
		}
	})
}

// Who wrote something that a second person did not let go is told why; nobody else is.
func TestHomeTellsTheAuthorWhatWasNotApproved(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		h := stafftest.New(t, db, w.Clock.Now)
		(&home.Home{DB: db, Now: w.Clock.Now, Site: h.Site, Campaigns: w.Mails}).Register(h.Echo)
		mia, bo := h.As("Mia", access.Marketer), h.As("Bo", access.Marketer)
		var author string
		if err := db.QueryRowContext(ctx, "SELECT 'user:' || id FROM staff_users WHERE name = 'Mia'").Scan(&author); err != nil {
			t.Fatal(err)
		}
		w.Topic("news", nil)
		march := "March"
		c := w.Campaign("news", func(d *campaigns.Draft) { d.Name = &march })
		if _, err := db.ExecContext(ctx, "UPDATE campaigns SET author = $1, status_reason = 'The date is wrong' WHERE id = $2", author, c.ID); err != nil {
			t.Fatal(err)
		}
		for subject, at := range map[string]time.Time{"Terms": w.Clock.Now(), "Older terms": w.Clock.Now().Add(-10 * 24 * time.Hour)} {
			if _, err := db.ExecContext(ctx, `INSERT INTO notice_broadcasts (id, obligation, basis, lead, effective_at, subject, blocks, translations, status, author, author_name, refused_for, created_at, updated_at)
				VALUES ($1, 'legal', 'legal_obligation', 'P0D', 1, $2, '[]', '{}', 'cancelled', $3, 'Mia', 'Say which rights', 1, $4)`, sqldb.NewID(), subject, author, sqldb.Micros(at)); err != nil {
				t.Fatal(err)
			}
		}
		body := mia.Get("/admin").Want(200, "“March” was not approved", "The date is wrong", "/admin/campaigns/"+c.ID, "“Terms” was not approved", "Say which rights").Body.String()
		if strings.Contains(body, "Older terms") {
			t.Error("a broadcast that was refused long ago is told")
		}
		if body := bo.Get("/admin").Want(200).Body.String(); strings.Contains(body, "not approved") {
			t.Error("somebody else is told")
		}
	})
}

func TestHomeAsksForTheWinnerOfATest(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		h := stafftest.New(t, db, w.Clock.Now)
		(&home.Home{DB: db, Now: w.Clock.Now, Site: h.Site, Campaigns: w.Mails}).Register(h.Echo)
		mia := h.As("Mia", access.Marketer)
		w.Topic("news", nil)
		for i := range 40 {
			w.Give(w.Person(fmt.Sprintf("p%03d@example.com", i), nil), "news")
		}
		c := w.Campaign("news", func(d *campaigns.Draft) {
			name := "Spring"
			d.Name, d.ABTest = &name, json.RawMessage(`{"share": 30, "measure": "hand", "variants": [{"subject": "B"}]}`)
		})
		w.Schedule(c)
		if strings.Contains(mia.Get("/admin").Body.String(), "Choose the winner") {
			t.Error("asked before anything was sent")
		}
		w.SendAll(c)
		mia.Get("/admin").Want(200, "Choose the winner of the test of “Spring”", `"/admin/campaigns/`+c.ID+`"`)
		if _, err := w.Mails.ChooseWinner(ctx, campaignstest.Staff, c.ID, 2); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(mia.Get("/admin").Body.String(), "Choose the winner") {
			t.Error("asked again")
		}
	})
}
