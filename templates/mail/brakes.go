package mail

import "assent/templates/locale"

// BrakeAlert tells the staff of a rate that harms the sender's name.
type BrakeAlert struct {
	Campaign string
	Kind     string // complaints, bounces, deferrals
	Domain   string // of the recipients, for deferrals
	Stop     bool   // the campaign, or the mail to the domain, was stopped for it
	Percent  float64
	Total    int
	URL      string // of the campaign in the staff site
}

func (v BrakeAlert) compose(c *composer) {
	title, text := "mail.brakes.title_alert", "mail.brakes.alert"
	switch {
	case v.Stop && v.Domain != "":
		title, text = "mail.brakes.title_stop", "mail.brakes.stop_domain"
	case v.Stop:
		title, text = "mail.brakes.title_stop", "mail.brakes.stop"
	}
	what := c.t("mail.brakes."+v.Kind, "rate", locale.Percent(c.to.Locale, v.Percent), "total", v.Total, "campaign", v.Campaign, "domain", v.Domain)
	c.title(what, c.t(title))
	c.greet()
	c.say(what + ".")
	c.say(c.t(text))
	c.button(c.t("mail.brakes.button"), v.URL)
	c.service("mail.brakes.reason")
}
