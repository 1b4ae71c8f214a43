package smtptest

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

func (c *conn) end() {
	c.open, c.rcpts, c.from, c.to, c.log, c.eight, c.utf8 = false, 0, "", "", nil, false, false
}

// path takes <address> and the parameters behind it apart.
func path(rest []byte, word string) (addr, params string, ok bool) {
	if len(rest) < len(word)+2 || !strings.EqualFold(string(rest[:len(word)]), word) {
		return "", "", false
	}
	rest = rest[len(word):]
	i := bytes.IndexByte(rest, '>')
	if rest[0] != '<' || i < 0 {
		return "", "", false
	}
	return string(rest[1:i]), strings.TrimSpace(string(rest[i+1:])), true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (c *conn) mail(line, rest []byte) error {
	at := time.Now()
	if c.open {
		c.s.violated("MAIL inside a transaction")
		return c.answer("MAIL", string(line), "503 5.5.1 nested MAIL")
	}
	c.mails++
	if c.s.opts.CountOnly && c.s.opts.Script == nil && c.s.opts.Users == nil {
		c.open = true
		c.s.transactions.Add(1)
		_, err := c.out.WriteString("250 2.1.0 ok\r\n")
		return err
	}
	from, params, ok := path(rest, "FROM:")
	usual := "250 2.1.0 ok"
	c.from = from
	switch {
	case !ok:
		usual = "501 5.5.4 syntax: MAIL FROM:<address>"
	case !c.greet:
		usual = "503 5.5.1 EHLO first"
	case c.s.opts.Users != nil && c.user == "":
		usual = "530 5.7.0 authentication required"
	default:
		if p := c.foreign(params, map[string]string{"BODY": "8BITMIME", "SIZE": "SIZE", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN"}); p != "" {
			usual = "555 5.5.4 parameter not offered: " + p
		} else if !ascii(from) && !c.utf8 {
			usual = "553 5.6.7 address needs SMTPUTF8"
		}
	}
	text, err := c.reply("MAIL", string(line), usual)
	if strings.HasPrefix(text, "2") {
		c.open = true
		c.s.transactions.Add(1)
		if !c.s.opts.CountOnly {
			c.log = &Transaction{Conn: c.n, N: c.mails, From: from, MailParams: params, MailAt: at, TLS: c.tls, User: c.user}
			c.s.mu.Lock()
			c.s.log = append(c.s.log, c.log)
			c.s.mu.Unlock()
		}
	}
	return err
}

// foreign names the first parameter whose extension was not offered.
func (c *conn) foreign(params string, known map[string]string) string {
	for _, p := range strings.Fields(params) {
		key, value, _ := strings.Cut(strings.ToUpper(p), "=")
		ext, ok := known[key]
		if !ok || !c.s.offered[ext] {
			c.s.violated("parameter %s though it is not offered", p)
			return p
		}
		c.eight = c.eight || key == "BODY" && value == "8BITMIME"
		c.utf8 = c.utf8 || key == "SMTPUTF8"
	}
	return ""
}

func (c *conn) rcpt(line, rest []byte) error {
	if c.s.opts.CountOnly && c.s.opts.Script == nil && c.open {
		c.rcpts++
		_, err := c.out.WriteString("250 2.1.5 ok\r\n")
		return err
	}
	to, params, ok := path(rest, "TO:")
	c.to = to
	usual := "250 2.1.5 ok"
	switch {
	case !ok:
		usual = "501 5.5.4 syntax: RCPT TO:<address>"
	case !c.open:
		usual = "503 5.5.1 MAIL first"
	default:
		if p := c.foreign(params, map[string]string{"NOTIFY": "DSN", "ORCPT": "DSN"}); p != "" {
			usual = "555 5.5.4 parameter not offered: " + p
		} else if !ascii(to) && !c.utf8 {
			usual = "553 5.6.7 address needs SMTPUTF8"
		}
	}
	text, err := c.reply("RCPT", string(line), usual)
	if strings.HasPrefix(text, "2") {
		c.rcpts++
		c.s.update(c.log, func(t *Transaction) {
			t.To, t.RcptParams = append(t.To, to), append(t.RcptParams, params)
		})
	}
	return err
}

func (c *conn) data(line string) error {
	usual := "354 end with a dot"
	switch {
	case !c.open:
		usual = "503 5.5.1 MAIL first"
	case c.rcpts == 0:
		usual = "554 5.5.1 no valid recipients"
	}
	r := c.ask("DATA", line)
	text, err := c.say(r, usual)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(text, "354") {
		return nil
	}
	raw, size, err := c.in.message(c.log != nil, r.DropIn)
	whole := err == nil
	c.s.bytes.Add(int64(size))
	c.s.update(c.log, func(t *Transaction) {
		t.Data, t.Whole, t.EndAt = unstuff(raw), whole, time.Now()
	})
	if !whole {
		return err
	}
	if c.log != nil && !c.eight && !c.utf8 && !ascii(string(raw)) {
		c.s.violated("8-bit content without BODY=8BITMIME")
	}
	if c.s.opts.CountOnly && c.s.opts.Script == nil && c.rcpts > 0 {
		c.s.accepted.Add(1)
		c.end()
		_, err = c.out.WriteString("250 2.0.0 counted\r\n")
		return err
	}
	usual = "250 2.0.0 queued as " + strconv.Itoa(c.n) + "." + strconv.Itoa(c.mails)
	if c.rcpts == 0 {
		usual = "554 5.5.1 no valid recipients"
	}
	log := c.log
	text, err = c.reply(".", "", usual)
	if text != "" {
		c.s.update(log, func(t *Transaction) { t.Reply = text })
	}
	if strings.HasPrefix(text, "2") {
		c.s.accepted.Add(1)
	}
	c.end()
	return err
}

func (c *conn) auth(rest string) error {
	if c.s.opts.Users == nil {
		c.s.violated("AUTH though it is not offered")
		return c.answer("AUTH", "AUTH", "502 5.5.1 not offered")
	}
	mech, initial, _ := strings.Cut(rest, " ")
	ask := func(prompt string) (string, error) {
		_, _ = c.out.WriteString("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)) + "\r\n")
		line, err := c.in.line()
		return string(line), err
	}
	var user, password string
	var err error
	switch strings.ToUpper(mech) {
	case "PLAIN":
		if initial == "" {
			initial, err = ask("")
		}
		if b, _ := base64.StdEncoding.DecodeString(initial); bytes.Count(b, []byte{0}) == 2 {
			parts := bytes.Split(b, []byte{0})
			user, password = string(parts[1]), string(parts[2])
		}
	case "LOGIN":
		if initial == "" {
			initial, err = ask("Username:")
		}
		b, _ := base64.StdEncoding.DecodeString(initial)
		user = string(b)
		if err == nil {
			initial, err = ask("Password:")
			b, _ = base64.StdEncoding.DecodeString(initial)
			password = string(b)
		}
	}
	if err != nil {
		return err
	}
	usual := "535 5.7.8 wrong user or password"
	if want, known := c.s.opts.Users[user]; known && want == password && user != "" {
		usual = "235 2.7.0 welcome"
	}
	text, err := c.reply("AUTH", "AUTH "+mech, usual)
	if strings.HasPrefix(text, "235") {
		c.user = user
	}
	return err
}
