package dsn

import (
	"strings"

	"assent/workers/inbound/parts"
)

// agent is how one kind of mail software is recognised. Every needle of a list
// is enough; needles are in lower case.
type agent struct {
	name   string
	body   []string // in the text for people
	header []string // names of header fields that only it writes
	value  []string // "field: needle", the needle within the field
}

// agents are asked in this order: those with a mark of their own before those
// that share their wording with others.
var agents = []agent{
	{name: "yahoo", value: []string{"from: mailer-daemon@yahoo", "from: mailer-daemon@nm"}, body: []string{"sorry, we were unable to deliver your message to the following address", "message from yahoo.com"}},
	{name: "messagelabs", header: []string{"x-msg-ref", "x-viruschecked"}, value: []string{"from: messagelabs"}, body: []string{"messagelabs", "symanteccloud"}},
	{name: "zoho", value: []string{"from: zoho"}, body: []string{"zoho.com", "zohomail"}},
	{name: "hmailserver", body: []string{"hmailserver", "your message did not reach some or all of the intended recipients."}},
	{name: "qmail", body: []string{"this is the qmail-send program", "--- below this line is a copy of the message", "--- enclosed are the original headers of the message"}},
	{name: "postfix", body: []string{"this is the mail system at host", "this is the postfix program at host"}, value: []string{"subject: undelivered mail returned to sender", "subject: delayed mail (still being retried)"}},
	{name: "1&1", body: []string{"for the following reason:", "--- the header of the original message is following", "der header der originalnachricht"}, value: []string{"from: kundenserver.de", "from: mailer-daemon@gmx.", "from: mailer-daemon@web.de"}},
	{name: "gmail", header: []string{"x-gm-message-state", "x-google-smtp-source"}, value: []string{"from: mailer-daemon@googlemail.com", "from: mailer-daemon@google.com"}},
	{name: "exim", header: []string{"x-failed-recipients"}, body: []string{"this message was created automatically by mail delivery software"}},
	{name: "exchange-online", header: []string{"x-ms-exchange-message-is-ndr", "x-ms-publictraffictype", "x-ms-exchange-organization-scl"}, value: []string{"from: microsoftexchange"}, body: []string{"prod.outlook.com", "diagnostic information for administrators", "generating server:"}},
	{name: "exchange", header: []string{"x-ms-embedded-report"}, value: []string{"x-mailer: internet mail service", "x-mimeole: produced by microsoft exchange"}, body: []string{"msexch:ims", "did not reach the following recipient(s)", "did not reach some or all of the intended recipients"}},
	{name: "domino", header: []string{"x-mimetrack"}, value: []string{"x-mailer: lotus domino"}, body: []string{"domino directory", "------- failure reasons", "lotus notes"}},
	{name: "mimecast", header: []string{"x-mimecast-spam-score", "x-mc-unique"}, body: []string{"mimecast"}},
	{name: "proofpoint", header: []string{"x-proofpoint-virus-version", "x-proofpoint-spam-details"}, body: []string{"proofpoint", "ppops.net"}},
	{name: "barracuda", header: []string{"x-barracuda-connect"}, body: []string{"barracuda"}},
	{name: "ironport", header: []string{"x-ironport-av", "x-ironport-anti-spam-result"}},
	{name: "docomo", value: []string{"from: docomo.ne.jp"}, body: []string{"docomo.ne.jp"}},
	{name: "kddi", header: []string{"x-spasign"}, value: []string{"from: ezweb.ne.jp", "from: au.com"}, body: []string{"ezweb.ne.jp"}},
	{name: "softbank", value: []string{"from: softbank.ne.jp", "from: i.softbank.jp"}, body: []string{"softbank.ne.jp"}},
	{name: "biglobe", value: []string{"from: biglobe.ne.jp"}},
	{name: "t-online", value: []string{"from: t-online.de"}, body: []string{"t-online.de"}},
	{name: "mailru", value: []string{"from: mailer-daemon@corp.mail.ru", "from: mail.ru"}},
	{name: "amazonses", value: []string{"from: amazonses.com"}, body: []string{"an error occurred while trying to deliver the mail to the following recipients"}},
	{name: "mailmarshal", body: []string{"the following recipients were affected", "mailmarshal"}},
	{name: "mailenable", value: []string{"from: mailenable"}, body: []string{"mailenable"}},
	{name: "groupwise", value: []string{"x-mailer: groupwise", "x-mailer: novell"}, body: []string{"groupwise"}},
	{name: "courier", body: []string{"this is a delivery status notification from", "courier mail server"}},
	{name: "james", body: []string{"i'm afraid i wasn't able to deliver the message to the following addresses", "error message below:"}},
	{name: "oracle", body: []string{"this report relates to a message you sent with the following header fields"}},
	{name: "opensmtpd", body: []string{"this is the mailer-daemon, please"}, value: []string{"from: opensmtpd"}},
	{name: "apple", value: []string{"from: icloud.com", "from: me.com"}},
	{name: "sendmail", body: []string{"----- the following addresses had permanent fatal errors", "----- transcript of session follows", "the original message was received at"}},
}

// agentOf names the software that wrote the message, "" if nobody is recognised.
func agentOf(m *parts.Message, body string) string {
	low := strings.ToLower(strings.Join(strings.Fields(body), " "))
	for _, a := range agents {
		if a.wrote(m.Header, low) {
			return a.name
		}
	}
	return ""
}

func (a agent) wrote(h parts.Header, low string) bool {
	for _, f := range a.header {
		if h.Has(f) {
			return true
		}
	}
	for _, v := range a.value {
		field, needle, _ := strings.Cut(v, ": ")
		if h.Has(field) && strings.Contains(strings.ToLower(h.Text(field)), needle) {
			return true
		}
	}
	return contains(low, a.body)
}
