package message

import (
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

// headers sets every header of a mail; MIME's own come with its parts. Names and subjects are encoded by words.go, because what go-mail
// uses for it leaves backslashes in encoded-words, takes "=?" in a subject for one, and starts long values on an empty line. The classes differ so (compliance by class):
//
//	marketing, research   List-Id, List-Unsubscribe, List-Unsubscribe-Post, Feedback-ID, Precedence: bulk
//	service, notice       Auto-Submitted: auto-generated
func (m *Message) headers(g *gomail.Msg) {
	g.SetDateWithValue(m.Date)
	g.SetMessageIDWithValue(m.MessageID)
	set := g.SetGenHeaderPreformatted // as it stands: nothing is encoded or folded that must not be
	mailbox := func(name string, a Address) {
		set(gomail.Header(name), string(appendMailbox(nil, len(name)+2, a)))
	}
	mailbox("From", m.From)
	if m.ReplyTo.Email != "" {
		mailbox("Reply-To", m.ReplyTo)
	}
	mailbox("To", m.To)
	subject, _ := appendText(nil, len("Subject: "), m.Subject)
	set("Subject", string(subject))
	if m.Language != "" {
		set("Content-Language", m.Language)
	}
	switch m.Class {
	case gate.Marketing, gate.Research:
		l := m.List
		set("List-Id", l.header())
		// RFC 8058 §3.1 wants one HTTPS URI, RFC 2369 §2 allows a mailto beside it; neither may be RFC 2047-encoded.
		set("List-Unsubscribe", "<"+l.Unsubscribe+">,\r\n <mailto:"+l.Mailto+">")
		set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		if len(l.Feedback) > 0 {
			set("Feedback-ID", strings.Join(l.Feedback, ":"))
		}
		set("Precedence", "bulk")
	case gate.Service, gate.Notice:
		set("Auto-Submitted", "auto-generated") // RFC 3834 §5
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
