package office_test

import (
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/forms"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/pages"

	"context"
)

// A form is made, changed and closed on its screen; the wording that people saw is kept with its version (compliance 27).
func TestFormIsMadeAndUsed(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		(&forms.Pages{Store: h.office.Forms, Base: "https://mail.example.com", Wait: time.Millisecond, Frame: func(_ context.Context, l *locale.Locale, _ string) (pages.Page, error) {
			return pages.Page{Locale: l, Brand: pages.Brand{Name: "Nordlicht"}}, nil
		}}).Register(h.Echo)
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		ada.Get("/admin/forms").Want(200, "No forms yet")
		rita.Get("/admin/forms/new").Want(403)
		ada.Post("/admin/forms", "key", "paper", "kind", "download", "names.en", script).Want(422, "is required for a download form", `value="paper"`)
		ada.Post("/admin/forms", "kind", "contact", "names.en", "Write to us", "topics", "news").Want(303, "/admin/forms/write-to-us")
		ada.Post("/admin/forms", "key", "contact", "kind", "contact", "names.en", "Contact "+script, "topics", "news").Want(303, "/admin/forms/contact")
		ada.Post("/admin/forms/contact", "names.en", "Contact "+script, "intros.en", script, "topics", "news", "wording.news.en", "Yes, the *news* "+script, "ask_age", "1", "country", "NL", "embed", "https://www.example.com\n",
			"q.0.label.en", "How did you hear of us?", "q.0.kind", "choice", "q.0.options", "a friend\n"+script, "q.1.kind", "text").Want(303)
		f, err := h.office.Forms.Get(ctx, h.DB, "contact")
		if err != nil || len(f.Questions) != 1 || f.Questions[0].Options[0] != "a friend" || f.Wordings["news"]["en"] == "" || !f.AskAge || f.Embed[0] != "https://www.example.com" {
			t.Fatalf("%+v %v", f, err)
		}
		page := ada.Get("/admin/forms/contact").Want(200, "Saved.", "https://mail.example.com/subscribe/contact", "&lt;iframe", "How did you hear of us?", `src="/subscribe/contact/embed`).Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("a text of the form runs")
		}
		ada.Post("/admin/forms/contact", "names.en", "Contact", "embed", "https://evil.example/;script-src *").Want(422, "must be origins")
		public := h.Nobody().Get("/subscribe/contact").Want(200, "Yes, the *news*").Body.String()
		if strings.Contains(public, "<script>alert") || strings.Contains(public, "checked") {
			t.Error("the public page runs a text, or a box is ticked beforehand")
		}
		h.Nobody().Forge("/subscribe/contact", map[string][]string{"email": {"new@example.com"}, "first_name": {script}, "topics": {"news"}, "message": {script}, pages.FieldOfAge: {pages.OfAgeYes}}).Want(200)
		if err := h.office.Forms.Work(ctx); err != nil {
			t.Fatal(err)
		}
		h.Clock.Move(time.Minute)
		figures, err := h.office.Forms.Figures(ctx)
		if err != nil || figures[f.ID].Started != 1 || figures[f.ID].Confirmed != 1 { // single opt-in
			t.Errorf("%+v %v", figures, err)
		}
		sent := ada.Get("/admin/forms/contact/responses").Want(200, "new@example.com", "Mark as handled").Body.String()
		if strings.Contains(sent, "<script>alert") {
			t.Error("an answer runs")
		}
		list, err := h.office.Forms.Responses(ctx, "contact", "", true, 1)
		if err != nil || len(list) != 1 {
			t.Fatal(err)
		}
		ada.Post("/admin/forms/contact/responses/"+list[0].ID, "handled", "1").Want(303)
		ada.Get("/admin/forms/contact/responses").Want(200, "Nothing waits")
		ada.Get("/admin/forms/contact/responses?show=all").Want(200, "Handled", "Ada")
		rita.Get("/admin/forms/contact/responses").Want(403)
		ada.Get("/admin/forms/contact/wordings").Want(200, "Yes, the *news*", "English")
		ada.Get("/admin/forms").Want(200, "/admin/forms/contact", "Contact")
		ada.Post("/admin/forms/contact/archive").Want(303)
		ada.Get("/admin/forms/contact").Want(200, "Archived", "Open it again")
		h.Nobody().Get("/subscribe/contact").Want(410)
		ada.Post("/admin/forms/contact/restore").Want(303)
		h.Nobody().Get("/subscribe/contact").Want(200)
		sub, err := h.People.SubscriberByKey(ctx, h.DB, "new@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.People.Erase(ctx, h.erasing(), sub.ID); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM form_signups").Scan(&left); err != nil || left != 0 {
			t.Errorf("%d sign-ups of an erased person, %v", left, err)
		}
	})
}

// Whoever may only look is offered nothing to change, nothing is changed without the token of the person's own pages, and each
// role reaches what it is there for.
func TestRolesReachTheirScreens(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		roles := []access.Role{access.Administrator, access.Marketer, access.Approver, access.PrivacyOfficer, access.ReadOnly}
		can := map[string][]access.Role{
			"forms": roles, "imports": roles, "events": roles,
			"forms/new": {access.Administrator, access.Marketer}, "events/new": {access.Administrator, access.Marketer},
			"imports/new":  {access.Administrator, access.Marketer, access.PrivacyOfficer},
			"requests":     {access.Administrator, access.PrivacyOfficer, access.ReadOnly},
			"requests/new": {access.Administrator, access.PrivacyOfficer},
			"webhooks":     {access.Administrator},
		}
		for _, role := range roles {
			browser := h.As(string(role), role)
			nav := browser.Get("/admin/forms").Want(200).Body.String()
			for page, may := range can {
				want := 403
				for _, r := range may {
					if r == role {
						want = 200
					}
				}
				browser.Get("/admin/" + page).Want(want)
				if !strings.Contains(page, "/") && strings.Contains(nav, `href="/admin/`+page+`"`) != (want == 200) {
					t.Errorf("%s: the navigation and the page %s do not agree", role, page)
				}
			}
		}
		reader, params := h.As("reader", access.ReadOnly), strings.NewReplacer(":key", "x", ":id", "x", ":slug", "x", ":act", "came", ":call", "x")
		admin, posts := h.As("root", access.Administrator), 0
		for _, r := range h.Echo.Routes() {
			if r.Method != echo.POST || strings.HasPrefix(r.Path, "/admin/sign") || strings.HasPrefix(r.Path, "/admin/account") || strings.Contains(r.Path, "token") {
				continue
			}
			posts++
			path := params.Replace(r.Path)
			if a := reader.Post(path); a.Code != 403 {
				t.Errorf("%s as reader: %d", path, a.Code)
			}
			if a := admin.Forge(path, map[string][]string{}); a.Code != 403 {
				t.Errorf("%s without a token: %d", path, a.Code)
			}
		}
		if posts < 40 {
			t.Errorf("only %d forms", posts)
		}
	})
}
