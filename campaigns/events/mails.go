package events

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/names"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
	"assent/templates/locale"
	"assent/templates/mail"
)

// MailKind is the kind of all mails about registrations; [Store.Compose] writes them.
const MailKind = "event"

// The stages of a registration that a mail tells of.
const (
	stageRegistered   = "registered"
	stageWaiting      = "waiting"
	stagePlaceFree    = "place_free"
	stageReminder     = "reminder"
	stageChanged      = "changed"
	stageCancelled    = "cancelled"
	stageDeregistered = "deregistered"
	stageFollowUp     = "follow_up"
)

var stages = map[string]struct {
	mail     mail.EventStage
	calendar bool // the date goes with it as a file
}{
	stageRegistered: {mail.EventRegistered, true}, stageWaiting: {mail.EventWaiting, false}, stagePlaceFree: {mail.EventPlaceFree, true},
	stageReminder: {mail.EventReminder, false}, stageChanged: {mail.EventChanged, true}, stageCancelled: {mail.EventCancelled, true},
	stageDeregistered: {mail.EventDeregistered, false}, stageFollowUp: {mail.EventFollowUp, false},
}

// letter is what a mail says: the event as it was when the mail was asked for.
type letter struct {
	Stage        string      `json:"stage"`
	Registration string      `json:"registration"`
	Event        string      `json:"event"`
	Slug         string      `json:"slug"`
	Names        names.Texts `json:"names"`
	FollowUp     names.Texts `json:"follow_up,omitempty"`
	StartsAt     time.Time   `json:"starts_at"`
	EndsAt       time.Time   `json:"ends_at"`
	Timezone     string      `json:"timezone"`
	Place        string      `json:"place,omitempty"`
	URL          string      `json:"url,omitempty"`
	SharedWith   []string    `json:"shared_with,omitempty"` // names of partners
	Sequence     int         `json:"sequence"`
	Issued       time.Time   `json:"issued"`
}

// mail queues a service mail to a registrant, in the transaction of what it tells of. It names nobody: a stranger may have typed the
// name, to have it shown to anybody they like.
func (s *Store) mail(ctx context.Context, tx *sqldb.Tx, e Event, r Registration, stage string, now time.Time) error {
	data := letter{Stage: stage, Registration: r.ID, Event: e.id, Slug: e.Slug, Names: e.Names, StartsAt: e.StartsAt, EndsAt: e.EndsAt,
		Timezone: e.Timezone, Place: e.Place, URL: e.URL, Sequence: e.sequence, Issued: now}
	switch stage {
	case stageFollowUp:
		data.FollowUp = e.FollowUp
	case stageRegistered, stageWaiting, stagePlaceFree: // whoever did not register hears what was said in their name
		found, err := partners.Names(ctx, tx, r.Share)
		if err != nil {
			return err
		}
		for _, key := range r.Share {
			data.SharedWith = append(data.SharedWith, found[key])
		}
	}
	_, err := s.Outbox.Queue(ctx, tx, now, preferences.ServiceMail{Kind: MailKind, Reference: "registration:" + r.ID, SubscriberID: r.SubscriberID, Email: r.Email,
		Locale: r.Locale, Brand: e.Brand, Data: data})
	if err != nil {
		return fmt.Errorf("events: mail to a registrant: %w", err)
	}
	return nil
}

// ManageURL is the link by which a registrant gives a place back or stops what is shared. It works for ever.
func (s *Store) ManageURL(registrationID string, at time.Time) string {
	return s.Base + managePath + s.Keys.Sign(tokens.Registration, tokens.Claims{Subject: registrationID, Issued: at})
}

func (s *Store) pageURL(slug string) string { return s.Base + "/events/" + slug }

// Compose writes a mail of [MailKind], for the composer of the outbox.
func (s *Store) Compose(ctx context.Context, m *outbox.Message) (outbox.Rendered, error) {
	var data letter
	if err := json.Unmarshal(m.Content, &data); err != nil {
		return outbox.Rendered{}, fmt.Errorf("events: mail %s: %w", m.ID, err)
	}
	stage, ok := stages[data.Stage]
	if !ok {
		return outbox.Rendered{}, fmt.Errorf("events: mail %s: no stage %q", m.ID, data.Stage)
	}
	tag := m.Locale
	if tag == "" {
		tag = data.Names.Language("")
	}
	out := outbox.Rendered{Locale: locale.Get(tag)}
	var err error
	if out.Brand, err = brands.Get(ctx, s.DB, m.Brand); err != nil {
		return out, fmt.Errorf("events: brand of mail %s: %w", m.ID, err)
	}
	view := mail.EventMail{Stage: stage.mail, Title: data.Names.In(tag), Place: data.Place, Starts: data.StartsAt, TimeZone: data.Timezone,
		URL: s.pageURL(data.Slug), CancelURL: s.ManageURL(data.Registration, data.Issued), CalendarAttached: stage.calendar, SharedWith: data.SharedWith}
	if view.Note.Nodes, err = content.Markdown(data.FollowUp.In(tag)); err != nil {
		return out, fmt.Errorf("events: mail %s: %w", m.ID, err)
	}
	if data.URL != "" && data.Stage != stageWaiting && data.Stage != stageFollowUp {
		view.URL = data.URL
	}
	msg := mail.Compose(outbox.MailBrand(out.Brand), mail.To{Locale: out.Locale, Name: m.Name}, view)
	out.Subject, out.Text = msg.Subject, msg.Text()
	if out.HTML, err = msg.HTML(); err != nil {
		return out, fmt.Errorf("events: mail %s: %w", m.ID, err)
	}
	if stage.calendar {
		entry := calendarEntry{ID: data.Event, Title: view.Title, Place: data.Place, URL: view.URL, StartsAt: data.StartsAt, EndsAt: data.EndsAt,
			Sequence: data.Sequence, Stamp: data.Issued, Cancelled: data.Stage == stageCancelled}
		out.Attachments = append(out.Attachments, outbox.Attachment{Filename: data.Slug + ".ics", ContentType: calendarType, Content: []byte(entry.text())})
	}
	return out, nil
}

// Card is an event as campaigns show it, its texts in the language of l.
func (s *Store) Card(e Event, l *locale.Locale) mail.Event {
	card := mail.Event{Title: e.Names.In(l.Tag()), When: l.DateTime(e.StartsAt, e.Timezone), Place: e.Place, URL: s.pageURL(e.Slug), Label: l.T("mail.event.button")}
	if e.Place == "" {
		card.Place = l.T("pages.registration.online")
	}
	return card
}

// Cards looks events up for campaigns, which show them in the language of l. One that is not there is told so.
func (s *Store) Cards(l *locale.Locale) func(slug string) (mail.Event, bool) {
	return func(slug string) (mail.Event, bool) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		e, err := Get(ctx, s.DB, slug)
		if err != nil {
			return mail.Event{}, false
		}
		return s.Card(e, l), true
	}
}
