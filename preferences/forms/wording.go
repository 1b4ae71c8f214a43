package forms

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Wording is the texts beside the boxes of a form, in one language, as they were shown (compliance 27).
type Wording struct {
	Version string
	Locale  string
	Texts   map[string]string // by topic key
}

// boxes are the consents that a form asks for, in a language. Topics that are gone are left out; none is ticked.
func (s *Store) boxes(ctx context.Context, q sqldb.Querier, f *Form, l *locale.Locale, brand string) ([]pages.ConsentBox, error) {
	boxes := make([]pages.ConsentBox, 0, len(f.Topics))
	for _, key := range f.Topics {
		topic, err := s.People.Topic(ctx, q, key)
		if errors.Is(err, preferences.ErrTopicNotFound) || (err == nil && topic.ArchivedAt != nil) {
			continue
		}
		if err != nil {
			return nil, err
		}
		box := pages.ConsentBox{Topic: key, Wording: f.Wordings[key].In(l.Tag()), Description: topic.Description(l.Tag(), l.Language())}
		if box.Wording == "" {
			box.Wording = l.T("pages.subscribe.wording", "brand", brand, "topic", topic.Name(l.Tag(), l.Language()))
		}
		boxes = append(boxes, box)
	}
	return boxes, nil
}

// wording is what the boxes say, under a version that changes with every letter of it.
func wording(l *locale.Locale, boxes []pages.ConsentBox) Wording {
	w := Wording{Locale: l.Tag(), Texts: map[string]string{}}
	for _, box := range boxes {
		text := box.Wording
		if box.Description != "" {
			text += "\n" + box.Description
		}
		w.Texts[box.Topic] = text
	}
	b, err := json.Marshal(w) // sorts the topics
	if err != nil {
		panic(err) // only texts
	}
	sum := sha256.Sum256(b)
	w.Version = hex.EncodeToString(sum[:8])
	return w
}

// keep stores a wording before it is shown, once.
func (s *Store) keep(ctx context.Context, f *Form, w Wording) error {
	known := f.ID + w.Version
	if _, ok := s.shown.Load(known); ok {
		return nil
	}
	texts, err := json.Marshal(w.Texts)
	if err != nil {
		return fmt.Errorf("forms: wording: %w", err)
	}
	if _, err := s.DB.ExecContext(ctx, "INSERT INTO form_wordings (form_id, version, locale, texts, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (form_id, version) DO NOTHING",
		f.ID, w.Version, w.Locale, string(texts), sqldb.Micros(s.now())); err != nil {
		return fmt.Errorf("forms: wording: %w", err)
	}
	s.shown.Store(known, true)
	return nil
}

// Wording reads what a version of a form's texts said; ok is false when there is none.
func (s *Store) Wording(ctx context.Context, q sqldb.Querier, formID, version string) (w Wording, ok bool, err error) {
	var texts string
	err = q.QueryRowContext(ctx, "SELECT version, locale, texts FROM form_wordings WHERE form_id = $1 AND version = $2", formID, version).Scan(&w.Version, &w.Locale, &texts)
	if errors.Is(err, sql.ErrNoRows) {
		return w, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(texts), &w.Texts)
	}
	if err != nil {
		return w, false, fmt.Errorf("forms: wording: %w", err)
	}
	return w, true, nil
}
