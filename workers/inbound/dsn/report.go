package dsn

import (
	"bytes"
	"strings"

	"assent/workers/inbound/parts"
)

// Action is what happened to one recipient (RFC 3464 §2.3.3).
type Action string

// The actions. Anything that a server writes beside them is read as the one
// that its status code stands for.
const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	Relayed   Action = "relayed"
	Expanded  Action = "expanded"
)

// Report is what became of the mail to one recipient.
type Report struct {
	Action    Action
	Class     Class  // of a failure; of a delay, what the server waits for
	Status    string // enhanced status code, "" if unknown
	Reply     int    // SMTP reply code, 0 if unknown
	Recipient string // as the server names it: hearsay, whatever it says
	Text      string // why, plain text of at most maxText bytes
	Agent     string // the mail software, where it is recognised
}

const (
	maxText       = 500
	maxRecipients = 50
)

// Parse reads the message as a delivery status notification, or, if it is
// none, as a bounce that follows no RFC; nullSender tells that its envelope
// had no sender. It returns nothing if the message is not about a delivery.
func Parse(m *parts.Message, nullSender bool) []Report {
	if r := standard(m); len(r) > 0 {
		return r
	}
	// A gateway that passes a notification on as an attachment.
	if inner, ok := m.Wrapped(); ok && (nullSender || fromDaemon(m.Header)) {
		if r := standard(inner); len(r) > 0 {
			return r
		}
	}
	if r, ok := wild(m, nullSender); ok {
		return []Report{r}
	}
	return nil
}

// standard reads the message/delivery-status part, if there is one.
func standard(m *parts.Message) []Report {
	p, ok := m.Find("message/delivery-status", "message/global-delivery-status")
	if !ok {
		return nil
	}
	human := humanText(m.Body())
	agent := agentOf(m, human)
	var out []Report
	for _, g := range groups(p.Body) {
		if len(out) == maxRecipients {
			break
		}
		if r, ok := recipient(g, human); ok {
			r.Agent = agent
			out = append(out, r)
		}
	}
	return out
}

// groups cuts the body into its blocks of fields: at empty lines and, for
// servers that forget these, where a second recipient begins.
func groups(body []byte) []parts.Header {
	var out []parts.Header
	var block []byte
	seen := ""
	flush := func() {
		if h := parts.ParseHeader(block); h.Len() > 0 {
			out = append(out, h)
		}
		block, seen = nil, ""
	}
	for line := range bytes.Lines(body) {
		if len(out) > 2*maxRecipients {
			return out
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch n := strings.ToLower(strings.TrimSpace(string(name))); {
		case len(bytes.TrimSpace(line)) == 0:
			flush()
			continue
		case n == "original-recipient", n == "final-recipient":
			if seen == n {
				flush()
			}
			seen = n
		}
		block = append(block, line...)
	}
	flush()
	return out
}

// recipient reads one block; ok is false for the block about the message.
func recipient(h parts.Header, human string) (r Report, ok bool) {
	final, original := address(h.Get("Final-Recipient")), address(h.Get("Original-Recipient"))
	if final == "" && original == "" && h.Get("Action") == "" && h.Get("Status") == "" {
		return r, false
	}
	r.Recipient = original
	if r.Recipient == "" {
		r.Recipient = final
	}
	said := diagnostic(h.Get("Diagnostic-Code"))
	if said == "" {
		said = h.Get("Status")
	}
	r.Reply = ReplyIn(said)
	r.Class, r.Status = Classify(r.Reply, h.Get("Status"), said)
	r.Text = parts.Plain(said, maxText)
	if r.Class == Soft && generic(r.Status) && human != "" {
		// The machine's part says nothing; perhaps the one for people does.
		if c, s := Classify(r.Reply, r.Status, said+"\n"+human); c != Soft {
			r.Class, r.Status = c, s
			r.Text = parts.Plain(said+" "+human, maxText)
		}
	}
	r.Action = action(h.Get("Action"), r.Status)
	return r, true
}

// diagnostic is the text of a Diagnostic-Code without its type.
func diagnostic(v string) string {
	if typ, text, ok := strings.Cut(v, ";"); ok && len(typ) < 40 && !strings.ContainsAny(strings.TrimSpace(typ), " <@") {
		return strings.TrimSpace(text)
	}
	return strings.TrimSpace(v)
}

func action(v, status string) Action {
	word, _, _ := strings.Cut(strings.TrimSpace(strings.ToLower(v)), " ")
	switch a := Action(strings.Trim(word, "\"';()")); a {
	case Failed, Delayed, Delivered, Relayed, Expanded:
		return a
	case "failure", "fail", "error", "expired", "bounced":
		return Failed
	case "delay", "deferred", "transient", "warning":
		return Delayed
	}
	switch {
	case strings.HasPrefix(status, "2"):
		return Delivered
	case strings.HasPrefix(status, "4"):
		return Delayed
	}
	return Failed
}

// address takes the address out of "rfc822; <user@example.net>" in all its
// spellings (RFC 3464 §2.3.1, RFC 6533 §3), "" if there is none.
func address(v string) string {
	if typ, rest, ok := strings.Cut(v, ";"); ok && !strings.Contains(typ, "@") {
		v = rest
	}
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		v, _, _ = strings.Cut(v[i+1:], ">")
	}
	v = strings.Trim(strings.TrimSpace(v), "\"'<>;,")
	at := strings.LastIndexByte(v, '@')
	if at <= 0 || at == len(v)-1 || len(v) > 320 || strings.ContainsAny(v, " \t\r\n") {
		return ""
	}
	return parts.Plain(v, 320)
}
