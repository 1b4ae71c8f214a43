package message

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Text cut anywhere, each piece encoded from the start of a line behind a soft break, decodes to the whole.
func TestQuotedStretchesDecodeToTheWhole(t *testing.T) {
	piece := rapid.OneOf(
		rapid.String(), rapid.StringMatching(`[a-z =.\t-]{0,90}`), rapid.SampledFrom([]string{
			"\n", "\r\n", " \n", "\t\r\n", ".", "..", "-", "--", "--assent", "From ", "From me", "=", strings.Repeat("x", 75), strings.Repeat("x", 76), strings.Repeat("x", 74) + " \n",
			strings.Repeat("x", 73) + "é", strings.Repeat("ü", 30), strings.Repeat(" ", 80),
		}))
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(piece, 1, 8).Draw(t, "pieces")
		for i := range pieces { // a pair of CR and LF is never cut
			pieces[i] = strings.TrimSuffix(pieces[i], "\r")
		}
		var out []byte
		for i, p := range pieces {
			var col int
			out, col = appendQuoted(out, []byte(p), 0)
			if i == len(pieces)-1 {
				out = closeLine(out, col)
			} else if col > 0 {
				out = append(out, "=\r\n"...)
			}
		}
		for _, line := range bytes.Split(out, []byte("\r\n")) {
			if len(line) > 76 || bytes.HasSuffix(line, []byte{' '}) || bytes.HasSuffix(line, []byte{'\t'}) || bytes.HasPrefix(line, []byte{'.'}) ||
				bytes.HasPrefix(line, []byte("--")) || bytes.HasPrefix(line, []byte("From ")) || !quotable(line) {
				t.Fatalf("line %q of %q", line, pieces)
			}
		}
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(out)))
		whole := strings.Join(pieces, "")
		want := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(whole, "\r\n", "\n"), "\r", "\n"), "\n", "\r\n")
		if err != nil || string(got) != want {
			t.Fatalf("%v\n got %q\nwant %q\n out %q", err, got, want, out)
		}
	})
}
