package site

import (
	"strings"
	"time"
	"unicode"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// Entrance is what the pages before the sign-in share.
type Entrance struct {
	Locale *locale.Locale
	CSRF   string
	Offset time.Duration
}

// SetUpView is the page of the one-time link that makes the first administrator.
type SetUpView struct {
	Entrance
	Action      string // with the token of the link
	Name, Email string
	Errors      map[string]string // name, email, password
}

// SignInView asks for address and password.
type SignInView struct {
	Entrance
	Action string
	Next   string // where to go afterwards, as the hidden field next
	Email  string
	// Refused says that it did not work, Wait that there were too many tries and how long to wait.
	Refused bool
	Wait    time.Duration
	Notice  string // such as that the password was changed
	// OIDC are other ways in. PasskeyURL begins the way with a passkey.
	OIDC       []ui.Link
	PasskeyURL string
}

// SecondView asks for the code of the second factor.
type SecondView struct {
	Entrance
	Action    string
	Step      string // hidden field step
	Next      string
	Refused   bool
	Wait      time.Duration
	CancelURL string
}

// PasswordView chooses a password by a link: invited, or forgotten.
type PasswordView struct {
	Entrance
	Action string
	Email  string
	Errors map[string]string // password
}

// AddressView confirms a new e-mail address.
type AddressView struct {
	Entrance
	Action, Email string
}

// MessageView is a page with a message only: a link that is over, signed out, an error.
type MessageView struct {
	Entrance
	Title, Text string
	Action      ui.Link
}

func (v SetUpView) form() ui.FormOf {
	l := v.Locale
	return ui.FormOf{
		Action: v.Action, Submit: l.T("site.setup.do"),
		Fields: []ui.Field{
			{Name: "name", Label: l.T("site.setup.name"), Value: v.Name, Required: true, Autocomplete: "name", MaxLength: 100, Autofocus: true},
			{Name: "email", Kind: "email", Label: l.T("site.email"), Value: v.Email, Required: true, Autocomplete: "username", MaxLength: 254},
			{Name: "password", Kind: "password", Label: l.T("site.password"), Hint: l.T("site.password_hint"), Required: true, Autocomplete: "new-password", MaxLength: 256},
		},
	}.WithErrors(v.Errors)
}

func (v SignInView) form() ui.FormOf {
	l := v.Locale
	f := ui.FormOf{
		Action: v.Action, Submit: l.T("site.signin.do"),
		Fields: []ui.Field{
			{Name: "next", Kind: "hidden", Value: v.Next},
			{Name: "email", Kind: "email", Label: l.T("site.email"), Value: v.Email, Required: true, Autocomplete: "username", Autofocus: v.Email == "", MaxLength: 254},
			{Name: "password", Kind: "password", Label: l.T("site.password"), Required: true, Autocomplete: "current-password", Autofocus: v.Email != "", MaxLength: 256},
		},
	}
	f.Problem = refusal(l, v.Refused, v.Wait, "site.signin.refused")
	return f
}

func (v SecondView) form() ui.FormOf {
	l := v.Locale
	return ui.FormOf{
		Action: v.Action, Submit: l.T("site.second.do"), Problem: refusal(l, v.Refused, v.Wait, "site.second.refused"),
		Cancel: ui.Link{Label: l.T("site.cancel"), URL: v.CancelURL},
		Fields: []ui.Field{
			{Name: "step", Kind: "hidden", Value: v.Step},
			{Name: "next", Kind: "hidden", Value: v.Next},
			{Name: "code", Label: l.T("site.second.code"), Hint: l.T("site.second.hint"), Required: true, Autocomplete: "one-time-code", MaxLength: 32, Mono: true, Short: true, Autofocus: true},
		},
	}
}

func (v PasswordView) form() ui.FormOf {
	l := v.Locale
	return ui.FormOf{
		Action: v.Action, Submit: l.T("site.choose.do"),
		Fields: []ui.Field{
			{Name: "email", Kind: "email", Label: l.T("site.email"), Value: v.Email, Disabled: true, Autocomplete: "username"},
			{Name: "password", Kind: "password", Label: l.T("site.choose.new"), Hint: l.T("site.password_hint"), Required: true, Autocomplete: "new-password", Autofocus: true, MaxLength: 256},
		},
	}.WithErrors(v.Errors)
}

func refusal(l *locale.Locale, refused bool, wait time.Duration, key string) string {
	switch {
	case wait > time.Minute:
		return l.N("site.signin.wait_minutes", int(wait.Round(time.Minute).Minutes()))
	case wait > 0:
		return l.N("site.signin.wait_seconds", max(1, int(wait.Seconds()+0.999)))
	case refused:
		return l.T(key)
	}
	return ""
}

// initials are at most two letters for a person.
func initials(name, email string) string {
	if strings.TrimSpace(name) == "" {
		name = email
	}
	var out []rune
	for _, word := range strings.Fields(name) {
		for _, r := range word {
			if unicode.IsLetter(r) {
				out = append(out, unicode.ToUpper(r))
			}
			break
		}
		if len(out) == 2 {
			break
		}
	}
	return string(out)
}

func flashTone(t ui.Tone) string {
	if t == ui.Plain {
		return "good"
	}
	return string(t)
}
