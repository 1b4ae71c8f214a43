package office_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/events"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/webhooks"
)

func (h *house) erasing() audit.Actor { return campaignstest.Staff }

// A partner gets those who agreed and nobody else, and hears of who took it back.
func TestEventFromScreenToPartner(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		if _, err := h.office.Partners.Create(ctx, campaignstest.Staff, "fair", "Fair "+script); err != nil {
			t.Fatal(err)
		}
		ada.Get("/admin/events").Want(200, "No events yet")
		ada.Get("/admin/events/new").Want(200, "In these words")
		fields := []string{"slug", "open-day", "timezone", "Europe/Amsterdam", "starts_at", "2026-05-20T09:00", "ends_at", "2026-05-20T17:00", "place", "Hall " + script, "reminder_hours", "24", "partners", "fair", "capacity", "2"}
		ada.Post("/admin/events", append(fields, "names.en", "")...).Want(422, "names.en", `value="open-day"`)
		ada.Post("/admin/events", append(fields, "names.en", "Open day "+script)...).Want(303)
		ada.Get("/admin/events/open-day").Want(200, "/admin/campaigns/new?event=open-day", "Write the invitation")
		e, err := events.Get(ctx, h.DB, "open-day")
		if err != nil || !e.StartsAt.Equal(time.Date(2026, 5, 20, 7, 0, 0, 0, time.UTC)) || *e.Capacity != 2 {
			t.Fatalf("%+v %v", e, err)
		}
		var ids []string
		for _, who := range []struct {
			email string
			share []string
		}{{"yes@example.com", []string{"fair"}}, {"no@example.com", nil}, {"late@example.com", nil}} {
			r, _, err := h.office.Events.Add(ctx, campaignstest.Staff, "open-day", events.Entry{Email: who.email, FirstName: script, LastName: "=1+1", Share: who.share, Evidence: preferences.Evidence{Source: "test", Wording: "Yes."}})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
		page := ada.Get("/admin/events/open-day").Want(200, "yes@example.com", "Waiting", "1 guest agreed to share", "Guests were asked").Body.String()
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "/came") {
			t.Error("a name runs, or attendance is asked for before the day")
		}
		list := ada.Get("/admin/events/open-day/partners/fair").Want(200, "yes@example.com", "'=1+1").Body.String()
		if strings.Contains(list, "no@example.com") {
			t.Error("the partner gets somebody who did not agree")
		}
		h.As("Rita", access.ReadOnly).Get("/admin/events/open-day/partners/fair").Want(403)
		entries, _, err := audit.List(ctx, h.DB, audit.Filter{Action: "event.partner.export"}, 5, "")
		if err != nil || len(entries) != 1 || entries[0].Actor.Name != "Ada" {
			t.Errorf("%+v %v", entries, err)
		}
		if _, err := h.office.Events.Withdraw(ctx, campaignstest.Staff, ids[0], "fair", "test"); err != nil {
			t.Fatal(err)
		}
		ada.Get("/admin/events/open-day").Want(200, "1 guest took that back", "The partner was told")
		ada.Post("/admin/events/open-day/partners/fair/told").Want(303)
		if strings.Contains(ada.Get("/admin/events/open-day").Want(200).Body.String(), "took that back") {
			t.Error("still untold")
		}
		ada.Post("/admin/events/open-day/guests/" + ids[1] + "/cancel").Want(303)
		ada.Post("/admin/events/other/guests/" + ids[1] + "/cancel").Want(404)
		if _, r, err := h.office.Events.Registration(ctx, ids[2]); err != nil || r.Status != events.Registered {
			t.Errorf("who waited did not get the place: %+v %v", r, err)
		}
		ada.Post("/admin/events/open-day/guests/" + ids[0] + "/came").Want(303)
		ada.Get("/admin/events/open-day").Want(200, "The event has not begun")
		h.Clock.Move(18*24*time.Hour + 23*time.Hour)
		ada = h.As("Ann", access.Marketer)
		ada.Post("/admin/events/open-day/guests/" + ids[0] + "/came").Want(303)
		ada.Get("/admin/events/open-day").Want(200, "Came", "50%", "Did not come")
		ada.Get("/admin/events/open-day/edit").Want(200, `value="2026-05-20T09:00"`, `value="2"`)
		ada.Post("/admin/events/open-day/cancel").Want(303)
		ada.Get("/admin/events/open-day").Want(200, "Cancelled")
		ada.Get("/admin/events?show=past").Want(200)
	})
}

// An administrator makes, tests, rotates and removes a webhook; each secret is shown once.
func TestWebhookIsLookedAfter(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		var got []*http.Request
		down := true
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r)
			if down {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		defer receiver.Close()
		h.office.Hooks.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		ada := h.As("Ada", access.Administrator)
		ada.Get("/admin/webhooks").Want(200, "No webhooks")
		ada.Post("/admin/webhooks", "url", "http://169.254.169.254/", "events", "consent.*").Want(422, "169.254.169.254")
		made := ada.Post("/admin/webhooks", "url", receiver.URL, "description", script, "events", "subscriber.erased").Want(200, "whsec_", "not shown again").Body.String()
		list, err := h.office.Hooks.List(ctx, "", 5)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		here := "/admin/webhooks/" + list[0].ID
		secret := made[strings.Index(made, "whsec_"):]
		secret = strings.ReplaceAll(secret[:strings.Index(secret, "<")], "&#43;", "+")
		if strings.Contains(made, "<script>alert") || strings.Contains(ada.Get(here).Want(200, "No calls yet").Body.String(), "whsec_") {
			t.Error("the description runs, or the secret is shown twice")
		}
		ada.Post(here+"/test").Want(303, here)
		deliver := func() {
			t.Helper()
			if err := h.office.Hooks.Deliver(context.WithoutCancel(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		deliver()
		ada.Get(here).Want(200, "webhook.test", "Waiting", "503", "Try now")
		rotated := ada.Post(here+"/rotate").Want(200, "whsec_").Body.String()
		if strings.Contains(rotated, secret) {
			t.Error("the secret is the same")
		}
		down = false
		calls, err := h.office.Hooks.Calls(ctx, list[0].ID, "", "", 5)
		if err != nil || len(calls) != 1 {
			t.Fatal(calls, err)
		}
		ada.Post(here + "/calls/" + calls[0].ID).Want(303)
		deliver()
		ada.Get(here).Want(200, "Delivered")
		if n := len(strings.Fields(got[len(got)-1].Header.Get(webhooks.HeaderSignature))); n != 2 {
			t.Errorf("%d signatures on the day of the change", n)
		}
		ada.Post(here + "/calls/" + calls[0].ID).Want(303)
		ada.Get(here).Want(200, "delivered already")
		ada.Post(here, "description", "CRM", "events", "not an event").Want(422)
		ada.Post(here, "description", "CRM", "events", "consent.*").Want(303)
		ada.Post(here + "/disable").Want(303)
		ada.Get(here).Want(200, "Off", "by Ada", "Switch on")
		if err := h.DB.Tx(ctx, func(tx *sqldb.Tx) error { return h.office.Hooks.Enqueue(ctx, tx, "consent.given", nil) }); err != nil {
			t.Fatal(err)
		}
		if w, _ := h.office.Hooks.Get(ctx, list[0].ID); w.Waiting != 0 {
			t.Error("what is off is told")
		}
		ada.Post(here + "/enable").Want(303)
		h.Clock.Move(25 * time.Hour)
		ada = h.As("Ann", access.Administrator)
		ada.Post(here + "/test").Want(303)
		deliver()
		if n := len(strings.Fields(got[len(got)-1].Header.Get(webhooks.HeaderSignature))); n != 1 {
			t.Errorf("%d signatures after the day of the change", n)
		}
		ada.Post(here+"/remove").Want(303, "/admin/webhooks")
		ada.Get(here).Want(404)
	})
}

// A guest who said so elsewhere is entered by hand, with where, and gets the confirmation by mail; nothing is ticked beforehand, only an
// officer records what may be shared, and no topic is given by it.
func TestAGuestIsEnteredByHand(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada, olga, rita := h.As("Ada", access.Marketer), h.As("Olga", access.Marketer, access.PrivacyOfficer), h.As("Rita", access.ReadOnly)
		if _, err := h.office.Partners.Create(ctx, campaignstest.Staff, "fair", "Fair"); err != nil {
			t.Fatal(err)
		}
		ada.Post("/admin/events", "slug", "open-day", "timezone", "Europe/Amsterdam", "starts_at", "2026-05-20T09:00", "ends_at", "2026-05-20T17:00", "place", "Hall", "reminder_hours", "24", "partners", "fair", "names.en", "Open day").Want(303)
		const page, add = "/admin/events/open-day", "/admin/events/open-day/guests"
		if body := ada.Get(page).Want(200, "Enter a guest", `action="`+add+`"`).Body.String(); strings.Contains(body, `name="share"`) {
			t.Error("who is no officer is asked what may be shared")
		}
		if body := olga.Get(page).Want(200, `name="share"`, "In these words").Body.String(); strings.Contains(body, `value="fair" checked`) {
			t.Error("compliance 26: something is ticked beforehand")
		}
		if strings.Contains(rita.Get(page).Body.String(), "Enter a guest") {
			t.Error("who may only read is offered it")
		}
		rita.Post(add, "email", "ann@example.com", "source", "telephone").Want(403)
		ada.Post(add, "email", "ann@example.com", "source", "telephone", "share", "fair").Want(403)
		ada.Post(add, "email", "ann@", "source", "telephone", "first_name", script).Want(422, "e-mail address", "&lt;script&gt;")
		ada.Post(add, "email", "ann@example.com").Want(422, "where the person said so")
		olga.Post(add, "email", "ann@example.com", "source", "telephone", "share", "nobody").Want(422)
		guests := func() []events.Registration {
			t.Helper()
			e, err := events.Get(ctx, h.DB, "open-day")
			if err != nil {
				t.Fatal(err)
			}
			list, err := h.office.Events.Registrations(ctx, e, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if n := len(guests()); n != 0 {
			t.Fatalf("%d guests by forms that were refused", n)
		}
		ada.Post(add, "email", "ann@example.com", "first_name", "Ann", "source", "telephone").Want(303)
		olga.Post(add, "email", "bob@example.com", "source", "telephone", "share", "fair").Want(303)
		list := guests()
		if len(list) != 2 || list[0].Name() != "Ann" || len(list[0].Share) != 0 || len(list[1].Share) != 1 {
			t.Fatalf("%+v", list)
		}
		ada.Get(page).Want(200, "ann@example.com", "1 guest agreed to share")
		var mails int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE class = 'service' AND kind = $1 AND address_key IN ('ann@example.com', 'bob@example.com')", events.MailKind).Scan(&mails); err != nil || mails != 2 {
			t.Errorf("%d confirmations, %v", mails, err)
		}
		for _, r := range list {
			if states, err := h.People.Consents(ctx, h.DB, r.SubscriberID); err != nil || len(states) != 0 {
				t.Errorf("a topic is given by it: %+v, %v", states, err)
			}
		}
		history, err := h.People.Events(ctx, h.DB, list[1].SubscriberID)
		if err != nil || len(history) != 1 || history[0].Partner != "fair" || history[0].Source != "telephone" || history[0].Wording == "" {
			t.Errorf("%+v, %v", history, err)
		}
		ada.Post(page + "/cancel").Want(303)
		if strings.Contains(ada.Get(page).Body.String(), "Enter a guest") {
			t.Error("offered though the event is off")
		}
		ada.Post(add, "email", "cy@example.com", "source", "telephone").Want(422)
	})
}
