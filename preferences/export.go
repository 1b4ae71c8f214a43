package preferences

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// exportPage is how many people are read at a time, exportPause how long the next of them are looked for before what there is
// goes out.
const (
	exportPage  = 500
	exportPause = time.Second
)

// Export writes all people as CSV: who they are, how they stand as a whole, and for each topic their state and since when. An
// import reads the first columns back. Cells that a spreadsheet would run are made text (compliance 66). progress is told now and then how
// many are written; it may be nil.
func (s *Service) Export(ctx context.Context, out io.Writer, progress func(done int)) error {
	return s.ExportFound(ctx, out, Search{}, progress)
}

// ExportFound is [Service.Export] of the people whom a search finds; its After and Limit are not looked at.
func (s *Service) ExportFound(ctx context.Context, out io.Writer, in Search, progress func(done int)) error {
	topics, err := s.Topics(ctx, s.DB)
	if err != nil {
		return err
	}
	head := []string{"id", "email", "external_id", "first_name", "last_name", "company", "phone", "locale", "timezone", "country", "birth_date", "customer_since", "attributes",
		"status", "blocked", "frequency", "paused_until", "source", "created_at", "updated_at"}
	for _, topic := range topics {
		head = append(head, "consent."+topic.Key, "consent."+topic.Key+".since")
	}
	w := sheet.NewWriter(out)
	if err := w.Row(head...); err != nil {
		return err
	}
	done := 0
	in.After, in.Limit = "", exportPage
	for {
		if err := w.Flush(); err != nil {
			return err
		}
		if f, ok := out.(interface{ Flush() }); ok {
			f.Flush() // whoever waits sees at once that it has begun
		}
		found, err := s.Find(ctx, in, exportPause)
		if err != nil {
			return err
		}
		if err := s.exportRows(ctx, w, topics, found.People); err != nil {
			return err
		}
		if done += len(found.People); progress != nil {
			progress(done)
		}
		switch n := len(found.People); {
		case n == exportPage:
			in.After = found.People[n-1].ID
		case found.End:
			return w.Flush()
		default:
			in.After = found.At
		}
	}
}

func (s *Service) exportRows(ctx context.Context, w *sheet.Writer, topics []*Topic, people []*Subscriber) error {
	ids, keys := make([]string, len(people)), make([]string, len(people))
	for i, sub := range people {
		ids[i], keys[i] = sub.ID, sub.EmailKey
	}
	states, err := s.statesOf(ctx, ids)
	if err != nil {
		return err
	}
	blocks, err := s.blocksOf(ctx, keys)
	if err != nil {
		return err
	}
	for _, sub := range people {
		attributes := ""
		if len(sub.Attributes) > 0 {
			text, err := json.Marshal(sub.Attributes)
			if err != nil {
				return fmt.Errorf("preferences: export: %w", err)
			}
			attributes = string(text)
		}
		row := []string{sub.ID, sub.Email, sub.ExternalID, sub.FirstName, sub.LastName, sub.Company, sub.Phone, sub.Locale, sub.Timezone, sub.Country, sub.BirthDate, moment(sub.CustomerSince), attributes,
			sub.Status(), strings.Join(blocks[sub.EmailKey], " "), sub.Frequency, moment(sub.PausedUntil), sub.Source, moment(sub.CreatedAt), moment(sub.UpdatedAt)}
		for _, topic := range topics {
			st := states[[2]string{sub.ID, topic.ID}]
			row = append(row, st.State, moment(st.Since))
		}
		if err := w.Row(row...); err != nil {
			return err
		}
	}
	return nil
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// statesOf is where people stand, by person and topic.
func (s *Service) statesOf(ctx context.Context, ids []string) (map[[2]string]ConsentState, error) {
	d := s.DB.Dialect()
	now, states := s.now(), map[[2]string]ConsentState{}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT subscriber_id, topic_id, state, since, expires_at FROM consents WHERE subscriber_id "+d.In(1), d.List(ids)) {
		var id string
		var st ConsentState
		if err := row.Scan(&id, &st.TopicID, &st.State, instant{&st.Since}, instant{&st.Expires}); err != nil {
			return nil, fmt.Errorf("preferences: export: %w", err)
		}
		if st.State == StateGiven && !st.live(now) {
			st.State = StateExpired
		}
		states[[2]string{id, st.TopicID}] = st
	}
	return states, nil
}

// instant reads a stored time, NULL as the zero one.
type instant struct{ to *time.Time }

// Scan implements [database/sql.Scanner].
func (i instant) Scan(v any) error {
	switch us := v.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		*i.to = sqldb.Time(us)
	default:
		return fmt.Errorf("preferences: %T is not a stored time", v)
	}
	return nil
}

// blocksOf is why addresses are blocked.
func (s *Service) blocksOf(ctx context.Context, keys []string) (map[string][]string, error) {
	d := s.DB.Dialect()
	blocks := map[string][]string{}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT address_key, reason FROM suppressions WHERE address_key "+d.In(1), d.List(keys)) {
		var key, reason string
		if err := row.Scan(&key, &reason); err != nil {
			return nil, fmt.Errorf("preferences: export: %w", err)
		}
		blocks[key] = append(blocks[key], reason)
		slices.Sort(blocks[key])
	}
	return blocks, nil
}
