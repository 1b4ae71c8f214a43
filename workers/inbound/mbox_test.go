package inbound

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMails(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":     {"", nil},
		"one mail":    {"Subject: a\n\nFrom here to there\n\nFrom now on\n", []string{"Subject: a\n\nFrom here to there\n\nFrom now on\n"}},
		"mbox":        {"From x Mon\nSubject: a\n\nb\n\nFrom y Tue\nSubject: c\n\nd\n", []string{"Subject: a\n\nb\n\n", "Subject: c\n\nd\n"}},
		"quoted From": {"From x\nSubject: a\n\n>From b\n>>From c\nFrom d in a paragraph\n", []string{"Subject: a\n\nFrom b\n>From c\nFrom d in a paragraph\n"}},
		"CRLF":        {"From x\r\nSubject: a\r\n\r\nb\r\n\r\nFrom y\r\nSubject: c\r\n", []string{"Subject: a\r\n\r\nb\r\n\r\n", "Subject: c\r\n"}},
		"too long":    {"From x\n" + strings.Repeat("y", 300) + "\n\nFrom z\nshort", []string{strings.Repeat("y", 100), "short"}},
		"one line":    {strings.Repeat("z", 200_000), []string{strings.Repeat("z", 100)}},
	} {
		var got []string
		for m, err := range Mails(iotest.OneByteReader(strings.NewReader(c.in)), 100) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got = append(got, string(m))
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, err := range Mails(iotest.ErrReader(io.ErrClosedPipe), 100) {
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzMails(f *testing.F) {
	f.Add("From x\na\n\nFrom y\nb\n")
	f.Add("Subject: x\n\ny")
	f.Fuzz(func(t *testing.T, in string) {
		total := 0
		for m, err := range Mails(strings.NewReader(in), 1000) {
			if err != nil || len(m) > 1000 {
				t.Fatalf("%d bytes, %v", len(m), err)
			}
			total += len(m)
		}
		if total > len(in) {
			t.Fatalf("%d bytes out of %d", total, len(in))
		}
	})
}
