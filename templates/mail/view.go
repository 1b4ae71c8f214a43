package mail

import (
	"strings"
	"time"
	"unicode/utf8"

	"assent/templates/locale"
)

// View is a typed mail: one of the structs of this package that say what happened, such as [ConfirmSignup] or
// [PaymentNotice].
type View interface{ compose(c *composer) }

// To is whom a typed mail is written to.
type To struct {
	Locale   *locale.Locale
	Name     string // for the greeting; may be empty
	TimeZone string // IANA name; empty is UTC
}

// Compose writes a view in a person's language. The message's HTML and text come from the same blocks.
func Compose(brand Brand, to To, v View) Message {
	c := &composer{to: to, brand: brand, m: Message{Locale: to.Locale, Brand: brand, typed: true}}
	v.compose(c)
	return c.m
}

// composer collects a typed mail.
type composer struct {
	to    To
	brand Brand
	m     Message
}

func (c *composer) t(key string, pairs ...any) string {
	return c.to.Locale.T(key, append(pairs, "brand", c.brand.Name)...)
}

func (c *composer) add(b ...Block) { c.m.Blocks = append(c.m.Blocks, b...) }

func (c *composer) say(paragraphs ...string) {
	for _, p := range paragraphs {
		if p != "" {
			c.add(Prose(p))
		}
	}
}

// title sets the subject and the heading.
func (c *composer) title(subject, heading string) {
	c.m.Subject = subject
	c.add(Heading{Text: heading, Level: 1})
}

// greet says hello by name, unless the name is no name: people get mail because somebody typed their address into
// a form, and a name that carries a link would make Assent the carrier of somebody else's advertising.
func (c *composer) greet() {
	name := strings.TrimSpace(c.to.Name)
	odd := strings.ContainsAny(name, "/@<>\r\n") || strings.Contains(strings.ToLower(name), "www.") || utf8.RuneCountInString(name) > 60
	if name == "" || odd {
		c.say(c.t("mail.hello"))
		return
	}
	c.say(c.t("mail.hello_name", "name", name))
}

func (c *composer) button(label, url string) {
	if url != "" {
		c.add(Button{Label: label, URL: url})
	}
}

// until says how long a link works.
func (c *composer) until(at time.Time) {
	if !at.IsZero() {
		c.say(c.t("mail.until", "until", c.moment(at)))
	}
}

func (c *composer) moment(at time.Time) string { return c.to.Locale.DateTime(at, c.to.TimeZone) }

// day is the date that it is at the person's place.
func (c *composer) day(at time.Time) string {
	return c.to.Locale.Date(at.In(locale.Zone(c.to.TimeZone)))
}

// service sets the footer of a mail that answers a request.
func (c *composer) service(reasonKey string) {
	c.m.Footer = Footer{Class: Service, Reason: c.t(reasonKey)}
}

func (c *composer) notice(obligation string) {
	c.m.Footer = Footer{Class: Notice, Obligation: obligation}
}

// rows collects rows and leaves out the empty ones.
type rows []Fact

func (f *rows) row(name, value string) {
	if value != "" {
		*f = append(*f, Fact{Name: name, Value: value})
	}
}

func (c *composer) table(f rows) {
	if len(f) > 0 {
		c.add(Facts{Rows: f})
	}
}
