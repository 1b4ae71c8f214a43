package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"
)

type conn struct {
	s     *Server
	raw   net.Conn
	in    input
	out   *bufio.Writer
	n     int // of the connection
	mails int // MAIL commands so far
	tls   uint16
	user  string
	greet bool
	open  bool // a transaction is open
	from  string
	to    string
	rcpts int
	eight bool // 8-bit content was announced
	utf8  bool
	log   *Transaction
	reset bool
}

var errQuit = errors.New("smtptest: done")

func serve(s *Server, raw net.Conn, n int) {
	c := &conn{s: s, raw: raw, n: n}
	c.in.buf = make([]byte, 128<<10)
	c.in.wait = func() error {
		if c.out.Buffered() > 0 {
			s.roundTrips.Add(1)
		}
		return c.out.Flush()
	}
	if s.opts.Implicit && s.opts.TLS != nil {
		if c.upgrade() != nil {
			return
		}
	} else {
		c.over(raw)
	}
	if c.answer("CONNECT", "", "220 sink.test ESMTP ready") != nil {
		_ = c.out.Flush()
		return
	}
	for {
		line, err := c.in.line()
		if err != nil {
			return
		}
		if c.command(line) != nil {
			_ = c.out.Flush()
			if tcp, ok := raw.(*net.TCPConn); ok && c.reset {
				_ = tcp.SetLinger(0)
			}
			return
		}
	}
}

func (c *conn) over(rw net.Conn) {
	c.in.src, c.in.start, c.in.end = rw, 0, 0
	c.out = bufio.NewWriterSize(rw, 16<<10)
}

func (c *conn) upgrade() error {
	t := tls.Server(c.raw, c.s.opts.TLS)
	_ = c.raw.SetDeadline(time.Now().Add(30 * time.Second))
	if err := t.Handshake(); err != nil {
		return err
	}
	_ = c.raw.SetDeadline(time.Time{})
	c.tls = t.ConnectionState().Version
	c.over(t)
	return nil
}

// answer asks the script, then writes its reply or the usual one. An error ends the connection.
func (c *conn) answer(verb, line, usual string) error {
	_, err := c.reply(verb, line, usual)
	return err
}

func (c *conn) reply(verb, line, usual string) (string, error) {
	return c.say(c.ask(verb, line), usual)
}

func (c *conn) ask(verb, line string) Reply {
	if c.s.opts.Script == nil {
		return Reply{}
	}
	return c.s.opts.Script(Step{Conn: c.n, Message: c.mails, Verb: verb, Line: line, From: c.from, To: c.to})
}

// say writes the scripted reply, or the usual one, and returns what it wrote.
func (c *conn) say(r Reply, usual string) (string, error) {
	c.reset = r.Reset
	if r.Delay > 0 {
		if err := c.out.Flush(); err != nil {
			return "", err
		}
		select {
		case <-time.After(r.Delay):
		case <-c.s.closing:
			return "", errQuit
		}
	}
	switch {
	case r.Stall:
		_ = c.out.Flush()
		<-c.s.closing
		return "", errQuit
	case r.Drop:
		return "", errQuit
	}
	text := usual
	if r.Text != "" {
		text = r.Text
	}
	_, _ = c.out.WriteString(strings.ReplaceAll(text, "\n", "\r\n"))
	_, _ = c.out.WriteString("\r\n")
	if r.DropAfter {
		return text, errQuit
	}
	return text, nil
}

func (c *conn) command(line []byte) error {
	verb, rest, _ := bytes.Cut(line, []byte{' '})
	more := len(c.in.pending()) > 0
	if more && !c.s.offered["PIPELINING"] {
		c.s.violated("%s: input behind it though PIPELINING is not offered", verb)
	}
	v := string(verb)
	if v != "MAIL" && v != "RCPT" && v != "DATA" {
		v = strings.ToUpper(v)
	}
	switch v {
	case "MAIL":
		return c.mail(line, rest)
	case "RCPT":
		return c.rcpt(line, rest)
	case "DATA":
		if more {
			c.s.violated("DATA: input behind it before the reply")
		}
		return c.data(string(line))
	case "EHLO", "HELO":
		c.greet = true
		c.end()
		return c.answer(v, string(line), c.greeting(v))
	case "STARTTLS":
		return c.startTLS(string(line))
	case "AUTH":
		return c.auth(string(rest))
	case "RSET":
		c.end()
		return c.answer(v, string(line), "250 2.0.0 forgotten")
	case "NOOP":
		return c.answer(v, string(line), "250 2.0.0 fine")
	case "QUIT":
		_ = c.answer(v, string(line), "221 2.0.0 bye")
		return errQuit
	default:
		c.s.violated("unknown command %q", line)
		return c.answer(v, string(line), "500 5.5.2 unknown command")
	}
}

func (c *conn) greeting(verb string) string {
	if verb == "HELO" {
		return "250 sink.test"
	}
	lines := append([]string{"sink.test"}, c.s.opts.Extensions...)
	if c.s.opts.TLS != nil && c.tls == 0 {
		lines = append(lines, "STARTTLS")
	}
	if c.s.opts.Users != nil {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	return "250-" + strings.Join(lines[:len(lines)-1], "\n250-") + "\n250 " + lines[len(lines)-1]
}

func (c *conn) startTLS(line string) error {
	if c.s.opts.TLS == nil || c.tls != 0 {
		c.s.violated("STARTTLS though it is not offered")
		return c.answer("STARTTLS", line, "502 5.5.1 not offered")
	}
	text, err := c.reply("STARTTLS", line, "220 2.0.0 go ahead")
	if err != nil || !strings.HasPrefix(text, "220") {
		return err
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	c.greet, c.open = false, false
	return c.upgrade()
}
