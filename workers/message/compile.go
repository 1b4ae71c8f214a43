package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"assent/campaigns/content"
)

// Compiled is a campaign's mail in one language with places for what differs from person to person. Any number of goroutines may append
// from it at once.
type Compiled struct {
	ops     []op
	subject []content.Segment
}

// op writes a fixed stretch, and behind it something of the person's.
type op struct {
	fixed []byte
	what  place
	seg   *content.Segment
}

type place uint8

const (
	nothing place = iota
	dateHeader
	toHeader
	subjectHeader
	idHeader
	unsubscribeHeader
	bodySegment
)

// Person is what differs in one person's mail. It may be reused for the next, but by one goroutine at a time.
type Person struct {
	To        Address
	MessageID string
	Date      time.Time
	// Unsubscribe and Mailto are as in [List]; of no matter where the class has no list headers.
	Unsubscribe, Mailto string
	Fields              *content.Person

	scratch []byte
}

// Words that stand where a person's bodies go while go-mail builds the mail around them.
const (
	textToken = "assent-text-part"
	htmlToken = "assent-html-part"
)

// Compile has go-mail build the mail of a campaign once. Of m all counts that is the same for everybody; To, Date, MessageID, Subject,
// HTML, Text and the list's addresses are the person's or the content's.
func Compile(m Message, c *content.Compiled) (*Compiled, error) {
	if len(m.Attachments) > 0 {
		return nil, invalid("mail to many has no attachments")
	}
	out := &Compiled{}
	m.Subject = content.Plain(c.Subject)
	for i := range c.Subject {
		if !c.Subject[i].Static() {
			out.subject = c.Subject
		}
	}
	m.To = Address{Email: "recipient@placeholder.invalid"}
	m.Date = time.Unix(0, 0)
	m.MessageID = fingerprint(c) + "@placeholder.invalid" // the boundary depends on it
	m.Text = textToken
	if m.HTML = ""; len(c.HTML) > 0 {
		m.HTML = htmlToken
	}
	if m.List != nil {
		list := *m.List
		list.Unsubscribe, list.Mailto = "https://placeholder.invalid", "u@placeholder.invalid"
		m.List = &list
	}
	m, err := m.check()
	if err != nil {
		return nil, err
	}
	raw, err := m.build()
	if err != nil {
		return nil, err
	}
	fields, body, err := split(raw)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		what := map[string]place{"Date": dateHeader, "To": toHeader, "Message-ID": idHeader, "List-Unsubscribe": unsubscribeHeader}[f.name]
		if f.name == "Subject" && out.subject != nil {
			what = subjectHeader
		}
		if what == nothing {
			out.fixed(f.raw)
			continue
		}
		out.fixed([]byte(f.name + ": "))
		out.place(what, nil)
		out.fixed([]byte("\r\n"))
	}
	out.fixed([]byte("\r\n"))
	return out, out.bodies(body, c)
}

func fingerprint(c *content.Compiled) string {
	h := sha256.New()
	for _, part := range [][]content.Segment{c.Subject, c.HTML, c.Text} {
		h.Write([]byte(content.Plain(part)))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (out *Compiled) fixed(b []byte) {
	if n := len(out.ops); n == 0 || out.ops[n-1].what != nothing {
		out.ops = append(out.ops, op{})
	}
	last := &out.ops[len(out.ops)-1]
	last.fixed = append(last.fixed, b...)
}

func (out *Compiled) place(what place, seg *content.Segment) {
	if n := len(out.ops); n == 0 || out.ops[n-1].what != nothing {
		out.ops = append(out.ops, op{})
	}
	last := &out.ops[len(out.ops)-1]
	last.what, last.seg = what, seg
}

// bodies puts the encoded segments where go-mail wrote their tokens.
func (out *Compiled) bodies(body []byte, c *content.Compiled) error {
	for _, part := range []struct {
		token string
		list  []content.Segment
	}{{textToken, c.Text}, {htmlToken, c.HTML}} {
		if len(part.list) == 0 && part.token == htmlToken {
			continue
		}
		before, after, ok := bytes.Cut(body, []byte(part.token))
		if !ok {
			return invalid("go-mail wrote no %s", strings.TrimPrefix(part.token, "assent-"))
		}
		out.fixed(before)
		out.part(part.list)
		body = after
	}
	out.fixed(body)
	return nil
}

// part encodes what is fixed now. Each stretch starts at the start of a line: a soft line break stands before and behind each of the
// person's segments, unless a hard one does.
func (out *Compiled) part(list []content.Segment) {
	var lit []byte
	flush := func(last bool) {
		enc, col := appendQuoted(nil, lit, 0)
		switch {
		case last:
			enc = closeLine(enc, col)
		case col > 0:
			enc = append(enc, "=\r\n"...)
		}
		out.fixed(enc)
		lit = nil
	}
	for i := range list {
		if list[i].Static() {
			lit = append(lit, list[i].Literal()...)
			continue
		}
		flush(false)
		out.place(bodySegment, &list[i])
	}
	flush(true)
}

// Append writes one person's mail onto dst. The same person always gets the same bytes.
func (c *Compiled) Append(dst []byte, p *Person) ([]byte, error) {
	start := len(dst)
	for i := range c.ops {
		o := &c.ops[i]
		dst = append(dst, o.fixed...)
		var err error
		switch o.what {
		case bodySegment:
			p.scratch = o.seg.Append(p.scratch[:0], p.Fields)
			var col int
			if dst, col = appendQuoted(dst, p.scratch, 0); col > 0 {
				dst = append(dst, "=\r\n"...)
			}
		case dateHeader:
			if p.Date.IsZero() {
				err = invalid("it has no date")
			}
			dst = p.Date.AppendFormat(dst, time.RFC1123Z)
		case toHeader:
			dst, err = p.to(dst)
		case subjectHeader:
			dst, err = c.appendSubject(dst, p)
		case idHeader:
			if !plainAddress(p.MessageID) {
				err = invalid("Message-ID %q is not of the form id@domain", p.MessageID)
			}
			dst = append(append(append(dst, '<'), p.MessageID...), '>')
		case unsubscribeHeader:
			dst, err = p.unsubscribe(dst)
		}
		if err != nil {
			return dst[:start], err
		}
	}
	return dst, nil
}

func (p *Person) to(dst []byte) ([]byte, error) {
	a := p.To
	if !simpleName(a.Name) || !plainAddress(a.Email) {
		var err error
		if a, err = mailbox("To", a); err != nil {
			return dst, err
		}
	}
	return appendMailbox(dst, len("To: "), a), nil
}

// simpleName tells whether a name needs no tidying.
func simpleName(s string) bool {
	if len(s) > maxName {
		return false
	}
	blank := true // none at the start
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || blank && s[i] == ' ' {
			return false
		}
		blank = s[i] == ' '
	}
	return !blank || s == ""
}

func (c *Compiled) appendSubject(dst []byte, p *Person) ([]byte, error) {
	p.scratch = content.Append(p.scratch[:0], c.subject, p.Fields)
	s, err := oneLine("Subject", string(p.scratch), maxSubject)
	if err != nil {
		return dst, err
	}
	dst, _ = appendText(dst, len("Subject: "), s)
	return dst, nil
}

func (p *Person) unsubscribe(dst []byte) ([]byte, error) {
	if err := uri(p.Unsubscribe); err != nil {
		return dst, err
	}
	if !plainAddress(p.Mailto) {
		return dst, invalid("List-Unsubscribe: mailbox %q", p.Mailto)
	}
	dst = append(append(append(dst, '<'), p.Unsubscribe...), ">,\r\n <mailto:"...)
	return append(append(dst, p.Mailto...), '>'), nil
}
