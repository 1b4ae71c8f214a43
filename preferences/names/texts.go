package names

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"golang.org/x/text/language"

	"assent/preferences/problem"
)

// Texts is one text in several languages, by BCP 47 tag.
type Texts map[string]string

// Languages are the tags that have a text, sorted, English first.
func (t Texts) Languages() []string {
	tags := make([]string, 0, len(t))
	for tag := range t {
		tags = append(tags, tag)
	}
	sort.Slice(tags, func(i, j int) bool {
		if (tags[i] == "en") != (tags[j] == "en") {
			return tags[i] == "en"
		}
		return tags[i] < tags[j]
	})
	return tags
}

// Language is the language of t that suits wanted best: wanted itself, its base language, a close relative, English, or the first.
// It is empty only when t is.
func (t Texts) Language(wanted string) string {
	if _, ok := t[wanted]; ok {
		return wanted
	}
	want, err := language.Parse(wanted)
	if err != nil {
		return t.match()
	}
	return t.match(want)
}

// Accept is the language of t that suits an Accept-Language header best (RFC 9110 §12.5.4).
func (t Texts) Accept(header string) string {
	if len(header) > 256 {
		header = ""
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		wanted = nil
	}
	return t.match(wanted...)
}

func (t Texts) match(wanted ...language.Tag) string {
	have := t.Languages()
	if len(have) == 0 {
		return ""
	}
	tags := make([]language.Tag, len(have))
	for i, tag := range have {
		tags[i] = language.Make(tag)
	}
	if _, i, confidence := language.NewMatcher(tags).Match(wanted...); confidence > language.No {
		return have[i]
	}
	return have[0]
}

// In is the text in the language that suits wanted best.
func (t Texts) In(wanted string) string { return t[t.Language(wanted)] }

// Check notes what is wrong with t as the required names or titles of something: no language, a malformed tag, a bad line.
func (t Texts) Check(c *problem.Collector, field string) {
	if len(t) == 0 {
		c.Add(field, "needs a text in at least one language, such as {%q: …}", "en")
	}
	for _, tag := range t.Languages() {
		checkTag(c, field, tag)
		CheckLine(c, field+"."+tag, t[tag])
	}
}

// CheckBodies is [Texts.Check] for long texts of at most limit bytes.
func (t Texts) CheckBodies(c *problem.Collector, field string, limit int) {
	if len(t) == 0 {
		c.Add(field, "needs a text in at least one language, such as {%q: …}", "en")
	}
	for _, tag := range t.Languages() {
		checkTag(c, field, tag)
		switch body := t[tag]; {
		case strings.TrimSpace(body) == "":
			c.Require(field+"."+tag, "")
		case len(body) > limit:
			c.Add(field+"."+tag, "must have at most %d bytes", limit)
		case strings.ContainsRune(body, 0):
			c.Add(field+"."+tag, "must not hold the character NUL")
		}
	}
}

func checkTag(c *problem.Collector, field, tag string) {
	if parsed, err := language.Parse(tag); err != nil || parsed == language.Und || strings.Contains(tag, "_") {
		c.Add(field, "%q is not a language tag such as en or pt-BR", tag)
	}
}

// Text is t as it is stored.
func (t Texts) Text() string {
	if t == nil {
		t = Texts{}
	}
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // a map of texts always encodes
	}
	return string(b)
}

// Read is the inverse of [Texts.Text].
func Read(stored string) (Texts, error) {
	t := Texts{}
	if err := json.Unmarshal([]byte(stored), &t); err != nil {
		return nil, fmt.Errorf("names: stored texts: %w", err)
	}
	return t, nil
}
