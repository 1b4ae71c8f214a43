package desk

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/doctor"
)

var checkTones = map[doctor.Status]ui.Tone{doctor.OK: ui.Good, doctor.Warn: ui.Warn, doctor.Fail: ui.Bad}

// deliverability shows what the last examination found: the same as assent doctor prints.
func (s *State) deliverability(c echo.Context) error {
	v := site.DeliverabilityView{Page: s.Site.Page(c, site.NavDeliverability), Streams: s.Streams}
	last, running, err := s.Book.Last(c.Request().Context())
	if err != nil {
		return err
	}
	if last != nil {
		v.Examined, v.Fault = last.Ended, last.Fault
		for _, k := range last.Checks {
			v.Checks = append(v.Checks, site.Check{Text: k.Name + ": " + k.Detail, Help: k.WhatToDo, Tone: checkTones[k.Status]})
		}
	}
	if running != nil {
		v.Running = running.Began
	} else if access.Has(staff.VisitorOf(c).User.Roles, access.Marketer, access.Approver) {
		v.Examine = &ui.Post{Label: v.Locale.T("site.examination.run"), Action: site.Path(site.NavDeliverability) + "/examine", Icon: "check"}
	}
	if s.Signing != nil {
		if v.Keys, err = s.keys(c, v.Page); err != nil {
			return err
		}
	}
	return staff.Render(c, http.StatusOK, site.Deliverability(v))
}

// examine begins an examination, which goes on when the page has been answered.
func (s *State) examine(c echo.Context) error {
	ctx := context.WithoutCancel(c.Request().Context())
	s.running.Go(func() {
		if _, err := s.Book.Run(ctx, s.Examine); err != nil {
			c.Logger().Error(err)
		}
	})
	return s.Site.Done(c, site.Path(site.NavDeliverability), ui.Good, s.Site.Page(c, site.NavDeliverability).Locale.T("site.examination.began"))
}

// Wait returns once no examination runs in this process.
func (s *State) Wait() { s.running.Wait() }

// keys are the signing keys, with what can be done to each.
func (s *State) keys(c echo.Context, p site.Page) ([]site.SigningKey, error) {
	list, err := s.Signing.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	var out []site.SigningKey
	for _, k := range list {
		row := site.SigningKey{Stream: k.Stream, Domain: k.Domain, Selector: k.Selector, State: string(k.State), Fault: k.Fault}
		for _, r := range k.Records {
			row.Records = append(row.Records, site.Header{Name: r.Name, Value: r.Text})
		}
		out = append(out, row)
	}
	return out, nil
}
