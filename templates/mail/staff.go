package mail

import "time"

// StaffInvite invites a colleague to the staff site.
type StaffInvite struct {
	By, Role string // Role as it is called in the person's language
	URL      string
	Until    time.Time
}

func (v StaffInvite) compose(c *composer) {
	c.title(c.t("mail.staff.invite.subject"), c.t("mail.staff.invite.title"))
	c.greet()
	c.say(c.t("mail.staff.invite.intro", "by", v.By, "role", v.Role))
	c.button(c.t("mail.staff.invite.button"), v.URL)
	c.until(v.Until)
	c.service("mail.staff.invite.reason")
}

// PasswordReset lets a member of staff set a new password.
type PasswordReset struct {
	URL   string
	Until time.Time
}

func (v PasswordReset) compose(c *composer) {
	c.title(c.t("mail.staff.reset.subject"), c.t("mail.staff.reset.title"))
	c.greet()
	c.say(c.t("mail.staff.reset.intro"))
	c.button(c.t("mail.staff.reset.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.staff.reset.ignore"))
	c.service("mail.staff.reset.reason")
}

// StaffAddress asks a member of staff to confirm a new address, which this mail goes to.
type StaffAddress struct {
	URL   string
	Until time.Time
}

func (v StaffAddress) compose(c *composer) {
	c.title(c.t("mail.staff.address.subject"), c.t("mail.staff.address.title"))
	c.greet()
	c.say(c.t("mail.staff.address.intro"))
	c.button(c.t("mail.staff.address.button"), v.URL)
	c.until(v.Until)
	c.say(c.t("mail.staff.address.ignore"))
	c.service("mail.staff.address.reason")
}

// StaffMoved tells the old address of a member of staff that another one counts now.
type StaffMoved struct {
	Email string // the new one
	By    string // the colleague who changed it; empty for the person
}

func (v StaffMoved) compose(c *composer) {
	c.title(c.t("mail.staff.moved.subject"), c.t("mail.staff.moved.title"))
	c.greet()
	if v.By == "" {
		c.say(c.t("mail.staff.moved.intro", "email", v.Email))
	} else {
		c.say(c.t("mail.staff.moved.by", "by", v.By, "email", v.Email))
	}
	c.say(c.t("mail.staff.moved.ignore"))
	c.service("mail.staff.moved.reason")
}
