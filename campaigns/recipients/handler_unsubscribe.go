package recipients

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// unsubscribePage says what will stop, and asks. It changes nothing, whoever fetches it (compliance 3).
func (p *Pages) unsubscribePage(c echo.Context) error {
	v, err := p.enter(c, tokens.Unsubscribe, true)
	if err != nil {
		return err
	}
	view := pages.UnsubscribeView{Page: v.page, Action: c.Request().URL.Path, Email: v.email(), Topic: v.topicView(), StoppedAll: v.sub == nil}
	if v.sub != nil {
		view.StoppedAll = !v.sub.UnsubscribedAt.IsZero()
		for _, st := range v.states {
			if v.topic != nil && st.TopicID == v.topic.ID {
				view.Stopped = st.State == preferences.StateWithdrawn || st.State == preferences.StateObjected
			}
		}
		view.PreferencesURL = "/p/" + p.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()})
		view.WhyURL = "/why/" + p.Keys.Sign(tokens.Why, tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()})
	}
	return p.show(c, http.StatusOK, pages.Unsubscribe(view))
}

// unsubscribe stops mail. The one-click POST of RFC 8058 §3.1 carries List-Unsubscribe=One-Click, urlencoded or multipart; the
// page's own form says whether this topic or all; an undo takes the choice back. Anything else is refused and changes nothing.
func (p *Pages) unsubscribe(c echo.Context) error {
	v, err := p.open(c, tokens.Unsubscribe)
	if err != nil {
		return err
	}
	form, err := posted(c)
	if err != nil {
		return err
	}
	oneClick, scope, undo := form.Get("List-Unsubscribe") == "One-Click", form.Get(pages.FieldScope), form.Get(pages.FieldUndo)
	switch {
	case undo != "":
		return p.undo(c, v, undo)
	case oneClick, scope == pages.ScopeTopic, scope == pages.ScopeAll:
	default:
		return ErrNothing
	}
	all := !oneClick && scope == pages.ScopeAll
	source := sourcePage
	if oneClick {
		source = sourceOneClick
	}
	view := pages.UnsubscribedView{Page: v.page, Email: v.email(), Topic: v.topicView(), All: all || v.topic == nil}
	if v.sub == nil {
		return p.gone(c, v)
	}
	ctx := c.Request().Context()
	r, err := p.stop(ctx, c, v, view.All, source)
	if errors.Is(err, preferences.ErrSubscriberNotFound) { // erased at this moment
		return p.gone(c, v)
	}
	if err != nil {
		return err
	}
	inFlight(c, r.InFlight)
	view.InFlight = r.InFlight
	if r.Event != "" {
		view.Undo = p.undoOf(c, v, r.Event)
	}
	view.PreferencesURL = "/p/" + p.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()})
	return p.show(c, http.StatusOK, pages.Unsubscribed(view))
}

func (p *Pages) stop(ctx context.Context, c echo.Context, v visit, all bool, source string) (preferences.Recorded, error) {
	evidence := p.evidence(c, source, v.claims, v.page.Locale)
	actor := recipientOf(v, evidence)
	if all {
		return p.People.UnsubscribeAll(ctx, actor, v.sub.ID, evidence)
	}
	return p.People.Consent(ctx, actor, v.sub.ID, preferences.ConsentInput{Topic: v.topic.Key, Action: preferences.ActionWithdraw, Evidence: evidence})
}

// undoTTL is how long after an unsubscribe the page that answered it can take it back.
const undoTTL = time.Hour

// undoMost is how many withdrawals one page can take back together.
const undoMost = 100

// undo takes an unsubscribe back, by a new event (compliance 47). Only the page that answered the unsubscribe has the token
// for it, and it restores no more than that unsubscribe took away.
func (p *Pages) undo(c echo.Context, v visit, token string) error {
	if err := p.undone(c, v, token); err != nil {
		return err
	}
	view := pages.UnsubscribedView{Page: v.page, Email: v.email(), Topic: v.topicView(), Undone: true}
	view.PreferencesURL = "/p/" + p.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: v.claims.Source, Issued: p.Now()})
	return p.show(c, http.StatusOK, pages.Unsubscribed(view))
}

func (p *Pages) undone(c echo.Context, v visit, token string) error {
	list := strings.Fields(token)
	if v.sub == nil || len(list) == 0 || len(list) > undoMost {
		return ErrLink
	}
	var events []string
	for _, one := range list {
		claims, err := p.Keys.Verify(tokens.Undo, one)
		if err != nil || claims.Subject != v.sub.ID {
			return ErrLink
		}
		if p.Now().Sub(claims.Issued) > undoTTL {
			return problem.New(http.StatusGone, "It is too late to undo; choose again in the preference centre.")
		}
		events = append(events, claims.Source)
	}
	evidence := p.evidence(c, sourceUndo, v.claims, v.page.Locale)
	return p.People.Undo(c.Request().Context(), recipientOf(v, evidence), v.sub.ID, events, evidence)
}
