package transport

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However a message is made, its only final dot is the last, and what a relay unstuffs is the message.
func TestAMessageCannotEndItself(t *testing.T) {
	piece := rapid.SampledFrom([]string{"\r\n", ".", "\r\n.\r\n", "..", "x", "\r", "\n", "\n.\n", "\r\n..\r\nMAIL FROM:<a@b>", strings.Repeat("y", 499), "é", "\x00"})
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), ""))
		out, wide, err := stuff(nil, data)
		tidy := bytes.ReplaceAll(data, []byte("\r\n"), nil)
		long := false
		for _, line := range bytes.Split(data, []byte("\r\n")) {
			long = long || len(line) > 998
		}
		if broken := bytes.ContainsAny(tidy, "\r\n") || long; broken != (err != nil) {
			t.Fatalf("%q: %v", data, err)
		}
		if err != nil {
			return
		}
		if wide != bytes.Contains(data, []byte("é")) {
			t.Fatalf("8-bit: %v", wide)
		}
		if i := bytes.Index(append([]byte("\r\n"), out...), []byte("\r\n.\r\n")); i != len(out)-3 {
			t.Fatalf("a final dot at %d of %d in %q", i, len(out), out)
		}
		var back []byte
		for _, line := range bytes.SplitAfter(out[:len(out)-3], []byte("\r\n")) {
			back = append(back, bytes.TrimPrefix(line, []byte("."))...)
		}
		if got := bytes.TrimSuffix(back, []byte("\r\n")); !bytes.Equal(got, bytes.TrimSuffix(data, []byte("\r\n"))) {
			t.Fatalf("%q came out as %q", data, got)
		}
	})
}

func FuzzMailboxCarriesNothingElse(f *testing.F) {
	for _, s := range []string{"a@b.test", `"a@b> ORCPT=x"@t.test`, "a@b.test>\r\nRCPT TO:<c@d", "jörg@bücher.test", "a b@c", "a@[127.0.0.1]", "a@[1] x", "@", "a@", "a@b c", "a\u2028@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, utf8, err := mailbox(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "<> \t\r\n\x00\"\\\u2028") || strings.Count(got, "@") != 1 && got != "" {
			t.Errorf("%q became %q", s, got)
		}
		if wide := eightBit([]byte(got)); wide != utf8 {
			t.Errorf("%q: 8-bit %v, SMTPUTF8 %v", got, wide, utf8)
		}
	})
}
