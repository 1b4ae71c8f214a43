package mail

import (
	"context"
	"fmt"
	"strings"

	"assent/templates/locale"
)

// Message is one mail before it is written.
type Message struct {
	Locale    *locale.Locale
	Brand     Brand
	Subject   string
	Preheader string // shown by inboxes behind the subject; may be empty
	Blocks    []Block
	Footer    Footer

	typed bool // composed from a [View]: the blocks are our own words
}

// Brand is the identity that a mail speaks for.
type Brand struct {
	Name          string
	LogoURL       string // may be empty: then the name is written
	Color         string // "#rrggbb" or "#rgb"; anything else is the default blue
	PostalAddress string // lines separated by "\n" or ", "
	ReplyTo       string // where answers are read
	Website       string
}

// Class picks the footer.
type Class uint8

// The four classes of mail, as in the gate.
const (
	Marketing Class = iota
	Research
	Service
	Notice
)

// Footer says why the mail came and what can be done about it. Marketing and Research show the four links; Service
// and Notice have no unsubscribe link, because there is nothing to unsubscribe from.
type Footer struct {
	Class   Class
	Topic   string // the topic's name, for Marketing and Research
	Basis   string // "consent", "soft_opt_in" or "legitimate_interests"
	Partner string // on whose behalf or together with whom; may be empty
	// Obligation is the notice's: contract, payment, account, terms_change, privacy_change, service_change,
	// security or legal.
	Obligation string
	// Reason is one sentence that says why this person gets a Service mail.
	Reason string

	UnsubscribeURL, PreferencesURL, WhyURL, ViewURL string
}

// HTML writes the HTML part.
func (m Message) HTML() (string, error) {
	var b strings.Builder
	if err := page(m, themeOf(m)).Render(context.Background(), &b); err != nil {
		return "", fmt.Errorf("mail: %w", err)
	}
	return b.String(), nil
}

// Text writes the text part, wrapped at 76 columns.
func (m Message) Text() string { return Join(m.Paras()) }

// A mail that is longer than HTMLMax bytes is cut off by Gmail, with its unsubscribe link.
const (
	HTMLMax  = 102 << 10
	HTMLWarn = 90 << 10
)

// Weight is what [Weigh] says about a mail's length.
type Weight uint8

// The three weights.
const (
	WeightFine Weight = iota
	WeightWarn
	WeightOver
)

// Weigh judges the length in bytes of a decoded HTML part.
func Weigh(bytes int) Weight {
	switch {
	case bytes > HTMLMax:
		return WeightOver
	case bytes >= HTMLWarn:
		return WeightWarn
	}
	return WeightFine
}

// postal cuts the postal address into lines.
func (b Brand) postal() []string {
	cut := strings.FieldsFunc(b.PostalAddress, func(r rune) bool { return r == '\n' || r == '\r' })
	var out []string
	for _, l := range cut {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// because is the footer's sentence about why the mail came.
func (m Message) because() string {
	l, f, brand := m.Locale, m.Footer, m.Brand.Name
	switch f.Class {
	case Research:
		return l.T("mail.footer.research", "topic", f.Topic, "brand", brand)
	case Service:
		return f.Reason
	case Notice:
		key := "mail.footer.notice." + f.Obligation
		if !l.Has(key) {
			key = "mail.footer.notice.legal"
		}
		return l.T(key, "brand", brand)
	}
	switch f.Basis {
	case "soft_opt_in":
		return l.T("mail.footer.customer", "topic", f.Topic, "brand", brand)
	case "legitimate_interests":
		return l.T("mail.footer.interest", "topic", f.Topic, "brand", brand)
	}
	return l.T("mail.footer.consent", "topic", f.Topic, "brand", brand)
}

// nature is the footer's sentence on what kind of mail this is: for mail without an unsubscribe link, why not.
func (m Message) nature() string {
	switch m.Footer.Class {
	case Service:
		return m.Locale.T("mail.footer.service_nature")
	case Notice:
		return m.Locale.T("mail.footer.notice_nature")
	}
	return ""
}

// footerLink is one of the links that a person can act by.
type footerLink struct{ label, url string }

func (m Message) links() []footerLink {
	l, f := m.Locale, m.Footer
	all := []footerLink{
		{l.T("mail.footer.unsubscribe"), f.UnsubscribeURL},
		{l.T("mail.footer.preferences"), f.PreferencesURL},
		{l.T("mail.footer.why"), f.WhyURL},
		{l.T("mail.footer.view"), f.ViewURL},
	}
	if f.Class == Service || f.Class == Notice {
		all = all[2:]
	}
	var out []footerLink
	for _, x := range all {
		if x.url != "" {
			out = append(out, x)
		}
	}
	return out
}
