package events

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns/prose"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/tokens"
	"assent/preferences/web"
	"assent/templates/locale"
	"assent/templates/pages"
)

// managePath is where the link in every mail about a registration leads.
const managePath = "/registration/"

// Frame makes what all public pages share, in the language of the reader.
type Frame func(c echo.Context, l *locale.Locale) (pages.Page, error)

// RegisterPages adds the public pages under /events and the page of a registration.
func (s *Store) RegisterPages(e *echo.Echo, frame Frame) {
	h := pageHandler{s, frame}
	e.GET("/events/:slug", h.event)
	e.POST("/events/:slug", h.register)
	e.GET("/events/:slug/event.ics", h.calendar)
	e.GET(managePath+":token", h.manage, web.Private)
	e.POST(managePath+":token", h.change, web.Private)
}

type pageHandler struct {
	store *Store
	frame Frame
}

// view is the page of an event in the language that the reader chose, or whose browser asks for it.
func (h pageHandler) view(c echo.Context, e Event, lang string) (pages.EventView, error) {
	c.Response().Header().Add(echo.HeaderVary, "Accept-Language")
	switch {
	case lang != "":
		lang = e.Names.Language(lang)
	case c.QueryParam("lang") != "":
		lang = e.Names.Language(c.QueryParam("lang"))
	default:
		lang = e.Names.Accept(c.Request().Header.Get("Accept-Language"))
	}
	l, now := locale.Get(lang), h.store.now()
	page, err := h.frame(c, l)
	if err != nil {
		return pages.EventView{}, err
	}
	page.Locale, page.Public, page.Languages = l, true, nil
	path := "/events/" + e.Slug
	for _, tag := range e.Names.Languages() {
		page.Languages = append(page.Languages, pages.Language{Tag: tag, URL: path + "?" + url.Values{"lang": {tag}}.Encode(), Current: tag == lang})
	}
	v := pages.EventView{Page: page, Name: e.Names.In(lang), StartsAt: e.StartsAt, EndsAt: e.EndsAt, EventZone: e.Timezone, Place: e.Place, Online: e.Place == "" && e.URL != "",
		CalendarURL: path + "/event.ics", Left: -1, Waiting: true, Over: !now.Before(e.EndsAt), Cancelled: e.CancelledAt != nil, Action: path, Wording: wordingVersion,
		Fields: []pages.FormField{
			{Name: "company", Label: l.T("pages.registration.company"), Autocomplete: "organization"},
			{Name: "phone", Kind: "tel", Label: l.T("pages.registration.phone"), Autocomplete: "tel"},
		}}
	if e.Capacity != nil {
		v.Left = max(0, *e.Capacity-e.Registered)
	}
	if body := e.Descriptions.In(lang); body != "" {
		html, err := prose.HTML(body)
		if err != nil {
			return v, err
		}
		v.Body = templ.Raw(html)
	}
	found, err := partners.Names(c.Request().Context(), h.store.DB, e.Partners)
	if err != nil {
		return v, err
	}
	for _, key := range e.Partners {
		v.Shares = append(v.Shares, pages.Share{Partner: key, Name: found[key], Wording: pages.ShareWording(page, found[key])})
	}
	return v, nil
}

func show(c echo.Context, status int, component templ.Component) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	if c.Response().Header().Get(echo.HeaderCacheControl) == "" {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	}
	c.Response().WriteHeader(status)
	return component.Render(c.Request().Context(), c.Response())
}

func (h pageHandler) event(c echo.Context) error {
	e, err := Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	v, err := h.view(c, e, "")
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, pages.Event(v))
}

func (h pageHandler) calendar(c echo.Context) error {
	e, err := Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	lang := e.Names.Accept(c.Request().Header.Get("Accept-Language"))
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+e.Slug+`.ics"`)
	return c.Blob(http.StatusOK, calendarType, []byte(h.store.publicEntry(e, lang).text()))
}

// register takes the form. Its answer is the same whether the address was registered before or not (compliance 67).
func (h pageHandler) register(c echo.Context) error {
	ctx := c.Request().Context()
	e, err := Get(ctx, h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	v, err := h.view(c, e, c.FormValue(pages.FieldLocale))
	if err != nil {
		return err
	}
	if !e.Open(h.store.now()) {
		return show(c, http.StatusConflict, pages.Event(v))
	}
	answer := pages.RegisteredView{Page: v.Page, Name: v.Name, Waiting: e.Full(), EventURL: v.Action}
	if !answer.Waiting {
		answer.CalendarURL = v.CalendarURL
	}
	if c.FormValue(pages.FieldHoneypot) != "" {
		return show(c, http.StatusOK, pages.Registered(answer))
	}
	in, agreed := h.entry(c, e, v)
	if version := c.FormValue(pages.FieldWording); version != "" && version != wordingVersion && len(agreed) > 0 {
		return h.again(c, v, agreed, map[string]string{pages.FieldShare: v.Locale.T("pages.registration.changed")})
	}
	if err := h.store.source(ctx, c.RealIP()); err != nil {
		return err
	}
	answerAt := time.Now().Add(wait)
	_, _, err = h.store.Add(ctx, audit.Actor{Kind: audit.KindRecipient, IP: c.RealIP()}, e.Slug, in)
	if p, ok := problem.As(err); ok && p.Status == http.StatusUnprocessableEntity {
		faults := map[string]string{}
		for _, f := range p.Fields {
			faults[f.Field] = v.Locale.T("pages.registration.bad_text")
			if f.Field == "email" {
				faults[f.Field] = v.Locale.T("pages.registration.bad_email")
			}
		}
		return h.again(c, v, agreed, faults)
	}
	if err != nil {
		return err
	}
	select { // its time tells as little
	case <-time.After(time.Until(answerAt)):
	case <-ctx.Done():
	}
	return show(c, http.StatusOK, pages.Registered(answer))
}

// wait is how long every answer to a registration takes: longer than storing one does, which is not done for an address that is there already.
const wait = 60 * time.Millisecond

// entry reads the form. Only partners of the event can be agreed to; a box that is not sent is no consent.
func (h pageHandler) entry(c echo.Context, e Event, v pages.EventView) (in Entry, agreed []string) {
	form, err := c.FormParams()
	if err != nil {
		form = url.Values{}
	}
	for _, key := range e.Partners {
		if slices.Contains(form[pages.FieldShare], key) || slices.Contains(form["partners"], key) { // partners, as the API calls them
			agreed = append(agreed, key)
		}
	}
	wordings := map[string]string{}
	for _, s := range v.Shares {
		wordings[s.Partner] = s.Wording
	}
	agent := c.Request().UserAgent()
	return Entry{
		Email: form.Get("email"), FirstName: form.Get("first_name"), LastName: form.Get("last_name"), Company: form.Get("company"), Phone: form.Get("phone"), Locale: v.Locale.Tag(),
		Share: agreed, Wording: func(partner string) string { return wordings[partner] }, Public: true,
		Evidence: preferences.Evidence{Source: "event registration", WordingVersion: wordingVersion, IP: c.RealIP(), UserAgent: agent[:min(len(agent), 512)], URL: h.store.pageURL(e.Slug)},
	}, agreed
}

// again shows the form with what was wrong, as it was filled in.
func (h pageHandler) again(c echo.Context, v pages.EventView, agreed []string, faults map[string]string) error {
	v.Errors, v.Values = faults, map[string]string{}
	for _, field := range []string{"email", "first_name", "last_name", "company", "phone"} {
		v.Values[field] = c.FormValue(field)
	}
	for i := range v.Shares {
		v.Shares[i].Ticked = slices.Contains(agreed, v.Shares[i].Partner)
	}
	return show(c, http.StatusUnprocessableEntity, pages.Event(v))
}

// opened checks the token of the path.
func (h pageHandler) opened(c echo.Context) (Event, Registration, error) {
	claims, err := h.store.Keys.Verify(tokens.Registration, c.Param("token"))
	if err != nil {
		return Event{}, Registration{}, ErrNoRegistration
	}
	return h.store.Registration(c.Request().Context(), claims.Subject)
}

func (h pageHandler) manage(c echo.Context) error {
	e, r, err := h.opened(c)
	if err != nil {
		return err
	}
	return h.showRegistration(c, e, r, "")
}

// change does what the registrant asks for. The link is the authority, and it can only take back.
func (h pageHandler) change(c echo.Context) error {
	ctx := c.Request().Context()
	e, r, err := h.opened(c)
	if err != nil {
		return err
	}
	who, stopped := audit.Actor{Kind: audit.KindRecipient, ID: r.SubscriberID, IP: c.RealIP()}, ""
	switch c.FormValue(pages.FieldDo) {
	case pages.DoCancel:
		if r, err = h.store.Cancel(ctx, who, r.ID); err != nil {
			return err
		}
	case pages.DoWithdraw:
		partner := c.FormValue(pages.FieldPartner)
		if !slices.Contains(r.Share, partner) { // a second press, or never agreed: it is off
			break
		}
		if r, err = h.store.Withdraw(ctx, who, r.ID, partner, "registration page"); err != nil {
			return err
		}
		stopped = partner
	default:
		return problem.Malformed("Nothing was chosen.")
	}
	return h.showRegistration(c, e, r, stopped)
}

func (h pageHandler) showRegistration(c echo.Context, e Event, r Registration, stopped string) error {
	event, err := h.view(c, e, r.Locale)
	if err != nil {
		return err
	}
	found, err := partners.Names(c.Request().Context(), h.store.DB, append(slices.Clone(r.Share), stopped))
	if err != nil {
		return err
	}
	v := pages.RegistrationView{Page: event.Page, Action: c.Request().URL.Path, Event: event, Email: r.Email, Status: r.Status, URL: event.Action, Stopped: found[stopped]}
	v.Page.Public, v.Page.Languages = false, nil
	for _, key := range r.Share {
		v.Shares = append(v.Shares, pages.Share{Partner: key, Name: found[key]})
	}
	return show(c, http.StatusOK, pages.Registration(v))
}
