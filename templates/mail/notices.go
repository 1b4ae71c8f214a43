package mail

import "time"

// The notices are mandatory mail. Body is the company's own text: for a change of terms or of the privacy policy,
// the whole of it (a link alone is no durable medium, C-49/11).

// ContractNotice says that a contract was confirmed, amended or cancelled.
type ContractNotice struct {
	Stage             string // "confirmed", "amended" or "cancelled"
	Contract, Product string
	EffectiveAt       time.Time
	Details           []Fact
	Body              []Node
	URL               string
}

func (v ContractNotice) compose(c *composer) {
	key := "mail.contract." + v.Stage + "."
	c.title(c.t(key+"subject", "contract", v.Contract), c.t(key+"title"))
	c.greet()
	c.say(c.t(key + "intro"))
	var f rows
	f.row(c.t("mail.contract.contract"), v.Contract)
	f.row(c.t("mail.contract.product"), v.Product)
	if !v.EffectiveAt.IsZero() {
		f.row(c.t(key+"from"), c.day(v.EffectiveAt))
	}
	c.table(append(f, v.Details...))
	c.close("contract", v.Body, v.URL)
}

// PaymentNotice says that a payment is due, has failed or was received. Amount is a decimal number such as
// "1234.50", Currency an ISO 4217 code.
type PaymentNotice struct {
	Stage                  string // "due", "failed" or "received"
	Invoice                string
	Amount, Currency       string
	DueAt, PaidAt, RetryAt time.Time
	Method, Reason         string
	Body                   []Node
	URL                    string
}

func (v PaymentNotice) compose(c *composer) {
	key := "mail.payment." + v.Stage + "."
	c.title(c.t(key+"subject", "invoice", v.Invoice), c.t(key+"title"))
	c.greet()
	c.say(c.t(key + "intro"))
	var f rows
	f.row(c.t("mail.payment.invoice"), v.Invoice)
	f.row(c.t("mail.payment.amount"), c.to.Locale.Money(v.Amount, v.Currency))
	for _, d := range []struct {
		key string
		at  time.Time
	}{{"mail.payment.due_at", v.DueAt}, {"mail.payment.paid_at", v.PaidAt}, {"mail.payment.retry_at", v.RetryAt}} {
		if !d.at.IsZero() {
			f.row(c.t(d.key), c.day(d.at))
		}
	}
	f.row(c.t("mail.payment.method"), v.Method)
	f.row(c.t("mail.payment.reason"), v.Reason)
	c.table(f)
	c.close("payment", v.Body, v.URL)
}

// AccountChanged says that something in the account was changed, so that a stranger's change is seen.
type AccountChanged struct {
	What string
	At   time.Time
	Body []Node
	URL  string
}

func (v AccountChanged) compose(c *composer) {
	c.title(c.t("mail.account.subject"), c.t("mail.account.title"))
	c.greet()
	c.say(c.t("mail.account.intro"))
	var f rows
	f.row(c.t("mail.account.what"), v.What)
	if !v.At.IsZero() {
		f.row(c.t("mail.account.at"), c.moment(v.At))
	}
	c.table(f)
	c.say(c.t("mail.account.not_you"))
	c.close("account", v.Body, v.URL)
}

// SignInAlert says that somebody signed in from a place or device not seen before.
type SignInAlert struct {
	At                time.Time
	Device, Place, IP string
	Body              []Node
	URL               string
}

func (v SignInAlert) compose(c *composer) {
	c.title(c.t("mail.signin.subject"), c.t("mail.signin.title"))
	c.greet()
	c.say(c.t("mail.signin.intro"))
	var f rows
	if !v.At.IsZero() {
		f.row(c.t("mail.signin.at"), c.moment(v.At))
	}
	f.row(c.t("mail.signin.device"), v.Device)
	f.row(c.t("mail.signin.place"), v.Place)
	f.row(c.t("mail.signin.ip"), v.IP)
	c.table(f)
	c.say(c.t("mail.signin.not_you"))
	c.close("security", v.Body, v.URL)
}

// PolicyChange announces a new version of the terms or of the privacy policy; a mail about that change alone.
type PolicyChange struct {
	Privacy     bool // else the terms
	Title       string
	EffectiveAt time.Time
	Summary     []string
	Body        []Node // the whole text
	URL         string
}

func (v PolicyChange) compose(c *composer) {
	kind, obligation := "terms", "terms_change"
	if v.Privacy {
		kind, obligation = "privacy", "privacy_change"
	}
	c.title(c.t("mail.policy."+kind+".subject"), c.t("mail.policy."+kind+".title"))
	c.greet()
	if v.EffectiveAt.IsZero() {
		c.say(c.t("mail.policy." + kind + ".intro"))
	} else {
		c.say(c.t("mail.policy."+kind+".intro_from", "date", c.day(v.EffectiveAt)))
	}
	if len(v.Summary) > 0 {
		c.add(Heading{Text: c.t("mail.policy.summary"), Level: 2}, Bullets(v.Summary...))
	}
	c.say(c.t("mail.policy.silence"))
	c.button(c.t("mail.policy.button"), v.URL)
	if len(v.Body) > 0 {
		title := v.Title
		if title == "" {
			title = c.t("mail.policy.text")
		}
		c.add(Divider{}, Heading{Text: title, Level: 2}, Text{Nodes: v.Body})
	}
	c.notice(obligation)
}

// ServiceInterruption announces planned work or reports a fault.
type ServiceInterruption struct {
	Service, Impact string
	Planned         bool
	StartsAt, Ends  time.Time
	Body            []Node
	URL             string
}

func (v ServiceInterruption) compose(c *composer) {
	key := "mail.interruption.fault."
	if v.Planned {
		key = "mail.interruption.planned."
	}
	c.title(c.t(key+"subject", "service", v.Service), c.t(key+"title"))
	c.greet()
	c.say(c.t(key + "intro"))
	var f rows
	f.row(c.t("mail.interruption.service"), v.Service)
	if !v.StartsAt.IsZero() {
		f.row(c.t("mail.interruption.starts"), c.moment(v.StartsAt))
	}
	if !v.Ends.IsZero() {
		f.row(c.t("mail.interruption.ends"), c.moment(v.Ends))
	}
	f.row(c.t("mail.interruption.impact"), v.Impact)
	c.table(f)
	c.close("service_change", v.Body, v.URL)
}

// close ends a notice: the company's own words, a way to the details, where to ask.
func (c *composer) close(obligation string, body []Node, url string) {
	if len(body) > 0 {
		c.add(Text{Nodes: body})
	}
	c.button(c.t("mail.details"), url)
	if c.brand.ReplyTo != "" {
		c.say(c.t("mail.questions"))
	}
	c.notice(obligation)
}
