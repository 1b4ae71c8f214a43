package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// AccountView is a person's own account: name, language, and all that guards it.
type AccountView struct {
	Page
	Name, Language string
	HasPassword    bool
	HasTOTP        bool
	CodesLeft      int
	CanPasskey     bool // the address allows passkeys
	CanMail        bool // a new address can be asked to confirm
	Passkeys       []PasskeyLine
	Sessions       []SessionLine
	Log            []SecurityLine
	// Form is the form whose errors these are: profile, email, password, second, passkey.
	Form   string
	Errors map[string]string
}

// PasskeyLine is one passkey.
type PasskeyLine struct {
	ID, Name      string
	Created, Used time.Time
}

// SessionLine is one browser in which the person is signed in.
type SessionLine struct {
	ID, IP, UserAgent string
	Factors           string
	Created, Seen     time.Time
	Current           bool
}

// TOTPView shows the seed for an authenticator app and asks for a first code.
type TOTPView struct {
	Page
	URL, Seed, Step string
	Errors          map[string]string
}

// CodesView shows recovery codes, this once.
type CodesView struct {
	Page
	Codes []string
}

const accountURL = Base + "/account"

func (v AccountView) errors(form string) map[string]string {
	if v.Form == form {
		return v.Errors
	}
	return nil
}

func (v AccountView) profileForm() ui.FormOf {
	return ui.FormOf{
		Action: accountURL + "/profile", Submit: v.t("site.staff.account.profile_do"),
		Fields: []ui.Field{
			{Name: "name", Label: v.t("site.staff.people.name"), Value: v.Name, Required: true, Autocomplete: "name", MaxLength: 100},
			v.languageField(v.Language),
		},
	}.WithErrors(v.errors("profile"))
}

// languageField chooses the language of the site's pages.
func (p Page) languageField(have string) ui.Field {
	f := ui.Field{Name: "locale", Kind: "select", Label: p.t("site.staff.account.language"), Value: have, Required: true, Options: []ui.Option{{Label: p.t("site.staff.account.language_browser")}}}
	for _, tag := range []string{"en", "nl"} {
		f.Options = append(f.Options, ui.Option{Value: tag, Label: locale.Name(tag)})
	}
	return f
}

// addressForm asks for another address to sign in with.
func (v AccountView) addressForm() ui.FormOf {
	f := v.guarded("email", "/email", v.t("site.staff.address.ask"), false)
	f.Fields = append([]ui.Field{{Name: "email", Kind: "email", Label: v.t("site.staff.address.new"), Required: true, Autocomplete: "email", MaxLength: 254, Prefix: "email-"}}, f.Fields...)
	return f.WithErrors(v.errors("email"))
}

func (v AccountView) passwordForm() ui.FormOf {
	f := ui.FormOf{Action: accountURL + "/password", Submit: v.t("site.staff.account.password_do")}
	f.Fields = append(f.Fields, ui.Field{Name: "email", Kind: "email", Label: v.t("site.email"), Value: v.User.Email, Disabled: true, Autocomplete: "username", Prefix: "pw-"})
	if v.HasPassword {
		f.Fields = append(f.Fields, ui.Field{Name: "password", Kind: "password", Label: v.t("site.staff.account.present"), Required: true, Autocomplete: "current-password", MaxLength: 256, Prefix: "pw-"})
	}
	f.Fields = append(f.Fields, ui.Field{Name: "new_password", Kind: "password", Label: v.t("site.choose.new"), Hint: v.t("site.password_hint"), Required: true, Autocomplete: "new-password", MaxLength: 256, Prefix: "pw-"})
	return f.WithErrors(v.errors("password"))
}

// guarded is a form that wants the present password before it does something.
func (v AccountView) guarded(form, action, submit string, danger bool) ui.FormOf {
	f := ui.FormOf{Action: accountURL + action, Submit: submit, Danger: danger}
	if v.HasPassword {
		f.Fields = []ui.Field{{Name: "password", Kind: "password", Label: v.t("site.staff.account.present"), Required: true, Autocomplete: "current-password", MaxLength: 256, Prefix: form + "-"}}
	}
	return f.WithErrors(v.errors(form))
}

func (v AccountView) passkeyTable() ui.Table {
	t := ui.Table{Caption: v.t("site.staff.account.passkeys"), Actions: v.t("site.staff.account.passkey_remove"), Columns: []ui.Column{
		{Label: v.t("site.staff.passkey.name")}, {Label: v.t("site.staff.account.added"), Quiet: true}, {Label: v.t("site.staff.account.used"), Quiet: true},
	}}
	for _, p := range v.Passkeys {
		t.Rows = append(t.Rows, ui.Row{
			Cells: []ui.Cell{{Text: p.Name}, {Text: v.when(p.Created)}, {Text: v.when(p.Used)}},
			Posts: []ui.Post{{Label: v.t("site.staff.account.passkey_remove"), Action: accountURL + "/passkeys/" + p.ID + "/remove", Tone: ui.Bad,
				Back: v.t("site.dialog.back"), Ask: v.t("site.staff.account.passkey_ask", "name", p.Name), AskText: v.t("site.staff.account.passkey_text")}},
		})
	}
	return t
}

func (v AccountView) sessionTable() ui.Table {
	t := ui.Table{Caption: v.t("site.staff.account.sessions"), Actions: v.t("site.staff.account.end"), Columns: []ui.Column{
		{Label: v.t("site.staff.account.where")}, {Label: v.t("site.staff.account.since"), Quiet: true}, {Label: v.t("site.staff.account.seen")},
	}}
	for _, s := range v.Sessions {
		row := ui.Row{Cells: []ui.Cell{{Text: s.IP, Sub: s.UserAgent, Mono: true}, {Text: v.when(s.Created), Sub: v.method(s.Factors)}, {Text: v.when(s.Seen)}}}
		if s.Current {
			row.Cells[0].Badge = ui.Badge{Text: v.t("site.staff.account.this"), Tone: ui.Good}
		} else {
			row.Posts = []ui.Post{{Label: v.t("site.staff.account.end"), Action: accountURL + "/sessions/" + s.ID + "/end"}}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (v TOTPView) form() ui.FormOf {
	return ui.FormOf{
		Action: accountURL + "/totp/confirm", Submit: v.t("site.staff.totp.do"), Cancel: ui.Link{Label: v.t("site.cancel"), URL: accountURL},
		Fields: []ui.Field{
			{Name: "step", Kind: "hidden", Value: v.Step},
			{Name: "code", Label: v.t("site.second.code"), Hint: v.t("site.staff.totp.hint"), Required: true, Autocomplete: "one-time-code", InputMode: "numeric", MaxLength: 12, Mono: true, Short: true, Autofocus: true},
		},
	}.WithErrors(v.Errors)
}
