package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// refusal is our own answer to a message that this relay cannot be given.
type refusal struct{ enhanced, text string }

func (r *refusal) Error() string { return r.text }

// prepared is a message ready to be written over one connection.
type prepared struct {
	i      int
	id     string
	group  []byte    // MAIL, RCPT and DATA
	mail   int       // octets of MAIL in it
	rcpt   int       // octets of MAIL and RCPT
	body   []byte    // dot-stuffed, with the final dot
	until  time.Time // when its lease ends
	behind bool      // begun behind the body of the message before
	whole  bool      // MAIL, RCPT and DATA went together
	mailAt time.Time
}

// prepare writes down what a message takes on this connection. Two take turns: the one under way and the next, whose turn it is.
func (c *conn) prepare(i int, m *Outgoing) (*prepared, error) {
	from, utf8From, err := mailbox(m.From)
	if err != nil {
		return nil, err
	}
	to, utf8To, err := mailbox(m.To)
	if err == nil && to == "" {
		err = &refusal{"5.1.3", "no recipient"}
	}
	if err != nil {
		return nil, err
	}
	data := m.Data
	if data == nil {
		if m.Build == nil {
			return nil, &refusal{"5.6.0", "no message"}
		}
		if data, err = m.Build(c.spare[:0]); err != nil {
			return nil, &BuildError{err}
		}
		c.spare = data
	}
	p := &c.turns[c.turn]
	*p = prepared{i: i, id: m.ID, group: p.group[:0], body: p.body[:0]}
	body, wide, err := stuff(p.body, data)
	p.body = slices.Grow(body, 1024) // what the next message begins with goes behind it
	if err != nil {
		return nil, &refusal{"5.6.0", err.Error()}
	}
	utf8 := utf8From || utf8To
	switch {
	case utf8 && !c.utf8:
		return nil, &refusal{"5.6.7", "the address needs SMTPUTF8, which the relay does not offer"} // RFC 6531 §3.5
	case wide && !c.eight:
		return nil, &refusal{"5.6.3", "8-bit content, but the relay does not offer 8BITMIME"}
	case c.size > 0 && int64(len(data)) > c.size:
		return nil, &refusal{"5.3.4", "larger than the relay takes"}
	}
	g := append(append(append(p.group, "MAIL FROM:<"...), from...), '>')
	if c.size > 0 {
		g = strconv.AppendInt(append(g, " SIZE="...), int64(len(data)), 10)
	}
	if wide {
		g = append(g, " BODY=8BITMIME"...)
	}
	if utf8 {
		g = append(g, " SMTPUTF8"...)
	}
	if c.dsn {
		g = xtext(append(g, " RET=HDRS ENVID="...), m.ID)
	}
	g = append(g, "\r\n"...)
	p.mail = len(g)
	g = append(append(append(g, "RCPT TO:<"...), to...), '>')
	if c.dsn {
		g = append(g, " NOTIFY=FAILURE,DELAY"...)
		if !utf8To {
			g = xtext(append(g, " ORCPT=rfc822;"...), to)
		}
	}
	g = append(g, "\r\n"...)
	p.rcpt = len(g)
	p.group = append(g, "DATA\r\n"...)
	return p, nil
}

// mailbox checks an address for the envelope and turns its domain into A-labels (RFC 5891). It takes dot-atoms only: a quoted local part
// is how parameters were smuggled into RCPT elsewhere (CVE-2025-59937).
func mailbox(addr string) (out string, utf8 bool, err error) {
	if addr == "" {
		return "", false, nil
	}
	at := strings.LastIndexByte(addr, '@')
	if at < 1 || at == len(addr)-1 || len(addr) > 320 {
		return "", false, &refusal{"5.1.3", "not an address"}
	}
	local, domain := addr[:at], addr[at+1:]
	if strings.ContainsAny(local, " \t\"(),:;<>@[\\]") {
		return "", false, &refusal{"5.1.3", "the local part has signs that no mailbox needs"}
	}
	for _, r := range local {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfffd {
			return "", false, &refusal{"5.1.3", "the local part has a control character"}
		}
		utf8 = utf8 || r >= 0x80
	}
	for i := range len(domain) {
		b := domain[i]
		if b >= 0x80 {
			if domain, err = idna.Lookup.ToASCII(domain); err != nil {
				return "", false, &refusal{"5.1.2", "the domain is not a valid name"}
			}
			return local + "@" + domain, utf8, nil
		}
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' || b == '-' || b == '_') {
			return "", false, &refusal{"5.1.2", "the domain is not a valid name"}
		}
	}
	return addr, utf8, nil
}

// xtext encodes a parameter value, RFC 3461 §4.
func xtext(dst []byte, s string) []byte {
	for i := range len(s) {
		if b := s[i]; b < '!' || b > '~' || b == '+' || b == '=' {
			dst = append(dst, '+', "0123456789ABCDEF"[b>>4], "0123456789ABCDEF"[b&15])
		} else {
			dst = append(dst, b)
		}
	}
	return dst
}

var errLines = errors.New("the message breaks RFC 5322 §2.1.1: lines end in CRLF and have at most 998 octets")

// stuff appends the message with doubled dots and the final dot, RFC 5321 §4.5.2, and tells whether it has 8-bit octets. Bare CR and LF,
// by which a second message could be smuggled into the first, are refused.
func stuff(dst, data []byte) (out []byte, wide bool, err error) {
	if len(data) > 0 && data[0] == '.' {
		dst = append(dst, '.')
	}
	from, lines := 0, 0 // what is not yet copied; line ends seen
	for start := 0; start < len(data); lines++ {
		i := bytes.IndexByte(data[start:], '\n')
		if i < 0 {
			if len(data)-start > 998 {
				return dst, false, errLines
			}
			break
		}
		if i == 0 || i > 999 || data[start+i-1] != '\r' {
			return dst, false, errLines
		}
		start += i + 1
		if start < len(data) && data[start] == '.' {
			dst = append(append(dst, data[from:start]...), '.')
			from = start
		}
	}
	if bytes.Count(data, []byte{'\r'}) != lines {
		return dst, false, errLines
	}
	dst = append(dst, data[from:]...)
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		dst = append(dst, "\r\n"...)
	}
	return append(dst, ".\r\n"...), eightBit(data), nil
}

func eightBit(data []byte) bool {
	const high = 0x8080808080808080
	for ; len(data) >= 32; data = data[32:] {
		if (binary.LittleEndian.Uint64(data)|binary.LittleEndian.Uint64(data[8:])|binary.LittleEndian.Uint64(data[16:])|binary.LittleEndian.Uint64(data[24:]))&high != 0 {
			return true
		}
	}
	for _, b := range data {
		if b >= 0x80 {
			return true
		}
	}
	return false
}
