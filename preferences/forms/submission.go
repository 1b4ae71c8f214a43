package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/address"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Submission is a form that was sent, after its fields have been checked.
type Submission struct {
	Email     string         `json:"email"`
	FirstName string         `json:"first_name,omitempty"`
	LastName  string         `json:"last_name,omitempty"`
	Topics    []string       `json:"topics,omitempty"` // those that were ticked
	Answers   map[string]any `json:"answers,omitempty"`
	Locale    string         `json:"locale"`
	Wording   string         `json:"wording"` // version of the texts that were shown
	URL       string         `json:"url"`
	IP        string         `json:"ip"`
	UserAgent string         `json:"user_agent,omitempty"`

	key string
}

// reserved are the fields that every form has.
var reserved = []string{"email", "first_name", "last_name", "topics", pages.FieldWording, pages.FieldLocale, pages.FieldOfAge, pages.FieldHoneypot, "lang"}

const (
	maxLine    = 255  // bytes, as of a person's name
	maxMessage = 5000 // characters
)

// own are the questions of a form in a language: those of its kind, then its own.
func (f *Form) own(l *locale.Locale) []pages.FormField {
	var fields []pages.FormField
	if f.Kind == KindContact || f.Kind == KindDemo {
		fields = append(fields,
			pages.FormField{Name: "company", Label: l.T("pages.form.company"), Autocomplete: "organization"},
			pages.FormField{Name: "phone", Kind: "tel", Label: l.T("pages.form.phone"), Autocomplete: "tel"},
			pages.FormField{Name: "message", Kind: "textarea", Label: l.T("pages.form.message")})
	}
	for _, q := range f.Questions {
		fields = append(fields, pages.FormField{Name: q.Name, Kind: q.Kind, Label: q.Labels.In(l.Tag()), Hint: q.Hints.In(l.Tag()), Options: q.Options, Required: q.Required})
	}
	return fields
}

// read checks what was sent. Whatever the form does not ask for is not looked at (compliance 68). The errors are by field,
// in the person's language.
func (f *Form) read(values url.Values, l *locale.Locale) (Submission, map[string]string) {
	wrong := map[string]string{}
	out := Submission{Email: strings.Trim(values.Get("email"), " "), Answers: map[string]any{}}
	if parsed, err := address.Parse(out.Email); err != nil {
		wrong["email"] = l.T("pages.form.wrong_email")
	} else {
		out.key = parsed.Key
	}
	for field, to := range map[string]*string{"first_name": &out.FirstName, "last_name": &out.LastName} {
		*to = strings.TrimSpace(values.Get(field))
		if address.HeaderSafe(*to) != nil || len(*to) > maxLine {
			wrong[field] = l.T("pages.form.wrong_line")
		}
	}
	for _, key := range values["topics"] {
		if slices.Contains(f.Topics, key) && !slices.Contains(out.Topics, key) {
			out.Topics = append(out.Topics, key)
		}
	}
	for _, field := range f.own(l) {
		answer, text := readAnswer(field, values[field.Name], l)
		if text != "" {
			wrong[field.Name] = text
		} else if answer != nil {
			out.Answers[field.Name] = answer
		}
	}
	if f.MinimumAge() > 0 && len(out.Topics) > 0 {
		switch values.Get(pages.FieldOfAge) {
		case pages.OfAgeYes:
		case pages.OfAgeNo:
			out.Topics = nil // the same answer; nothing is agreed to (GDPR art. 8)
		default:
			wrong[pages.FieldOfAge] = l.T("pages.form.wrong_choice")
		}
	}
	return out, wrong
}

// readAnswer is a text, a list of texts, or nil for no answer; wrong says in the person's language what is wrong with it.
func readAnswer(f pages.FormField, values []string, l *locale.Locale) (answer any, wrong string) {
	var given []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			given = append(given, v)
		}
	}
	if len(given) == 0 {
		if f.Required {
			return nil, l.T("pages.form.wrong_empty")
		}
		return nil, ""
	}
	if f.Kind == "choices" {
		var chosen []string
		for _, v := range given {
			if !slices.Contains(f.Options, v) {
				return nil, l.T("pages.form.wrong_choice")
			}
			if !slices.Contains(chosen, v) {
				chosen = append(chosen, v)
			}
		}
		return chosen, ""
	}
	text := given[0]
	switch f.Kind {
	case "choice":
		if !slices.Contains(f.Options, text) {
			return nil, l.T("pages.form.wrong_choice")
		}
		return text, ""
	case "textarea":
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || utf8.RuneCountInString(text) > maxMessage {
			return nil, l.T("pages.form.wrong_text", "n", maxMessage)
		}
		return text, ""
	case "email":
		if _, err := address.Parse(text); err != nil {
			return nil, l.T("pages.form.wrong_email")
		}
	case "number":
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, l.T("pages.form.wrong_number")
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, l.T("pages.form.wrong_date")
		}
	case "url":
		if !isHTTP(text) {
			return nil, l.T("pages.form.wrong_url")
		}
	}
	if address.HeaderSafe(text) != nil || (len(text) > maxLine && f.Kind != "url") {
		return nil, l.T("pages.form.wrong_line")
	}
	return text, ""
}

// take stores a submission for [Store.Work].
func (s *Store) take(ctx context.Context, f *Form, in Submission) error {
	content, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("forms: submission: %w", err)
	}
	now := sqldb.Micros(s.now())
	if _, err := s.DB.ExecContext(ctx, "INSERT INTO form_submissions (id, form_id, address_key, content, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		sqldb.NewID(), f.ID, in.key, string(content), now, now); err != nil {
		return fmt.Errorf("forms: submission: %w", err)
	}
	return nil
}
