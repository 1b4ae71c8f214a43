package site

import "assent/templates/site/ui"

// ProvidersView is how the webhooks of mail providers are checked. No secret is in it.
type ProvidersView struct {
	Page
	Rows []Provider
}

// Provider is one of them. Its form sets it up; the fields are those of its Key, and a secret that is left empty stays.
type Provider struct {
	Key     string // postmark, ses, sendgrid, mailgun
	Address string // to enter at the provider
	Action  string
	On      bool
	Off     *ui.Post // switches it off; nil: it is off
	Values  map[string]string
	Errors  map[string]string
}

// ProviderNames are what the providers call themselves.
var ProviderNames = map[string]string{"postmark": "Postmark", "ses": "Amazon SES", "sendgrid": "SendGrid", "mailgun": "Mailgun"}

// ProvidersPath is where they are set up.
func ProvidersPath() string { return Path(NavDeliverability) + "/providers" }

func (v ProvidersView) form(p Provider) ui.FormOf {
	field := func(name, kind string) ui.Field {
		f := ui.Field{Name: name, Kind: kind, Label: v.t("site.providers." + name), Value: p.Values[name], Mono: kind == "textarea", Rows: 3, MaxLength: 2000, Prefix: p.Key + "-"}
		if key := "site.providers." + name + "_hint"; v.Locale.Has(key) {
			f.Hint = v.t(key)
		}
		f.Required = p.Key != "postmark" && (kind != "password" || !p.On)
		if kind == "password" {
			f.Value, f.Autocomplete, f.MaxLength = "", "new-password", 200
			if p.On {
				f.Hint = v.t("site.providers.kept")
			}
		}
		return f
	}
	out := ui.FormOf{ID: "provider-" + p.Key, Action: p.Action, Submit: v.t("site.save"), NoValidate: true}
	switch p.Key {
	case "postmark":
		user := field("user", "")
		user.MaxLength, user.Autocomplete = 200, "off"
		out.Fields = []ui.Field{user, field("password", "password"), field("token", "password")}
	case "ses":
		out.Fields = []ui.Field{field("topics", "textarea")}
	case "sendgrid":
		out.Fields = []ui.Field{field("public_key", "textarea")}
	case "mailgun":
		out.Fields = []ui.Field{field("signing_key", "password")}
	}
	return out.WithErrors(p.Errors)
}

func (v ProvidersView) state(p Provider) ui.Badge {
	if p.On {
		return ui.Badge{Text: v.t("site.providers.on"), Tone: ui.Good}
	}
	return ui.Badge{Text: v.t("site.providers.off"), Tone: ui.Mute}
}
