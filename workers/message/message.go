package message

import (
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/address"
	"assent/preferences/gate"
)

// Address is a mailbox with the name that people see.
type Address struct{ Name, Email string }

// Message is one mail. HTML may be empty; lines of HTML and Text may end in LF or CRLF.
type Message struct {
	Class       gate.Class
	From        Address
	ReplyTo     Address // none if empty
	To          Address
	Subject     string
	Date        time.Time
	MessageID   string // id@domain, without angle brackets; stable for one delivery
	Language    string // BCP 47; none if empty
	HTML, Text  string
	List        *List // for marketing and research, which must have it; none else may
	Attachments []Attachment
}

// List is what lets a recipient leave, and providers tell one list from another.
type List struct {
	Name, ID string // "Newsletter", "newsletter.brand.example": one, stable, per topic; RFC 2919
	// Unsubscribe is the address of the one-click page, RFC 8058; Mailto the mailbox that does the same, without "mailto:".
	Unsubscribe, Mailto string
	// Feedback are the parts of the Feedback-ID, nothing of the person in them; the last is the stable sender id. None: no header.
	Feedback []string
}

// Attachment is a file in a notice.
type Attachment struct {
	Filename, ContentType string
	Data                  []byte
}

// ErrMessage is wrapped by all errors about what a message is made of.
var ErrMessage = errors.New("message")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMessage, fmt.Errorf(format, args...))
}

// Longest texts in headers, in characters; what goes beyond is cut. They keep lines under 998 octets even where nothing can be folded.
const (
	maxName    = 320
	maxSubject = 500
)

// oneLine refuses what could end a header (CR, LF, NUL, U+2028 and their like), makes runs of blanks one, and cuts.
func oneLine(what, s string, most int) (string, error) {
	if err := address.HeaderSafe(s); err != nil {
		return "", invalid("%s: %w", what, err)
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most && utf8.RuneCountInString(s) > most {
		s = strings.TrimSpace(string([]rune(s)[:most]))
	}
	return s, nil
}

// mailbox checks an address and brings its domain to A-labels.
func mailbox(what string, a Address) (Address, error) {
	name, err := oneLine(what, a.Name, maxName)
	if err != nil {
		return a, err
	}
	if plainAddress(a.Email) {
		return Address{name, a.Email}, nil
	}
	parsed, err := address.Parse(a.Email)
	if err != nil {
		return a, invalid("%s: %w", what, err)
	}
	return Address{name, parsed.String()}, nil
}

// plainAddress tells whether an address is ASCII and so simple that it needs no parsing.
func plainAddress(s string) bool {
	at := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '.' || c == '-':
			if i == 0 || i == len(s)-1 || i == at+1 || s[i-1] == '.' || s[i+1] == '@' {
				return false
			}
		case c == '_' || c == '+' || c >= 'A' && c <= 'Z':
			if at >= 0 {
				return false
			}
		case c == '@' && at < 0 && i > 0 && i <= 64:
			at = i
		default:
			return false
		}
	}
	return at > 0 && at < len(s)-1 && len(s) <= 254
}

// check refuses what must not be sent as it is, and tidies what goes into headers.
func (m Message) check() (Message, error) {
	var err error
	bulk := m.Class == gate.Marketing || m.Class == gate.Research
	switch {
	case !bulk && m.Class != gate.Service && m.Class != gate.Notice:
		return m, invalid("it has no class")
	case bulk && m.List == nil:
		return m, invalid("%s mail needs its list headers", m.Class)
	case !bulk && m.List != nil:
		return m, invalid("%s mail has no list headers", m.Class)
	case m.Date.IsZero():
		return m, invalid("it has no date")
	case !plainAddress(m.MessageID):
		return m, invalid("Message-ID %q is not of the form id@domain", m.MessageID)
	case m.Text == "":
		return m, invalid("it has no text part")
	}
	if m.From, err = mailbox("From", m.From); err != nil {
		return m, err
	}
	if m.To, err = mailbox("To", m.To); err != nil {
		return m, err
	}
	if m.ReplyTo.Email != "" {
		if m.ReplyTo, err = mailbox("Reply-To", m.ReplyTo); err != nil {
			return m, err
		}
	}
	if m.Subject, err = oneLine("Subject", m.Subject, maxSubject); err != nil {
		return m, err
	}
	if m.Language != "" && strings.Trim(m.Language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return m, invalid("language %q", m.Language)
	}
	if m.List != nil {
		list, err := m.List.check()
		if err != nil {
			return m, err
		}
		m.List = &list
	}
	for i, a := range m.Attachments {
		if err := a.check(); err != nil {
			return m, invalid("attachment %d: %w", i+1, err)
		}
	}
	return m, nil
}

func (l List) check() (List, error) {
	var err error
	if l.Name, err = oneLine("List-Id", l.Name, maxName); err != nil {
		return l, err
	}
	if !strings.Contains(l.ID, ".") || !plainAddress("l@"+l.ID) || len(l.ID) > 200 {
		return l, invalid("List-Id %q is not of the form label.domain", l.ID)
	}
	if err := uri(l.Unsubscribe); err != nil {
		return l, err
	}
	if !plainAddress(l.Mailto) {
		return l, invalid("List-Unsubscribe: mailbox %q", l.Mailto)
	}
	for _, part := range l.Feedback {
		if part == "" || len(part) > 64 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			return l, invalid("Feedback-ID part %q", part)
		}
	}
	return l, nil
}

// uri checks an address that goes into a header as it is: an absolute http(s) URL without anything that would end it. RFC 8058 §3.1 wants
// https; http is what an installation without a public address has.
func uri(s string) error {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || len(s) > 900 {
		return invalid("List-Unsubscribe: %.60q is not an http(s) address of at most 900 octets", s)
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' || c == '"' {
			return invalid("List-Unsubscribe: %.60q has a sign that must be percent-encoded", s)
		}
	}
	return nil
}

func (a Attachment) check() error {
	if err := address.HeaderSafe(a.Filename); err != nil || a.Filename == "" || len(a.Filename) > 255 {
		return fmt.Errorf("file name %.60q", a.Filename)
	}
	if t, _, err := mime.ParseMediaType(a.ContentType); err != nil || !strings.Contains(t, "/") || strings.HasPrefix(t, "multipart/") || strings.HasPrefix(t, "message/") {
		return fmt.Errorf("content type %.60q", a.ContentType)
	}
	return nil
}
