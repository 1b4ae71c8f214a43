package rights

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"sort"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// Section is what another package keeps about a person: rows that become a member of the JSON and a file of CSV. Without a
// subscriber, the id of sub is empty and only its address is known. It must leave out what is about somebody else.
type Section struct {
	Name string
	Read func(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber) ([]map[string]any, error)
}

// Copy is all that is known about one person (GDPR 15, 20). It names nobody else: staff appear as "staff".
type Copy struct {
	MadeAt       time.Time                   `json:"made_at"`
	Profile      *Profile                    `json:"profile,omitempty"`
	Consents     []preferences.ConsentState  `json:"consents"`
	Partners     []string                    `json:"partners_opted_out"`
	Events       []ledger.Event              `json:"events"`
	Mails        []preferences.SentMail      `json:"mails"`
	Suppressions []Block                     `json:"suppressions"`
	Requests     []Past                      `json:"requests"`
	More         map[string][]map[string]any `json:"more,omitempty"`
}

// Profile is what is stored about the person.
type Profile struct {
	ID                 string         `json:"id"`
	Email              string         `json:"email"`
	ExternalID         string         `json:"external_id,omitempty"`
	FirstName          string         `json:"first_name,omitempty"`
	LastName           string         `json:"last_name,omitempty"`
	Company            string         `json:"company,omitempty"`
	Phone              string         `json:"phone,omitempty"`
	Locale             string         `json:"locale,omitempty"`
	Timezone           string         `json:"timezone,omitempty"`
	Country            string         `json:"country,omitempty"`
	BirthDate          string         `json:"birth_date,omitempty"`
	CustomerSince      time.Time      `json:"customer_since,omitzero"`
	Attributes         map[string]any `json:"attributes,omitempty"`
	Source             string         `json:"source,omitempty"`
	Status             string         `json:"status"`
	Frequency          string         `json:"frequency"`
	PausedUntil        time.Time      `json:"paused_until,omitzero"`
	UnsubscribedAt     time.Time      `json:"unsubscribed_at,omitzero"`
	RestrictedAt       time.Time      `json:"restricted_at,omitzero"`
	ObjectedAt         time.Time      `json:"objected_at,omitzero"`
	ObjectedResearchAt time.Time      `json:"objected_research_at,omitzero"`
	TrackingSince      time.Time      `json:"tracking_since,omitzero"`
	AddressUnverified  time.Time      `json:"address_unverified_since,omitzero"`
	FormerAddresses    []string       `json:"former_addresses,omitempty"`
	CreatedAt          time.Time      `json:"created_at"`
	UpdatedAt          time.Time      `json:"updated_at"`
}

// Block is why the address is blocked.
type Block struct {
	Reason string    `json:"reason"`
	Note   string    `json:"note,omitempty"`
	Source string    `json:"source,omitempty"`
	Since  time.Time `json:"since"`
}

// Past is one data request.
type Past struct {
	Number     string    `json:"number"`
	Kind       Kind      `json:"kind"`
	Status     Status    `json:"status"`
	ReceivedAt time.Time `json:"received_at"`
	ClosedAt   time.Time `json:"closed_at,omitzero"`
	Detail     string    `json:"detail,omitempty"`
	Answer     string    `json:"answer,omitempty"`
}

// Copy gathers it for who asked with a request.
func (s *Service) Copy(ctx context.Context, r *Request) (*Copy, error) {
	sub, err := s.People.Subscriber(ctx, s.DB, r.SubscriberID)
	if errors.Is(err, preferences.ErrSubscriberNotFound) {
		if r.Email == "" {
			return nil, ErrNotFound
		}
		sub, err = &preferences.Subscriber{Email: r.Email, EmailKey: r.AddressKey}, nil
	}
	if err != nil {
		return nil, err
	}
	c := &Copy{MadeAt: s.now(), Consents: []preferences.ConsentState{}, Partners: []string{}, Events: []ledger.Event{}, Mails: []preferences.SentMail{}, Suppressions: []Block{}, Requests: []Past{}}
	if sub.ID != "" {
		if err := s.known(ctx, c, sub); err != nil {
			return nil, err
		}
	}
	if c.Mails, err = s.People.Sending.History(ctx, s.DB, sub, math.MaxInt32); err != nil {
		return nil, err
	}
	blocks, err := s.People.Suppressions(ctx, sub.Email, "", time.Time{}, "", 100)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		c.Suppressions = append(c.Suppressions, Block{b.Reason, b.Note, b.Source, b.CreatedAt})
	}
	if err := s.past(ctx, c, sub); err != nil {
		return nil, err
	}
	for _, section := range s.Sections {
		rows, err := section.Read(ctx, s.DB, sub)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			if c.More == nil {
				c.More = map[string][]map[string]any{}
			}
			c.More[section.Name] = rows
		}
	}
	return c, nil
}

// known adds what only a subscriber has.
func (s *Service) known(ctx context.Context, c *Copy, sub *preferences.Subscriber) (err error) {
	c.Profile = &Profile{
		ID: sub.ID, Email: sub.Email, ExternalID: sub.ExternalID, FirstName: sub.FirstName, LastName: sub.LastName, Company: sub.Company, Phone: sub.Phone, Locale: sub.Locale,
		Timezone: sub.Timezone, Country: sub.Country, BirthDate: sub.BirthDate, CustomerSince: sub.CustomerSince, Attributes: sub.Attributes, Source: sub.Source, Status: sub.Status(),
		Frequency: sub.Frequency, PausedUntil: sub.PausedUntil, UnsubscribedAt: sub.UnsubscribedAt, RestrictedAt: sub.RestrictedAt, ObjectedAt: sub.ObjectedAt,
		ObjectedResearchAt: sub.ObjectedResearch, TrackingSince: sub.TrackingAt, AddressUnverified: sub.UnverifiedSince, CreatedAt: sub.CreatedAt, UpdatedAt: sub.UpdatedAt,
	}
	former, err := s.People.FormerAddresses(ctx, s.DB, sub.ID)
	if err != nil {
		return err
	}
	for _, old := range former {
		c.Profile.FormerAddresses = append(c.Profile.FormerAddresses, old.Email)
	}
	if c.Consents, err = s.People.Consents(ctx, s.DB, sub.ID); err != nil {
		return err
	}
	objected, err := s.People.PartnerObjections(ctx, s.DB, sub.ID)
	if err != nil {
		return err
	}
	for key := range objected {
		c.Partners = append(c.Partners, key)
	}
	sort.Strings(c.Partners)
	if c.Events, err = s.People.Events(ctx, s.DB, sub.ID); err != nil {
		return err
	}
	for i := range c.Events {
		c.Events[i].Actor = whoActed(c.Events[i].Actor)
	}
	if c.Events == nil {
		c.Events = []ledger.Event{}
	}
	return nil
}

// whoActed names no member of staff.
func whoActed(actor string) string {
	switch kind, _, _ := strings.Cut(actor, ":"); kind {
	case "", audit.KindRecipient, audit.KindSystem:
		return kind
	}
	return "staff"
}

func (s *Service) past(ctx context.Context, c *Copy, sub *preferences.Subscriber) error {
	for row := range sqldb.Rows(ctx, s.DB, "SELECT "+columns+" FROM data_requests WHERE address_key = $1 OR (subscriber_id = $2 AND subscriber_id <> '') ORDER BY received_at", sub.EmailKey, sub.ID) {
		r, err := scan(row)
		if err != nil {
			return err
		}
		c.Requests = append(c.Requests, Past{r.Number, r.Kind, r.Status, r.ReceivedAt, r.ClosedAt, r.Detail, r.Answer})
	}
	return nil
}

// WriteJSON writes the copy in the form that other programs read.
func (c *Copy) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(c)
}

// WriteZip writes the copy as files of CSV, safe to open in a spreadsheet, with the JSON beside them.
func (c *Copy) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	file, err := z.CreateHeader(&zip.FileHeader{Name: "data.json", Method: zip.Deflate, Modified: c.MadeAt})
	if err != nil {
		return err
	}
	if err := c.WriteJSON(file); err != nil {
		return err
	}
	sheets, err := c.sheets()
	if err != nil {
		return err
	}
	for _, sh := range sheets {
		file, err := z.CreateHeader(&zip.FileHeader{Name: sh.name + ".csv", Method: zip.Deflate, Modified: c.MadeAt})
		if err != nil {
			return err
		}
		if err := sh.write(file); err != nil {
			return err
		}
	}
	return z.Close()
}

// table is one file of CSV.
type table struct {
	name string
	rows []map[string]any
	keys []string // first ones; others follow by name
}

// sheets lay the copy out in rows. They are made from its JSON, so that both say the same.
func (c *Copy) sheets() ([]table, error) {
	var list []table
	for _, part := range []struct {
		name string
		data any
		keys []string
	}{
		{"profile", []any{c.Profile}, []string{"email", "first_name", "last_name"}}, {"consents", c.Consents, []string{"topic", "state", "since"}},
		{"events", c.Events, []string{"recorded_at", "action", "topic", "state", "source", "wording"}}, {"mails", c.Mails, []string{"at", "class", "subject", "kind", "topic", "status"}},
		{"suppressions", c.Suppressions, []string{"reason", "since"}}, {"requests", c.Requests, []string{"number", "kind", "status"}},
	} {
		text, err := json.Marshal(part.data)
		if err != nil {
			return nil, err
		}
		t := table{name: part.name, keys: part.keys}
		if err := json.Unmarshal(text, &t.rows); err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	for _, name := range sorted(c.More) {
		list = append(list, table{name: name, rows: c.More[name]})
	}
	return list, nil
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (t table) write(w io.Writer) error {
	seen := map[string]bool{}
	columns := append([]string(nil), t.keys...)
	for _, key := range columns {
		seen[key] = true
	}
	more := map[string]bool{}
	for _, row := range t.rows {
		for key := range row {
			if !seen[key] {
				more[key] = true
			}
		}
	}
	columns = append(columns, sorted(more)...)
	out := sheet.NewWriter(w)
	if err := out.Row(columns...); err != nil {
		return err
	}
	for _, row := range t.rows {
		cells := make([]string, len(columns))
		for i, key := range columns {
			cells[i] = cell(row[key])
		}
		if err := out.Row(cells...); err != nil {
			return err
		}
	}
	return out.Flush()
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// Downloadable tells whether a link still gives the copy.
func (o Opened) Downloadable(now time.Time) bool {
	return (o.Kind == Access || o.Kind == Portability) && !o.VerifiedAt.IsZero() && o.Status == Done && !now.After(o.Until)
}
