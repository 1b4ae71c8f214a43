package transport

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

type reply struct {
	code int
	text string // behind the code, lines joined by a blank; only where somebody will read it
}

var errReply = errors.New("malformed reply")

// get takes one reply, RFC 5321 §4.2, waiting at most d for each line. The text of a success is not kept unless asked for.
func (c *conn) get(keep bool, d time.Duration) (reply, error) {
	var r reply
	for lines := 0; ; lines++ {
		if b, _ := c.r.Peek(c.r.Buffered()); bytes.IndexByte(b, '\n') < 0 {
			_ = c.raw.SetReadDeadline(time.Now().Add(d))
		}
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return reply{}, err // also for a line longer than the buffer
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		code := 0
		for i := range 3 {
			if len(line) < 3 || line[i] < '0' || line[i] > '9' {
				return reply{}, fmt.Errorf("%w %.80q", errReply, line)
			}
			code = code*10 + int(line[i]-'0')
		}
		if lines > 100 || lines > 0 && code != r.code || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return reply{}, fmt.Errorf("%w %.80q", errReply, line)
		}
		r.code = code
		if keep || code >= 400 {
			text := ""
			if len(line) > 4 {
				text = strings.ToValidUTF8(string(line[4:]), "\uFFFD")
			}
			if lines > 0 {
				text = r.text + " " + text
			}
			r.text = text
		}
		if len(line) == 3 || line[3] == ' ' {
			return r, nil
		}
	}
}

// enhanced finds the enhanced status code at the start of a reply, RFC 2034 §4: a class that agrees with the code, and two numbers.
func enhanced(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	class, rest, _ := strings.Cut(word, ".")
	subject, detail, _ := strings.Cut(rest, ".")
	if len(class) != 1 || int(class[0]-'0') != code/100 || !digits(subject) || !digits(detail) {
		return ""
	}
	return word
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 3
}
