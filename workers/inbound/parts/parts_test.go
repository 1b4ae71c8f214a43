package parts

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func read(t *testing.T, s string, l Limits) *Message {
	t.Helper()
	m, err := Read(strings.NewReader(strings.ReplaceAll(s, "\n", "\r\n")), l)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const report = `From MAILER-DAEMON Thu Jan  1 00:00:00 2026
Return-Path: <>
this line is no field
Subject: =?utf-8?q?Zustellung_fehlgeschlagen_=E2=9C=97?=
Content-Type: Multipart/Report; Report-Type=Delivery-Status;
 boundary="=_b"

preamble
--=_b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Empf=E4nger unbekannt
--=_b
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

UmVwb3J0aW5nLU1UQTogZG5zOyBteC5leGFtcGxlLm5ldAo=
--=_b
Content-Type: message/rfc822

Message-ID: <1@example.org>
Subject: hello

body
`

func TestAReportIsTakenApart(t *testing.T) {
	m := read(t, report, Limits{})
	if m.Report != "delivery-status" || m.Type != "multipart/report" || len(m.Parts) != 3 {
		t.Fatalf("type %q, report %q, %d parts", m.Type, m.Report, len(m.Parts))
	}
	if got := m.Header.Text("Subject"); got != "Zustellung fehlgeschlagen ✗" {
		t.Errorf("subject %q", got)
	}
	if got := strings.TrimSpace(m.Body()); got != "Empfänger unbekannt" {
		t.Errorf("body %q", got)
	}
	if p, ok := m.Find("message/delivery-status"); !ok || !strings.HasPrefix(p.Text(), "Reporting-MTA: dns;") {
		t.Errorf("delivery status %q", p.Text())
	}
	if h, ok := m.Original(); !ok || h.Get("Message-Id") != "<1@example.org>" {
		t.Errorf("original %v", h)
	}
	if m.Truncated {
		t.Error("a whole message is called truncated")
	}
}

func TestBrokenMultipartsAreReadAsFarAsTheyGo(t *testing.T) {
	for name, c := range map[string]struct{ in, body string }{
		"boundary never comes":      {"Content-Type: multipart/mixed; boundary=x\n\nno such user\n", "no such user"},
		"no boundary parameter":     {"Content-Type: multipart/mixed\n\nno such user\n", "no such user"},
		"header of a part is wrong": {"Content-Type: multipart/mixed; boundary=x\n\n--x\n(oops)\nContent-Type: text/plain\n\nno such user\n--x--\n", "no such user"},
		"only html":                 {"Content-Type: text/html\n\n<head><title>t</title></head><style>p{}</style><p>no such&nbsp;user</p>", "no such user"},
		"unknown charset":           {"Content-Type: text/plain; charset=klingon\n\nno such user\n", "no such user"},
		"undeclared ISO-2022-JP":    {"Subject: x\n\n\x1b$BBx\x1b(B user unknown\n", "user unknown"},
		"no header at all":          {"\nno such user\n", "no such user"},
		"base64 that breaks off":    {"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nbm8gc3VjaCB1c2Vy!!!!", "no such user"},
		"unknown transfer encoding": {"Content-Transfer-Encoding: rot13\n\nno such user", "no such user"},
	} {
		m := read(t, c.in, Limits{})
		if got := Plain(m.Body(), 1000); !strings.Contains(got, c.body) {
			t.Errorf("%s: body %q", name, got)
		}
	}
}

func TestLimitsHold(t *testing.T) {
	l := Limits{Bytes: 4000, Header: 500, Body: 300, Parts: 3, Depth: 2}
	deep := ""
	for i := range 20 {
		b := strings.Repeat("b", i+1)
		deep += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n"
	}
	for name, in := range map[string]string{
		"bytes":  "Subject: x\n\n" + strings.Repeat("a line of text\n", 1000),
		"header": "Subject: " + strings.Repeat("x", 1000) + "\n\nbody\n",
		"body":   "Subject: x\n\n" + strings.Repeat("a line of text\n", 50),
		"parts":  "Content-Type: multipart/mixed; boundary=x\n" + strings.Repeat("\n--x\n\ntext\n", 50),
		"depth":  deep,
	} {
		m := read(t, in, l)
		if !m.Truncated && name != "parts" {
			t.Errorf("%s: not marked as truncated", name)
		}
		if len(m.Parts) > 3 {
			t.Errorf("%s: %d parts", name, len(m.Parts))
		}
		for _, p := range m.Parts {
			if len(p.Body) > 300 {
				t.Errorf("%s: part of %d bytes", name, len(p.Body))
			}
		}
	}
}

func TestNothingAndBrokenReadersAreErrors(t *testing.T) {
	if _, err := Read(strings.NewReader(" \r\n\r\n"), Limits{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
	if _, err := Read(iotest.ErrReader(io.ErrClosedPipe), Limits{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("broken reader: %v", err)
	}
}

func TestPlainTextIsHarmless(t *testing.T) {
	got := Plain("a\r\n\tb\x00\u202egnp.exe\u200b \xff c\ue000", 100)
	if got != "a bgnp.exe c" {
		t.Errorf("%q", got)
	}
	if got := Plain("äöü", 5); got != "äö" {
		t.Errorf("cut inside a character: %q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(report))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--"))
	f.Add([]byte("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B"))
	l := Limits{Bytes: 1 << 16, Header: 1 << 12, Body: 1 << 12, Parts: 8, Depth: 3}
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Read(strings.NewReader(string(in)), l)
		if err != nil {
			return
		}
		if len(m.Parts) > l.Parts {
			t.Fatalf("%d parts", len(m.Parts))
		}
		m.Original()
		for _, p := range m.Parts {
			if len(p.Body) > l.Body {
				t.Fatalf("part of %d bytes", len(p.Body))
			}
			p.Text()
		}
		if s := Plain(m.Body(), 200); len(s) > 200 || !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\x00") {
			t.Fatalf("not plain: %q", s)
		}
		m.Header.Text("Subject")
	})
}
