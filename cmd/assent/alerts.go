package main

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/mail"
	"assent/templates/site"
)

// mailAlert is the kind of mail that tells the staff of a rate that harms the sender's name.
const mailAlert = "campaign_alert"

// eventAlert is what outgoing webhooks call it.
const eventAlert = "campaign.alert"

// alertData is what such a mail is made of.
type alertData struct {
	campaigns.Alert
	Campaign string `json:"campaign"`
}

// tellAlert lets those who look after campaigns know, and the webhooks.
func (a *app) tellAlert(ctx context.Context, tx *sqldb.Tx, alert campaigns.Alert) error {
	c, err := a.mails.Get(ctx, tx, alert.CampaignID)
	if err != nil {
		return err
	}
	data := alertData{alert, c.Name}
	if err := a.hooks.Enqueue(ctx, tx, eventAlert, data); err != nil {
		return err
	}
	users, err := a.accounts.List(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Disabled() || !has(u.Roles, access.Marketer) && !has(u.Roles, access.Administrator) {
			continue
		}
		if _, err := a.outbox.Queue(ctx, tx, a.config.Now(), preferences.ServiceMail{Kind: mailAlert, Reference: "alert:" + alert.ID, Email: u.Email, Name: u.Name, Locale: u.Locale, Data: data}); err != nil {
			return fmt.Errorf("alert: %w", err)
		}
	}
	return nil
}

func alertViews(base string) map[string]outbox.View {
	return map[string]outbox.View{mailAlert: func(_ context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
		var d alertData
		if err := json.Unmarshal(m.Content, &d); err != nil {
			return nil, fmt.Errorf("alert: %w", err)
		}
		return mail.BrakeAlert{Campaign: d.Campaign, Kind: d.Kind, Domain: d.Domain, Stop: d.Level == campaigns.LevelStop, Percent: d.Percent(), Total: int(d.Total), URL: base + site.Path(site.NavCampaigns) + "/" + d.CampaignID}, nil
	}}
}
