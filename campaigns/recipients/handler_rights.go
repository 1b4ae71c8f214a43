package recipients

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/preferences/tokens"
	"assent/templates/locale"
	"assent/templates/pages"
)

// rightsPage is the public page on which anybody may ask about their data.
func (p *Pages) rightsPage(c echo.Context) error {
	v, err := p.stranger(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, pages.Rights(p.rightsView(v)))
}

func (p *Pages) rightsView(v visit) pages.RightsView {
	return pages.RightsView{Page: v.page, Action: "/rights", Contact: v.brand.ReplyTo, Authority: authorityOf(v.site), PrivacyURL: v.site.PrivacyPolicyURL}
}

// stranger is a visit without a link.
func (p *Pages) stranger(c echo.Context) (visit, error) {
	v, err := p.visit(c, &look{})
	v.page.Public = true
	return v, err
}

// askRights takes a request. The answer is the same for everybody: a link goes to the address, and what it leads to is told
// there (compliance 67, 69).
func (p *Pages) askRights(c echo.Context) error {
	v, err := p.stranger(c)
	if err != nil {
		return err
	}
	form, err := posted(c)
	if err != nil {
		return err
	}
	if tag := form.Get(pages.FieldLocale); tag != "" {
		v.page.Locale = locale.Get(tag)
	}
	view := p.rightsView(v)
	view.Kind, view.Email, view.Message = form.Get("kind"), strings.TrimSpace(form.Get("email")), form.Get("message")
	if view.Errors = p.wrongRights(v, view); len(view.Errors) > 0 {
		return p.show(c, http.StatusUnprocessableEntity, pages.Rights(view))
	}
	sent := pages.RightsSent(pages.RightsSentView{Page: v.page})
	if form.Get(pages.FieldHoneypot) != "" {
		return p.show(c, http.StatusOK, sent)
	}
	if ip, err := netip.ParseAddr(c.RealIP()); p.Allow != nil && !p.Allow(c.Request().Context(), ip) {
		return errors.Join(err, problem.New(http.StatusTooManyRequests, "There were many requests from where you are. Try again in an hour."))
	}
	_, err = p.Rights.Receive(c.Request().Context(), audit.Actor{Kind: audit.KindRecipient}, rights.Input{
		Kind: rights.Kind(view.Kind), Email: view.Email, Detail: view.Message, Source: rights.SourcePage, Locale: v.page.Locale.Tag()})
	if err != nil && !errors.Is(err, rights.ErrMany) {
		return err
	}
	return p.show(c, http.StatusOK, sent)
}

func (p *Pages) wrongRights(v visit, view pages.RightsView) map[string]string {
	l, out := v.page.Locale, map[string]string{}
	if _, err := address.Parse(view.Email); err != nil {
		out["email"] = l.T("centre.wrong.email")
	}
	known := false
	for _, kind := range rights.Kinds {
		known = known || string(kind) == view.Kind
	}
	if !known {
		out["kind"] = l.T("centre.wrong.topic")
	}
	if len(view.Message) > 10000 {
		out["message"] = l.T("centre.wrong.long")
	}
	return out
}

// openRights checks the token of a link about a request.
func (p *Pages) openRights(c echo.Context) (visit, rights.Opened, error) {
	v, err := p.open(c, tokens.Rights)
	if err != nil {
		return v, rights.Opened{}, err
	}
	o, err := p.Rights.Open(c.Request().Context(), v.claims)
	if errors.Is(err, rights.ErrNotFound) {
		err = rights.ErrExpired // it lapsed, because nobody used the link in time
	}
	if err == nil && v.sub == nil && o.Locale != "" && c.QueryParam("lang") == "" {
		v.page.Locale = locale.Get(o.Locale)
	}
	return v, o, err
}

// requestPage asks to confirm a request or, once that is done, tells how it stands. Opening it changes nothing.
func (p *Pages) requestPage(c echo.Context) error {
	v, o, err := p.openRights(c)
	if err != nil {
		return err
	}
	if !o.Confirmable {
		return p.requestStatus(c, v, o)
	}
	view := pages.ConfirmView{Page: v.page, Action: c.Request().URL.Path, Email: o.Email, Kind: confirmKind(o.Kind), Until: o.Until}
	if change := o.Change; change != nil {
		l := v.page.Locale
		for _, f := range [][2]string{{"pages.form.first_name", change.FirstName}, {"pages.form.last_name", change.LastName}, {"centre.asked.new_email", pages.MaskAddress(change.Email)}} {
			if f[1] != "" && f[1] != pages.MaskAddress("") {
				view.Topics = append(view.Topics, pages.Topic{Name: l.T(f[0]), Description: f[1]})
			}
		}
	}
	return p.show(c, http.StatusOK, pages.Confirm(view))
}

func confirmKind(kind rights.Kind) pages.ConfirmKind {
	switch kind {
	case rights.Access, rights.Portability:
		return pages.ConfirmExport
	case rights.Erasure:
		return pages.ConfirmErasure
	}
	return pages.ConfirmRequest
}

// confirmRequest is the person's own click on the button.
func (p *Pages) confirmRequest(c echo.Context) error {
	v, o, err := p.openRights(c)
	if err != nil {
		return err
	}
	if !o.Confirmable {
		return p.requestStatus(c, v, o)
	}
	was := o.Email
	if o.Request, err = p.Rights.Confirm(c.Request().Context(), v.claims, preferences.Evidence{IP: c.RealIP(), Locale: v.page.Locale.Tag()}); err != nil {
		return err
	}
	if kind := confirmKind(o.Kind); kind != pages.ConfirmRequest || o.Status == rights.Open {
		view := pages.ConfirmedView{Page: v.page, Email: was, Kind: kind, Due: o.DueAt}
		if view.JSONURL, view.CSVURL = p.copies(c, o); view.JSONURL == "" && kind == pages.ConfirmExport {
			return p.requestStatus(c, v, o)
		}
		return p.show(c, http.StatusOK, pages.Confirmed(view))
	}
	return p.requestStatus(c, v, o)
}

// requestStatus tells how a request stands.
func (p *Pages) requestStatus(c echo.Context, v visit, o rights.Opened) error {
	view := pages.RightsStatusView{Page: v.page, Email: o.Email, Kind: string(o.Kind), Status: string(o.Status), Number: o.Number, Received: o.ReceivedAt, Extended: o.Extended, Answer: o.Answer, Authority: authorityOf(v.site)}
	if !o.Status.Closed() {
		view.Due = o.DueAt
	}
	view.JSONURL, view.CSVURL = p.copies(c, o)
	if o.Change != nil && o.Change.Email != "" && o.Status == rights.Done {
		sub, err := p.People.Subscriber(c.Request().Context(), p.DB, o.SubscriberID)
		if err != nil && !errors.Is(err, preferences.ErrSubscriberNotFound) {
			return err
		}
		if err == nil && !sub.UnverifiedSince.IsZero() {
			view.NewAddress = sub.Email
		}
	}
	entries, _, err := audit.List(c.Request().Context(), p.DB, audit.Filter{Object: audit.Object("data_request", o.ID)}, 50, "")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if key := "pages.rights.step." + strings.TrimPrefix(e.Action, "data_request."); v.page.Locale.Has(key) {
			view.Steps = append(view.Steps, pages.Change{At: e.At, What: v.page.Locale.T(key)})
		}
	}
	return p.show(c, http.StatusOK, pages.RightsStatus(view))
}

func (p *Pages) copies(c echo.Context, o rights.Opened) (json, csv string) {
	if !o.Downloadable(p.Now()) {
		return "", ""
	}
	path := "/d/" + c.Param("token")
	return path + "/data.json", path + "/data.zip"
}

// copyJSON and copyZip give the copy of one's data to who has the link that was mailed.
func (p *Pages) copyJSON(c echo.Context) error {
	data, err := p.copyOf(c)
	if err != nil {
		return err
	}
	p.download(c, "application/json", "data.json")
	return data.WriteJSON(c.Response())
}

func (p *Pages) copyZip(c echo.Context) error {
	data, err := p.copyOf(c)
	if err != nil {
		return err
	}
	p.download(c, "application/zip", "data.zip")
	return data.WriteZip(c.Response())
}

func (p *Pages) copyOf(c echo.Context) (*rights.Copy, error) {
	_, o, err := p.openRights(c)
	if err != nil {
		return nil, err
	}
	if !o.Downloadable(p.Now()) {
		return nil, rights.ErrExpired
	}
	return p.Rights.Copy(c.Request().Context(), o.Request)
}

func (p *Pages) download(c echo.Context, media, name string) {
	c.Response().Header().Set(echo.HeaderContentType, media)
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	c.Response().WriteHeader(http.StatusOK)
}
