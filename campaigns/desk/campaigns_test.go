package desk_test

import (
	"strings"
	"testing"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

func TestCampaignFromDraftToReport(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		name := "=cmd()" + script
		for _, who := range []string{"ann", "bob", "cy"} {
			sub := h.Person(who+"@example.com", func(p *preferences.Profile) { p.FirstName = &name })
			if who != "cy" {
				h.Give(sub, "news")
			}
		}
		ada, olga, rita := h.As("Ada", access.Marketer), h.As("Olga", access.Marketer, access.Approver), h.As("Rita", access.ReadOnly)
		ada.Get("/admin/campaigns").Want(200, "/admin/campaigns/new")
		ada.Get("/admin/campaigns/new").Want(200, `name="b.1.markdown"`)
		base := []string{"name", "Spring " + script, "topic", "news", "subject", `Hello {{ first_name | "you" }}`, "b.0.type", "heading", "b.0.text", "News " + script, "b.0.level", "1", "b.1.type", "text", "b.1.markdown", "**fat** <script>alert(1)</script>"}
		form := func(more ...string) []string { return append(append([]string{}, base...), more...) }

		// The buttons of the editor change the form and keep nothing.
		page := ada.Post("/admin/campaigns", form("do", "add-button")...).Want(200, `name="b.2.label"`).Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("the editor runs what was typed")
		}
		ada.Post("/admin/campaigns", form("do", "down-0")...).Want(200, `name="b.1.text"`)
		ada.Post("/admin/campaigns", form("do", "copy-0")...).Want(200, `name="b.1.text"`, `name="b.2.markdown"`)
		if body := ada.Post("/admin/campaigns", form("do", "drop-0")...).Want(200).Body.String(); strings.Contains(body, `name="b.0.text"`) {
			t.Error("a block that was removed is still there")
		}
		if list, _ := h.Mails.List(ctx, "", h.Clock.Now(), "", 9); len(list) != 0 {
			t.Error("a button that only rearranges stored a campaign")
		}
		ada.Post("/admin/campaigns", form("b.2.type", "button", "b.2.label", "Go", "b.2.url", "javascript:alert(1)")...).Want(422, `url-error"`)
		mine := ada.Post("/admin/campaigns", form("b.2.type", "button", "b.2.label", "Go", "b.2.url", "https://example.com/")...).Want(303).Location()
		ada.Get(mine+"/edit").Want(200, `value="https://example.com/"`, "**fat**")
		ada.Post(mine+"/edit", form("do", "save")...).Want(303, mine)
		show := ada.Get(mine).Want(200, "2 of 3", mine+"/people?reason=no_consent", "Saved.", "one-click").Body.String()
		if strings.Contains(show, "<script>alert") {
			t.Error("the page of a campaign runs its name")
		}
		ada.Get(mine+"/people?reason=no_consent").Want(200, "cy@example.com")
		if strings.Contains(ada.Get(mine+"/people?reason=no_consent").Body.String(), "ann@example.com") {
			t.Error("people with another reason are listed")
		}
		ada.Get(mine+"/people?reason=%27").Want(200, "ann@example.com")

		frame := ada.Get(mine + "/frame?as=ann@example.com")
		frame.Want(200, "fat</strong>")
		if frame.Header().Get("Content-Security-Policy") != site.FramePolicy || strings.Contains(frame.Body.String(), "<script") {
			t.Error("the frame is not confined, or has a script")
		}
		ada.Get(mine+"/preview?way=phone&language=nl").Want(200, "language=nl", "mailframe phone")
		ada.Get(mine+"/preview?way=text&as=ann@example.com").Want(200, "fat")
		ada.Get(mine+"/preview?as=nobody@example.com").Want(200, "no subscriber")

		ada.Post(mine+"/test", "to", "x").Want(422, "is not an e-mail address")
		ada.Post(mine+"/test", "to", "ada@example.com, bo@example.com").Want(303, mine)
		var mails int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE kind = $1", outbox.KindTrial).Scan(&mails); err != nil || mails != 2 {
			t.Errorf("%d test mails, %v", mails, err)
		}
		ada.Post(mine + "/submit").Want(303)
		ada.Post(mine + "/schedule").Want(403)
		rita.Post(mine + "/schedule").Want(403)
		ada.Post(mine+"/edit", form()...).Want(422)
		olga.Post(mine + "/draft").Want(303)
		ada.Post(mine + "/submit").Want(303)
		olga.Post(mine+"/schedule", "at", "soon").Want(422, "must be a date")
		olga.Post(mine+"/schedule", "rate", "-1").Want(422, "number of mails")
		olga.Post(mine+"/schedule", "window", "9").Want(422)
		olga.Post(mine+"/schedule", "at", "2026-05-01T08:00", "rate", "5000").Want(303, mine)
		m, err := h.Mails.Get(ctx, h.DB, mine[strings.LastIndex(mine, "/")+1:])
		if err != nil || m.Status != campaigns.StatusScheduled || m.Rate != 5000 {
			t.Fatalf("%+v %v", m, err)
		}
		if strings.Contains(olga.Get(mine).Want(200).Body.String(), "Send it now?") {
			t.Error("a campaign with a day is asked about")
		}
		ada.Post(mine + "/pause").Want(303)
		ada.Post(mine + "/resume").Want(303)
		if got := h.SendAll(m); len(got) != 2 {
			t.Errorf("sent %v", got)
		}
		ada.Get(mine).Want(200, "Progress", mine+"/deliveries.csv")
	})
}

// Nobody lets go what they submitted themselves, whatever roles they have.
func TestNobodyApprovesTheirOwn(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		olga := h.As("Olga", access.Marketer, access.Approver)
		mine := olga.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Hi").Want(303).Location()
		olga.Post(mine + "/submit").Want(303)
		olga.Post(mine + "/schedule").Want(403)
		if strings.Contains(olga.Get(mine).Want(200).Body.String(), mine+"/schedule") {
			t.Error("the author is offered to approve")
		}
		h.As("Bo", access.Approver).Post(mine+"/schedule", "now", "1").Want(303)
	})
}

func TestDeliveriesAreSafeInASpreadsheet(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Give(h.Person("=ann@example.com", nil), "news")
		m := h.Campaign("news", nil)
		h.Schedule(m)
		h.SendAll(m)
		rita := h.As("Rita", access.ReadOnly)
		rita.Get("/admin/campaigns/"+m.ID+"/deliveries").Want(200, "=ann@example.com")
		csv := rita.Get("/admin/campaigns/"+m.ID+"/deliveries.csv").Want(200, "'=ann@example.com")
		if csv.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("%v", csv.Header())
		}
		rita.Get("/admin/campaigns/x").Want(404)
	})
}
