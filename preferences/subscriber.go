package preferences

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Subscriber is a person who may be written to: a customer, a lead or a reader.
type Subscriber struct {
	ID            string
	Email         string
	EmailKey      string
	ExternalID    string
	FirstName     string
	LastName      string
	Company       string
	Phone         string
	Locale        string // BCP 47; empty: the site's
	Timezone      string // IANA name; empty: the site's
	Country       string // ISO 3166-1 alpha-2
	BirthDate     string // YYYY-MM-DD
	CustomerSince time.Time
	Attributes    map[string]any
	Source        string

	ErasedBefore     bool
	UnverifiedSince  time.Time
	RestrictedAt     time.Time
	ObjectedAt       time.Time
	ObjectedResearch time.Time
	UnsubscribedAt   time.Time
	PausedUntil      time.Time
	Frequency        string
	TrackingAt       time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// ErrSubscriberNotFound is returned for an id or address that nobody has.
var ErrSubscriberNotFound = problem.NotFound("subscriber")

// Status is the one word that says how the person stands as a whole.
func (s *Subscriber) Status() string {
	switch {
	case !s.RestrictedAt.IsZero():
		return "restricted"
	case !s.ObjectedAt.IsZero():
		return "objected"
	case !s.UnsubscribedAt.IsZero():
		return "unsubscribed"
	case !s.UnverifiedSince.IsZero():
		return "unverified"
	}
	return "active"
}

// Name is the person's name as one text.
func (s *Subscriber) Name() string { return strings.TrimSpace(s.FirstName + " " + s.LastName) }

// Profile is what may be said about a person. A nil field is left as it is.
type Profile struct {
	Email         *string         `json:"email,omitempty"`
	ExternalID    *string         `json:"external_id,omitempty"`
	FirstName     *string         `json:"first_name,omitempty"`
	LastName      *string         `json:"last_name,omitempty"`
	Company       *string         `json:"company,omitempty"`
	Phone         *string         `json:"phone,omitempty"`
	Locale        *string         `json:"locale,omitempty"`
	Timezone      *string         `json:"timezone,omitempty"`
	Country       *string         `json:"country,omitempty"`
	BirthDate     *string         `json:"birth_date,omitempty"`
	CustomerSince *Date           `json:"customer_since,omitempty"`
	Attributes    *map[string]any `json:"attributes,omitempty"`
}

// Date is an instant that may also be written as a bare day.
type Date struct{ time.Time }

// UnmarshalJSON reads RFC 3339, YYYY-MM-DD, or null for none.
func (d *Date) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return problem.Malformed("A date must be a text such as 2026-05-01 or 2026-05-01T09:00:00Z.")
	}
	if text == nil || *text == "" {
		d.Time = time.Time{}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, *text); err == nil {
			d.Time = t.UTC().Truncate(time.Microsecond)
			return nil
		}
	}
	return &time.ParseError{Layout: time.RFC3339, Value: *text} // web.Decode names the field
}

const (
	maxText       = 500 // characters
	maxAttributes = 16 << 10
)

var attributeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// apply checks p and writes it over s. Every field that is wrong is named.
func (p *Profile) apply(s *Subscriber, now time.Time) error {
	var bad problem.Collector
	if p.Email != nil {
		parsed, err := address.Parse(*p.Email)
		if err != nil {
			bad.Add("email", "is not an e-mail address: %s", reason(err))
		} else {
			s.Email, s.EmailKey = parsed.Display, parsed.Key
		}
	}
	for _, f := range []struct {
		name string
		from *string
		to   *string
	}{
		{"external_id", p.ExternalID, &s.ExternalID}, {"first_name", p.FirstName, &s.FirstName}, {"last_name", p.LastName, &s.LastName},
		{"company", p.Company, &s.Company}, {"phone", p.Phone, &s.Phone},
	} {
		if f.from == nil {
			continue
		}
		text := strings.TrimSpace(*f.from)
		if err := address.HeaderSafe(text); err != nil {
			bad.Add(f.name, "must be one line of text without control characters")
		} else if utf8.RuneCountInString(text) > maxText {
			bad.Add(f.name, "must have at most %d characters", maxText)
		} else {
			*f.to = text
		}
	}
	if p.Locale != nil {
		if tag, err := language.Parse(*p.Locale); *p.Locale == "" {
			s.Locale = ""
		} else if err != nil {
			bad.Add("locale", "must be a language such as en or nl-BE")
		} else {
			s.Locale = tag.String()
		}
	}
	if p.Timezone != nil {
		if _, err := LoadZone(*p.Timezone); *p.Timezone != "" && err != nil {
			bad.Add("timezone", "must be a zone such as Europe/Amsterdam")
		} else {
			s.Timezone = *p.Timezone
		}
	}
	if p.Country != nil {
		region, err := language.ParseRegion(*p.Country)
		if *p.Country == "" {
			s.Country = ""
		} else if err != nil || len(*p.Country) != 2 || !region.IsCountry() {
			bad.Add("country", "must be a country of two letters such as NL")
		} else {
			s.Country = region.String()
		}
	}
	if p.BirthDate != nil {
		if born, err := time.Parse(time.DateOnly, *p.BirthDate); *p.BirthDate == "" {
			s.BirthDate = ""
		} else if err != nil || born.After(now) || born.Year() < 1890 {
			bad.Add("birth_date", "must be a day such as 1980-12-31, not in the future")
		} else {
			s.BirthDate = *p.BirthDate
		}
	}
	if p.CustomerSince != nil {
		s.CustomerSince = p.CustomerSince.Time
	}
	if p.Attributes != nil {
		merged := maps.Clone(s.Attributes)
		if merged == nil {
			merged = map[string]any{}
		}
		for name, value := range *p.Attributes {
			if !attributeName.MatchString(name) {
				bad.Add("attributes."+name, "must be named with letters, digits and _, beginning with a letter, at most 64")
			}
			if value == nil {
				delete(merged, name)
			} else {
				merged[name] = value
			}
		}
		if text, err := json.Marshal(merged); err != nil || len(text) > maxAttributes {
			bad.Add("attributes", "must be at most %d bytes of JSON", maxAttributes)
		}
		s.Attributes = merged
	}
	return bad.Err()
}

func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	_, text, found := strings.Cut(err.Error(), ": ")
	if !found {
		text = err.Error()
	}
	return text
}

// columns are read by scanSubscriber; the alias of the table is s.
const columns = `s.id, s.email, s.email_key, s.external_id, s.first_name, s.last_name, s.company, s.phone, s.locale, s.timezone, s.country, s.birth_date,
	s.customer_since, s.attributes, s.source, s.erased_before, s.unverified_since, s.restricted_at, s.objected_at, s.objected_research_at, s.unsubscribed_at,
	s.paused_until, s.frequency, s.tracking_at, s.created_at, s.updated_at`

func scanSubscriber(row sqldb.Scanner, more ...any) (*Subscriber, error) {
	var (
		s                                                                                            Subscriber
		external                                                                                     sql.NullString
		attributes                                                                                   string
		customer, unverified, restricted, objected, objectedResearch, unsubscribed, paused, tracking sql.NullInt64
		created, updated                                                                             int64
	)
	err := row.Scan(append([]any{&s.ID, &s.Email, &s.EmailKey, &external, &s.FirstName, &s.LastName, &s.Company, &s.Phone, &s.Locale, &s.Timezone, &s.Country,
		&s.BirthDate, &customer, &attributes, &s.Source, &s.ErasedBefore, &unverified, &restricted, &objected, &objectedResearch, &unsubscribed,
		&paused, &s.Frequency, &tracking, &created, &updated}, more...)...)
	if err != nil {
		return nil, err
	}
	s.ExternalID = external.String
	if attributes != "{}" {
		if err := json.Unmarshal([]byte(attributes), &s.Attributes); err != nil {
			return nil, fmt.Errorf("preferences: attributes of %s: %w", s.ID, err)
		}
	}
	s.CustomerSince, s.UnverifiedSince, s.RestrictedAt = sqldb.NullTime(customer), sqldb.NullTime(unverified), sqldb.NullTime(restricted)
	s.ObjectedAt, s.ObjectedResearch, s.UnsubscribedAt = sqldb.NullTime(objected), sqldb.NullTime(objectedResearch), sqldb.NullTime(unsubscribed)
	s.PausedUntil, s.TrackingAt = sqldb.NullTime(paused), sqldb.NullTime(tracking)
	s.CreatedAt, s.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return &s, nil
}

// Subscriber reads one person.
func (s *Service) Subscriber(ctx context.Context, q sqldb.Querier, id string) (*Subscriber, error) {
	if !sqldb.IsID(id) {
		return nil, ErrSubscriberNotFound
	}
	return oneSubscriber(q.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.id = $1", id))
}

// lockSubscriber reads one person and keeps other writers off until the transaction ends.
func lockSubscriber(ctx context.Context, tx *sqldb.Tx, id string) (*Subscriber, error) {
	if !sqldb.IsID(id) {
		return nil, ErrSubscriberNotFound
	}
	return oneSubscriber(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.id = $1"+tx.Dialect().ForUpdate(), id))
}

// Subscribers reads several people, by their ids. Those who are not there are left out.
func (s *Service) Subscribers(ctx context.Context, q sqldb.Querier, ids []string) (map[string]*Subscriber, error) {
	return byID(subscribersOf(ctx, q, ids, ""))
}

// subscribersOf reads several people in the order of their ids; lock is what the dialect says to keep other writers off until the
// transaction ends, or empty. Those who are not there are left out.
func subscribersOf(ctx context.Context, q sqldb.Querier, ids []string, lock string) ([]*Subscriber, error) {
	d := q.Dialect()
	return subscribersWhere(ctx, q, "s.id "+d.In(1)+" ORDER BY s.id"+lock, d.List(ids))
}

// subscribersWhere reads all people whom a condition, with what may follow it, finds.
func subscribersWhere(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]*Subscriber, error) {
	people, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (*Subscriber, error) { return scanSubscriber(row) }, "SELECT "+columns+" FROM subscribers s WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("preferences: subscribers: %w", err)
	}
	return people, nil
}

func byID(people []*Subscriber, err error) (map[string]*Subscriber, error) {
	known := make(map[string]*Subscriber, len(people))
	for _, sub := range people {
		known[sub.ID] = sub
	}
	return known, err
}

// SubscriberByKey reads the person with this normalised address (address.Address.Key).
func (s *Service) SubscriberByKey(ctx context.Context, q sqldb.Querier, key string) (*Subscriber, error) {
	return oneSubscriber(q.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.email_key = $1", key))
}

func oneSubscriber(row *sql.Row) (*Subscriber, error) {
	sub, err := scanSubscriber(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrSubscriberNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("preferences: subscriber: %w", err)
	}
	return sub, nil
}

// Upsert makes the person with p's address, or updates the one who has it; created tells which.
func (s *Service) Upsert(ctx context.Context, actor audit.Actor, p Profile, source string) (sub *Subscriber, created bool, err error) {
	if p.Email == nil || strings.TrimSpace(*p.Email) == "" {
		return nil, false, problem.Invalid("email", "is required")
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		sub, created, err = s.upsert(ctx, tx, s.now(), p, source)
		if err != nil {
			return err
		}
		action := "subscriber.update"
		if created {
			action = "subscriber.create"
		}
		return audit.Record(ctx, tx, s.now(), actor, action, audit.Object("subscriber", sub.ID), nil, nil)
	})
	return sub, created, err
}

func (s *Service) upsert(ctx context.Context, tx *sqldb.Tx, now time.Time, p Profile, source string) (*Subscriber, bool, error) {
	fresh := Subscriber{ID: sqldb.NewID(), Frequency: FrequencyEach, Source: source, CreatedAt: now, UpdatedAt: now}
	if err := p.apply(&fresh, now); err != nil {
		return nil, false, err
	}
	known, err := oneSubscriber(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.email_key = $1"+tx.Dialect().ForUpdate(), fresh.EmailKey))
	if errors.Is(err, ErrSubscriberNotFound) {
		if fresh.ErasedBefore, err = s.erased(ctx, tx, fresh.EmailKey); err != nil {
			return nil, false, err
		}
		made, err := s.insertSubscriber(ctx, tx, &fresh)
		if made && err == nil {
			err = s.inherit(ctx, tx, now, &fresh)
		}
		if made || err != nil {
			return &fresh, true, err
		}
		known, err = oneSubscriber(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.email_key = $1"+tx.Dialect().ForUpdate(), fresh.EmailKey))
	}
	if err != nil {
		return nil, false, err
	}
	p.Email = nil // the same address, however it was written
	if err := p.apply(known, now); err != nil {
		return nil, false, err
	}
	known.UpdatedAt = now
	return known, false, s.saveSubscriber(ctx, tx, known)
}

// insertSubscriber makes a person, unless somebody else has made one with this address meanwhile.
func (s *Service) insertSubscriber(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) (made bool, err error) {
	attributes, err := attributesText(sub.Attributes)
	if err != nil {
		return false, err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO subscribers (id, email, email_key, external_id, first_name, last_name, company, phone, locale, timezone, country, birth_date,
		customer_since, attributes, source, erased_before, frequency, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT (email_key) DO NOTHING`,
		sub.ID, sub.Email, sub.EmailKey, sqldb.NullText(sub.ExternalID), sub.FirstName, sub.LastName, sub.Company, sub.Phone, sub.Locale, sub.Timezone, sub.Country,
		sub.BirthDate, sqldb.NullMicros(sub.CustomerSince), attributes, sub.Source, sub.ErasedBefore, sub.Frequency, sqldb.Micros(sub.CreatedAt), sqldb.Micros(sub.UpdatedAt))
	if err != nil {
		return false, explainUnique(err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// saveSubscriber writes everything about a person that was read in this transaction.
func (s *Service) saveSubscriber(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) error {
	attributes, err := attributesText(sub.Attributes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE subscribers SET email = $1, email_key = $2, external_id = $3, first_name = $4, last_name = $5, company = $6, phone = $7, locale = $8,
		timezone = $9, country = $10, birth_date = $11, customer_since = $12, attributes = $13, erased_before = $14, unverified_since = $15, restricted_at = $16, objected_at = $17,
		objected_research_at = $18, unsubscribed_at = $19, paused_until = $20, frequency = $21, tracking_at = $22, updated_at = $23 WHERE id = $24`,
		sub.Email, sub.EmailKey, sqldb.NullText(sub.ExternalID), sub.FirstName, sub.LastName, sub.Company, sub.Phone, sub.Locale, sub.Timezone, sub.Country, sub.BirthDate,
		sqldb.NullMicros(sub.CustomerSince), attributes, sub.ErasedBefore, sqldb.NullMicros(sub.UnverifiedSince), sqldb.NullMicros(sub.RestrictedAt), sqldb.NullMicros(sub.ObjectedAt),
		sqldb.NullMicros(sub.ObjectedResearch), sqldb.NullMicros(sub.UnsubscribedAt), sqldb.NullMicros(sub.PausedUntil), sub.Frequency, sqldb.NullMicros(sub.TrackingAt),
		sqldb.Micros(sub.UpdatedAt), sub.ID)
	return explainUnique(err)
}

func attributesText(attributes map[string]any) (string, error) {
	if len(attributes) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(attributes)
	if err != nil {
		return "", fmt.Errorf("preferences: attributes: %w", err)
	}
	return string(text), nil
}

func explainUnique(err error) error {
	switch {
	case err == nil:
		return nil
	case sqldb.IsUnique(err) && strings.Contains(err.Error(), "external_id"):
		return problem.Invalid("external_id", "belongs to another subscriber already")
	case sqldb.IsUnique(err):
		return problem.Invalid("email", "belongs to another subscriber already")
	}
	return fmt.Errorf("preferences: subscriber: %w", err)
}

// Update changes a person. A new address is not used for marketing until it is verified by its owner (compliance 33), and what
// was said about the old one by its owner (complaints, manual blocks) follows the person.
func (s *Service) Update(ctx context.Context, actor audit.Actor, id string, p Profile) (sub *Subscriber, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if sub, err = lockSubscriber(ctx, tx, id); err != nil {
			return err
		}
		before := *sub
		if err := p.apply(sub, now); err != nil {
			return err
		}
		sub.UpdatedAt = now
		if sub.EmailKey != before.EmailKey {
			if err := s.changeAddress(ctx, tx, now, actor, before, sub); err != nil {
				return err
			}
		}
		if err := s.saveSubscriber(ctx, tx, sub); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "subscriber.update", audit.Object("subscriber", id), nil, nil)
	})
	if err == nil {
		s.Outbox.Flush(ctx)
	}
	return sub, err
}

func (s *Service) changeAddress(ctx context.Context, tx *sqldb.Tx, now time.Time, actor audit.Actor, before Subscriber, sub *Subscriber) error {
	sub.UnverifiedSince = now
	if err := noteFormer(ctx, tx, now, before); err != nil {
		return err
	}
	blocks, err := suppressionsOf(ctx, tx, before.EmailKey)
	if err != nil {
		return err
	}
	for _, block := range blocks {
		if block.Reason == SuppressedBounced {
			continue // that was the old mailbox
		}
		block.ID, block.Email, block.AddressKey, block.Source = sqldb.NewID(), sub.Email, sub.EmailKey, "followed the change of address"
		if _, err := insertSuppression(ctx, tx, block); err != nil {
			return err
		}
	}
	changed := ledger.Event{ID: sqldb.NewID(), Subscriber: sub.ID, Action: ledger.AddressChanged, RecordedAt: now, Source: actor.Kind, Actor: actor.Kind + ":" + actor.ID}
	if _, err := ledger.Append(ctx, tx, changed); err != nil {
		return err
	}
	if err := s.tell(ctx, tx, []Told{toldOf(sub, changed)}); err != nil {
		return err
	}
	_, err = s.Outbox.Queue(ctx, tx, now, ServiceMail{Kind: MailConfirmAddress, Reference: "address:" + sub.ID, SubscriberID: sub.ID,
		Email: sub.Email, Name: sub.Name(), Locale: sub.Locale, Data: ConfirmAddress{Issued: now}})
	return err
}

// ConfirmAddress is the data of the mail that verifies a changed address.
type ConfirmAddress struct {
	Issued time.Time `json:"issued"`
}
