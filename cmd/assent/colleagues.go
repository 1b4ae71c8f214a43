package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/accounts"
	"assent/templates/locale"
	"assent/templates/mail"
)

// colleagues mails the staff about their own accounts, as service mail.
type colleagues struct{ *outbox.Store }

func (l colleagues) Queue(ctx context.Context, tx *sqldb.Tx, at time.Time, m accounts.Letter) error {
	_, err := l.Store.Queue(ctx, tx, at, preferences.ServiceMail{Kind: m.Kind, Reference: m.Reference, Email: m.Email, Name: m.Name, Locale: m.Locale, Data: m.Facts})
	return err
}

// letterViews are those mails.
func (a *app) letterViews() map[string]outbox.View {
	kinds := map[string]func(f accounts.LetterFacts, token string, l *locale.Locale) mail.View{
		accounts.LetterInvite: func(f accounts.LetterFacts, token string, l *locale.Locale) mail.View {
			return mail.StaffInvite{By: f.By, Role: staff.RoleNames(l, f.Roles), URL: staff.PasswordURL(a.config.BaseURL, token), Until: f.Until}
		},
		accounts.LetterReset: func(f accounts.LetterFacts, token string, _ *locale.Locale) mail.View {
			return mail.PasswordReset{URL: staff.PasswordURL(a.config.BaseURL, token), Until: f.Until}
		},
		accounts.LetterConfirm: func(f accounts.LetterFacts, token string, _ *locale.Locale) mail.View {
			return mail.StaffAddress{URL: staff.AddressURL(a.config.BaseURL, token), Until: f.Until}
		},
		accounts.LetterMoved: func(f accounts.LetterFacts, _ string, _ *locale.Locale) mail.View {
			return mail.StaffMoved{Email: f.Email, By: f.By}
		},
	}
	views := map[string]outbox.View{}
	for kind, view := range kinds {
		views[kind] = func(_ context.Context, _ sqldb.Querier, m *outbox.Message, l *locale.Locale) (mail.View, error) {
			var f accounts.LetterFacts
			if err := json.Unmarshal(m.Content, &f); err != nil {
				return nil, fmt.Errorf("letter to the staff: %w", err)
			}
			token, err := a.accounts.Unseal(f)
			if err != nil {
				return nil, err
			}
			return view(f, token, l), nil
		}
	}
	return views
}
