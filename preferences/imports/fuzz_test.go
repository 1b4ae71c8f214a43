package imports

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"assent/preferences/address"
)

// A file may hold anything. Reading it ends, in rows of text whose lines go up or in an error, and what a row says about a person is what
// stands in its cells: an address is only ever the cell of its column, and nothing of a row makes a consent confirmed.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"email,first_name\na@example.com,Anna\n", "sep=;\r\nE-mail;Name\r\n\"a@example.com\";\"x\"\"y\"\r\n", "\ufeffemail\n\na@example.com\n",
		"\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00", "email\n\"open", "email,attributes,attributes.plan\na@example.com,null,gold\n", "email,attributes\na@example.com,\"{\"\"a\"\":[1]}\"\n",
		"email,collected_at,customer_since\na@example.com,2026-01-02,31/12/2026\n", "email\n=cmd|' /C calc'!A0\n'+1\n", "email\tphone\na@example.com\t\x00\n", "email\nJos\xe9@example.com\n", "email,email\n", "\n\n\n", "a|b|c\n|||||\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "file.csv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var s sniffer
		for rest := data; len(rest) > 0; rest = rest[min(7, len(rest)):] { // as it comes over a network
			_, _ = s.Write(rest[:min(7, len(rest))])
		}
		table, err := openTable(path, s.charset())
		if err != nil {
			return
		}
		defer table.Close()
		fields, err := Mapping(nil).columns(table.header)
		if err != nil {
			return
		}
		evidence := &Evidence{Topic: "news", Action: "give", Wording: "Yes"}
		last := 0
		for rows := 0; ; rows++ {
			r, err := table.next()
			if errors.Is(err, io.EOF) || errors.Is(err, errTooLong) {
				return
			}
			if err != nil {
				t.Fatalf("a file that was read once cannot be read: %v", err)
			}
			if r.line <= last || rows > len(data) {
				t.Fatalf("line %d comes after %d", r.line, last)
			}
			if last = r.line; r.wrong != "" {
				continue
			}
			for _, cell := range r.cells {
				if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) {
					t.Fatalf("a cell is no text: %q", cell)
				}
			}
			out, err := evidence.row(fields, r.cells)
			if err != nil {
				continue
			}
			if email := out.Profile.Email; email != nil {
				if parsed, err := address.Parse(*email); err == nil && address.HeaderSafe(parsed.Key) != nil {
					t.Fatalf("%q became the address %q", *email, parsed.Key)
				}
			}
			if out.Evidence.OptOutOffered || out.Evidence.CollectedAt.IsZero() != (len(cellsOf(fields, r.cells, "collected_at")) == 0) {
				t.Fatalf("a row made up evidence: %+v", out.Evidence)
			}
		}
	})
}

// cellsOf are the cells of a field that say something.
func cellsOf(fields, cells []string, field string) (out []string) {
	for i, name := range fields {
		if name == field && i < len(cells) && cells[i] != "" {
			out = append(out, cells[i])
		}
	}
	return out
}
