package desk_test

import (
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/preferences/staff/access"
)

func TestACampaignsPageSaysWhatItsRatesLedTo(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada := h.As("Ada", access.Marketer)
		h.Topic("news", nil)
		c := h.Campaign("news", nil)
		if page := ada.Get("/admin/campaigns/" + c.ID).Want(200); strings.Contains(page.Body.String(), "What mailbox providers say") {
			t.Error("something is said of a campaign that has not begun")
		}
		for _, a := range []campaigns.Alert{
			{CampaignID: c.ID, Kind: campaigns.AlertComplaints, Level: campaigns.LevelAlert, N: 3, Total: 1200},
			{CampaignID: c.ID, Kind: campaigns.AlertBounces, Level: campaigns.LevelStop, N: 70, Total: 1000},
			{CampaignID: c.ID, Kind: campaigns.AlertDeferrals, Level: campaigns.LevelStop, Domain: "slow.example", N: 40, Total: 100, Until: h.Clock.Now().Add(15 * time.Minute)},
		} {
			for range 2 { // told once
				if _, err := h.Mails.Raise(ctx, a, time.Time{}, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		ada.Get("/admin/campaigns/"+c.ID).Want(200, "0.25 % of 1,200 recipients reported it as spam.", "7 % of 1,000 mails came back.", "The campaign was paused for it.", "slow.example put off 40 % of 100 mails.", "Mail to this domain waits until")
	})
}
