package content

import (
	"strings"
	"unicode/utf8"

	"assent/preferences/problem"
)

// Limits, in characters and in blocks.
const (
	maxSubject   = 250
	maxPreheader = 250
	maxLine      = 500
	maxMarkdown  = 200_000 // a whole privacy policy
	maxBlocks    = 200
	maxColumns   = 3
	maxInColumn  = 20
	maxWidth     = 600
)

// Check collects everything that is wrong with the content, by path: "subject", "blocks[2].url",
// "blocks[3].columns[0][1].alt".
func (c Content) Check(out *problem.Collector) {
	k := checker{out}
	k.line("subject", c.Subject, maxSubject, true)
	k.line("preheader", c.Preheader, maxPreheader, false)
	c.Blocks.Check(out)
}

// Check is [Content.Check] for a body alone.
func (b Blocks) Check(out *problem.Collector) {
	k := checker{out}
	if len(b) == 0 {
		out.Add("blocks", "must have at least one block")
	}
	k.blocks("blocks", b, maxBlocks)
}

type checker struct{ out *problem.Collector }

func (k checker) blocks(path string, list Blocks, most int) {
	if len(list) > most {
		k.out.Add(path, "must have at most %d blocks", most)
		return
	}
	for i, b := range list {
		k.block(index(path, i), b)
	}
}

func (k checker) block(path string, b Block) {
	switch b := b.(type) {
	case Heading:
		k.line(path+".text", b.Text, maxLine, true)
		if b.Level < 0 || b.Level > 6 {
			k.out.Add(path+".level", "must be between 1 and 6")
		}
	case Text:
		k.markdown(path+".markdown", b.Markdown)
	case Image:
		k.err(path+".url", checkImageURL(b.URL))
		k.line(path+".alt", b.Alt, maxLine, false)
		switch blank := strings.TrimSpace(b.Alt) == ""; {
		case blank && !b.Decorative:
			k.out.Add(path+".alt", "is required: say what the picture shows, or mark it as decorative")
		case !blank && b.Decorative:
			k.out.Add(path+".alt", "must be empty for a picture that is decorative")
		}
		if b.Link != "" {
			k.err(path+".link", checkURL(b.Link))
			if b.Decorative {
				k.out.Add(path+".decorative", "cannot be set for a picture that is a link: its alt text says where it leads")
			}
		}
		if b.Width != 0 && (b.Width < 16 || b.Width > maxWidth) {
			k.out.Add(path+".width", "must be between 16 and %d", maxWidth)
		}
	case Button:
		k.line(path+".label", b.Label, maxLine, true)
		k.err(path+".url", checkURL(b.URL))
	case Columns:
		if len(b.Columns) < 2 || len(b.Columns) > maxColumns {
			k.out.Add(path+".columns", "must be two or three lists of blocks")
			return
		}
		for i, c := range b.Columns {
			at := index(path+".columns", i)
			for j, inner := range c {
				if _, nested := inner.(Columns); nested {
					k.out.Add(index(at, j), "columns cannot stand in columns")
					return
				}
			}
			k.blocks(at, c, maxInColumn)
		}
	case Event:
		k.out.Require(path+".event", b.Event)
	}
}

func (k checker) err(path string, err error) {
	if err != nil {
		k.out.Add(path, "%s", err)
	}
}

// line checks a text of one line.
func (k checker) line(path, s string, most int, required bool) {
	switch {
	case strings.TrimSpace(s) == "":
		if required {
			k.out.Add(path, "is required")
		}
	case utf8.RuneCountInString(s) > most:
		k.out.Add(path, "must have at most %d characters", most)
	case strings.ContainsFunc(s, breaks):
		k.out.Add(path, "must be one line without control characters")
	default:
		k.text(path, s)
	}
}

// text checks characters and merge fields.
func (k checker) text(path, s string) {
	switch {
	case !utf8.ValidString(s):
		k.out.Add(path, "must be valid UTF-8")
	case hasMark(s):
		k.out.Add(path, "%s", errReserved)
	default:
		_, err := split(s)
		k.err(path, err)
	}
}

// breaks tells what would end a header or a line.
func breaks(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r <= 0x9f || r == '\u2028' || r == '\u2029'
}

func (k checker) markdown(path, s string) {
	switch {
	case strings.TrimSpace(s) == "":
		k.out.Add(path, "is required")
		return
	case utf8.RuneCountInString(s) > maxMarkdown:
		k.out.Add(path, "must have at most %d characters", maxMarkdown)
		return
	case strings.ContainsFunc(s, func(r rune) bool { return breaks(r) && r != '\n' && r != '\r' }):
		k.out.Add(path, "must not have control characters")
		return
	case escapesMark(s):
		k.out.Add(path, "%s", errReserved)
		return
	}
	if _, err := split(s); err != nil || hasMark(s) || !utf8.ValidString(s) {
		k.text(path, s)
		return
	}
	for _, err := range markdownProblems(s) {
		k.err(path, err)
	}
}
