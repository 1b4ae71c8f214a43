package mail

// Block is one piece of a mail's body: [Heading], [Text], [Image], [Button], [Divider], [Columns], [Event] or
// [Facts]. Strings are plain text and are escaped where they are written; URLs are absolute.
type Block interface{ block() }

// Heading is a title line; Level 1 is the largest, 6 the smallest.
type Heading struct {
	Text  string
	Level int
}

// Text is formatted prose.
type Text struct{ Nodes []Node }

// Image is a picture. An empty Alt says that it is decoration. Width is in CSS pixels; 0 fills the column.
type Image struct {
	URL, Alt, Link string
	Width          int
}

// Button is a link that asks to be followed.
type Button struct{ Label, URL string }

// Divider is a thin line.
type Divider struct{}

// Columns stand side by side on a wide screen and below each other on a narrow one. Columns hold no columns.
type Columns struct{ Columns [][]Block }

// Event is an invitation card. When is written for the reader already.
type Event struct{ Title, When, Place, Text, Label, URL string }

// Facts is a short table of names and values, such as an invoice's number and amount.
type Facts struct{ Rows []Fact }

// Fact is one row of [Facts].
type Fact struct{ Name, Value string }

func (Heading) block() {}
func (Text) block()    {}
func (Image) block()   {}
func (Button) block()  {}
func (Divider) block() {}
func (Columns) block() {}
func (Event) block()   {}
func (Facts) block()   {}

// Kind says what a [Node] is.
type Kind uint8

// The kinds of nodes. Title is a heading inside prose, with its level in N; Item's parent is a List, numbered
// from N if N is above 0.
const (
	Words Kind = iota
	Paragraph
	Title
	List
	Item
	Quote
	Verbatim
	Rule
	Strong
	Emphasis
	Struck
	Code
	Link
	Break
)

// Node is a part of formatted prose: a small tree, never markup.
type Node struct {
	Kind     Kind
	Text     string // of Words and Verbatim
	URL      string // of Link
	N        int
	Children []Node
}

// P is a paragraph of plain text.
func P(text string) Node { return Node{Kind: Paragraph, Children: []Node{{Text: text}}} }

// Prose is a text block of plain paragraphs.
func Prose(paragraphs ...string) Text {
	t := Text{}
	for _, p := range paragraphs {
		if p != "" {
			t.Nodes = append(t.Nodes, P(p))
		}
	}
	return t
}

// Bullets is a list of plain items.
func Bullets(items ...string) Text {
	list := Node{Kind: List}
	for _, it := range items {
		list.Children = append(list.Children, Node{Kind: Item, Children: []Node{{Text: it}}})
	}
	return Text{Nodes: []Node{list}}
}

// Linked is a paragraph that is one link, between two stretches of text.
func Linked(before, label, url, after string) Text {
	return Text{Nodes: []Node{{Kind: Paragraph, Children: []Node{
		{Text: before}, {Kind: Link, URL: url, Children: []Node{{Text: label}}}, {Text: after},
	}}}}
}
