package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
)

func TestReportsCompareWhatCameOfCampaigns(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Topic("offers", nil)
		for i := range 12 {
			h.Give(h.Person(fmt.Sprintf("p%d@example.com", i), nil), "news", "offers")
		}
		mail := func(topic, name string) *campaigns.Campaign {
			c := h.Campaign(topic, func(d *campaigns.Draft) { d.Name = &name })
			h.Schedule(c)
			h.SendAll(c)
			h.Clock.Move(5 * time.Minute)
			return c
		}
		first, offer, second := mail("news", "=First "+script), mail("offers", "Offer"), mail("news", "Second")
		leaver, err := h.People.SubscriberByKey(ctx, h.DB, "p3@example.com")
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []*campaigns.Campaign{first, first, second} {
			err := h.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := h.Mails.Note(ctx, tx, h.Clock.Now(), c.ID, leaver.ID, []string{campaigns.CountUnsubscribed, campaigns.StatusBounced, campaigns.CountUnsubscribed}[i])
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			h.Clock.Move(time.Minute)
		}
		rita := h.As("Rita", access.ReadOnly)
		page := rita.Get("/admin/campaigns/"+second.ID).Want(200, "Compared with earlier campaigns", "8.33%", "/admin/campaigns/"+first.ID).Body.String()
		if strings.Contains(page, "/admin/campaigns/"+offer.ID) || strings.Contains(page, "<script>alert") {
			t.Error("compared with a campaign of another topic, or a name runs")
		}
		all := rita.Get("/admin/reports").Want(200, "in 3 campaigns", "By topic", "5.56%", "Sent over time", "Bounces, complaints", "Show the figures").Body.String()
		if strings.Contains(all, "<script>alert") {
			t.Error("a name runs")
		}
		if only := rita.Get("/admin/reports?topic=offers").Want(200, "in 1 campaign").Body.String(); strings.Contains(only, first.ID) {
			t.Error("the filter does not filter")
		}
		rita.Get("/admin/reports?brand=nothing").Want(200, "No campaign began in this time")
		rita.Get("/admin/reports?topic=nothing").Want(200, "No campaign began in this time")
		csv := rita.Get("/admin/reports/campaigns.csv?topic=news").Want(200, "'=First", ",12,12,0,").Body.String()
		if strings.Contains(csv, offer.ID) || strings.Count(csv, "\n") != 3 {
			t.Errorf("%s", csv)
		}
		rita.Get("/admin/campaigns/" + first.ID + "/live?state=finished").Want(204) // which tells a browser not to ask again
		rita.Get("/admin/campaigns/"+first.ID+"/report.csv").Want(200, "figure,reason,people", "sent,,12", "unsubscribed,,1", "bounced,,1")
		h.Clock.Move(40 * 24 * time.Hour)
		rita = h.As("Rick", access.ReadOnly)
		rita.Get("/admin/reports").Want(200, "No campaign began in this time")
		rita.Get("/admin/reports?days=90").Want(200, "in 3 campaigns")
	})
}

func TestApproverRefusesThenApproves(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		admin, ada, olga := h.As("Root", access.Administrator), h.As("Ada", access.Marketer), h.As("Olga", access.Approver)
		settings := []string{"confirm_ttl", "48h", "signups_per_ip_hour", "5", "default_locale", "en", "review_required", "1"}
		admin.Post("/admin/settings", settings...).Want(303)
		admin.Get("/admin/settings").Want(200, `name="review_required"`)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Hi").Want(303).Location()
		if strings.Contains(ada.Get(mine).Want(200, mine+"/submit").Body.String(), mine+`/schedule"`) {
			t.Error("the author is offered to schedule what nobody has approved")
		}
		ada.Post(mine+"/schedule", "now", "1").Want(303)
		ada.Get(mine).Want(200, "A second person must approve")
		ada.Post(mine + "/submit").Want(303)
		ada.Post(mine + "/approve").Want(403)
		olga.Post(mine+"/refuse", "reason", "").Want(303)
		olga.Get(mine).Want(200, mine+"/approve", mine+"/refuse")
		olga.Post(mine+"/refuse", "reason", "Wrong date "+script).Want(303)
		if body := ada.Get(mine).Want(200, "Wrong date", mine+"/edit").Body.String(); strings.Contains(body, "<script>alert") {
			t.Error("a reason runs")
		}
		ada.Post(mine + "/submit").Want(303)
		olga.Post(mine + "/approve").Want(303)
		ada.Get(mine).Want(200, "Approved by", "Olga, ", mine+"/schedule")
		ada.Post(mine+"/schedule", "now", "1").Want(303)
		ada.Get(mine).Want(200, "It is scheduled.")
	})
}
