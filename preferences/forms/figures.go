package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/sqldb"
)

// Figures are how many people sent a form in, and how many of them get now what they ticked on it.
type Figures struct{ Started, Confirmed int }

// noteSignups writes down who signed up with which form.
func (s *Store) noteSignups(ctx context.Context, tx *sqldb.Tx, f *Form, subscriberID string, topics []preferences.SignUpTopic) error {
	keys := make([]string, 0, len(topics)+1)
	for _, t := range topics {
		keys = append(keys, t.Key)
	}
	if len(keys) == 0 {
		keys = append(keys, "")
	}
	for _, key := range keys {
		if _, err := tx.ExecContext(ctx, "INSERT INTO form_signups (form_id, subscriber_id, topic_key, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", f.ID, subscriberID, key, sqldb.Micros(s.now())); err != nil {
			return fmt.Errorf("forms: sign-up: %w", err)
		}
	}
	return nil
}

// figuresAge is how old figures may be: they read all sign-ups.
const figuresAge = 30 * time.Second

// Figures are those of every form that was ever sent in, by its id. They are up to half a minute old.
func (s *Store) Figures(ctx context.Context) (map[string]Figures, error) {
	s.counting.Lock()
	defer s.counting.Unlock()
	if s.counted != nil && s.now().Sub(s.countedAt).Abs() < figuresAge {
		return s.counted, nil
	}
	out := map[string]Figures{}
	for row := range sqldb.Rows(ctx, s.DB, `SELECT g.form_id, count(DISTINCT g.subscriber_id), count(DISTINCT CASE WHEN c.state = 'given' THEN g.subscriber_id END) FROM form_signups g
		LEFT JOIN topics t ON t.key = g.topic_key LEFT JOIN consents c ON c.subscriber_id = g.subscriber_id AND c.topic_id = t.id GROUP BY g.form_id`) {
		var id string
		var f Figures
		if err := row.Scan(&id, &f.Started, &f.Confirmed); err != nil {
			return nil, fmt.Errorf("forms: figures: %w", err)
		}
		out[id] = f
	}
	s.counted, s.countedAt = out, s.now()
	return out, nil
}

// Shown is one version of the texts beside a form's boxes.
type Shown struct {
	Wording
	Since time.Time
}

// Wordings are the versions of a form's texts that were ever shown, the latest first.
func (s *Store) Wordings(ctx context.Context, formID string, limit int) ([]Shown, error) {
	var out []Shown
	for row := range sqldb.Rows(ctx, s.DB, "SELECT version, locale, texts, created_at FROM form_wordings WHERE form_id = $1 ORDER BY created_at DESC, version LIMIT $2", formID, limit) {
		var w Shown
		var texts string
		var at int64
		if err := row.Scan(&w.Version, &w.Locale, &texts, &at); err != nil {
			return nil, fmt.Errorf("forms: wordings: %w", err)
		}
		if err := json.Unmarshal([]byte(texts), &w.Texts); err != nil {
			return nil, fmt.Errorf("forms: wordings: %w", err)
		}
		w.Since = sqldb.Time(at)
		out = append(out, w)
	}
	return out, nil
}
