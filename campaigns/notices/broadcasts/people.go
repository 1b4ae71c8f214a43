package broadcasts

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// Person is somebody whom a broadcast addresses, with the outcome.
type Person struct {
	ID           string     `json:"id"` // of the message, empty while there is none
	Email        string     `json:"email"`
	SubscriberID string     `json:"subscriber_id,omitempty"` // absent once the person is erased
	Outcome      string     `json:"outcome"`
	Reason       string     `json:"reason,omitempty"`
	At           *time.Time `json:"at,omitempty"`
	Reply        string     `json:"reply,omitempty"`  // of the relay
	Joined       bool       `json:"joined,omitempty"` // came after the audience was read
	Served       *Served    `json:"served,omitempty"`
}

// Served tells that somebody got the notice through another channel than mail.
type Served struct {
	Channel string    `json:"channel"` // post, phone or other
	On      string    `json:"on"`      // YYYY-MM-DD
	Note    string    `json:"note,omitempty"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// Filter narrows the people of a broadcast.
type Filter struct {
	Outcome string // one of Outcomes, or empty
	Open    bool   // only those whom nothing has reached yet: bounced or unserved, and not served otherwise
}

// Place is where a page of people begins: after the message of this id, or, when those are through, after the subscriber.
type Place struct{ Message, Subscriber string }

// Addressed lists up to limit of those addressed, those without a message last.
func (s *Service) Addressed(ctx context.Context, b *Broadcast, f Filter, after Place, limit int) (list []Person, err error) {
	if after.Subscriber == "" {
		if list, err = s.outcomes(ctx, b, f, after.Message, limit); err != nil || len(list) == limit {
			return list, err
		}
	}
	if !b.waits() || f.Open || (f.Outcome != "" && f.Outcome != Pending) {
		return list, nil
	}
	waiting, err := b.missing(ctx, s.DB, max(after.Subscriber, b.cursor), s.now(), limit-len(list))
	for _, m := range waiting {
		list = append(list, Person{Email: m.Email, SubscriberID: m.SubscriberID, Outcome: Pending})
	}
	return list, err
}

// Place is where the page after this person begins.
func (p Person) Place() Place {
	if p.ID == "" {
		return Place{Subscriber: p.SubscriberID}
	}
	return Place{Message: p.ID}
}

const (
	peopleQuery = `SELECT m.id, m.email, m.subscriber_id, m.status, m.reason, m.at, m.sent_at, m.reply, m.created_at, v.channel, v.served_on, v.note, v.actor, v.at FROM messages m
		LEFT JOIN notice_served v ON v.message_id = m.id WHERE m.broadcast_id = $1 AND m.id > $2`
	ofStatus = " AND m.status = $3"
	notYet   = " AND v.message_id IS NULL"
	inOrder  = " ORDER BY m.id LIMIT "
)

// outcomes asks for each status by itself, so that the few with one are not looked for among the many with another.
func (s *Service) outcomes(ctx context.Context, b *Broadcast, f Filter, after string, limit int) (list []Person, err error) {
	wanted, query := statuses[f.Outcome], peopleQuery
	if f.Open {
		wanted = append(append(wanted[:0:0], statuses[Bounced]...), statuses[Unserved]...)
		query += notYet
	}
	if len(wanted) == 0 {
		return s.people(ctx, b, query+inOrder+"$3", b.ID, after, limit)
	}
	for _, status := range wanted {
		some, err := s.people(ctx, b, query+ofStatus+inOrder+"$4", b.ID, after, status, limit)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(limit, len(list))], nil
}

func (s *Service) people(ctx context.Context, b *Broadcast, query string, args ...any) ([]Person, error) {
	var list []Person
	for row := range sqldb.Rows(ctx, s.DB, query, args...) {
		p, err := scanPerson(row, b)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func scanPerson(row sqldb.Scanner, b *Broadcast) (p Person, err error) {
	var status string
	var at, created int64
	var sent, servedAt sql.NullInt64
	var subscriber, channel, on, note, by sql.NullString
	if err := row.Scan(&p.ID, &p.Email, &subscriber, &status, &p.Reason, &at, &sent, &p.Reply, &created, &channel, &on, &note, &by, &servedAt); err != nil {
		return p, fmt.Errorf("broadcasts: people: %w", err)
	}
	p.SubscriberID, p.Outcome = subscriber.String, outcome(status)
	if p.Outcome == Accepted && sent.Valid {
		at = sent.Int64
	}
	when := sqldb.Time(at)
	p.At = &when
	p.Joined = !b.plannedAt.IsZero() && created > sqldb.Micros(b.plannedAt)
	if channel.Valid {
		p.Served = &Served{channel.String, on.String, note.String, by.String, sqldb.NullTime(servedAt)}
	}
	return p, nil
}

// csvPage is how many people an export reads at a time.
const csvPage = 1000

// WriteCSV writes everybody whom a broadcast addresses, for a person to work through. Cells cannot be run as formulas.
func (s *Service) WriteCSV(ctx context.Context, b *Broadcast, f Filter, w io.Writer) error {
	out := sheet.NewWriter(w)
	err := out.Row("email", "subscriber_id", "outcome", "reason", "at", "reply", "served_channel", "served_on", "served_note")
	for after, more := (Place{}), true; more && err == nil; {
		page, err := s.Addressed(ctx, b, f, after, csvPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			at, served := "", Served{}
			if p.At != nil {
				at = p.At.Format(time.RFC3339Nano)
			}
			if p.Served != nil {
				served = *p.Served
			}
			if err := out.Row(p.Email, p.SubscriberID, p.Outcome, p.Reason, at, p.Reply, served.Channel, served.On, served.Note); err != nil {
				return fmt.Errorf("broadcasts: write CSV: %w", err)
			}
			after = p.Place()
		}
		more = len(page) == csvPage
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return err
}
