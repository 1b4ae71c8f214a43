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
