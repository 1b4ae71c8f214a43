package desk

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/address"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/doctor"
	"assent/workers/inbound/visits"
)

var checkTones = map[doctor.Status]ui.Tone{doctor.OK: ui.Good, doctor.Warn: ui.Warn, doctor.Fail: ui.Bad, doctor.Skip: ui.Mute}

func (s *State) deliverability(c echo.Context) error { return s.show(c, http.StatusOK, "", nil) }

// show shows what the last examination found: the same as assent doctor prints. A form that was wrong is shown with its faults.
func (s *State) show(c echo.Context, status int, form string, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.DeliverabilityView{Page: s.Site.Page(c, site.NavDeliverability), Streams: s.Streams, URL: site.Path(site.NavDeliverability)}
	last, running, err := s.Book.Last(ctx)
	if err != nil {
		return err
	}
	if last != nil {
		v.Examined, v.Fault = last.Ended, v.Locale.Said(last.Fault)
		for _, k := range last.Checks {
			v.Checks = append(v.Checks, site.Check{Text: told(v.Locale, k.Name) + ": " + told(v.Locale, k.Detail), Help: told(v.Locale, k.WhatToDo), Tone: checkTones[k.Status]})
		}
	}
	if running != nil {
		v.Running = running.Began
	} else if access.Has(staff.VisitorOf(c).User.Roles, access.Marketer, access.Approver) {
		v.Examine = &ui.Post{Label: v.Locale.T("site.examination.run"), Action: v.URL + "/examine", Icon: "check"}
	}
	administrator := access.Has(staff.VisitorOf(c).User.Roles, access.Administrator)
	if administrator && s.Try != nil {
		v.Try = &site.TryForm{Action: v.URL + "/mail", To: c.FormValue("to")}
		if form == "mail" {
			v.Try.Errors = wrong
		}
	}
	if v.Returned, err = s.returned(ctx); err != nil {
		return err
	}
	if s.Warming != nil {
		if v.WarmUp, err = s.Warming(ctx); err != nil {
			return err
		}
	}
	if administrator && s.Providers != nil {
		v.Returned.ProvidersURL = site.ProvidersPath()
	}
	if s.Signing != nil {
		if v.Keys, err = s.keys(c, v.Page, administrator); err != nil {
			return err
		}
		if administrator {
			v.NewKey = &site.KeyForm{Action: v.URL + "/keys", Stream: c.FormValue("stream"), Domain: c.FormValue("domain"), Selector: c.FormValue("selector"), Auto: c.FormValue("auto")}
			if form == "key" {
				v.NewKey.Errors = wrong
			}
		}
	}
	return staff.Render(c, status, site.Deliverability(v))
}

// told is what a check says, which assent doctor prints and keeps in English, in the language of the page. A detail may have several
// parts.
func told(l *locale.Locale, text string) string {
	if said := l.Said(text); said != text {
		return said
	}
	parts := strings.Split(text, "; ")
	for i, part := range parts {
		parts[i] = l.Said(part)
	}
	return strings.Join(parts, "; ")
}

// returned tells how mail comes back.
func (s *State) returned(ctx context.Context) (out site.Returned, err error) {
	out.Addr, out.Mailbox = s.InboundAddr, s.Mailbox
	if s.Providers != nil {
		p, err := s.kept(ctx)
		if err != nil {
			return out, err
		}
		on := p.On()
		for _, k := range []struct {
			on  bool
			key string
		}{{on.Postmark, "postmark"}, {on.SES, "ses"}, {on.SendGrid, "sendgrid"}, {on.Mailgun, "mailgun"}} {
			if k.on {
				out.Providers = append(out.Providers, site.ProviderNames[k.key])
			}
		}
	}
	if s.Mailbox == "" {
		return out, nil
	}
	state, err := visits.StatusOf(ctx, s.Book.DB, s.Mailbox)
	out.GoodAt, out.Fails, out.Fault, out.Mails = state.GoodAt, state.Fails, state.Fault, int(state.Mails)
	return out, err
}

func (s *State) examine(c echo.Context) error { return s.begin(c, s.Examine) }

// try sends test mails and examines everything else too.
func (s *State) try(c echo.Context) error {
	to := strings.TrimSpace(c.FormValue("to"))
	if _, err := address.Parse(to); to != "" && err != nil {
		return s.show(c, http.StatusUnprocessableEntity, "mail", map[string]string{"to": "is not an e-mail address"})
	}
	return s.begin(c, func(ctx context.Context) ([]doctor.Check, error) {
		checks, err := s.Examine(ctx)
		if err != nil {
			return checks, err
		}
		tried, err := s.Try(ctx, to)
		return append(tried, checks...), err
	})
}

// begin begins an examination, which goes on when the page has been answered.
func (s *State) begin(c echo.Context, examine func(context.Context) ([]doctor.Check, error)) error {
	ctx := context.WithoutCancel(c.Request().Context())
	s.running.Go(func() {
		if _, err := s.Book.Run(ctx, examine); err != nil {
			c.Logger().Error(err)
		}
	})
	return s.Site.Done(c, site.Path(site.NavDeliverability), ui.Good, s.Site.Page(c, site.NavDeliverability).Locale.T("site.examination.began"))
}

// Wait returns once no examination runs in this process.
func (s *State) Wait() { s.running.Wait() }
