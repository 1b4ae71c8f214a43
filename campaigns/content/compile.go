package content

import (
	"fmt"

	"assent/templates/locale"
	"assent/templates/mail"
)

// Setting is what stands around the content of one mailing in one language.
type Setting struct {
	Locale *locale.Locale
	Brand  mail.Brand
	// Footer is complete but for its links: for marketing and research each empty one is filled in for the person.
	// A link may be given, or asked for by its field, such as "{{ why_url }}".
	Footer mail.Footer
	// Event looks up an event for an event block, its texts in the language of the setting. It may be nil.
	Event func(slug string) (mail.Event, bool)
	// Track gives the id of a link whose clicks are counted, if they are, by the link as its author wrote it. Nil: none are.
	Track func(url string) (id string, ok bool)
	// Tail follows the author's blocks: such as the full text of a policy. Merge fields have no meaning in it.
	Tail []mail.Block
}

// Compiled is a mail that is ready to be filled in for any number of people, from any number of goroutines.
type Compiled struct {
	Subject, Preheader []Segment
	HTML, Text         []Segment
}

// Compile renders content once. A draft may be compiled for a preview before [Content.Check] finds nothing wrong with
// it: what cannot be rendered, or not safely, is an error that names its path.
func Compile(c Content, s Setting) (*Compiled, error) {
	m := marks{track: s.Track}
	msg, err := m.message(c, s)
	if err != nil {
		return nil, err
	}
	page, err := msg.HTML()
	if err != nil {
		return nil, err
	}
	return &Compiled{
		Subject: m.segments(msg.Subject, header), Preheader: m.segments(msg.Preheader, header),
		HTML: m.segments(page, htmlPart), Text: m.text(msg.Paras()),
	}, nil
}

// Render fills the mail in for one person.
func (c *Compiled) Render(p *Person) (subject, html, text string) {
	return string(Append(nil, c.Subject, p)), string(Append(nil, c.HTML, p)), string(Append(nil, c.Text, p))
}

// Size is about how many bytes the HTML part has: what all share, and a usual length for each field. [mail.Weigh]
// judges it.
func (c *Compiled) Size() int {
	const usual = 32
	n := 0
	for i := range c.HTML {
		n += len(c.HTML[i].literal)
		if !c.HTML[i].Static() {
			n += usual
		}
	}
	return n
}

// Attributes lists the attributes that the mail needs, so that others are not read.
func (c *Compiled) Attributes() []string {
	seen := map[string]bool{}
	var out []string
	var visit func(list []Segment)
	visit = func(list []Segment) {
		for i := range list {
			visit(list[i].flow)
			if r := list[i].ref; r != nil && r.field == attribute && !seen[r.name] {
				seen[r.name] = true
				out = append(out, r.name)
			}
		}
	}
	for _, list := range [][]Segment{c.Subject, c.Preheader, c.HTML, c.Text} {
		visit(list)
	}
	return out
}

// message builds the mail with marks in place of its fields.
func (m *marks) message(c Content, s Setting) (mail.Message, error) {
	msg := mail.Message{Locale: s.Locale, Brand: s.brand(), Footer: s.Footer}
	for _, t := range []*string{&msg.Footer.Topic, &msg.Footer.Partner, &msg.Footer.Reason} {
		*t = scrub(*t)
	}
	var err error
	if msg.Subject, err = m.bind(c.Subject); err != nil {
		return msg, fmt.Errorf("subject: %w", err)
	}
	if msg.Preheader, err = m.bind(c.Preheader); err != nil {
		return msg, fmt.Errorf("preheader: %w", err)
	}
	if msg.Blocks, err = m.blocks("blocks", c.Blocks, s); err != nil {
		return msg, err
	}
	msg.Blocks = append(msg.Blocks, s.Tail...)
	f := &msg.Footer
	for _, l := range []struct {
		url  *string
		name string
	}{
		{&f.UnsubscribeURL, "unsubscribe_url"}, {&f.PreferencesURL, "preferences_url"}, {&f.WhyURL, "why_url"}, {&f.ViewURL, "view_url"},
	} {
		if *l.url == "" && f.Class <= mail.Research {
			*l.url = "{{ " + l.name + " }}"
		}
		if *l.url, err = m.bindURL(*l.url); err != nil {
			return msg, fmt.Errorf("footer: %w", err)
		}
	}
	return msg, nil
}

func (s Setting) brand() mail.Brand {
	b := s.Brand
	for _, t := range []*string{&b.Name, &b.LogoURL, &b.PostalAddress, &b.ReplyTo, &b.Website} {
		*t = scrub(*t)
	}
	return b
}

func (m *marks) blocks(path string, list Blocks, s Setting) ([]mail.Block, error) {
	var out []mail.Block
	for i, b := range list {
		at := index(path, i)
		made, err := m.block(at, b, s)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

func (m *marks) block(at string, b Block, s Setting) (mail.Block, error) {
	var wrong error
	note := func(field string, err error) {
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("%s.%s: %w", at, field, err)
		}
	}
	text := func(field, v string) string {
		bound, err := m.bind(v)
		note(field, err)
		return bound
	}
	link := func(field, v string) string {
		note(field, checkURL(v))
		bound, err := m.bindURL(v)
		note(field, err)
		if bound, err = m.counted(bound); err != nil {
			note(field, err)
		}
		return bound
	}
	switch b := b.(type) {
	case Heading:
		level := b.Level
		if level == 0 {
			level = 2
		}
		return mail.Heading{Text: text("text", b.Text), Level: level}, wrong
	case Text:
		if escapesMark(b.Markdown) {
			note("markdown", errReserved)
		}
		nodes, err := m.nodes(text("markdown", b.Markdown))
		note("markdown", err)
		return mail.Text{Nodes: nodes}, wrong
	case Image:
		note("url", checkImageURL(b.URL))
		img := mail.Image{URL: b.URL, Alt: text("alt", b.Alt), Width: b.Width}
		if b.Link != "" {
			img.Link = link("link", b.Link)
		}
		return img, wrong
	case Button:
		return mail.Button{Label: text("label", b.Label), URL: link("url", b.URL)}, wrong
	case Divider:
		return mail.Divider{}, nil
	case Columns:
		c := mail.Columns{}
		for i, list := range b.Columns {
			inner, err := m.blocks(index(at+".columns", i), list, s)
			if err != nil {
				return nil, err
			}
			c.Columns = append(c.Columns, inner)
		}
		return c, nil
	case Event:
		if s.Event != nil {
			if e, ok := s.Event(b.Event); ok {
				for _, t := range []*string{&e.Title, &e.When, &e.Place, &e.Text, &e.Label, &e.URL} {
					*t = scrub(*t)
				}
				return e, nil
			}
		}
		return nil, fmt.Errorf("%s.event: there is no event %q", at, clip(b.Event))
	}
	return nil, fmt.Errorf("%s: unknown block %T", at, b)
}
