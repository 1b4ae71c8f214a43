package pages

import "time"

// ViewView is the mail in the browser, behind /v/{token}.
type ViewView struct {
	Page
	Subject string
	SentAt  time.Time
	// MailURL serves the bare mail under MailPolicy; only a path on this host is framed.
	MailURL                          string
	PreferencesURL, WhyURL, LeaveURL string
}

func (v ViewView) frame() string { return Brand{LogoURL: v.MailURL}.logo() }
