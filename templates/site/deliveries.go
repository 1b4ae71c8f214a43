package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// DeliveriesView lists the deliveries of a campaign. Filters: status, reason.
type DeliveriesView struct {
	Page
	Listing
	Campaign, CampaignURL string
	Rows                  []DeliveryRow
	Reasons               []string // that occur
	ListURL               string
}

// DeliveryRow is one of them.
type DeliveryRow struct {
	Email, PersonURL, Status, Reason, Reply string
	At                                      time.Time
}

// Deliveries is the list of one campaign's deliveries.
func Deliveries(v DeliveriesView) templ.Component {
	p := under(v.Page, NavCampaigns)
	t := ui.Table{Caption: p.t("site.campaign.deliveries"), Columns: []ui.Column{
		v.column(p.t("site.email"), ""), v.column(p.t("site.campaigns.status"), ""), v.column(p.t("site.campaign.reason"), ""), quiet(v.column(p.t("site.deliveries.reply"), "")), quiet(v.column(p.t("site.mail.at"), "")),
	}}
	for _, r := range v.Rows {
		why := ""
		if r.Reason != "" && r.Reason != "allowed" {
			why = reason(p.Locale, r.Reason)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Email, URL: r.PersonURL}, {Badge: DeliveryStatus(p.Locale, r.Status)}, {Text: why}, {Text: r.Reply, Mono: true}, {Text: p.when(r.At)}}})
	}
	reasons := ui.Field{Name: "reason", Label: p.t("site.campaign.reason"), Options: []ui.Option{{Value: "", Label: p.t("site.deliveries.any_reason")}}}
	for _, code := range v.Reasons {
		reasons.Options = append(reasons.Options, ui.Option{Value: code, Label: reason(p.Locale, code)})
	}
	f := v.filter(p, NavCampaigns, p.t("site.deliveries.search"), choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), "site.delivery.", "claimed", "sent", "deferred", "bounced", "skipped", "failed", "uncertain"), reasons)
	f.Action = v.ListURL
	if f.Clear != "" {
		f.Clear = v.ListURL
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t, Filter: f,
		Head:  ui.Head{Title: p.t("site.campaign.deliveries"), Lead: v.Campaign, Back: ui.Link{Label: v.Campaign, URL: v.CampaignURL}},
		Empty: ui.Empty{Icon: NavCampaigns, Title: p.t("site.deliveries.empty"), Text: p.t("site.deliveries.empty_text"), Action: ui.Link{Label: v.Campaign, URL: v.CampaignURL}},
	})
}
