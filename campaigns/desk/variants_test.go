package desk_test

import (
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
)

func TestAMarketerTestsTwoSubjectsAndChooses(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Crowd(40, "news")
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "[Go](https://example.com/)").Want(303).Location()
		ada.Get(mine).Want(200, mine+"/variants")
		ada.Get(mine+"/variants").Want(200, `name="subject.2"`, `name="track_clicks"`)
		ada.Post(mine+"/variants", "share", "0", "measure", "hand", "subject.2", "B").Want(422, "must be 1 to 100 per cent", `value="B"`)
		ada.Post(mine+"/variants", "share", "30", "measure", "clicks", "wait", "4h", "subject.2", "B").Want(422, "only if track_clicks is on")
		ada.Post(mine+"/variants", "share", "30", "measure", "hand", "track_clicks", "1", "subject.2", `B "><script>alert(1)</script>`).Want(303, mine)
		ada.Get(mine+"/variants").Want(200, `value="30"`, "checked")
		rita.Get(mine + "/variants").Want(403)
		ada.Post(mine+"/schedule", "now", "1").Want(303)
		c, err := h.Mails.Get(ctx, h.DB, mine[strings.LastIndex(mine, "/")+1:])
		if err != nil {
			t.Fatal(err)
		}
		first := h.SendAll(c)
		h.Clock.Move(time.Hour)
		page := ada.Get(mine).Want(200, "The rest waits.", "No difference is shown", "Send this to the rest", "fewer than 10 people clicked").Body.String()
		if strings.Contains(page, "<script>alert") {
			t.Error("a subject runs")
		}
		if strings.Contains(rita.Get(mine).Body.String(), "Send this to the rest") {
			t.Error("a reader is offered to choose")
		}
		ada.Post(mine+"/winner", "variant", "9").Want(303)
		ada.Post(mine+"/winner", "variant", "2").Want(303)
		ada.Get(mine).Want(200, "Ada chose B for the rest.")
		if rest := h.SendAll(c); len(first)+len(rest) != 40 || len(rest) == 0 {
			t.Errorf("%d and %d", len(first), len(rest))
		}
		if c, _ = h.Mails.Get(ctx, h.DB, c.ID); c.Status != campaigns.StatusFinished {
			t.Errorf("it is %s", c.Status)
		}
	})
}

// Each text of a test has the block editor, with scripts and without, its preview, its checks and its test mail.
func TestEachTextOfATestIsWrittenInTheEditor(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Words of the first, [Go](https://example.com/).").Want(303).Location()
		id := mine[strings.LastIndex(mine, "/")+1:]
		get := func() *campaigns.Campaign {
			t.Helper()
			c, err := h.Mails.Get(ctx, h.DB, id)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		ada.Get(mine + "/text/2/edit").Want(404)
		if page := ada.Get(mine + "/edit").Want(200).Body.String(); strings.Contains(page, "/text/2/edit") {
			t.Error("a campaign of one text has tabs")
		}
		ada.Post(mine+"/variants", "share", "30", "measure", "hand", "own.2", "1").Want(303, mine)
		ada.Get(mine).Want(200, mine+"/text/2/edit")
		ada.Get(mine+"/edit").Want(200, mine+"/text/2/edit", "Words of the first", `name="topic"`)
		page := ada.Get(mine+"/text/2/edit").Want(200, `action="`+mine+`/text/2/edit"`, mine+"/text/2/frame", "Words of the first", `aria-current="page"`).Body.String()
		if strings.Contains(page, `name="topic"`) || strings.Contains(page, mine+"/delete") {
			t.Error("a text has recipients of its own, or offers to delete the campaign")
		}
		rita.Get(mine + "/text/2/edit").Want(403)
		// A block is added and the rest written, with plain forms.
		edit := mine + "/text/2/edit"
		ada.Post(edit, "version", "-1", "do", "add-button", "subject", "Second <b>", "b.0.type", "text", "b.0.markdown", "Words of the second.").Want(200, "Words of the second.", `name="b.1.url"`)
		ada.Post(edit, "version", "-1", "do", "save", "subject", "Second <b>", "b.0.type", "text", "b.0.markdown", "Words of the second.", "b.1.type", "button", "b.1.label", "Go", "b.1.url", "javascript:alert(1)").Want(422, "must begin with https://")
		// What is not complete is that of its text: the other tab leads back to it, and nothing is sent of it.
		if to := ada.Get(mine + "/edit").Want(303).Location(); to != edit {
			t.Errorf("the other tab leads to %s", to)
		}
		ada.Get(mine+"/text/2/frame?draft=1").Want(200, "Words of the second.")
		if frame := ada.Get(mine + "/frame?draft=1").Want(200).Body.String(); !strings.Contains(frame, "Words of the first") || strings.Contains(frame, "Words of the second") {
			t.Error("what is typed for one text shows in the other")
		}
		ada.Post(edit, "version", "-1", "do", "save", "subject", "Second <b>", "preheader", "", "b.0.type", "text", "b.0.markdown", "Words of the second.", "b.1.type", "button", "b.1.label", "here", "b.1.url", "http://example.com/").Want(303, mine)
		c := get()
		if second := c.As(2); c.Subject != "Hello" || !strings.Contains(string(c.Blocks), "Words of the first") || second.Subject != "Second <b>" || !strings.Contains(string(second.Blocks), "http://example.com/") || c.AB.Share != 30 {
			t.Fatalf("%+v and %+v", c, c.AB)
		}
		// Saving the form of the test keeps what the editor wrote.
		ada.Post(mine+"/variants", "share", "40", "measure", "hand", "subject.2", "Second <b>", "own.2", "1").Want(303, mine)
		if c := get(); c.AB.Share != 40 || !strings.Contains(string(c.As(2).Blocks), "Words of the second") {
			t.Errorf("%+v", c.AB)
		}
		// Checks and previews are of each text.
		ada.Get(mine).Want(200, "Text B: ", "http://example.com/")
		ada.Get(edit).Want(200, "http://example.com/")
		ada.Get(mine+"/preview?text=2").Want(200, "Second &lt;b&gt;", mine+"/text/2/frame", "text=1")
		ada.Get(mine+"/preview?text=2&way=text").Want(200, "Words of the second.")
		ada.Get(mine+"/text/2/frame").Want(200, "Words of the second.")
		ada.Get(mine+"/frame").Want(200, "Words of the first")
		ada.Get(mine + "/preview?text=3").Want(404)
		if to := ada.Get(mine + "/text/2").Want(303).Location(); to != mine {
			t.Errorf("it leads to %s", to)
		}
		// A test mail comes of each.
		ada.Post(mine+"/test", "to", "try@example.com").Want(303)
		seen := map[string]bool{}
		var list []*outbox.Message
		for row := range sqldb.Rows(ctx, h.DB, "SELECT id, kind, content, subject FROM messages WHERE kind = 'campaign_test'") {
			var m outbox.Message
			var text string
			if err := row.Scan(&m.ID, &m.Kind, &text, &m.Subject); err != nil {
				t.Fatal(err)
			}
			m.Content = []byte(text)
			list = append(list, &m)
		}
		for _, m := range list {
			out, err := h.Mails.ComposeTest(ctx, m)
			if err != nil {
				t.Fatal(err)
			}
			for name, words := range map[string]string{"[Test A] Hello": "Words of the first", "[Test B] Second <b>": "Words of the second"} {
				seen[name] = seen[name] || out.Subject == name && strings.Contains(out.Text, words)
			}
		}
		if len(list) != 2 || !seen["[Test A] Hello"] || !seen["[Test B] Second <b>"] {
			t.Errorf("%d test mails: %v", len(list), seen)
		}
	})
}
