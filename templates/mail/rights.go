package mail

import "time"

// Kind in these mails is one of access, portability, rectification, erasure, restriction, objection, complaint.

// RightsReceived acknowledges a request about somebody's data.
type RightsReceived struct {
	Kind, Reference string
	Due             time.Time // the day by which it is answered (GDPR 12(3))
}

func (v RightsReceived) compose(c *composer) {
	c.title(c.t("mail.rights.received.subject"), c.t("mail.rights.received.title"))
	c.greet()
	c.say(c.t("mail.rights.received.intro"))
	f := c.request(v.Kind, v.Reference)
	if !v.Due.IsZero() {
		f.row(c.t("mail.rights.due"), c.day(v.Due))
	}
	c.table(f)
	c.say(c.t("mail.rights.received.next"))
	c.service("mail.rights.reason")
}

// RightsIdentity asks the person to show by a link that the address is theirs before anything is done.
type RightsIdentity struct {
	Kind, Reference string
	URL             string
	Until           time.Time
}

func (v RightsIdentity) compose(c *composer) {
	c.title(c.t("mail.rights.identity.subject"), c.t("mail.rights.identity.title"))
	c.say(c.t("mail.hello"), c.t("mail.rights.identity.intro"))
	c.table(c.request(v.Kind, v.Reference))
	c.button(c.t("mail.rights.identity.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.rights.identity.ignore"))
	c.service("mail.rights.reason")
}

// ExportReady says where a copy of somebody's data can be fetched.
type ExportReady struct {
	Reference string
	URL       string
	Until     time.Time
}

func (v ExportReady) compose(c *composer) {
	c.title(c.t("mail.rights.export.subject"), c.t("mail.rights.export.title"))
	c.greet()
	c.say(c.t("mail.rights.export.intro"))
	c.reference(v.Reference)
	c.button(c.t("mail.rights.export.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.rights.export.private"))
	c.service("mail.rights.reason")
}

// RightsDone says that a request has been carried out or, if Refused, why not. Note is what the staff wrote.
type RightsDone struct {
	Kind, Reference, Note string
	Refused               bool
}

func (v RightsDone) compose(c *composer) {
	if v.Refused {
		c.title(c.t("mail.rights.refused.subject"), c.t("mail.rights.refused.title"))
	} else {
		c.title(c.t("mail.rights.done.subject"), c.t("mail.rights.done.title"))
	}
	c.greet()
	if v.Refused {
		c.say(c.t("mail.rights.refused.intro"))
	} else {
		c.say(c.t("mail.rights.done.intro"))
	}
	c.table(c.request(v.Kind, v.Reference))
	c.say(v.Note)
	if v.Refused {
		c.say(c.t("mail.rights.refused.complaint"))
	}
	c.service("mail.rights.reason")
}

// RightsExtended says, within the first month, that the answer takes longer, and why (GDPR 12(3)).
type RightsExtended struct {
	Kind, Reference, Note string
	Due                   time.Time // the new day
}

func (v RightsExtended) compose(c *composer) {
	c.title(c.t("mail.rights.extended.subject"), c.t("mail.rights.extended.title"))
	c.greet()
	c.say(c.t("mail.rights.extended.intro"))
	f := c.request(v.Kind, v.Reference)
	f.row(c.t("mail.rights.due"), c.day(v.Due))
	c.table(f)
	c.say(v.Note)
	c.service("mail.rights.reason")
}

// RightsEscalation tells an officer that a request is due soon or overdue. It does not say whose it is.
type RightsEscalation struct {
	Kind, Reference string
	Due             time.Time
	Overdue         bool
	URL             string // of the requests in the staff site
}

func (v RightsEscalation) compose(c *composer) {
	subject, text := "mail.rights.escalation.subject", "mail.rights.escalation.soon"
	if v.Overdue {
		subject, text = "mail.rights.escalation.subject_overdue", "mail.rights.escalation.overdue"
	}
	c.title(c.t(subject, "number", v.Reference), c.t("mail.rights.escalation.title"))
	c.greet()
	c.say(c.t(text))
	f := c.request(v.Kind, v.Reference)
	f.row(c.t("mail.rights.due"), c.day(v.Due))
	c.table(f)
	c.button(c.t("mail.rights.escalation.button"), v.URL)
	c.service("mail.rights.escalation.reason")
}

// request is the table that every mail about a request has.
func (c *composer) request(kind, reference string) rows {
	var f rows
	if key := "rights." + kind; c.to.Locale.Has(key) {
		f.row(c.t("mail.rights.kind"), c.t(key))
	}
	f.row(c.t("mail.reference"), reference)
	return f
}
