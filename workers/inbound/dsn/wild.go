package dsn

import (
	"regexp"
	"strings"

	"assent/workers/inbound/parts"
)

// wild reads a bounce that follows no RFC. One sign is never enough, as people
// write about bounces and pass them on: a machine must speak, and it must speak
// of a failure.
func wild(m *parts.Message, nullSender bool) (Report, bool) {
	text := m.Body()
	human := humanText(text)
	agent := agentOf(m, text)
	failed := m.Header.Get("X-Failed-Recipients")
	subject := strings.ToLower(m.Header.Text("Subject"))
	_, embedded := m.Original()
	daemon := nullSender || fromDaemon(m.Header)
	told := failed != "" || contains(subject, bounceSubjects) || contains(subject, delaySubjects) || m.Report == "delivery-status"
	quoted := replyForms.MatchString(human)
	known := agent != "" && contains(strings.ToLower(human), bounceOpenings)
	machine := daemon || embedded && !passedOn(subject)
	if !machine || !told && !(daemon && (quoted || known)) || notABounce(m, subject) {
		return Report{}, false
	}
	r := Report{Action: Failed, Agent: agent}
	r.Recipient = wildRecipient(m, human, failed)
	reason := reasonIn(human)
	r.Reply = ReplyIn(reason)
	r.Class, r.Status = Classify(r.Reply, "", reason)
	if r.Class == Soft && generic(r.Status) && reason != human {
		reply := ReplyIn(human)
		if c, s := Classify(reply, "", human); c != Soft {
			r.Class, r.Status, r.Reply = c, s, reply
		}
	}
	r.Text = parts.Plain(reason, maxText)
	if contains(subject, delaySubjects) && r.Reply < 500 || contains(strings.ToLower(human), delayPhrases) {
		r.Action = Delayed
		if r.Class == Hard {
			r.Class = Soft
		}
	}
	return r, true
}

// replyForms is an SMTP refusal on a line of its own.
var replyForms = regexp.MustCompile(`(?m)^[\s>"<]*[45]\d\d(?:[ \-]|$)[^\n]{4}`)

// passedOn reports that a person answers or forwards.
func passedOn(subject string) bool {
	for _, p := range []string{"re:", "fw:", "fwd:", "aw:", "wg:", "antw:", "tr:", "rv:"} {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

// notABounce are machine answers that look like one from afar.
func notABounce(m *parts.Message, subject string) bool {
	switch m.Report {
	case "disposition-notification", "feedback-report", "tlsrpt":
		return true
	}
	if contains(subject, []string{"out of office", "automatic reply", "auto-reply", "autoreply", "abwesenheit", "automatische antwort", "vacation"}) {
		return true
	}
	return m.Header.Has("X-Autoreply") || m.Header.Has("X-Autorespond")
}

var daemonForm = regexp.MustCompile(`(?i)(^|<|\s|")(mailer[-_.]?daemon|mail[-_.]?daemon|mailerdaemon|post[-_.]?master|mail[-_.]?delivery([-_.](system|subsystem))?|mdaemon|mmdf|uucp|microsoftexchange[0-9a-f]*|bounces?|no-?reply-?mailer|double-bounce|root|mail-?system|prx-mailer)@`)

// fromDaemon reports that a mail server speaks, not a person.
func fromDaemon(h parts.Header) bool {
	if rp := strings.TrimSpace(h.Get("Return-Path")); rp == "<>" || strings.EqualFold(rp, "<mailer-daemon>") {
		return true
	}
	from := h.Get("From")
	low := strings.ToLower(h.Text("From"))
	return daemonForm.MatchString(from) || strings.Contains(low, "mailer-daemon") || strings.Contains(low, "mail delivery s") ||
		strings.Contains(low, "mail administrator") || strings.Contains(low, "delivery status notification")
}

var bounceSubjects = []string{
	"undeliver", "undelivrable", "not delivered", "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "unable to deliver", "delivery fail", "failed delivery", "delivery has failed",
	"delivery status notification", "delivery notification", "delivery report", "delivery error", "delivery problem", "failure notice", "failure delivery", "returned mail", "returned to sender", "returning message",
	"mail failure", "mail delivery", "mail error", "mail system error", "message error", "non recapit", "nondeliver", "non-deliver", "non deliver", "bounce", "rejected mail", "message rejected", "undelivered", "delivery incomplete",
	"nicht zugestellt", "unzustellbar", "nicht zustellbar", "zustellung", "fehlgeschlagen", "zurückgewiesen", "non remis", "non distribu", "échec", "echec", "non livr", "remise", "onbestelbaar", "niet bezorgd", "niet worden bezorgd", "kan niet worden",
	"no se puede entregar", "no entregado", "no se ha podido entregar", "devuelto", "mancato recapito", "não entregue", "não foi possível", "falha na entrega", "niedostarcz", "не доставлено", "недоставлен", "odesílatel",
	"配信", "届け", "送信エラー", "メール送信", "エラーメール", "メールエラー", "エラー通知", "不達", "退信", "投递失败", "无法投递", "系统退信",
}

var delaySubjects = []string{
	"delayed", "delivery delay", "delay in", "still being retried", "warning: could not send", "warning: message", "deferred", "incomplete", "verzögert", "verzögerung", "retard", "différé", "vertraagd", "vertraging", "遅延",
}

// bounceOpenings are words with which a known agent begins.
var bounceOpenings = []string{
	"deliver", "failed", "failure", "error", "reject", "unknown", "returned", "undeliver", "refused", "could not", "couldn't", "unable", "zugestellt", "zustell", "remis", "bezorg", "recipient", "宛", "エラー",
}

var delayPhrases = []string{
	"this is a warning message only", "you do not need to resend", "no need to resend", "do not resend", "will continue to try", "will keep trying", "will be retried", "still trying", "has not yet been delivered", "have not yet been delivered", "not been delivered yet",
	"has been delayed", "delivery is delayed", "is delayed", "no action is required on your part", "temporarily deferred and will", "delivery attempts will continue", "wird weiter versucht", "noch nicht zugestellt", "n'a pas encore été", "nog niet bezorgd",
}

var addressIn = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+`)

// recipientForm is an address that is said to be the recipient's.
var recipientForm = regexp.MustCompile(`(?i)(?:rcpt to|recipient|delivered to|delivery to|deliver to)\s?:\s*<?(` + addressIn.String() + `)`)

// wildRecipient finds whom the bounce is about: the field that Exim and Gmail
// write, else an address said to be the recipient's, else the first address that begins a line, else the first one, else
// the original's To. The servers' own addresses are left out.
func wildRecipient(m *parts.Message, human, failed string) string {
	if failed != "" {
		first, _, _ := strings.Cut(failed, ",")
		if a := address(first); a != "" {
			return a
		}
	}
	if m := recipientForm.FindStringSubmatch(human); m != nil {
		if a := address(m[1]); a != "" {
			return a
		}
	}
	found := ""
	for line := range strings.Lines(human) {
		loc := addressIn.FindStringIndex(line)
		if loc == nil {
			continue
		}
		a := line[loc[0]:loc[1]]
		if daemonForm.MatchString(a) {
			continue
		}
		if strings.TrimLeft(line[:loc[0]], " \t<\"'*-") == "" {
			return address(a)
		}
		if found == "" {
			found = a
		}
	}
	if found != "" {
		return address(found)
	}
	if h, ok := m.Original(); ok {
		return address(h.Get("To"))
	}
	for line := range strings.Lines(m.Body()) {
		if name, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(name, "to") {
			return address(v)
		}
	}
	return ""
}
