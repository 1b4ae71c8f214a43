package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// AccountView is a person's own account: profile, password, second factor, sessions, security log.
type AccountView struct {
	Page
	// Profile: fields name, locale. Password: fields old, password.
	ProfileAction, PasswordAction string
	Name, Language                string
	Errors                        map[string]string // by field: name, locale, old, password
	// TOTP tells that it is on; BeginTOTP starts it, StopTOTP ends it (asks for the password, field password).
	TOTP                 bool
	BeginTOTP            string
	StopTOTP, RenewCodes string
	CodesLeft            int
	Passkeys             []PasskeyRow
	AddPasskey           string // URL; empty: not offered
	Sessions             []SessionRow
	EndOthers            *ui.Post
	Security             []ui.Entry
	SecondErrors         map[string]string // password
}

// PasskeyRow is one passkey.
type PasskeyRow struct {
	Name   string
	Added  time.Time
	Remove ui.Post
}

// SessionRow is one browser that is signed in.
type SessionRow struct {
	Browser, IP, Factors string
	SeenAt               time.Time
	Current              bool
	End                  *ui.Post
}

// TOTPView shows the seed of a second factor and asks for the first code. Fields: step, code.
type TOTPView struct {
	Page
	Action, Step string
	// URL is the otpauth address of the QR code, Secret the same to type in.
	URL, Secret string
	Errors      map[string]string
}

// CodesView shows fresh recovery codes, this once.
type CodesView struct {
	Page
	Codes []string
}

func (v AccountView) profile() ui.FormOf {
	languages := ui.Field{Name: "locale", Kind: "select", Label: v.t("site.account.language"), Value: v.Language, Options: []ui.Option{{Value: "", Label: v.t("site.account.browser")}}}
	for _, tag := range []string{"en", "nl"} {
		languages.Options = append(languages.Options, ui.Option{Value: tag, Label: locale.Name(tag)})
	}
	f := ui.FormOf{Action: v.ProfileAction, Submit: v.t("site.save"), Fields: []ui.Field{{Name: "name", Label: v.t("site.brands.name"), Value: v.Name, Required: true, MaxLength: 100, Autocomplete: "name"}, languages}}
	return f.WithErrors(only(v.Errors, "name", "locale"))
}

func (v AccountView) password() ui.FormOf {
	f := ui.FormOf{Action: v.PasswordAction, Submit: v.t("site.account.password_do"), Fields: []ui.Field{
		{Name: "old", Kind: "password", Label: v.t("site.account.old"), Required: true, Autocomplete: "current-password", MaxLength: 256},
		{Name: "password", Kind: "password", Label: v.t("site.choose.new"), Hint: v.t("site.password_hint"), Required: true, Autocomplete: "new-password", MaxLength: 256},
	}}
	return f.WithErrors(only(v.Errors, "old", "password"))
}

func (v AccountView) confirmed(action, submit, prefix string, danger bool) ui.FormOf {
	return ui.FormOf{Action: action, Submit: v.t(submit), Danger: danger, Fields: []ui.Field{
		{Name: "password", Prefix: prefix, Kind: "password", Label: v.t("site.account.confirm"), Required: true, Autocomplete: "current-password", MaxLength: 256},
	}}.WithErrors(only(v.SecondErrors, "password"))
}

func only(errors map[string]string, names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		if e := errors[n]; e != "" {
			out[n] = e
		}
	}
	return out
}

func (v AccountView) sessions() ui.Table {
	t := ui.Table{Caption: v.t("site.account.sessions"), Actions: v.t("site.actions"), Columns: []ui.Column{{Label: v.t("site.account.browser_head")}, {Label: v.t("site.account.from"), Quiet: true}, {Label: v.t("site.account.seen")}}}
	for _, s := range v.Sessions {
		c := ui.Cell{Text: s.Browser, Sub: s.Factors}
		if s.Current {
			c.Badge = ui.Badge{Text: v.t("site.account.this"), Tone: ui.Good}
		}
		row := ui.Row{Cells: []ui.Cell{c, {Text: s.IP}, {Text: v.when(s.SeenAt)}}}
		if s.End != nil {
			row.Posts = []ui.Post{*s.End}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v TOTPView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.totp.do"), Cancel: ui.Link{Label: v.t("site.cancel"), URL: Base + "/account"}, Fields: []ui.Field{
		{Name: "step", Kind: "hidden", Value: v.Step},
		{Name: "code", Label: v.t("site.totp.code"), Required: true, Autocomplete: "one-time-code", InputMode: "numeric", MaxLength: 10, Mono: true, Short: true},
	}}.WithErrors(v.Errors)
}
