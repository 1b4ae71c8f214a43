package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/preferences/staff/access"
)

func TestAMarketerTestsTwoSubjectsAndChooses(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		for i := range 40 {
			h.Give(h.Person(fmt.Sprintf("p%d@example.com", i), nil), "news")
		}
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "[Go](https://example.com/)").Want(303).Location()
		ada.Get(mine).Want(200, mine+"/variants")
		ada.Get(mine+"/variants").Want(200, `name="subject.2"`, `name="track_clicks"`)
		ada.Post(mine+"/variants", "share", "0", "measure", "hand", "subject.2", "B").Want(422, "must be 1 to 100 per cent", `value="B"`)
		ada.Post(mine+"/variants", "share", "30", "measure", "clicks", "wait", "4h", "subject.2", "B").Want(422, "only if track_clicks is on")
		ada.Post(mine+"/variants", "share", "30", "measure", "hand", "blocks.2", "[").Want(422, "as JSON")
		ada.Post(mine+"/variants", "share", "30", "measure", "hand", "track_clicks", "1", "subject.2", `B "><script>alert(1)</script>`).Want(303, mine)
		ada.Get(mine+"/variants").Want(200, `value="30"`, "checked")
		rita.Get(mine + "/variants").Want(403)
		ada.Post(mine + "/schedule").Want(303)
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
