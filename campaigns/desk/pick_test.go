package desk_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/events"
	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
)

// The block of an event is chosen by name: those to come, the next first, then those that were; what is chosen stays, though it is
// called off.
func TestAnEventIsChosenByItsName(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		store := &events.Store{DB: h.DB, Now: h.Clock.Now}
		ada := h.As("Ada", access.Marketer)
		h.Topic("news", nil)
		draft := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Come").Want(303).Location()
		withEvent := func(slug string) string {
			return ada.Post(draft+"/edit", "version", "-1", "do", "add-event", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "event", "b.0.event", slug).Want(200).Body.String()
		}
		if page := withEvent(""); !strings.Contains(page, "make one under Events first") {
			t.Error("nothing says that there is no event")
		}
		for slug, days := range map[string]int{"late": 30, "soon": 2, "over": -3, "long-over": -200, "off": 5} {
			at := h.Clock.Now().AddDate(0, 0, days)
			_, err := store.Create(ctx, audit.System("test"), events.Event{Slug: slug, Names: names.Texts{"en": "The " + slug + " day"}, StartsAt: at, EndsAt: at.Add(time.Hour), Timezone: "Europe/Amsterdam", ReminderHours: 24})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.DB.ExecContext(ctx, "UPDATE events SET cancelled_at = $1 WHERE slug = 'off'", sqldb.Micros(h.Clock.Now())); err != nil {
			t.Fatal(err)
		}
		options := regexp.MustCompile(`<option value="([a-z]+)"( selected)?>The [a-z]+ day`)
		for chosen, want := range map[string]string{"": "soon late over", "late": "soon late* over"} {
			var got []string
			_, field, _ := strings.Cut(withEvent(chosen), `name="b.0.event"`)
			field, _, _ = strings.Cut(field, "</select>")
			for _, m := range options.FindAllStringSubmatch(field, -1) {
				got = append(got, m[1]+strings.Repeat("*", min(len(m[2]), 1)))
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("with %q chosen: %s instead of %s", chosen, s, want)
			}
		}
		if page := withEvent("off"); !strings.Contains(page, `<option value="off" selected>`) || !strings.Contains(page, "(over)") {
			t.Error("what was chosen is lost, or what is over does not say so")
		}
	})
}

// A topic tells in which languages it lacks a name or a description, and what is read there in its place.
func TestATopicTellsWhatItLacks(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		ada.Post("/admin/topics", "key", "news", "class", "marketing", "basis", "consent", "names.en", "News", "names.nl", "Nieuws", "descriptions.nl", "Wat er nieuw is").Want(303)
		ada.Get("/admin/topics").Want(200, "No name in Deutsch, Français")
		ada.Get("/admin/topics/news").Want(200, "There is no name in Deutsch, Français. Who reads one of these gets “News”.", "There is no description in English, Deutsch, Français. Who reads one of these gets “Wat er nieuw is”.")
		ada.Post("/admin/topics/news", "names.en", "News", "names.nl", "Nieuws", "names.de", "Neues", "names.fr", "Actualités").Want(303)
		if page := ada.Get("/admin/topics").Body.String(); strings.Contains(page, "No name in") {
			t.Error("it lacks a name that it has")
		}
		ada.Get("/admin/topics/news").Want(200, "There is no description in English, Nederlands, Deutsch, Français; who reads one of these sees the name alone.")
	})
}

// Whether clicks are counted can be said without a test, and a test can be taken out.
func TestATestIsTakenOut(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ada := h.As("Ada", access.Marketer)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Come").Want(303).Location()
		test := func() *campaigns.ABTest {
			c, err := h.Mails.Get(ctx, h.DB, mine[strings.LastIndex(mine, "/")+1:])
			if err != nil {
				t.Fatal(err)
			}
			return c.AB
		}
		if page := ada.Get(mine+"/variants").Want(200, `value="20"`, "“Hello”").Body.String(); strings.Contains(page, "Take the test out") {
			t.Error("a test that is not there can be taken out")
		}
		ada.Post(mine+"/variants", "share", "20", "measure", "unsubscribes", "wait", "4h", "track_clicks", "1").Want(303, mine)
		if test() != nil {
			t.Error("a test without a second text was made")
		}
		ada.Post(mine+"/variants", "share", "20", "measure", "hand", "wait", "90m", "subject.2", "Hi").Want(303, mine)
		ada.Get(mine+"/variants").Want(200, "Take the test out", `<option value="90m" selected>`)
		ada.Post(mine+"/variants", "share", "20", "measure", "hand", "wait", "4h").Want(422, "must be 1 to 3 texts")
		ada.Post(mine+"/variants", "end", "1").Want(303, mine)
		if test() != nil {
			t.Error("the test is still there")
		}
	})
}
