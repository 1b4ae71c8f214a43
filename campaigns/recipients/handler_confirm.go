package recipients

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// confirmPage shows what the button will confirm. Opening it confirms nothing (compliance 3, 28).
func (p *Pages) confirmPage(c echo.Context) error {
	v, err := p.open(c, tokens.Confirm)
	if err != nil {
		return err
	}
	if v.sub == nil {
		return ErrLink
	}
	ctx := c.Request().Context()
	pending, err := p.People.PendingOf(ctx, v.claims)
	if err != nil {
		return err
	}
	if pending.Expired {
		return preferences.ErrExpired
	}
	if len(pending.Topics) == 0 && !pending.Address {
		return p.show(c, http.StatusOK, pages.Confirmed(p.confirmed(v, pending, true)))
	}
	site, err := p.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	view := pages.ConfirmView{Page: v.page, Action: c.Request().URL.Path, Email: v.email(), Kind: kindOf(pending), Topics: topicViews(v, pending.Topics), Until: v.claims.Issued.Add(site.ConfirmTTL)}
	return p.show(c, http.StatusOK, pages.Confirm(view))
}

// confirm is the person's own click on the button.
func (p *Pages) confirm(c echo.Context) error {
	v, err := p.open(c, tokens.Confirm)
	if err != nil {
		return err
	}
	if v.sub == nil {
		return ErrLink
	}
	done, err := p.People.Confirm(c.Request().Context(), v.claims, p.evidence(c, "confirmation page", v.claims, v.page.Locale))
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, pages.Confirmed(p.confirmed(v, done, len(done.Topics) == 0 && !done.Address)))
}

func (p *Pages) confirmed(v visit, done preferences.Pending, already bool) pages.ConfirmedView {
	return pages.ConfirmedView{Page: v.page, Email: v.email(), Kind: kindOf(done), Topics: topicViews(v, done.Topics), Already: already,
		PreferencesURL: "/p/" + p.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: v.sub.ID, Issued: p.Now()})}
}

func kindOf(pending preferences.Pending) pages.ConfirmKind {
	if pending.Address && len(pending.Topics) == 0 {
		return pages.ConfirmAddress
	}
	return pages.ConfirmTopics
}

func topicViews(v visit, topics []*preferences.Topic) []pages.Topic {
	views := make([]pages.Topic, len(topics))
	for i, t := range topics {
		v.topic = t
		views[i] = v.topicView()
	}
	return views
}
