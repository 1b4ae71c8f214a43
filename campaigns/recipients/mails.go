package recipients

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Views are the service mails of the data rights desk. requests is the page of staff that lists requests; that of each is below it.
func Views(people *preferences.Service, links preferences.Links, requests string) map[string]outbox.View {
	letter := func(write func(ctx context.Context, l rights.Letter, url string) (mail.View, error)) outbox.View {
		return func(ctx context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			var l rights.Letter
			if err := json.Unmarshal(m.Content, &l); err != nil {
				return nil, fmt.Errorf("recipients: letter: %w", err)
			}
			return write(ctx, l, links.Base+"/d/"+l.Token(links.Keys))
		}
	}
	return map[string]outbox.View{
		rights.MailIdentity: letter(func(ctx context.Context, l rights.Letter, url string) (mail.View, error) {
			site, err := people.Site.Get(ctx)
			return mail.RightsIdentity{Kind: string(l.Kind), Reference: l.Number, URL: url, Until: l.Issued.Add(site.ConfirmTTL)}, err
		}),
		rights.MailExport: letter(func(_ context.Context, l rights.Letter, url string) (mail.View, error) {
			return mail.ExportReady{Reference: l.Number, URL: url, Until: l.Issued.Add(rights.LinkTTL)}, nil
		}),
		rights.MailReceived: letter(func(_ context.Context, l rights.Letter, _ string) (mail.View, error) {
			return mail.RightsReceived{Kind: string(l.Kind), Reference: l.Number, Due: l.Due}, nil
		}),
		rights.MailDone: letter(func(_ context.Context, l rights.Letter, _ string) (mail.View, error) {
			return mail.RightsDone{Kind: string(l.Kind), Reference: l.Number, Note: l.Note, Refused: l.Refused}, nil
		}),
		rights.MailExtended: letter(func(_ context.Context, l rights.Letter, _ string) (mail.View, error) {
			return mail.RightsExtended{Kind: string(l.Kind), Reference: l.Number, Note: l.Note, Due: l.Due}, nil
		}),
		rights.MailEscalation: letter(func(_ context.Context, l rights.Letter, _ string) (mail.View, error) {
			return mail.RightsEscalation{Kind: string(l.Kind), Reference: l.Number, Due: l.Due, Overdue: l.Overdue, URL: requests + "/" + l.RequestID}, nil
		}),
	}
}
