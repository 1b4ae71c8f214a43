package content

import (
	"strings"

	"assent/templates/mail"
)

// Link is where a piece of content leads. URL is as it was written, with its merge fields.
type Link struct{ Path, Label, URL string }

// Picture is an image of the content.
type Picture struct{ Path, URL, Alt, Link string }

// Passage is a text that people read, without Markdown's signs; merge fields show as their names in braces.
type Passage struct{ Path, Text string }

// Links lists every link, for lint and for link checks.
func (b Blocks) Links() []Link {
	var out []Link
	b.walk("blocks", func(path string, block Block) {
		switch b := block.(type) {
		case Button:
			out = append(out, Link{path + ".url", b.Label, b.URL})
		case Image:
			if b.Link != "" {
				out = append(out, Link{path + ".link", b.Alt, b.Link})
			}
		case Text:
			m, nodes := b.read()
			each(nodes, func(n mail.Node) {
				if n.Kind == mail.Link {
					out = append(out, Link{path + ".markdown", m.say(words(n)), m.say(n.URL)})
				}
			})
		}
	})
	return out
}

// Images lists every picture.
func (b Blocks) Images() []Picture {
	var out []Picture
	b.walk("blocks", func(path string, block Block) {
		if i, ok := block.(Image); ok {
			out = append(out, Picture{path + ".url", i.URL, i.Alt, i.Link})
		}
	})
	return out
}

// Passages lists every text, for lint of its wording.
func (b Blocks) Passages() []Passage {
	var out []Passage
	add := func(path, text string) {
		if strings.TrimSpace(text) != "" {
			out = append(out, Passage{path, text})
		}
	}
	b.walk("blocks", func(path string, block Block) {
		switch b := block.(type) {
		case Heading:
			add(path+".text", b.Text)
		case Button:
			add(path+".label", b.Label)
		case Image:
			add(path+".alt", b.Alt)
		case Text:
			m, nodes := b.read()
			for _, n := range nodes {
				add(path+".markdown", m.say(words(n)))
			}
		}
	})
	return out
}

// Unsubscribes counts the unsubscribe links that the author put into the content; the footer has its own.
func (b Blocks) Unsubscribes() int {
	n := 0
	for _, l := range b.Links() {
		if parts, err := split(l.URL); err == nil && len(parts) == 1 && parts[0].ref != nil && parts[0].ref.field == unsubscribeURL {
			n++
		}
	}
	return n
}

// Fields lists the merge fields that the content uses, each once, as they are written.
func (c Content) Fields() []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		parts, _ := split(s)
		for _, p := range parts {
			if p.ref != nil && p.ref.field != constant && !seen[p.ref.String()] {
				seen[p.ref.String()] = true
				out = append(out, p.ref.String())
			}
		}
	}
	add(c.Subject)
	add(c.Preheader)
	c.Blocks.walk("blocks", func(_ string, block Block) {
		switch b := block.(type) {
		case Heading:
			add(b.Text)
		case Text:
			add(b.Markdown)
		case Image:
			add(b.Alt)
			add(b.Link)
		case Button:
			add(b.Label)
			add(b.URL)
		}
	})
	return out
}

// read is the prose of a text block; prose that cannot be read is empty, and [Content.Check] says why.
func (b Text) read() (*marks, []mail.Node) {
	m := &marks{}
	bound, err := m.bind(b.Markdown)
	if err != nil {
		return m, nil
	}
	nodes, err := m.nodes(bound)
	if err != nil {
		return m, nil
	}
	return m, nodes
}

// say writes marks as the fields that they stand for.
func (m *marks) say(s string) string { return written(m.cut(s)) }

func each(list []mail.Node, f func(mail.Node)) {
	for _, n := range list {
		f(n)
		each(n.Children, f)
	}
}

// words is what a node says.
func words(n mail.Node) string {
	var b strings.Builder
	each([]mail.Node{n}, func(n mail.Node) {
		switch n.Kind {
		case mail.Paragraph, mail.Title, mail.Item, mail.Break:
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
		}
		b.WriteString(n.Text)
	})
	return b.String()
}
