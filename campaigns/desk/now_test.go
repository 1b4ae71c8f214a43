package desk_test

import (
	"bytes"
	"strings"
	"testing"

	"assent/campaigns"
	"assent/preferences/staff/access"
)

// A campaign without a day begins at once only after whoever sends it has been told how many people get it.
func TestSendingAtOnceIsAskedAbout(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Crowd(3, "news")
		m := h.Campaign("news", nil)
		ada, mine := h.As("Ada", access.Marketer), "/admin/campaigns/"+m.ID
		status := func() string {
			t.Helper()
			m, err := h.Mails.Get(t.Context(), h.DB, m.ID)
			if err != nil {
				t.Fatal(err)
			}
			return m.Status
		}
		ada.Post(mine+"/schedule", "window", "09:00-17:00", "rate", "500").Want(200, "Send it now?", "It goes to 3 people.", `name="now" value="1"`, `value="09:00-17:00"`, `value="500"`)
		if got := status(); got != campaigns.StatusDraft {
			t.Fatalf("it is %s before anybody agreed", got)
		}
		h.As("Rita", access.ReadOnly).Post(mine + "/schedule").Want(403)
		ada.Post(mine+"/schedule", "now", "1", "rate", "500").Want(303, mine)
		if got := status(); got == campaigns.StatusDraft {
			t.Error("it is still a draft")
		}
		ada.Post(mine+"/schedule").Want(303, mine) // nothing is left to ask about
	})
}

// What a finished campaign said can be sent again to the same people, as a draft of its own.
func TestACampaignIsDuplicated(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Crowd(2, "news")
		long := strings.Repeat("é", 126)
		m := h.Campaign("news", func(d *campaigns.Draft) { d.Name = &long })
		h.Schedule(m)
		h.SendAll(m)
		ada, mine := h.As("Ada", access.Marketer), "/admin/campaigns/"+m.ID
		ada.Get(mine).Want(200, mine+"/copy", "Duplicate")
		edit := ada.Post(mine + "/copy").Want(303).Location()
		id := strings.TrimSuffix(strings.TrimPrefix(edit, "/admin/campaigns/"), "/edit")
		ada.Get(edit).Want(200, "Copy of é")
		made, err := h.Mails.Get(t.Context(), h.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		from, err := h.Mails.Get(t.Context(), h.DB, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if made.ID == from.ID || made.Status != campaigns.StatusDraft || !made.StartedAt.IsZero() || made.Subject != from.Subject || made.TopicID != from.TopicID || !bytes.Equal(made.Blocks, from.Blocks) {
			t.Errorf("%+v", made)
		}
		if from.Status != campaigns.StatusFinished {
			t.Errorf("the first one is %s", from.Status)
		}
		h.As("Rita", access.ReadOnly).Post(mine + "/copy").Want(403)
		if strings.Contains(h.As("Bo", access.Approver).Get(mine).Want(200).Body.String(), mine+"/copy") {
			t.Error("somebody who may not write is offered a copy")
		}
	})
}
