package recipients

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
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
	if pending.Empty() {
		return p.show(c, http.StatusOK, pages.Confirmed(p.confirmed(ctx, v, pending, true)))
	}
	site, err := p.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	view := pages.ConfirmView{Page: v.page, Action: c.Request().URL.Path, Email: v.email(), Kind: kindOf(pending), Topics: p.asked(ctx, v, pending), Until: v.claims.Issued.Add(site.ConfirmTTL)}
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
	ctx := c.Request().Context()
	done, err := p.People.Confirm(ctx, v.claims, p.evidence(c, sourceConfirm, v.claims, v.page.Locale))
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, pages.Confirmed(p.confirmed(ctx, v, done, done.Empty())))
}

func (p *Pages) confirmed(ctx context.Context, v visit, done preferences.Pending, already bool) pages.ConfirmedView {
	return pages.ConfirmedView{Page: v.page, Email: v.email(), Kind: kindOf(done), Topics: p.asked(ctx, v, done), Already: already,
		PreferencesURL: "/p/" + p.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: v.sub.ID, Issued: p.Now()})}
}

func kindOf(pending preferences.Pending) pages.ConfirmKind {
	if pending.Address && len(pending.Topics)+len(pending.Wishes) == 0 {
		return pages.ConfirmAddress
	}
	return pages.ConfirmTopics
}

// asked lists what is confirmed: topics, then what else waits.
func (p *Pages) asked(ctx context.Context, v visit, pending preferences.Pending) []pages.Topic {
	var views []pages.Topic
	for _, t := range pending.Topics {
		views = append(views, p.named(v, t))
	}
	for _, w := range pending.Wishes {
		views = append(views, pages.Topic{Name: campaigns.WishText(ctx, p.DB, v.page.Locale, w)})
	}
	return views
}
