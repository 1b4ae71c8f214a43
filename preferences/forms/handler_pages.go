package forms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Pages serves forms to the public.
type Pages struct {
	Store *Store
	// Frame is what stands around a form: the brand of that key and the line of a shifted clock.
	Frame func(ctx context.Context, l *locale.Locale, brand string) (pages.Page, error)
	Base  string // public address, without a slash at the end
	// Wait is how long every answer to a form takes, so that its time tells nothing (compliance 67). Zero stands for [Wait].
	Wait time.Duration
}

// Wait is long enough for the work on one sign-up, so that it is mostly done when the answer comes, and no person notices.
const Wait = 60 * time.Millisecond

// maxForm bounds what a form may send.
const maxForm = 256 << 10

// ErrClosed is a form that is archived.
var ErrClosed = problem.New(http.StatusGone, "This form is closed.")

// Register adds the pages.
func (p *Pages) Register(e *echo.Echo) {
	e.GET("/subscribe/:form", p.show)
	e.POST("/subscribe/:form", p.send)
	e.GET("/subscribe/:form/embed", p.show)
	e.POST("/subscribe/:form/embed", p.send)
	e.GET("/subscribe/:form/snippet", p.snippet)
}

// visit is one request to a form.
type visit struct {
	form   *Form
	view   pages.SubscribeView
	words  Wording
	framed bool
}

// open prepares the form in the language of the reader.
func (p *Pages) open(c echo.Context, lang string) (v visit, err error) {
	ctx := c.Request().Context()
	if v.form, err = p.Store.Get(ctx, p.Store.DB, c.Param("form")); err != nil {
		return v, err
	}
	if v.form.ArchivedAt != nil {
		return v, ErrClosed
	}
	if lang == "" {
		lang = c.QueryParam("lang")
	}
	if lang == "" {
		lang = locale.Accept(c.Request().Header.Get("Accept-Language")).Tag()
	}
	l := v.form.locale(lang)
	frame, err := p.Frame(ctx, l, v.form.Brand)
	if err != nil {
		return v, err
	}
	frame.Locale, frame.Public = l, true
	for _, tag := range locale.Languages() {
		frame.Languages = append(frame.Languages, pages.Language{Tag: tag, URL: "?lang=" + tag, Current: tag == l.Language()})
	}
	v.framed = strings.HasSuffix(c.Path(), "/embed")
	v.view = pages.SubscribeView{
		Page: frame, Action: c.Request().URL.Path, Kind: pages.FormKind(v.form.Kind), Title: v.form.Names.In(l.Tag()), Intro: v.form.Intros.In(l.Tag()),
		Values: map[string]string{}, Errors: map[string]string{}, AskNames: v.form.AskNames, Fields: v.form.own(l), MinimumAge: v.form.MinimumAge(),
	}
	if v.form.Kind == KindDownload {
		v.view.Document = v.view.Title
	}
	if v.view.Consents, err = p.Store.boxes(ctx, p.Store.DB, v.form, l, frame.Brand.Name); err != nil {
		return v, err
	}
	v.words = wording(l, v.view.Consents)
	v.view.Wording = v.words.Version
	return v, p.Store.keep(ctx, v.form, v.words)
}

// locale is the language of ours or of the form's names that suits wanted best: a bounded number, whatever is asked for.
func (f *Form) locale(wanted string) *locale.Locale {
	have := names.Texts{}
	for _, tag := range append(locale.Languages(), f.Names.Languages()...) {
		have[tag] = tag
	}
	return locale.Get(have.In(wanted))
}

func (v visit) policy(c echo.Context) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", pages.ContentPolicy)
	h.Set("Cache-Control", "no-store")
	if v.framed {
		h.Set("Content-Security-Policy", strings.Replace(pages.ContentPolicy, "frame-ancestors 'none'", v.form.Ancestors(), 1))
		h.Del("X-Frame-Options") // it knows no list of sites; frame-ancestors takes its place
	}
}

func (v visit) write(c echo.Context, status int, whole, framed templ.Component) error {
	v.policy(c)
	page := whole
	if v.framed {
		page = framed
	}
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	return page.Render(c.Request().Context(), c.Response())
}

func (v visit) again(c echo.Context, status int) error {
	return v.write(c, status, pages.Subscribe(v.view), pages.Embed(v.view))
}

func (v visit) thanks(c echo.Context) error {
	view := pages.ThanksView{Page: v.view.Page, Kind: v.view.Kind, BackURL: v.form.BackURL}
	view.Languages = nil
	return v.write(c, http.StatusOK, pages.Thanks(view), pages.EmbedThanks(view))
}

func (p *Pages) show(c echo.Context) error {
	v, err := p.open(c, "")
	if err != nil {
		return err
	}
	return v.again(c, http.StatusOK)
}

// send takes a form. Whoever sends it, the answer and its time are the same: the address is looked at only afterwards.
func (p *Pages) send(c echo.Context) error {
	ctx := c.Request().Context()
	values, err := body(c)
	if err != nil {
		return err
	}
	answerAt := time.Now().Add(p.wait())
	v, err := p.open(c, values.Get(pages.FieldLocale))
	if err != nil {
		return err
	}
	in, wrong := v.form.read(values, v.view.Locale)
	if len(wrong) > 0 {
		v.fill(values, wrong)
		return v.again(c, http.StatusUnprocessableEntity)
	}
	if v.form.Kind == KindNewsletter && len(values["topics"]) == 0 {
		v.fill(values, map[string]string{"topics": v.view.Locale.T("pages.subscribe.choose_one")})
		return v.again(c, http.StatusOK)
	}
	if values.Get(pages.FieldHoneypot) == "" {
		if err := p.take(c, v, in, values); err != nil {
			return err
		}
	}
	select {
	case <-time.After(time.Until(answerAt)):
	case <-ctx.Done():
	}
	return v.thanks(c)
}

func (p *Pages) wait() time.Duration {
	if p.Wait > 0 {
		return p.Wait
	}
	return Wait
}

// take stores what was sent, if where it came from has not sent too much, and lets it be worked off.
func (p *Pages) take(c echo.Context, v visit, in Submission, values url.Values) error {
	ctx := c.Request().Context()
	in.IP, in.Locale, in.Wording, in.URL = c.RealIP(), v.view.Locale.Tag(), v.words.Version, p.from(c, v)
	if agent := c.Request().UserAgent(); len(agent) > 512 {
		in.UserAgent = strings.ToValidUTF8(agent[:512], "")
	} else {
		in.UserAgent = strings.ToValidUTF8(agent, "")
	}
	if shown := values.Get(pages.FieldWording); shown != in.Wording && len(shown) < 64 {
		w, ok, err := p.Store.Wording(ctx, p.Store.DB, v.form.ID, shown)
		if err != nil {
			return err
		}
		if ok { // the form was changed after it was shown, or stands on another site
			in.Wording = w.Version
		}
	}
	if p.Store.Limits != nil {
		site, err := p.Store.People.Site.Get(ctx)
		if err != nil {
			return err
		}
		ip, _ := netip.ParseAddr(in.IP)
		ok, err := p.Store.Limits.Source(ctx, ip, site.SignupsPerIPHour, site.SignupsPerHour)
		if err != nil || !ok {
			return err
		}
	}
	if err := p.Store.take(ctx, v.form, in); err != nil {
		return err
	}
	p.Store.Kick()
	return nil
}

// from is the page that the form stood on: ours, or the one on another site that its browser names.
func (p *Pages) from(c echo.Context, v visit) string {
	if at, err := url.Parse(c.Request().Referer()); err == nil && isHTTP(at.String()) && !v.framed {
		return at.Scheme + "://" + at.Host + at.Path // a query may hold what is nobody's business
	}
	return p.Base + c.Request().URL.Path
}

// body reads the fields of a form, urlencoded or multipart, and none of the query.
func body(c echo.Context) (url.Values, error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(maxForm)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, err
	case err == nil:
		return url.Values(r.MultipartForm.Value), nil
	case errors.Is(err, http.ErrNotMultipart):
		return r.PostForm, nil
	}
	return nil, problem.Malformed("The form could not be read.")
}

// fill shows again what was typed, with what is wrong.
func (v *visit) fill(values url.Values, wrong map[string]string) {
	v.view.Errors = wrong
	for _, field := range []string{"email", "first_name", "last_name", pages.FieldOfAge} {
		v.view.Values[field] = strings.ToValidUTF8(values.Get(field), "")
	}
	for _, f := range v.view.Fields {
		v.view.Values[f.Name] = strings.ToValidUTF8(values.Get(f.Name), "")
	}
	for i := range v.view.Consents {
		v.view.Consents[i].Ticked = slices.Contains(values["topics"], v.view.Consents[i].Topic)
	}
}

// snippet shows what to copy to put the form on another site.
func (p *Pages) snippet(c echo.Context) error {
	v, err := p.open(c, "")
	if err != nil {
		return err
	}
	at := p.Base + "/subscribe/" + v.form.Key
	plain := v.view
	plain.Action = at
	if strings.HasPrefix(plain.Brand.PrivacyURL, "/") {
		plain.Brand.PrivacyURL = p.Base + plain.Brand.PrivacyURL
	}
	var form bytes.Buffer
	if err := pages.PlainForm(plain).Render(c.Request().Context(), &form); err != nil {
		return fmt.Errorf("forms: snippet: %w", err)
	}
	view := pages.SnippetView{Page: v.view.Page, Name: v.view.Title, Origins: v.form.Embed, Plain: tidy(form.String()),
		Frame: fmt.Sprintf(`<iframe src="%s/embed?lang=%s" title="%s" width="100%%" height="640" style="border:0" referrerpolicy="no-referrer"></iframe>`, at, v.view.Locale.Tag(), html.EscapeString(v.view.Title))}
	view.Public = false
	return v.write(c, http.StatusOK, pages.Snippet(view), pages.Snippet(view))
}

// tidy puts each field on a line of its own.
func tidy(markup string) string {
	for _, tag := range []string{"<p", "<input type=\"hidden\"", "</form>", "<fieldset"} {
		markup = strings.ReplaceAll(markup, tag, "\n"+tag)
	}
	return strings.TrimSpace(markup)
}
