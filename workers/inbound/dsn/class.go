package dsn

import "strings"

// Class is what a failure means for the address.
type Class string

// The classes of a failed delivery.
const (
	Hard   Class = "hard"   // the address does not exist: suppress at once
	Soft   Class = "soft"   // may pass, or not understood: suppress after a run over days
	Full   Class = "full"   // mailbox full: as soft
	Policy Class = "policy" // the sender or the message is refused: says nothing about the person
	Spam   Class = "spam"   // refused as spam, virus or by a block list: as policy
)

// Meaning is what a refusal says.
type Meaning struct {
	Class  Class
	Status string // the most telling enhanced status code, which may come from the text
	// Sender tells that a refusal of class Policy is of the sender: of all mails that it sends, and not of this one for its size or content.
	Sender bool
}

// Classify judges one refusal from its SMTP reply code (0 if unknown), its
// enhanced status code ("" if unknown) and its text. It returns the class and
// the most telling enhanced status code, which may come from the text.
func Classify(reply int, status, text string) (Class, string) {
	m := Judge(reply, status, text)
	return m.Class, m.Status
}

// Judge is Classify with what else can be read.
func Judge(reply int, status, text string) Meaning {
	status = normalStatus(status)
	if generic(status) {
		if s := StatusIn(text, 0); s != "" && (status == "" || !generic(s)) {
			status = s
		}
	}
	if reply == 0 {
		reply = ReplyIn(text)
	}
	said := words(text)
	if transient(reply, status) {
		return Meaning{Class: temporary(status, said), Status: status}
	}
	m := Meaning{Class: permanent(reply, status, said), Status: status}
	m.Sender = m.Class == Spam || m.Class == Policy && (strings.HasPrefix(status, "5.7.") || status == "5.1.7" || status == "5.1.8" || said.sender || said.barred || said.block)
	return m
}

// transient reports whether the failure is a temporary one by its codes. The
// enhanced code wins: 554 with 4.4.7 is a server that gave up waiting.
func transient(reply int, status string) bool {
	if status != "" {
		return status[0] == '4'
	}
	return reply >= 400 && reply < 500
}

func temporary(status string, said phrase) Class {
	switch {
	case status == "4.2.2" || said.full && !strings.HasPrefix(status, "4.7."):
		return Full
	case said.spam:
		return Spam
	case strings.HasPrefix(status, "4.7.") && !said.soft:
		return Policy
	}
	return Soft
}

func permanent(reply int, status string, said phrase) Class {
	switch {
	// RFC 3463 §3.8: security and policy. Receivers doubt the sender; the
	// address may be as good as any.
	case strings.HasPrefix(status, "5.7."):
		if said.spam {
			return Spam
		}
		return Policy
	case status == "5.2.2":
		return Full
	// Codes of hard failure are believed unless the words speak of something else.
	case hardStatus(status):
		switch {
		case said.full:
			return Full
		case said.spam:
			return Spam
		case said.sender:
			return Policy
		case status == "5.2.1" && said.rate:
			return Soft
		}
		return Hard
	case status == "5.1.7", status == "5.1.8", status == "5.2.3", status == "5.3.4", strings.HasPrefix(status, "5.6."):
		if said.spam {
			return Spam
		}
		return Policy
	case status == "5.4.6", status == "5.4.7", status == "5.4.14", status == "5.3.1", status == "5.3.2":
		return Soft
	}
	return spoken(reply, said)
}

// spoken judges a permanent failure by its words alone.
func spoken(reply int, said phrase) Class {
	switch {
	case said.full:
		return Full
	case said.spam:
		return Spam
	case said.sender, said.barred:
		return Policy
	case said.hard, said.unlisted && reply >= 500:
		return Hard
	case said.policy:
		return Policy
	case said.soft, said.rate:
		return Soft
	case reply == 552: // RFC 5321 §4.2.3: exceeded storage allocation
		return Full
	}
	return Soft
}

// hardStatus reports the codes that say the address cannot receive mail
// (RFC 3463 §3.2, §3.3; RFC 7505; Exchange's 5.1.10 and 5.4.310).
func hardStatus(status string) bool {
	switch status {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.9", "5.1.10", "5.2.1", "5.4.310":
		return true
	}
	return false
}
