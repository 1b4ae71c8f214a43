package content

import "encoding/json"

// Content is a mail as its author wrote it. All texts may carry merge fields.
type Content struct {
	Subject   string `json:"subject"`
	Preheader string `json:"preheader,omitempty"`
	Blocks    Blocks `json:"blocks"`
}

// Blocks is the body of a mail. Its JSON is read strictly; see [Parse].
type Blocks []Block

// Block is one of [Heading], [Text], [Image], [Button], [Divider], [Columns] and [Event].
type Block interface{ Type() string }

// Heading is a title line. Level goes from 1, the largest, to 6; 0 means 2.
type Heading struct {
	Text  string `json:"text"`
	Level int    `json:"level,omitempty"`
}

// Text is prose in Markdown.
type Text struct {
	Markdown string `json:"markdown"`
}

// Image is a picture. A picture that says nothing is marked Decorative; any other needs an Alt text. Width is in
// pixels; 0 fills the column.
type Image struct {
	URL        string `json:"url"`
	Alt        string `json:"alt,omitempty"`
	Decorative bool   `json:"decorative,omitempty"`
	Link       string `json:"link,omitempty"`
	Width      int    `json:"width,omitempty"`
}

// Button is a link that asks to be followed.
type Button struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Divider is a thin line.
type Divider struct{}

// Columns stand side by side: two or three, without columns in them.
type Columns struct {
	Columns []Blocks `json:"columns"`
}

// Event shows an event by its slug.
type Event struct {
	Event string `json:"event"`
}

// The names of the blocks in JSON.
func (Heading) Type() string { return "heading" }
func (Text) Type() string    { return "text" }
func (Image) Type() string   { return "image" }
func (Button) Type() string  { return "button" }
func (Divider) Type() string { return "divider" }
func (Columns) Type() string { return "columns" }
func (Event) Type() string   { return "event" }

// MarshalJSON writes the blocks with their types, in the form that [Parse] reads.
func (b Blocks) MarshalJSON() ([]byte, error) {
	out := make([]json.RawMessage, len(b))
	for i, block := range b {
		body, err := json.Marshal(block)
		if err != nil {
			return nil, err
		}
		head := `{"type":"` + block.Type() + `"`
		if len(body) > len("{}") {
			head += ","
		}
		out[i] = append([]byte(head), body[1:]...)
	}
	return json.Marshal(out)
}

// walk calls f with each block and its path, those inside columns after their columns.
func (b Blocks) walk(path string, f func(path string, block Block)) {
	for i, block := range b {
		at := index(path, i)
		f(at, block)
		if c, ok := block.(Columns); ok {
			for j, column := range c.Columns {
				column.walk(index(at+".columns", j), f)
			}
		}
	}
}

// EventSlugs lists the events that the blocks show, so that they can be looked up before [Compile].
func (b Blocks) EventSlugs() []string {
	var out []string
	b.walk("blocks", func(_ string, block Block) {
		if e, ok := block.(Event); ok {
			out = append(out, e.Event)
		}
	})
	return out
}
