package desk

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/feedback"
)

// registerProviders serves the page of the mail providers. Only administrators see it, and the audit log says what they did; no secret is
// shown once it was saved.
func (s *State) registerProviders(e *echo.Echo) {
	if s.Providers == nil {
		return
	}
	guard := s.Site.Guard(access.Administrator)
	e.GET(site.ProvidersPath(), func(c echo.Context) error { return s.providers(c, http.StatusOK, "", nil) }, guard)
	e.POST(site.ProvidersPath()+"/:provider", s.setProvider, guard)
	e.POST(site.ProvidersPath()+"/:provider/off", s.providerOff, guard)
}

// kept is what is set up; what was sealed under other secrets is to be set up again.
func (s *State) kept(ctx context.Context) (feedback.Providers, error) {
	p, err := s.Providers.Providers(ctx)
	if errors.Is(err, preferences.ErrSealed) {
		err = nil
	}
	return p, err
}

// providers shows the page; the form of the provider that was filled in wrongly has what was typed, but for secrets.
func (s *State) providers(c echo.Context, status int, wrongly string, wrong map[string]string) error {
	p, err := s.kept(c.Request().Context())
	if err != nil {
		return err
	}
	v := site.ProvidersView{Page: s.Site.Page(c, site.NavDeliverability)}
	on := p.On()
	for _, row := range []site.Provider{
		{Key: "postmark", On: on.Postmark, Values: map[string]string{"user": p.Postmark.User}},
		{Key: "ses", On: on.SES, Values: map[string]string{"topics": strings.Join(p.SES.Topics, "\n")}},
		{Key: "sendgrid", On: on.SendGrid, Values: map[string]string{"public_key": p.SendGrid.PublicKey}},
		{Key: "mailgun", On: on.Mailgun},
	} {
		row.Action, row.Address = site.ProvidersPath()+"/"+row.Key, s.Base+"/api/v1/webhooks/"+row.Key
		if row.On {
			row.Off = &ui.Post{Label: v.Locale.T("site.providers.switch_off"), Action: row.Action + "/off", Tone: ui.Bad, Back: v.Locale.T("site.dialog.back"), Ask: v.Locale.T("site.providers.off_ask", "provider", site.ProviderNames[row.Key]), AskText: v.Locale.T("site.providers.off_text")}
		}
		if row.Key == wrongly {
			row.Errors = wrong
			for name := range row.Values {
				row.Values[name] = c.FormValue(name)
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.Providers(v))
}

// setProvider saves one form. A secret that was left empty stays as it is.
func (s *State) setProvider(c echo.Context) error {
	name := c.Param("provider")
	text := func(field string) string { return strings.TrimSpace(c.FormValue(field)) }
	var change func(p *feedback.Providers)
	missing := "" // what must be filled in
	switch name {
	case "postmark":
		missing, change = "password", func(p *feedback.Providers) {
			switch token, user, password := text("token"), text("user"), text("password"); {
			case token != "":
				p.Postmark.Token, p.Postmark.User, p.Postmark.Password = token, "", ""
			case user != "" || password != "":
				p.Postmark.Token, p.Postmark.User = "", user
				if password != "" {
					p.Postmark.Password = password
				}
			}
		}
	case "ses":
		missing, change = "topics", func(p *feedback.Providers) { p.SES.Topics = strings.Fields(text("topics")) }
	case "sendgrid":
		missing, change = "public_key", func(p *feedback.Providers) {
			p.SendGrid.PublicKey = strings.Join(strings.Fields(text("public_key")), "")
		}
	case "mailgun":
		missing, change = "signing_key", func(p *feedback.Providers) {
			if key := text("signing_key"); key != "" {
				p.Mailgun.SigningKey = key
			}
		}
	default:
		return problem.NotFound("provider")
	}
	p, err := s.kept(c.Request().Context())
	if err != nil {
		return err
	}
	kept := name == "postmark" && p.On().Postmark || name == "mailgun" && p.On().Mailgun // a secret that is there may be left empty
	if text(missing) == "" && text("token") == "" && !kept {
		return s.providers(c, http.StatusUnprocessableEntity, name, map[string]string{missing: s.Site.Page(c, "").Locale.Said("is required")})
	}
	return s.changeProvider(c, name, "site.providers.saved", change)
}

func (s *State) providerOff(c echo.Context) error {
	off, ok := map[string]func(p *feedback.Providers){
		"postmark": func(p *feedback.Providers) { p.Postmark = feedback.Providers{}.Postmark }, "ses": func(p *feedback.Providers) { p.SES = feedback.Providers{}.SES },
		"sendgrid": func(p *feedback.Providers) { p.SendGrid = feedback.Providers{}.SendGrid }, "mailgun": func(p *feedback.Providers) { p.Mailgun = feedback.Providers{}.Mailgun },
	}[c.Param("provider")]
	if !ok {
		return problem.NotFound("provider")
	}
	return s.changeProvider(c, c.Param("provider"), "site.providers.switched_off", off)
}

func (s *State) changeProvider(c echo.Context, name, done string, change func(*feedback.Providers)) error {
	_, err := s.Providers.Change(c.Request().Context(), staff.ActorOf(c), change)
	if wrong := staff.Problems(c, err); wrong != nil {
		fields := map[string]string{}
		for field, text := range wrong { // "ses.topics" is the field topics of the form of ses
			fields[field[strings.IndexByte(field, '.')+1:]] = text
		}
		return s.providers(c, http.StatusUnprocessableEntity, name, fields)
	}
	if err != nil {
		return err
	}
	return s.Site.Done(c, site.ProvidersPath(), ui.Good, s.Site.Page(c, site.NavDeliverability).Locale.T(done, "provider", site.ProviderNames[name]))
}
