package desk_test

import (
	"strings"
	"testing"
	"time"

	"assent/campaigns/events"
	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/staff/access"
)

// The page of an event leads to its invitation: a campaign that already names the event.
func TestAnInvitationBeginsWithItsEvent(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		h.Topic("news", nil)
		at := h.Clock.Now().AddDate(0, 0, 9)
		store := &events.Store{DB: h.DB, Now: h.Clock.Now}
		if _, err := store.Create(t.Context(), audit.System("test"), events.Event{Slug: "open-day", Names: names.Texts{"en": "Day of open doors"}, StartsAt: at, EndsAt: at.Add(time.Hour), Timezone: "Europe/Amsterdam"}); err != nil {
			t.Fatal(err)
		}
		page := ada.Get("/admin/campaigns/new?event=open-day").Want(200, `<option value="open-day" selected`).Body.String()
		if n := strings.Count(page, `value="Day of open doors"`); n != 3 {
			t.Errorf("its name stands in %d fields instead of name, subject and heading", n)
		}
		ada.Get("/admin/campaigns/new?event=nothing").Want(200, `name="subject"`)
	})
}

// Nobody has to think of a key: it is made of the name, and what is wrong with it is told at its field.
func TestKeysAreMadeOfNames(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		ada.Post("/admin/brands", "name", "Blumen & Meer", "from_name", "Blumen", "from_email", "news@example.com", "reply_to", "a@example.com").Want(303)
		ada.Get("/admin/brands/blumen-meer").Want(200, "Blumen &amp; Meer")
		ada.Post("/admin/partners", "name", "Fair of Lübeck").Want(303)
		ada.Get("/admin/partners/fair-of-lubeck").Want(200, "Fair of Lübeck")
		ada.Post("/admin/topics", "class", "marketing", "basis", "consent", "names.en", "Spring news").Want(303)
		ada.Get("/admin/topics/spring-news").Want(200, "Spring news")
		ada.Post("/admin/segments", "name", "In the Netherlands", "rules", `{"country": "NL"}`).Want(303)
		ada.Get("/admin/segments/in-the-netherlands").Want(200, "In the Netherlands")
		ada.Post("/admin/segments", "name", "In the Netherlands", "rules", `{"country": "NL"}`).Want(422, "in-the-netherlands is there already")
		ada.Post("/admin/segments", "name", "日本", "rules", `{"country": "JP"}`).Want(422, `key-error"`)
	})
}
