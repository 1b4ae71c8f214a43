package ui

import (
	"slices"
	"strconv"
	"strings"

	"assent/templates/locale"
)

// Tone is what a colour means.
type Tone string

// The tones. A tone never says anything that the words beside it do not say too.
const (
	Plain Tone = ""
	Good  Tone = "good"
	Warn  Tone = "warn"
	Bad   Tone = "bad"
	Info  Tone = "info"
	Mute  Tone = "mute"
)

// Link leads somewhere. Icon is a name of an icon, or empty.
type Link struct{ Label, URL, Icon string }

// Badge is a small word with a tone.
type Badge struct {
	Text string
	Tone Tone
}

// Stat is one figure with its name.
type Stat struct {
	Label, Value, Note, URL string
	Tone                    Tone
}

// Empty is what a list shows while nothing is in it: what it is for, and how to begin.
type Empty struct {
	Icon, Title, Text string
	Action            Link
	More              Link
}

// Tab is one of several views of a thing.
type Tab struct {
	Label, URL, Count string
	Current           bool
}

// Post is a button that changes something: a form of its own with the token against forged requests.
type Post struct {
	Label, Action string
	Icon          string
	Tone          Tone // Good is the main button, Bad a dangerous one
	// Fields are sent with it.
	Fields []Hidden
	// Ask makes it a dialog that asks first. AskText says what will happen, Back is on the button that leaves all as it is.
	Ask, AskText, Back string
}

// Hidden is one hidden field.
type Hidden struct{ Name, Value string }

// CSRFField is the name of the hidden field with the token against forged requests.
const CSRFField = "csrf"

// Entry is one moment in a timeline.
type Entry struct {
	At, Machine string // as read by people and by machines
	Title, Text string
	Badge       Badge
	URL         string
	Tone        Tone
}

// Head opens a page.
type Head struct {
	Title, Lead string
	Back        Link
	Badge       Badge
	Actions     []Link
	Posts       []Post
}

// posted tells that one of the posts is the main button, so that no link is.
func (h Head) posted() bool {
	return slices.ContainsFunc(h.Posts, func(p Post) bool { return p.Tone == Good })
}

// Pager moves through a list. An empty URL disables that way.
type Pager struct {
	Locale         *locale.Locale
	Previous, Next string
	// Shown says "1–50 of 12,345".
	Shown string
}

func tone(t Tone) string { return string(t) }

// slug makes an element id of a text, another for each text.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteString("-" + strconv.FormatInt(int64(r), 36))
		}
	}
	return b.String()
}

func postID(p Post) string {
	id := "ask-" + slug(p.Action)
	for _, h := range p.Fields {
		id += "-" + slug(h.Value)
	}
	return id
}

func buttonClass(t Tone) string {
	switch t {
	case Good:
		return "btn primary"
	case Bad:
		return "btn danger"
	}
	return "btn"
}
