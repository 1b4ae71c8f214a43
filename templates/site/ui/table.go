package ui

import (
	"slices"
	"strings"
	"unicode/utf8"

	"assent/templates/locale"

	"github.com/a-h/templ"
)

// Table is rows under named columns.
type Table struct {
	Caption string // read out, not shown
	Actions string // heading of the buttons, read out
	Columns []Column
	Rows    []Row
	// Ticks is the id of the form outside the table to which the ticked rows belong. Empty: rows have no box.
	Ticks string
	// Stacked puts the cells of a row below each other on a phone, for rows that say too much to stand side by side there.
	Stacked bool
	Later   string   // address of the page whose rows take the place of these: they wait for what takes long to count
	More    *Further // rows that were not reached yet; nil: these are all
	Nothing string   // said in a row of its own when there is no other
	Ticking string   // heading of the boxes, read out; before the first cell's text also the label of each
}

// Further is what a search has not reached yet. A script puts the rows of the page at URL in its place; without one, the link
// leads on.
type Further struct {
	URL, Text string
	Link      Link
}

// Column names a column and can sort by it.
type Column struct {
	Label   string
	SortURL string // empty: it does not sort
	Sorted  string // "", "ascending" or "descending"
	Number  bool   // figures, set to the end
	Quiet   bool   // left out on a phone
	Date    bool   // stays on one line where there is room
}

// Row is one line.
type Row struct {
	Cells []Cell
	// Posts are the buttons at its end.
	Posts []Post
	Tick  string // what its box sends as id
}

// Cell is one field of a line. The first of a line names it.
type Cell struct {
	Text, URL, Sub string
	Badge          Badge
	Mono           bool
	Component      templ.Component // instead of the text
}

// Filter is a row of search controls above a list; it is a GET form, so that a search can be linked to.
type Filter struct {
	Locale   *locale.Locale
	Action   string
	Search   string // value of the search field q
	Hint     string // what can be searched, as the field's placeholder
	NoSearch bool
	Selects  []Field
	Keep     []Hidden
	Clear    string // URL without filters; empty while none is set
	Export   Link
}

// longest is how many letters a word has that no column is made wider for.
const longest = 40

// long tells that its text has a word that may be broken anywhere.
func (c Cell) long() bool {
	return slices.ContainsFunc(strings.Fields(c.Text), func(word string) bool { return utf8.RuneCountInString(word) > longest })
}
