package message_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
	"pgregory.net/rapid"

	"assent/campaigns/content"
	"assent/preferences/gate"
	"assent/templates/locale"
	tmail "assent/templates/mail"
	"assent/workers/message"
)

func compiled(t testing.TB, subject string, blocks ...content.Block) *content.Compiled {
	t.Helper()
	c, err := content.Compile(content.Content{Subject: subject, Preheader: "For {{ first_name | \"you\" }} only", Blocks: blocks}, content.Setting{
		Locale: locale.Get("en"), Brand: tmail.Brand{Name: "Brand", PostalAddress: "1 Street\nCity", ReplyTo: "help@brand.example"},
		Footer: tmail.Footer{Class: tmail.Marketing, Topic: "Newsletter", Basis: "consent"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func blocks(paragraphs int) []content.Block {
	list := []content.Block{
		content.Heading{Text: "Hello {{ first_name | \"there\" }} {{ last_name }}", Level: 1},
		content.Text{Markdown: "Dear {{ first_name | \"reader\" }} of {{ company | \"your company\" }}, a [link](https://brand.example/offer?who={{ attributes.code }}&x=1) for you.\n\n- one\n- {{ attributes.code }}\n\n.dot and --dashes"},
		content.Button{Label: "Go, {{ first_name }}", URL: "https://brand.example/go?c={{ attributes.code }}"},
	}
	for i := range paragraphs {
		list = append(list, content.Text{Markdown: fmt.Sprintf("Paragraph %d: %s", i, strings.Repeat("grüße and plain words, ", 12))})
	}
	return list
}

func person(n int, name, value string) *message.Person {
	link := func(kind string) string { return fmt.Sprintf("https://brand.example/%s/token%d", kind, n) }
	return &message.Person{
		To: message.Address{Name: name, Email: fmt.Sprintf("p%d@people.example", n)}, MessageID: fmt.Sprintf("d%d@brand.example", n),
		Date: date.Add(time.Duration(n) * time.Second), Unsubscribe: link("u"), Mailto: fmt.Sprintf("u.%d@bounce.brand.example", n),
		Fields: &content.Person{
			FirstName: name, LastName: value, Company: value, Attributes: map[string]string{"code": value},
			UnsubscribeURL: link("u"), PreferencesURL: link("p"), WhyURL: link("why"), ViewURL: link("v"),
		},
	}
}

// scratch is the message that go-mail would be given for that person alone.
func scratch(campaign message.Message, c *content.Compiled, p *message.Person) message.Message {
	m := campaign
	m.To, m.MessageID, m.Date = p.To, p.MessageID, p.Date
	m.Subject, m.HTML, m.Text = c.Render(p.Fields)
	if m.List != nil {
		list := *m.List
		list.Unsubscribe, list.Mailto = p.Unsubscribe, p.Mailto
		m.List = &list
	}
	return m
}

// native is what go-mail makes of a message by its own means, header for header.
func native(t fataler, m message.Message) []byte {
	g := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	tidy := func(s string, most int) string {
		runes := []rune(strings.Join(strings.Fields(s), " "))
		return strings.TrimSpace(string(runes[:min(most, len(runes))]))
	}
	m.Subject, m.To.Name = tidy(m.Subject, 500), tidy(m.To.Name, 320)
	subject := m.Subject
	if strings.Contains(subject, "=?") { // it would be taken for an encoded-word, so it must be one
		subject = "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(subject)) + "?="
	}
	g.Subject(subject)
	for name, a := range map[gomail.AddrHeader]message.Address{gomail.HeaderFrom: m.From, gomail.HeaderReplyTo: m.ReplyTo, gomail.HeaderTo: m.To} {
		g.SetAddrHeaderFromMailAddress(name, &mail.Address{Name: a.Name, Address: a.Email})
	}
	g.SetDateWithValue(m.Date)
	g.SetMessageIDWithValue(m.MessageID)
	g.SetListUnsubscribe("<"+m.List.Unsubscribe+">", "<mailto:"+m.List.Mailto+">")
	g.SetListUnsubscribePost()
	g.SetGenHeader("List-Id", `"`+m.List.Name+`" <`+m.List.ID+">")
	g.SetGenHeader("Feedback-ID", strings.Join(m.List.Feedback, ":"))
	g.SetGenHeader("Precedence", "bulk")
	g.SetGenHeader("Content-Language", m.Language)
	g.SetBodyString(gomail.TypeTextPlain, m.Text)
	g.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	var b bytes.Buffer
	if _, err := g.WriteTo(&b); err != nil {
		t.Fatalf("%v", err)
	}
	return b.Bytes()
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// same fails unless both mails say the same: the same header fields in the same order with the same meaning, the same decoded parts.
func same(t fataler, tb testing.TB, got, want []byte) {
	t.Helper()
	for which, raw := range map[string][]byte{"compiled": got, "from scratch": want} {
		if found := message.Lint(raw); len(found) > 0 {
			t.Fatalf("%s: %q\n%s", which, found, raw)
		}
	}
	gotHead, _, _ := strings.Cut(string(got), " boundary=")
	wantHead, _, _ := strings.Cut(string(want), " boundary=")
	if gotHead != wantHead {
		t.Fatalf("headers\n got %s\nwant %s", gotHead, wantHead)
	}
	equal(t, tb, got, want)
}

// equal compares what two mails mean.
func equal(t fataler, tb testing.TB, got, want []byte) {
	t.Helper()
	if g, w := slices.Sorted(strings.FieldsSeq(names(got))), slices.Sorted(strings.FieldsSeq(names(want))); !slices.Equal(g, w) {
		t.Fatalf("fields\n got %s\nwant %s", g, w)
	}
	g, w := decode(tb, got), decode(tb, want)
	for name := range w.header {
		switch name {
		case "Content-Type": // but for the boundary
			if !strings.HasPrefix(g.header.Get(name), "multipart/alternative;") {
				t.Fatalf("%s", g.header.Get(name))
			}
		case "From", "To", "Reply-To":
			a, err1 := g.header.AddressList(name)
			b, err2 := w.header.AddressList(name)
			if err1 != nil || err2 != nil || len(a) != 1 || *a[0] != *b[0] {
				t.Fatalf("%s: %v %v, want %v %v", name, a, err1, b, err2)
			}
		default:
			if a, b := g.text(tb, name), w.text(tb, name); a != b {
				t.Fatalf("%s: %q, want %q", name, a, b)
			}
		}
	}
	if len(g.parts) != len(w.parts) {
		t.Fatalf("%d parts, want %d", len(g.parts), len(w.parts))
	}
	for i := range w.parts {
		if g.parts[i] != w.parts[i] {
			t.Fatalf("part %d\n got %q\nwant %q", i, g.parts[i], w.parts[i])
		}
	}
}

func names(raw []byte) string {
	var out []string
	for line := range strings.Lines(string(raw)) {
		if line == "\r\n" {
			break
		}
		if name, _, ok := strings.Cut(line, ":"); ok && line[0] != ' ' {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

var hard = []string{
	"", "Jo", "Jo Doe", "😀", strings.Repeat("👩‍👩‍👧", 60), "مرحبا", strings.Repeat("مرحبا بالعالم ", 22), strings.Repeat("x", 300), strings.Repeat("ab ", 100), "=?utf-8?q?x?=",
	`a "quoted" \ name`, "a, b; <c@d>", "{{ first_name }}", "{{env \"PATH\"}}", ".", "--", "From me", "=", "=20", " lead and trail ", "tab\there", "<b>&amp;</b>",
	"https://brand.example/?" + strings.Repeat("q=1&", 220), "a\r\nBcc: x@y", "u\u2028v", "\x00", "ſtrange\u202e",
}

func TestACompiledMailIsWhatGoMailWouldHaveBuiltFromScratch(t *testing.T) {
	c := compiled(t, "News for {{ first_name | \"you\" }} in {{ company }}", blocks(1)...)
	campaign := bulk()
	fast, err := message.Compile(campaign, c)
	if err != nil {
		t.Fatal(err)
	}
	check := func(t fataler, name, value string) {
		p := person(1, name, value)
		got, err := fast.Append([]byte("before"), p)
		want, wantErr := message.Build(scratch(campaign, c, p))
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("compiled: %v, from scratch: %v", err, wantErr)
		}
		if !strings.HasPrefix(string(got), "before") || err != nil && string(got) != "before" {
			t.Fatalf("it does not append: %.20q", got)
		}
		if err == nil {
			got = got[len("before"):]
			same(t, tb(t), got, want)
			if !strings.Contains(name, "\\") { // go-mail leaves it in encoded-words, and parsers choke on that
				equal(t, tb(t), got, native(t, scratch(campaign, c, p)))
			}
		}
	}
	for i, name := range hard {
		check(t, name, hard[len(hard)-1-i])
		check(t, name, "x")
		check(t, "Jo", name)
	}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom(hard), rapid.StringMatching(`[ -~]{0,300}`))
	rapid.Check(t, func(t *rapid.T) {
		check(wrap{t}, text.Draw(t, "name"), text.Draw(t, "value"))
	})
}

// wrap lets a property use what was made for tests.
type wrap struct{ *rapid.T }

type tbOf struct {
	testing.TB
	fataler
}

func (t tbOf) Helper()                      {}
func (t tbOf) Fatalf(f string, args ...any) { t.fataler.Fatalf(f, args...) }
func (t tbOf) Fatal(args ...any)            { t.fataler.Fatalf("%s", fmt.Sprint(args...)) }
func tb(t fataler) testing.TB               { return tbOf{fataler: t} }

func TestOfManyPeopleEachGetsTheirOwnMail(t *testing.T) {
	c := compiled(t, "Hello {{ first_name }}", blocks(1)...)
	fast, err := message.Compile(bulk(), c)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 50 {
				n := g*100 + i
				p := person(n, fmt.Sprintf("Name%dX", n), "v")
				raw, err := fast.Append(nil, p)
				if err != nil {
					t.Error(err)
				}
				m, err := mail.ReadMessage(strings.NewReader(string(raw)))
				if err != nil || m.Header.Get("Subject") != "Hello "+p.To.Name || !strings.Contains(m.Header.Get("List-Unsubscribe"), p.Unsubscribe+">") ||
					m.Header.Get("Message-ID") != "<"+p.MessageID+">" || strings.Count(string(raw), fmt.Sprintf("/u/token%d", n)) != 3 {
					t.Errorf("%v %v", m, err)
				}
			}
		})
	}
	all.Wait()
}

func TestWhatIsTheSameForAllHasOneSubjectAndNoListHeadersInNotices(t *testing.T) {
	c := compiled(t, "Grüße, everybody", blocks(1)...)
	campaign := notice()
	fast, err := message.Compile(campaign, c)
	if err != nil {
		t.Fatal(err)
	}
	p := person(1, "Jo", "x")
	got, err := fast.Append(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	want, err := message.Build(scratch(campaign, c, p))
	if err != nil {
		t.Fatal(err)
	}
	same(t, t, got, want)
	if strings.Contains(string(got), "List-") {
		t.Errorf("%s", got)
	}
	bad := campaign
	bad.Class = gate.Marketing
	if _, err := message.Compile(bad, c); err == nil {
		t.Error("marketing without list headers was compiled")
	}
}

func benchmarkMail(b *testing.B) (*message.Compiled, message.Message, *content.Compiled) {
	c := compiled(b, "News for {{ first_name | \"you\" }}", blocks(2)...)
	fast, err := message.Compile(bulk(), c)
	if err != nil {
		b.Fatal(err)
	}
	return fast, bulk(), c
}

func BenchmarkCompiled(b *testing.B) {
	fast, _, _ := benchmarkMail(b)
	p := person(1, "Maximilian", "1234")
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = fast.Append(buf[:0], p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "octets")
}

func BenchmarkFromScratch(b *testing.B) {
	_, campaign, c := benchmarkMail(b)
	p := person(1, "Maximilian", "1234")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := message.Build(scratch(campaign, c, p)); err != nil {
			b.Fatal(err)
		}
	}
}
