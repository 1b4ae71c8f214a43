package campaigns

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Views are the service mails that package preferences asks for: each asks to confirm something by a link.
func Views(people *preferences.Service, links preferences.Links) map[string]outbox.View {
	link := func(ctx context.Context, m *outbox.Message, issued time.Time) (url string, until time.Time, err error) {
		site, err := people.Site.Get(ctx)
		return links.Confirm(m.SubscriberID, issued), issued.Add(site.ConfirmTTL), err
	}
	topics := func(view func(topics []string, url string, until time.Time) mail.View) outbox.View {
		return func(ctx context.Context, q sqldb.Querier, m *outbox.Message, l *locale.Locale) (mail.View, error) {
			var data preferences.ConfirmSignup
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("campaigns: %w", err)
			}
			url, until, err := link(ctx, m, data.Issued)
			if err != nil {
				return nil, err
			}
			names, err := asked(ctx, q, people, data, l)
			return view(names, url, until), err
		}
	}
	return map[string]outbox.View{
		preferences.MailConfirmSignup: topics(func(topics []string, url string, until time.Time) mail.View {
			return mail.ConfirmSignup{Topics: topics, URL: url, Until: until}
		}),
		preferences.MailConfirmTopics: topics(func(topics []string, url string, until time.Time) mail.View {
			return mail.ConfirmTopics{Topics: topics, URL: url, Until: until}
		}),
		preferences.MailConfirmAddress: func(ctx context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			var data preferences.ConfirmAddress
			if err := json.Unmarshal(m.Content, &data); err != nil {
				return nil, fmt.Errorf("campaigns: %w", err)
			}
			url, until, err := link(ctx, m, data.Issued)
			return mail.ConfirmAddress{URL: url, Until: until}, err
		},
	}
}

// asked are the names of what a confirmation mail asks about.
func asked(ctx context.Context, q sqldb.Querier, people *preferences.Service, data preferences.ConfirmSignup, l *locale.Locale) ([]string, error) {
	var names []string
	for _, key := range data.Topics {
		topic, err := people.Topic(ctx, q, key)
		if err != nil {
			return nil, err
		}
		names = append(names, topic.Name(l.Tag(), l.Language()))
	}
	for _, wish := range data.Wishes {
		names = append(names, WishText(ctx, q, l, wish))
	}
	return names, nil
}

// WishText says, for a mail or a page, what waits for a confirmation beside topics.
func WishText(ctx context.Context, q sqldb.Querier, l *locale.Locale, w preferences.Wish) string {
	switch w.Kind {
	case preferences.WishPartner:
		name := w.Value
		if partner, err := partners.Get(ctx, q, w.Value); err == nil {
			name = partner.Name
		}
		return l.T("centre.goes_with", "partner", name)
	case preferences.WishTracking:
		return l.T("pages.tracking.label")
	case preferences.WishObjection:
		return l.T("pages.data.object_lift")
	case preferences.WishResearchObjection:
		return l.T("pages.data.research_lift")
	case preferences.WishRestriction:
		return l.T("pages.data.restrict_lift")
	}
	return w.Kind
}
