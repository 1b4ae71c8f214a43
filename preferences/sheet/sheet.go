// Package sheet writes CSV (RFC 4180) that is safe to open in a spreadsheet: a
// cell that a spreadsheet would run as a formula is made text first
// (CVE-2021-3188, CVE-2018-8092).
package sheet

import (
	"encoding/csv"
	"io"
	"strings"
)

const (
	starters = "=+-@\t\r\n＝＋－＠"
	mark     = "'"
)

// Cell returns s so that no spreadsheet takes it for a formula: with an
// apostrophe before it if it begins like one.
func Cell(s string) string {
	if dangerous(s) {
		return mark + s
	}
	return s
}

// Plain undoes [Cell], for reading back what was exported.
func Plain(s string) string {
	if rest, ok := strings.CutPrefix(s, mark); ok && dangerous(rest) {
		return rest
	}
	return s
}

func dangerous(s string) bool {
	s = strings.TrimLeft(s, " \u00a0\ufeff")
	return s != "" && strings.ContainsRune(starters, []rune(s)[0])
}

// Writer writes rows of safe cells.
type Writer struct{ csv *csv.Writer }

// NewWriter makes a writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{csv: csv.NewWriter(w)} }

// Row writes one row.
func (w *Writer) Row(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = Cell(cell)
	}
	return w.csv.Write(safe)
}

// Flush writes out what is buffered and returns the first error of all writing.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
