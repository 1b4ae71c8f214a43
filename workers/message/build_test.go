package message_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/preferences/gate"
	"assent/workers/message"
)

var date = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func bulk() message.Message {
	return message.Message{
		Class: gate.Marketing, From: message.Address{Name: "Brand, Inc.", Email: "news@brand.example"}, ReplyTo: message.Address{Email: "help@brand.example"},
		To: message.Address{Name: "Jo Doe", Email: "jo@people.example"}, Subject: "Hello Jo", Date: date, MessageID: "d1@brand.example", Language: "en",
		HTML: "<p>Hello Jo</p>\n", Text: "Hello Jo\n.\nFrom here\n",
		List: &message.List{
			Name: "Newsletter", ID: "newsletter.brand.example", Unsubscribe: "https://brand.example/u/token", Mailto: "u.abc@bounce.brand.example",
			Feedback: []string{"campaign", "newsletter", "brand", "assent1"},
		},
	}
}

func notice() message.Message {
	m := bulk()
	m.Class, m.List = gate.Notice, nil
	return m
}

// decoded is a mail taken apart by the standard library.
type decoded struct {
	header mail.Header
	parts  []part
}

type part struct{ kind, disposition, text string }

func decode(t testing.TB, raw []byte) decoded {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	d := decoded{header: m.Header}
	var walk func(h textproto.MIMEHeader, r io.Reader)
	walk = func(h textproto.MIMEHeader, r io.Reader) {
		kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			d.parts = append(d.parts, part{kind: kind})
			for parts := multipart.NewReader(r, params["boundary"]); ; {
				p, err := parts.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				walk(p.Header, p)
			}
		}
		if h.Get("Content-Transfer-Encoding") == "quoted-printable" {
			r = quotedprintable.NewReader(r)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		d.parts = append(d.parts, part{h.Get("Content-Type"), h.Get("Content-Disposition"), string(text)})
	}
	walk(textproto.MIMEHeader(m.Header), m.Body)
	return d
}

func (d decoded) text(t testing.TB, name string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(d.header.Get(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t testing.TB, m message.Message) (raw []byte, d decoded) {
	t.Helper()
	raw, err := message.Build(m)
	if err != nil {
		t.Fatal(err)
	}
	if found := message.Lint(raw); len(found) > 0 {
		t.Fatalf("%q\n%s", found, raw)
	}
	return raw, decode(t, raw)
}

// The header matrix: which class carries what (compliance 1, 9, 24).
func TestEachClassHasItsHeadersAndNoOthers(t *testing.T) {
	list := []string{"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Precedence"}
	for class, want := range map[gate.Class][]string{
		gate.Marketing: list, gate.Research: list, gate.Service: {"Auto-Submitted"}, gate.Notice: {"Auto-Submitted"},
	} {
		m := bulk()
		m.Class = class
		if class == gate.Service || class == gate.Notice {
			m.List = nil
		}
		raw, d := build(t, m)
		for _, name := range append(slices.Clone(list), "Auto-Submitted") {
			if got := strings.Count("\r\n"+string(raw), "\r\n"+name+":"); got != map[bool]int{true: 1}[slices.Contains(want, name)] {
				t.Errorf("%v: %d fields %s", class, got, name)
			}
		}
		for name, value := range map[string]string{
			"From": `"Brand, Inc." <news@brand.example>`, "Reply-To": "<help@brand.example>", "To": `"Jo Doe" <jo@people.example>`, "Subject": "Hello Jo",
			"Date": "Wed, 04 Mar 2026 05:06:07 +0000", "Message-Id": "<d1@brand.example>", "Content-Language": "en", "Mime-Version": "1.0",
		} {
			if got := d.header.Get(name); got != value {
				t.Errorf("%v: %s is %q, want %q", class, name, got, value)
			}
		}
		if class == gate.Marketing {
			for name, value := range map[string]string{
				"List-Unsubscribe": "<https://brand.example/u/token>, <mailto:u.abc@bounce.brand.example>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
				"List-Id": `"Newsletter" <newsletter.brand.example>`, "Feedback-Id": "campaign:newsletter:brand:assent1", "Precedence": "bulk",
			} {
				if got := d.header.Get(name); got != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
		}
	}
}

func TestTheSameMessageGivesTheSameBytesInAFixedOrder(t *testing.T) {
	m := notice()
	m.Attachments = []message.Attachment{{Filename: "terms.pdf", ContentType: "application/pdf", Data: []byte("%PDF")}}
	first, _ := build(t, m)
	for range 20 {
		if again, _ := build(t, m); !bytes.Equal(first, again) {
			t.Fatalf("\n%s\n%s", first, again)
		}
	}
	raw, _ := build(t, bulk())
	var names []string
	for line := range strings.Lines(string(raw[:bytes.Index(raw, []byte("\r\n\r\n"))])) {
		if name, _, ok := strings.Cut(line, ":"); ok && line[0] != ' ' {
			names = append(names, name)
		}
	}
	if got := strings.Join(names, " "); got != "Date From Reply-To To Subject Message-ID List-Id List-Unsubscribe List-Unsubscribe-Post Feedback-ID Precedence Content-Language MIME-Version Content-Type" {
		t.Error(got)
	}
}

// Compliance 8, 11, 12: whatever is written, in names, subjects and links, the mail keeps the bounds of its format, which build
// looks at octet by octet.
func TestLongAndForeignTextsKeepTheirFormatAndMeaning(t *testing.T) {
	for _, name := range []string{
		strings.Repeat("Maximiliane ", 25) + "End", strings.Repeat("x", 300), strings.Repeat("😀👩‍👩‍👧", 40), strings.Repeat("مرحبا بالعالم ", 20) + "x", "Jörg \"the \\ King\" Müller, jr.",
		"=?utf-8?q?fake?=", "a =?b", strings.Repeat("ö", 320),
	} {
		m := bulk()
		m.From.Name, m.To.Name, m.Subject, m.List.Name = name, name, "Hi "+name, name
		m.List.Unsubscribe = "https://brand.example/" + strings.Repeat("t", 870)
		m.HTML = "<a href=\"https://brand.example/?" + strings.Repeat("q=1&amp;", 120) + "\">" + name + "</a>"
		m.Text = name + "\n" + m.List.Unsubscribe
		_, d := build(t, m)
		if got := d.text(t, "Subject"); got != m.Subject {
			t.Errorf("subject %q, want %q", got, m.Subject)
		}
		for _, h := range []string{"From", "To"} {
			a, err := d.header.AddressList(h)
			if err != nil || len(a) != 1 || a[0].Name != name {
				t.Errorf("%s: %v %v, want %q", h, a, err, name)
			}
		}
		if d.parts[1].text != strings.ReplaceAll(m.Text, "\n", "\r\n") || d.parts[2].text != m.HTML {
			t.Errorf("parts %q", d.parts)
		}
		if len(d.header.Get("List-Id")) > 255 {
			t.Errorf("List-Id of %d octets", len(d.header.Get("List-Id")))
		}
	}
}

func TestRefusesWhatWouldEndAHeader(t *testing.T) {
	for what, change := range map[string]func(*message.Message, string){
		"from name": func(m *message.Message, s string) { m.From.Name += s }, "from": func(m *message.Message, s string) { m.From.Email += s },
		"to name": func(m *message.Message, s string) { m.To.Name += s }, "to": func(m *message.Message, s string) { m.To.Email = "a" + s + "@x.example" },
		"reply-to": func(m *message.Message, s string) { m.ReplyTo.Email += s }, "subject": func(m *message.Message, s string) { m.Subject += s + "Bcc: x@y" },
		"message-id": func(m *message.Message, s string) { m.MessageID += s }, "language": func(m *message.Message, s string) { m.Language += s },
		"list name": func(m *message.Message, s string) { m.List.Name += s }, "list id": func(m *message.Message, s string) { m.List.ID += s },
		"unsubscribe": func(m *message.Message, s string) { m.List.Unsubscribe += s }, "mailto": func(m *message.Message, s string) { m.List.Mailto += s },
		"feedback": func(m *message.Message, s string) { m.List.Feedback[0] += s },
		"filename": func(m *message.Message, s string) {
			m.Attachments = []message.Attachment{{Filename: "a" + s, ContentType: "text/plain"}}
		},
		"content type": func(m *message.Message, s string) {
			m.Attachments = []message.Attachment{{Filename: "a", ContentType: "text/plain" + s + "X: y"}}
		},
	} {
		for _, s := range []string{"\r", "\n", "\r\n", "\x00", "\u2028", "\u0085"} {
			m := bulk()
			change(&m, s)
			if raw, err := message.Build(m); !errors.Is(err, message.ErrMessage) {
				t.Errorf("%s with %q: %v\n%s", what, s, err, raw)
			}
		}
	}
}

func TestRefusesListHeadersWhereTheyDoNotBelong(t *testing.T) {
	m := bulk()
	m.Class = gate.Notice
	if _, err := message.Build(m); err == nil {
		t.Error("a notice with list headers was built")
	}
	m = bulk()
	m.List = nil
	if _, err := message.Build(m); err == nil {
		t.Error("marketing without list headers was built")
	}
	m.Class = 0
	if _, err := message.Build(m); err == nil {
		t.Error("a mail without a class was built")
	}
}

func TestDomainsGoOutAsALabels(t *testing.T) {
	m := notice()
	m.From.Email, m.To.Email = "news@bücher.example", "jo@BÜCHER.example"
	_, d := build(t, m)
	if f, to := d.header.Get("From"), d.header.Get("To"); !strings.Contains(f, "<news@xn--bcher-kva.example>") || !strings.Contains(to, "<jo@xn--bcher-kva.example>") {
		t.Error(f, to)
	}
}

func TestALocalPartBeyondASCIIStaysAsItIs(t *testing.T) {
	m := notice()
	m.To.Email = "jörg@bücher.example"
	raw, d := build(t, m)
	if a, err := d.header.AddressList("To"); err != nil || a[0].Address != "jörg@xn--bcher-kva.example" {
		t.Errorf("%v %v\n%s", a, err, raw)
	}
}

func TestAttachments(t *testing.T) {
	m := notice()
	m.Text = "see\n boundary=3D" + strings.Repeat("a", 58) + "\n"
	m.Attachments = []message.Attachment{
		{Filename: "Bedingungen für 2026.pdf", ContentType: "application/pdf", Data: bytes.Repeat([]byte{0, 255, '\n', '.'}, 500)},
		{Filename: "event.ics", ContentType: "text/calendar; method=REQUEST; charset=utf-8", Data: []byte("BEGIN:VCALENDAR")},
	}
	_, d := build(t, m)
	var kinds []string
	for _, p := range d.parts {
		kinds = append(kinds, p.kind)
	}
	if len(d.parts) != 6 || d.parts[0].kind != "multipart/mixed" || d.parts[1].kind != "multipart/alternative" {
		t.Fatalf("parts %q", kinds)
	}
	if d.parts[2].text != strings.ReplaceAll(m.Text, "\n", "\r\n") {
		t.Errorf("text %q", d.parts[2].text)
	}
	_, params, err := mime.ParseMediaType(d.parts[4].disposition)
	if err != nil || params["filename"] != m.Attachments[0].Filename {
		t.Errorf("%v %v", params, err)
	}
	if _, params, _ := mime.ParseMediaType(d.parts[5].kind); params["method"] != "REQUEST" {
		t.Error(d.parts[5].kind)
	}
}

func TestTextAloneIsOnePart(t *testing.T) {
	m := notice()
	m.HTML = ""
	_, d := build(t, m)
	if len(d.parts) != 1 || !strings.HasPrefix(d.parts[0].kind, "text/plain") {
		t.Errorf("%q", d.parts)
	}
}

func TestLintFindsBreaches(t *testing.T) {
	raw, _ := build(t, bulk())
	for breach, edit := range map[string]func(string) string{
		"bare LF":      func(s string) string { return strings.Replace(s, "\r\n", "\n", 1) },
		"long line":    func(s string) string { return strings.Replace(s, "Subject: ", "Subject: "+strings.Repeat("x", 999), 1) },
		"two subjects": func(s string) string { return "Subject: x\r\n" + s },
		"no date":      func(s string) string { return strings.Replace(s, "Date: ", "X-Date: ", 1) },
		"long word": func(s string) string {
			return strings.Replace(s, "Subject: ", "Subject: =?UTF-8?q?"+strings.Repeat("x", 70)+"?= ", 1)
		},
		"split character": func(s string) string { return strings.Replace(s, "Subject: ", "Subject: =?UTF-8?q?=C3?= ", 1) },
		"long QP line":    func(s string) string { return strings.Replace(s, "<p>", strings.Repeat("x", 80), 1) },
		"bad escape":      func(s string) string { return strings.Replace(s, "<p>", "=ZZ", 1) },
		"trailing blank":  func(s string) string { return strings.Replace(s, "</p>", "</p> ", 1) },
	} {
		if found := message.Lint([]byte(edit(string(raw)))); len(found) == 0 {
			t.Errorf("%s: not found", breach)
		}
	}
}
