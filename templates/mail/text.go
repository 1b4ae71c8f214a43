package mail

import (
	"strconv"
	"strings"
)

// Paras is the text part before wrapping: the same blocks and the same footer as the HTML part.
func (m Message) Paras() []Para {
	w := &textWriter{}
	w.blocks(m.Blocks)
	w.rule()
	if s := m.because(); s != "" {
		w.para(s)
	}
	if m.Footer.Partner != "" {
		w.para(m.Locale.T("mail.footer.partner", "partner", m.Footer.Partner))
	}
	if s := m.nature(); s != "" {
		w.para(s)
	}
	for i, l := range m.links() {
		w.add(Para{Text: labelled(l.label, l.url), Tight: i > 0})
	}
	id := append([]string{m.Brand.Name}, m.Brand.postal()...)
	if m.Brand.ReplyTo != "" {
		id = append(id, m.Brand.ReplyTo)
	}
	w.para(strings.Join(id, "\n"))
	return w.out
}

// BodyParas is the text of the blocks alone.
func BodyParas(list []Block) []Para {
	w := &textWriter{}
	w.blocks(list)
	return w.out
}

type textWriter struct {
	out         []Para
	first, rest string // prefixes of what comes next
	tight       bool
	items       int // list items that are open
}

func (w *textWriter) add(p Para) {
	p.First, p.Rest = w.first+p.First, w.rest+p.Rest
	p.Tight = p.Tight || w.tight
	w.first, w.tight = w.rest, false
	w.out = append(w.out, p)
}

func (w *textWriter) para(s string) { w.add(Para{Text: s}) }
func (w *textWriter) rule()         { w.para(strings.Repeat("-", 24)) }

func (w *textWriter) blocks(list []Block) {
	for _, b := range list {
		switch b := b.(type) {
		case Heading:
			w.para(b.Text)
		case Text:
			w.nodes(b.Nodes)
		case Image:
			w.image(b)
		case Button:
			w.para(labelled(b.Label, b.URL))
		case Divider:
			w.rule()
		case Columns:
			for _, c := range b.Columns {
				w.blocks(c)
			}
		case Event:
			w.event(b)
		case Facts:
			for i, r := range b.Rows {
				w.add(Para{Text: r.Name + ": " + r.Value, Rest: "  ", Tight: i > 0})
			}
		}
	}
}

func (w *textWriter) image(b Image) {
	switch {
	case b.Alt != "" && b.Link != "":
		w.para("[" + b.Alt + "]\n" + b.Link)
	case b.Alt != "":
		w.para("[" + b.Alt + "]")
	case b.Link != "":
		w.para(b.Link)
	}
}

func (w *textWriter) event(b Event) {
	s := b.Title + "\n" + b.When
	if b.Place != "" {
		s += "\n" + b.Place
	}
	w.para(s)
	if b.Text != "" {
		w.para(b.Text)
	}
	if b.URL != "" {
		w.para(labelled(b.Label, b.URL))
	}
}

// labelled puts a link's address below its label. It adds no sign, because a label may end in one already, and what
// a value ends in must not change the layout.
func labelled(label, url string) string { return label + "\n" + url }

// nodes writes prose. Stretches of inline nodes that stand beside blocks, as in a tight list, are paragraphs.
func (w *textWriter) nodes(list []Node) {
	var inline strings.Builder
	some := false
	flush := func() {
		if some {
			w.para(strings.Trim(inline.String(), " "))
		}
		inline.Reset()
		some = false
	}
	for _, n := range list {
		if n.Inline() {
			n.words(&inline)
			some = true
			continue
		}
		flush()
		w.node(n)
	}
	flush()
}

func (w *textWriter) node(n Node) {
	switch n.Kind {
	case Paragraph, Title:
		w.nodes(n.Children)
	case List:
		for i, item := range n.Children {
			mark := "- "
			if n.N > 0 {
				mark = strconv.Itoa(n.N+i) + ". "
			}
			w.tight = w.tight || i > 0 || w.items > 0
			w.items++
			w.within(mark, strings.Repeat(" ", len(mark)), item.Children)
			w.items--
		}
	case Quote:
		w.within("> ", "> ", n.Children)
	case Verbatim:
		w.add(Para{Text: strings.TrimRight(n.Text, "\n"), Verbatim: true})
	case Rule:
		w.rule()
	default:
		w.nodes(n.Children)
	}
}

// within writes nodes behind one more prefix.
func (w *textWriter) within(first, rest string, list []Node) {
	f, r := w.first, w.rest
	w.first, w.rest = f+first, r+rest
	before := len(w.out)
	w.nodes(list)
	if len(w.out) == before {
		w.first = f
	} else {
		w.first = r
	}
	w.rest = r
}

// Inline tells whether the node stands within a line.
func (n Node) Inline() bool {
	switch n.Kind {
	case Words, Strong, Emphasis, Struck, Code, Link, Break:
		return true
	}
	return false
}

// words writes inline nodes: a link is its label and its URL, unless they are the same.
func (n Node) words(b *strings.Builder) {
	switch n.Kind {
	case Words:
		b.WriteString(strings.NewReplacer("\n", " ", "\r", "").Replace(n.Text))
	case Break:
		b.WriteString("\n")
	default:
		at := b.Len()
		for _, c := range n.Children {
			c.words(b)
		}
		if n.Kind != Link {
			return
		}
		label := b.String()[at:]
		if url := strings.TrimPrefix(strings.TrimPrefix(n.URL, "mailto:"), "tel:"); label != n.URL && label != url {
			b.WriteString(" (" + n.URL + ")")
		}
	}
}
