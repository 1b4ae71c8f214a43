package recipients

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// centrePage shows where a person stands on everything, and changes nothing.
func (p *Pages) centrePage(c echo.Context) error {
	v, err := p.open(c, tokens.Preferences)
	if err != nil {
		return err
	}
	return p.centre(c, http.StatusOK, v, nil, nil)
}

// save does what one of the page's forms asks for; which one is in the field do. Without it the fields of the public contract
// are saved: those that are absent stay as they are. Topics are absent when there is no field topic at all, so that a program
// may set a pause alone; the page's own form (do=save) always speaks of them, and an empty topic= says "none".
func (p *Pages) save(c echo.Context) error {
	v, err := p.open(c, tokens.Preferences)
	if err != nil {
		return err
	}
	form, err := posted(c)
	if err != nil {
		return err
	}
	do := form.Get(pages.FieldDo)
	switch {
	case form.Get(pages.FieldUndo) != "":
		do = pages.FieldUndo
	case do == "" && !spoken(form, "topic", "pause_until", pages.FieldPauseDate, "frequency", "locale", "timezone", pages.FieldPartnersShown, pages.FieldTrackingShown):
		return ErrNothing
	case do == "":
		do = pages.DoSave
	}
	act, ok := p.acts()[do]
	if !ok {
		return ErrNothing
	}
	if v.sub == nil {
		return p.gone(c, v)
	}
	saved, err := act(c, v, form)
	if errors.Is(err, preferences.ErrSubscriberNotFound) { // erased at this moment
		return p.gone(c, v)
	}
	if bad, ok := problem.As(err); ok && bad.Status == http.StatusUnprocessableEntity {
		return p.centre(c, http.StatusUnprocessableEntity, v, nil, wrong(v.page.Locale, bad))
	}
	if err != nil {
		return err
	}
	inFlight(c, saved.InFlight)
	if v, err = p.open(c, tokens.Preferences); err != nil { // as it is now, in the language that was chosen
		return err
	}
	return p.centre(c, http.StatusOK, v, saved, nil)
}

// gone answers for an erased person, once nothing can come any more: the erasure may be a moment ago.
func (p *Pages) gone(c echo.Context, v visit) error {
	n, err := p.People.Quiet(c.Request().Context(), v.claims.Subject)
	if err != nil {
		return err
	}
	inFlight(c, n)
	return p.show(c, http.StatusOK, pages.Unsubscribed(pages.UnsubscribedView{Page: v.page, Topic: v.topicView(), All: true, InFlight: n}))
}

// ErrNothing is a POST that carries neither what RFC 8058 asks for nor a field of the page's own forms.
var ErrNothing = problem.New(http.StatusBadRequest, "Nothing was changed: choose on the page, and use its buttons.")

// act is one form of the page. It returns what the page says was done.
type act func(c echo.Context, v visit, form url.Values) (*pages.Saved, error)

func (p *Pages) acts() map[string]act {
	restrict := p.reduce("centre.restricted", func(ctx context.Context, v visit, e preferences.Evidence) (preferences.Recorded, error) {
		return p.People.Restrict(ctx, recipientOf(v, e), v.sub.ID, e)
	})
	object := func(research bool) act {
		return p.reduce("centre.objected", func(ctx context.Context, v visit, e preferences.Evidence) (preferences.Recorded, error) {
			return p.People.Object(ctx, recipientOf(v, e), v.sub.ID, research, e)
		})
	}
	return map[string]act{
		pages.DoSave:            p.saveChoices,
		pages.DoUnsubscribeAll:  p.leaveAll,
		pages.FieldUndo:         p.takeBack,
		pages.DoRestrict:        p.noted(rights.Restriction, restrict),
		pages.DoObject:          p.noted(rights.Objection, object(false)),
		pages.DoObjectResearch:  p.noted(rights.Objection, object(true)),
		pages.DoLiftRestriction: p.ask(preferences.WishRestriction),
		pages.DoLiftObjection:   p.ask(preferences.WishObjection),
		pages.DoLiftResearch:    p.ask(preferences.WishResearchObjection),
		pages.DoExport:          p.request(rights.Access),
		pages.DoErase:           p.request(rights.Erasure),
		pages.DoCorrect:         p.request(rights.Rectification),
	}
}

// spoken tells whether the form has any of these fields, empty or not.
func spoken(form url.Values, fields ...string) bool {
	for _, f := range fields {
		if form.Has(f) {
			return true
		}
	}
	return false
}

// whole tells whether a form without any topic speaks of them all the same: no box is ticked in it. The page's own form says that
// by its button, another by having all the other fields of the contract.
func whole(form url.Values) bool {
	return form.Get(pages.FieldDo) == pages.DoSave || form.Has("pause_until") && form.Has("frequency") && form.Has("locale") && form.Has("timezone")
}

func (p *Pages) saveChoices(c echo.Context, v visit, form url.Values) (*pages.Saved, error) {
	in, err := p.choices(v, form)
	if err != nil {
		return nil, err
	}
	done, err := p.People.Save(c.Request().Context(), v.sub.ID, in, p.evidence(c, sourceCentre, v.claims, v.page.Locale))
	if err != nil {
		return nil, err
	}
	saved := &pages.Saved{InFlight: done.InFlight}
	for _, topic := range done.ToConfirm {
		saved.ToConfirm = append(saved.ToConfirm, p.named(v, topic).Name)
	}
	for _, wish := range done.Wishes {
		saved.ToConfirm = append(saved.ToConfirm, campaigns.WishText(c.Request().Context(), p.DB, v.page.Locale, wish))
	}
	var stopped []string
	for _, r := range done.Withdrawn {
		if r.Changed {
			stopped = append(stopped, r.Event)
		}
	}
	if len(stopped) > 0 {
		saved.Undo = p.undoOf(c, v, stopped...)
	}
	return saved, nil
}

// choices reads the form.
func (p *Pages) choices(v visit, form url.Values) (in preferences.Choices, err error) {
	if form.Has("topic") || whole(form) {
		keep := []string{}
		for _, key := range form["topic"] {
			if key = strings.TrimSpace(key); key != "" {
				keep = append(keep, key)
			}
		}
		in.Topics = &keep
	}
	if form.Has("pause_until") || form.Has(pages.FieldPauseDate) {
		until, err := p.pauseUntil(v, form)
		if err != nil {
			return in, err
		}
		in.Pause = &until
	}
	for field, to := range map[string]**string{"frequency": &in.Frequency, "locale": &in.Locale, "timezone": &in.Timezone} {
		if form.Has(field) {
			text := form.Get(field)
			*to = &text
		}
	}
	if form.Has(pages.FieldPartnersShown) {
		keep := form[pages.FieldPartner]
		in.Partners = &keep
	}
	if form.Has(pages.FieldTrackingShown) {
		on := form.Get(pages.FieldTracking) == "1"
		in.Tracking = &on
	}
	in.Wording = func(t *preferences.Topic) string {
		seen := p.named(v, t)
		return strings.TrimSpace(seen.Name + "\n" + seen.Description)
	}
	return in, nil
}

// pauseUntil reads a break: days from now, a day on which it ends where the person is, or nothing for none.
func (p *Pages) pauseUntil(v visit, form url.Values) (time.Time, error) {
	text, date := strings.TrimSpace(form.Get("pause_until")), strings.TrimSpace(form.Get(pages.FieldPauseDate))
	if text == pages.PauseDate || (text == "" && date != "") { // who fills in a day means it
		if text = date; text == "" {
			return time.Time{}, problem.Invalid("pause_until", "is missing")
		}
	}
	for name, days := range map[string]int{"30d": 30, "90d": 90} {
		if text == name {
			return p.pauseFor(v, days), nil
		}
	}
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, v.zone)
	if err != nil {
		return time.Time{}, problem.Invalid("pause_until", "is not a day")
	}
	if text == localDay(v.sub.PausedUntil, v.zone) { // as it is already, to the minute
		return v.sub.PausedUntil, nil
	}
	return day.UTC(), nil
}

// pauseFor is so many days from now. Asked for again on the same day, the first one stands.
func (p *Pages) pauseFor(v visit, days int) time.Time {
	until := p.Now().UTC().Truncate(time.Second).AddDate(0, 0, days)
	if before := until.Sub(v.sub.PausedUntil); before >= 0 && before < 24*time.Hour {
		return v.sub.PausedUntil
	}
	return until
}

func localDay(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.DateOnly)
}

// leaveAll is the button beside "save": everything stops at once.
func (p *Pages) leaveAll(c echo.Context, v visit, _ url.Values) (*pages.Saved, error) {
	r, err := p.stop(c.Request().Context(), c, v, true, sourceCentre)
	if err != nil {
		return nil, err
	}
	saved := &pages.Saved{Message: v.page.Locale.T("centre.all_stopped"), InFlight: r.InFlight}
	if r.Changed {
		saved.Undo = p.undoOf(c, v, r.Event)
	}
	return saved, nil
}

// reduce is a right that only takes away: it holds at once, whoever has the link.
func (p *Pages) reduce(message string, do func(context.Context, visit, preferences.Evidence) (preferences.Recorded, error)) act {
	return func(c echo.Context, v visit, _ url.Values) (*pages.Saved, error) {
		r, err := do(c.Request().Context(), v, p.evidence(c, sourceCentre, v.claims, v.page.Locale))
		return &pages.Saved{Message: v.page.Locale.T(message), InFlight: r.InFlight}, err
	}
}

// ask is something that a link alone cannot give: a mail asks to confirm it.
func (p *Pages) ask(kind string) act {
	return func(c echo.Context, v visit, _ url.Values) (*pages.Saved, error) {
		err := p.People.Ask(c.Request().Context(), v.sub.ID, preferences.Wish{Kind: kind}, p.evidence(c, sourceCentre, v.claims, v.page.Locale))
		return &pages.Saved{Message: p.mailed(v)}, err
	}
}

func (p *Pages) mailed(v visit) string {
	return v.page.Locale.T("centre.mailed", "address", pages.MaskAddress(v.sub.Email))
}

// takeBack undoes what the answer before did.
func (p *Pages) takeBack(c echo.Context, v visit, form url.Values) (*pages.Saved, error) {
	if err := p.undone(c, v, form.Get(pages.FieldUndo)); err != nil {
		return nil, err
	}
	return &pages.Saved{Message: v.page.Locale.T("pages.unsubscribed.undone")}, nil
}

// undoOf offers to take back what these events took away.
func (p *Pages) undoOf(c echo.Context, v visit, events ...string) *pages.Undo {
	var list []string
	for _, event := range events[:min(len(events), undoMost)] {
		list = append(list, p.Keys.Sign(tokens.Undo, tokens.Claims{Subject: v.sub.ID, Topic: v.claims.Topic, Source: event, Issued: p.Now()}))
	}
	return &pages.Undo{Action: c.Request().URL.Path, Token: strings.Join(list, " ")}
}
