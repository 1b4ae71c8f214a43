package forms

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"assent/preferences/gate"
	"assent/preferences/names"
	"assent/preferences/problem"
)

// Kinds of form.
const (
	KindNewsletter = "newsletter"
	KindDownload   = "download" // mails a document
	KindContact    = "contact"
	KindDemo       = "demo"
	KindSurvey     = "survey"
)

var kinds = []string{KindNewsletter, KindDownload, KindContact, KindDemo, KindSurvey}

// Form is one form as staff defined it.
type Form struct {
	ID         string     `json:"id"`
	Key        string     `json:"key"`
	Kind       string     `json:"kind"`
	ArchivedAt *time.Time `json:"archived_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	Definition
}

// Definition is what of a form can be changed.
type Definition struct {
	Names     names.Texts            `json:"names"`
	Intros    names.Texts            `json:"intros,omitempty"`
	Topics    []string               `json:"topics"`
	Wordings  map[string]names.Texts `json:"wordings,omitempty"`  // by topic: the text beside its box, in place of the usual one
	Document  string                 `json:"document,omitempty"`  // URL of the file that a download form mails
	Questions []Question             `json:"questions,omitempty"` // beyond those that the kind has
	Brand     string                 `json:"brand,omitempty"`
	AskNames  bool                   `json:"ask_names"`
	AskAge    bool                   `json:"ask_age"`
	Country   string                 `json:"country,omitempty"` // whose age of consent is asked for
	Embed     []string               `json:"embed,omitempty"`   // origins of the sites that may show the form in a frame
	BackURL   string                 `json:"back_url,omitempty"`
}

// Question is one field of a form's own.
type Question struct {
	Name     string      `json:"name"`
	Kind     string      `json:"kind"` // text, textarea, email, tel, url, number, date, choice or choices
	Labels   names.Texts `json:"labels"`
	Hints    names.Texts `json:"hints,omitempty"`
	Options  []string    `json:"options,omitempty"`
	Required bool        `json:"required"`
}

// Input makes or changes a form. A nil field takes its default, or is left as it is.
type Input struct {
	Key       string                 `json:"key"`
	Kind      string                 `json:"kind"`
	Names     names.Texts            `json:"names"`
	Intros    names.Texts            `json:"intros"`
	Topics    *[]string              `json:"topics"`
	Wordings  map[string]names.Texts `json:"wordings"`
	Document  *string                `json:"document"`
	Questions *[]Question            `json:"questions"`
	Brand     *string                `json:"brand"`
	AskNames  *bool                  `json:"ask_names"`
	AskAge    *bool                  `json:"ask_age"`
	Country   *string                `json:"country"`
	Embed     *[]string              `json:"embed"`
	BackURL   *string                `json:"back_url"`
	Archived  *bool                  `json:"archived"`
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// over writes what in says over f.
func (in *Input) over(f *Form, now time.Time) {
	for _, t := range []struct{ to, from *names.Texts }{{&f.Names, &in.Names}, {&f.Intros, &in.Intros}} {
		if *t.from != nil {
			*t.to = *t.from
		}
	}
	if in.Wordings != nil {
		f.Wordings = in.Wordings
	}
	set(&f.Topics, in.Topics)
	set(&f.Document, in.Document)
	set(&f.Questions, in.Questions)
	set(&f.Brand, in.Brand)
	set(&f.AskNames, in.AskNames)
	set(&f.AskAge, in.AskAge)
	set(&f.Country, in.Country)
	set(&f.Embed, in.Embed)
	set(&f.BackURL, in.BackURL)
	switch {
	case in.Archived != nil && *in.Archived && f.ArchivedAt == nil:
		f.ArchivedAt = &now
	case in.Archived != nil && !*in.Archived:
		f.ArchivedAt = nil
	}
	if f.Topics == nil {
		f.Topics = []string{}
	}
}

// Limits of a definition.
const (
	maxTopics    = 20
	maxQuestions = 50
	maxOptions   = 100
	maxWording   = 1000
	maxIntro     = 2000
	maxURL       = 2048
	maxOrigins   = 50
)

var questionKinds = []string{"text", "textarea", "email", "tel", "url", "number", "date", "choice", "choices"}

// check names everything that is wrong with f; known are the topics and brands that exist.
func (f *Form) check() error {
	var bad problem.Collector
	names.CheckKey(&bad, "key", f.Key)
	if !slices.Contains(kinds, f.Kind) {
		bad.Add("kind", "must be one of %s", strings.Join(kinds, ", "))
	}
	f.Names.Check(&bad, "names")
	if len(f.Intros) > 0 {
		f.Intros.CheckBodies(&bad, "intros", maxIntro)
	}
	f.checkTopics(&bad)
	switch {
	case f.Document != "" && !isHTTP(f.Document):
		bad.Add("document", "must be the address of a file that begins with https:// or http://")
	case f.Document == "" && f.Kind == KindDownload:
		bad.Add("document", "is required for a download form: the address of the file that it mails")
	}
	if f.BackURL != "" && !isHTTP(f.BackURL) {
		bad.Add("back_url", "must be an address that begins with https:// or http://")
	}
	if region, err := language.ParseRegion(f.Country); f.Country != "" && (err != nil || len(f.Country) != 2) {
		bad.Add("country", "must be a country of two letters such as NL")
	} else if f.Country != "" {
		f.Country = region.String()
	}
	f.checkQuestions(&bad)
	if len(f.Embed) > maxOrigins {
		bad.Add("embed", "must have at most %d origins", maxOrigins)
	}
	for _, origin := range f.Embed {
		if !isOrigin(origin) {
			bad.Add("embed", "must be origins such as https://www.example.com, without a path")
			break
		}
	}
	return bad.Err()
}

func (f *Form) checkTopics(bad *problem.Collector) {
	if f.Kind == KindNewsletter && len(f.Topics) == 0 {
		bad.Add("topics", "needs at least one topic to sign up for")
	}
	if len(f.Topics) > maxTopics {
		bad.Add("topics", "must have at most %d topics", maxTopics)
	}
	seen := map[string]bool{}
	for _, key := range f.Topics {
		if seen[key] {
			bad.Add("topics", "%q is there twice", key)
		}
		seen[key] = true
	}
	for key, texts := range f.Wordings {
		if !seen[key] {
			bad.Add("wordings."+key, "is not one of the form's topics")
			continue
		}
		texts.CheckBodies(bad, "wordings."+key, maxWording)
	}
}

func (f *Form) checkQuestions(bad *problem.Collector) {
	if len(f.Questions) > maxQuestions {
		bad.Add("questions", "must be at most %d", maxQuestions)
		return
	}
	taken := map[string]bool{}
	for _, name := range reserved {
		taken[name] = true
	}
	for i, q := range f.Questions {
		at := fmt.Sprintf("questions.%d.", i)
		names.CheckKey(bad, at+"name", q.Name)
		if taken[q.Name] {
			bad.Add(at+"name", "is the name of another field of the form")
		}
		taken[q.Name] = true
		if !slices.Contains(questionKinds, q.Kind) {
			bad.Add(at+"kind", "must be one of %s", strings.Join(questionKinds, ", "))
		}
		q.Labels.Check(bad, at+"labels")
		if len(q.Hints) > 0 {
			q.Hints.Check(bad, at+"hints")
		}
		if choice := q.Kind == "choice" || q.Kind == "choices"; choice != (len(q.Options) > 0) || len(q.Options) > maxOptions {
			bad.Add(at+"options", "must be 1 to %d for choice and choices, and absent otherwise", maxOptions)
		}
		for _, option := range q.Options {
			names.CheckLine(bad, at+"options", option)
		}
	}
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && len(s) <= maxURL && !strings.ContainsAny(s, " \t\r\n\"<>\\")
}

// isOrigin tells whether s may stand in frame-ancestors: nothing in it ends the directive.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && isHTTP(s) && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(s, ";,'*")
}

// MinimumAge is the age that the form asks for, 0 when it does not ask.
func (f *Form) MinimumAge() int {
	if !f.AskAge || len(f.Topics) == 0 {
		return 0
	}
	return gate.ConsentAge(f.Country)
}

// Ancestors is the frame-ancestors directive of the form in a frame.
func (f *Form) Ancestors() string {
	return "frame-ancestors " + strings.Join(append([]string{"'self'"}, f.Embed...), " ")
}

func (d Definition) text() (string, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("forms: definition: %w", err)
	}
	return string(b), nil
}
