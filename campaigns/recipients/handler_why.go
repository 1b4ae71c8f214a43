package recipients

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/preferences/tokens"
	"assent/templates/locale"
	"assent/templates/pages"
)

// why tells why one mail came: the topic, the basis, the consent with its exact wording, and the decision as it was stored.
func (p *Pages) why(c echo.Context) error {
	v, err := p.open(c, tokens.Why)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	erased := v.sub == nil && v.claims.Subject != ""
	view := pages.WhyView{Page: v.page, Email: v.email(), Topic: v.topicView(), Outcome: gate.Allow.String(), Reason: string(gate.ReasonAllowed)}
	if v.sub != nil {
		claims := tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()}
		view.PreferencesURL = "/p/" + p.Keys.Sign(tokens.Preferences, claims)
		if v.topic != nil {
			view.UnsubscribeURL = "/u/" + p.Keys.Sign(tokens.Unsubscribe, claims)
		}
	}
	switch {
	case erased && v.claims.Topic != "":
		return p.centre(c, http.StatusOK, v, nil, nil) // the proof went with the person; nothing comes any more
	case v.topic != nil:
		view.Class, view.Basis = v.topic.Class, v.topic.Basis
		err = p.whyCampaign(ctx, v, &view)
	default:
		if err = p.whyMessage(ctx, v, &view); erased && errors.Is(err, ErrLink) {
			return p.centre(c, http.StatusOK, v, nil, nil)
		}
	}
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, pages.Why(view))
}

func (p *Pages) whyCampaign(ctx context.Context, v visit, view *pages.WhyView) error {
	if v.claims.Source == "" {
		return nil
	}
	campaign, err := p.Campaigns.Get(ctx, p.DB, v.claims.Source)
	if errors.Is(err, campaigns.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if v.sub == nil {
		return nil
	}
	if view.Subject, _, err = p.Campaigns.View(ctx, campaign.ID, v.sub.ID, v.claims.Issued); err != nil {
		return err
	}
	if v.topic.Partner != "" {
		partner, err := partners.Get(ctx, p.DB, v.topic.Partner)
		if err != nil {
			return err
		}
		view.Partner = partner.Name
	}
	d, err := p.Campaigns.DecisionOf(ctx, p.DB, campaign.ID, v.sub.ID)
	if errors.Is(err, campaigns.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	view.SentAt, view.DecidedAt = d.At, d.DecidedAt
	if d.Status == campaigns.StatusSkipped || d.Status == campaigns.StatusDeferred { // the link was in a test, or in another's mail
		view.SentAt, view.Outcome, view.Reason = time.Time{}, gate.Deny.String(), d.Reason
	}
	return p.consent(ctx, v, d.Evidence, view)
}

// consent shows the event that the decision rests on, and the sign-up that it confirmed.
func (p *Pages) consent(ctx context.Context, v visit, evidence string, view *pages.WhyView) error {
	events, err := p.People.Events(ctx, p.DB, v.sub.ID)
	if err != nil {
		return err
	}
	var signup *ledger.Event
	for i := range events {
		e := &events[i]
		if e.TopicID != v.topic.ID {
			continue
		}
		if e.Action == ledger.Pending || e.Action == ledger.Given {
			signup = e
		}
		if e.ID != evidence {
			continue
		}
		if e.Action != ledger.Confirmed || signup == nil {
			signup = e
		}
		cv := &pages.ConsentView{GivenAt: signup.At(), Source: how(v, *signup), URL: signup.URL, Wording: signup.Wording, Version: signup.WordingVersion, CustomerSince: v.sub.CustomerSince}
		if e.Action == ledger.Confirmed {
			cv.ConfirmedAt = e.At()
		}
		view.Consent = cv
	}
	return nil
}

func (p *Pages) whyMessage(ctx context.Context, v visit, view *pages.WhyView) error {
	m, err := p.Campaigns.Outbox.Get(ctx, p.DB, v.claims.Source)
	if errors.Is(err, outbox.ErrNotFound) {
		return ErrLink
	}
	if err != nil {
		return err
	}
	view.Class, view.Basis, view.Obligation, view.Subject, view.SentAt, view.Request = m.Class.String(), m.Basis, m.Obligation, m.Subject, m.SentAt, asked(v.page.Locale, m.Reference)
	return nil
}

// asked says in words what a mail answers. What programs refer to by a number of their own means nothing to its reader; a reference that
// the company gave is theirs to know.
func asked(l *locale.Locale, reference string) string {
	kind, _, _ := strings.Cut(reference, ":")
	if key := "centre.request." + strings.ReplaceAll(kind, "-", "_"); l.Has(key) {
		return l.T(key)
	}
	return reference
}

// view frames the mail as it was sent, so that what is in it can do nothing to the page around it (compliance 61).
func (p *Pages) view(c echo.Context) error {
	v, err := p.open(c, tokens.View)
	if err != nil {
		return err
	}
	subject, _, err := p.mail(c, v)
	if err != nil {
		return err
	}
	claims := tokens.Claims{Subject: v.claims.Subject, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()}
	view := pages.ViewView{Page: v.page, Subject: subject, MailURL: c.Request().URL.Path + "/mail",
		PreferencesURL: "/p/" + p.Keys.Sign(tokens.Preferences, claims), WhyURL: "/why/" + p.Keys.Sign(tokens.Why, claims), LeaveURL: "/u/" + p.Keys.Sign(tokens.Unsubscribe, claims)}
	if d, err := p.Campaigns.DecisionOf(c.Request().Context(), p.DB, v.claims.Source, v.claims.Subject); err == nil {
		view.SentAt = d.At
	}
	return p.show(c, http.StatusOK, pages.View(view))
}

func (p *Pages) bareMail(c echo.Context) error {
	v, err := p.open(c, tokens.View)
	if err != nil {
		return err
	}
	_, html, err := p.mail(c, v)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", pages.MailPolicy)
	c.Response().Header().Set("X-Frame-Options", "SAMEORIGIN")
	return c.HTML(http.StatusOK, html)
}

func (p *Pages) mail(c echo.Context, v visit) (subject, html string, err error) {
	if v.sub == nil || v.claims.Source == "" {
		return "", "", ErrLink
	}
	subject, html, err = p.Campaigns.View(c.Request().Context(), v.claims.Source, v.sub.ID, v.claims.Issued)
	if errors.Is(err, campaigns.ErrNotFound) {
		err = ErrLink
	}
	return subject, html, err
}
