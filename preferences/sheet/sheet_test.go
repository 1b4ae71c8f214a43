package sheet

import (
	"bytes"
	"encoding/csv"
	"testing"

	"pgregory.net/rapid"
)

// Compliance 66.
func TestFormulasAreMadeText(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1":             "'=1+1",
		"+31 20 123":       "'+31 20 123",
		"-2":               "'-2",
		"@SUM(A1)":         "'@SUM(A1)",
		"\t=1":             "'\t=1",
		"\r=1":             "'\r=1",
		"\n=1":             "'\n=1",
		"  =cmd|'/C calc'": "'  =cmd|'/C calc'",
		"＝1":               "'＝1",
		"Ada":              "Ada",
		"a=b":              "a=b",
		"'quoted'":         "'quoted'",
		"":                 "",
	} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlainUndoesCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`'?[ =+\-@]?[a-z=]*`)).Draw(t, "s")
		if cell := Cell(s); cell != s && Plain(cell) != s {
			t.Fatalf("%q became %q", s, Plain(cell))
		}
	})
}

func TestEveryWrittenCellIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "cells")
		var buf bytes.Buffer
		w := NewWriter(&buf)
		if err := w.Row(append(cells, "end")...); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		row, err := csv.NewReader(&buf).Read()
		if err != nil || len(row) != len(cells)+1 {
			t.Fatalf("%q, %v", row, err)
		}
		for _, cell := range row {
			if dangerous(cell) {
				t.Fatalf("%q is a formula", cell)
			}
		}
	})
}
