package mail

import "time"

// These mails go to addresses that a stranger may have typed: they carry no name, no free text and no advertising.

// ConfirmSignup asks to confirm a sign-up, for all its topics in one mail (double opt-in).
type ConfirmSignup struct {
	Topics []string // names in the person's language
	URL    string
	Until  time.Time
}

func (v ConfirmSignup) compose(c *composer) {
	c.title(c.t("mail.signup.subject"), c.t("mail.signup.title"))
	c.say(c.t("mail.signup.intro"))
	if len(v.Topics) > 0 {
		c.add(Bullets(v.Topics...))
	}
	c.say(c.t("mail.signup.ask"))
	c.button(c.t("mail.signup.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.signup.ignore"))
	c.service("mail.signup.reason")
}

// ConfirmTopics asks to confirm topics that were added in the preference centre.
type ConfirmTopics struct {
	Topics []string
	URL    string
	Until  time.Time
}

func (v ConfirmTopics) compose(c *composer) {
	c.title(c.t("mail.topics.subject"), c.t("mail.topics.title"))
	c.say(c.t("mail.topics.intro"))
	c.add(Bullets(v.Topics...))
	c.button(c.t("mail.topics.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.topics.ignore"))
	c.service("mail.topics.reason")
}

// ConfirmAddress goes to a new address and asks whether it is the person's own.
type ConfirmAddress struct {
	URL   string
	Until time.Time
}

func (v ConfirmAddress) compose(c *composer) {
	c.title(c.t("mail.address.subject"), c.t("mail.address.title"))
	c.say(c.t("mail.address.intro"))
	c.button(c.t("mail.address.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.address.ignore"))
	c.service("mail.address.reason")
}

// Document delivers what a download form promised, attached or by a link.
type Document struct {
	Title    string
	URL      string
	Until    time.Time
	Attached bool
}

func (v Document) compose(c *composer) {
	c.title(c.t("mail.document.subject", "title", v.Title), v.Title)
	c.say(c.t("mail.hello"))
	if v.Attached {
		c.say(c.t("mail.document.attached"))
	} else {
		c.say(c.t("mail.document.link"))
	}
	c.button(c.t("mail.document.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.document.nothing_more"))
	c.service("mail.document.reason")
}

// ContactReceived says that a message has come in. Kind is "contact", "demo" or "support". It does not quote the
// message, which would let anybody send anything to anyone.
type ContactReceived struct {
	Kind      string
	Reference string
}

func (v ContactReceived) compose(c *composer) {
	c.title(c.t("mail.contact.subject"), c.t("mail.contact.title"))
	c.say(c.t("mail.hello"))
	switch v.Kind {
	case "demo":
		c.say(c.t("mail.contact.demo"))
	case "support":
		c.say(c.t("mail.contact.support"))
	default:
		c.say(c.t("mail.contact.contact"))
	}
	c.reference(v.Reference)
	c.say(c.t("mail.contact.reply"))
	c.service("mail.contact.reason")
}

func (c *composer) reference(ref string) {
	if ref != "" {
		c.add(Facts{Rows: []Fact{{Name: c.t("mail.reference"), Value: ref}}})
	}
}
