package campaigns

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Views are the service mails that package preferences asks for.
func Views(people *preferences.Service, links preferences.Links) map[string]outbox.View {
	return map[string]outbox.View{
		preferences.MailConfirmSignup: func(ctx context.Context, q sqldb.Querier, m *outbox.Message, l *locale.Locale) (mail.View, error) {
			var data preferences.ConfirmSignup
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("campaigns: %w", err)
			}
			site, err := people.Site.Get(ctx)
			if err != nil {
				return nil, err
			}
			view := mail.ConfirmSignup{URL: links.Confirm(m.SubscriberID, data.Issued), Until: data.Issued.Add(site.ConfirmTTL)}
			for _, key := range data.Topics {
				topic, err := people.Topic(ctx, q, key)
				if err != nil {
					return nil, err
				}
				view.Topics = append(view.Topics, topic.Name(l.Tag(), l.Language()))
			}
			return view, nil
		},
		preferences.MailConfirmAddress: func(ctx context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			var data preferences.ConfirmAddress
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("campaigns: %w", err)
			}
			site, err := people.Site.Get(ctx)
			if err != nil {
				return nil, err
			}
			return mail.ConfirmAddress{URL: links.Confirm(m.SubscriberID, data.Issued), Until: data.Issued.Add(site.ConfirmTTL)}, nil
		},
	}
}
