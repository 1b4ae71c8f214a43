package message

import (
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"assent/preferences/gate"
)

// order is that of the header fields, in every mail.
var order = []string{
	"Date", "From", "Reply-To", "To", "Subject", "Message-ID",
	"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Precedence", "Auto-Submitted",
	"Content-Language", "MIME-Version", "Content-Transfer-Encoding", "Content-Type",
}

// headers sets every header of a mail; MIME's own come with its parts. The classes differ so (compliance by class):
//
//	marketing, research   List-Id, List-Unsubscribe, List-Unsubscribe-Post, Feedback-ID, Precedence: bulk
//	service, notice       Auto-Submitted: auto-generated
func (m *Message) headers(g *gomail.Msg) {
	g.SetDateWithValue(m.Date)
	who(g, gomail.HeaderFrom, m.From)
	who(g, gomail.HeaderReplyTo, m.ReplyTo)
	who(g, gomail.HeaderTo, m.To)
	g.Subject(subject(m.Subject))
	g.SetMessageIDWithValue(m.MessageID)
	if m.Language != "" {
		g.SetGenHeader("Content-Language", m.Language)
	}
	switch m.Class {
	case gate.Marketing, gate.Research:
		l := m.List
		g.SetGenHeaderPreformatted("List-Id", l.header())
		// Preformatted, so that neither is ever RFC 2047-encoded: RFC 8058 §3.1 wants one HTTPS URI, RFC 2369 §2 allows a mailto beside it.
		g.SetGenHeaderPreformatted("List-Unsubscribe", "<"+l.Unsubscribe+">,\r\n <mailto:"+l.Mailto+">")
		g.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		if len(l.Feedback) > 0 {
			g.SetGenHeaderPreformatted("Feedback-ID", strings.Join(l.Feedback, ":"))
		}
		g.SetGenHeader("Precedence", "bulk")
	case gate.Service, gate.Notice:
		g.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5
	}
}

// who sets one mailbox. The standard library, by which go-mail writes names, leaves a backslash in encoded-words as it is, which RFC 2047
// §5 (3) forbids and parsers choke on.
func who(g *gomail.Msg, name gomail.AddrHeader, a Address) {
	switch {
	case a.Email == "":
	case strings.Contains(a.Name, "\\") && !plainText(a.Name):
		g.SetGenHeaderPreformatted(gomail.Header(name), string(appendMailbox(nil, len(name)+2, a)))
	default:
		g.SetAddrHeaderFromMailAddress(name, &mail.Address{Name: a.Name, Address: a.Email})
	}
}

// header is the List-Id, RFC 2919 §3: at most 255 octets, so a name that is too long is left out.
func (l *List) header() string {
	id := "<" + l.ID + ">"
	if l.Name != "" {
		phrase, _ := appendPhrase(nil, len("List-Id: "), l.Name)
		if len(phrase)+len(id) <= 240 {
			return string(phrase) + "\r\n " + id
		}
	}
	return id
}

// subject encodes what would be taken for an encoded-word though it is none (RFC 2047 §6.2); go-mail encodes the rest.
func subject(s string) string {
	if strings.Contains(s, "=?") {
		words, _ := appendWords(nil, len("Subject: "), s)
		return strings.ReplaceAll(string(words), "\r\n", "")
	}
	return s
}
