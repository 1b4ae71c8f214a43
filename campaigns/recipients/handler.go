package recipients

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/gather"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
	"assent/preferences/web"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Pages serves recipients.
type Pages struct {
	DB        *sqldb.DB
	Now       func() time.Time
	Keys      *tokens.Keyring
	People    *preferences.Service
	Campaigns *campaigns.Service
	Links     preferences.Links
	Rights    *rights.Service
	// Allow counts a request on the public page and tells whether there were not too many from there. It may be nil.
	Allow func(ctx context.Context, ip netip.Addr) bool
	// Offset is told above every page when the clock is shifted.
	Offset time.Duration
	Log    *slog.Logger // may be nil

	looks gather.Group[*look]
}

// ErrLink is a token that is not ours, or was cut off on its way.
var ErrLink = problem.New(http.StatusNotFound, "The link is not valid. Copy it whole from the mail, or use the link of a newer mail.")

// Register adds the pages.
func (p *Pages) Register(e *echo.Echo) {
	with := []echo.MiddlewareFunc{web.Private, p.policy, middleware.BodyLimit(maxForm)}
	e.GET("/u/:token", p.unsubscribePage, with...)
	e.POST("/u/:token", p.unsubscribe, with...)
	e.GET("/p/:token", p.centrePage, with...)
	e.POST("/p/:token", p.save, with...)
	e.GET("/p/:token/receipts", p.receiptsPage, with...)
	e.GET("/p/:token/receipts.json", p.receipts, with...)
	e.GET("/c/:token", p.confirmPage, with...)
	e.POST("/c/:token", p.confirm, with...)
	e.GET("/d/:token", p.requestPage, with...)
	e.POST("/d/:token", p.confirmRequest, with...)
	e.GET("/d/:token/data.json", p.copyJSON, with...)
	e.GET("/d/:token/data.zip", p.copyZip, with...)
	e.GET("/rights", p.rightsPage, p.policy)
	e.POST("/rights", p.askRights, with...)
	e.GET("/why/:token", p.why, with...)
	e.GET("/v/:token", p.view, with...)
	e.GET("/k/:token", p.click, with...)
	e.GET("/v/:token/mail", p.bareMail, with...)
}

// maxForm bounds what a form of these pages may send.
const maxForm = "64K"

// posted is the form in the body, urlencoded or multipart (RFC 8058 §3.1). What stands in the query is none of it: the token
// alone says whom and what it is about (compliance 58).
func posted(c echo.Context) (url.Values, error) {
	r := c.Request()
	if err := r.ParseMultipartForm(maxMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, problem.Malformed("The form could not be read. Nothing was changed.")
	}
	return r.PostForm, nil
}

const maxMemory = 64 << 10

func (p *Pages) policy(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", pages.ContentPolicy)
		return next(c)
	}
}

// visit is one request with a good token.
type visit struct {
	*look
	page pages.Page
	site preferences.SiteSettings
	zone *time.Location
}

// open checks the token of the path. Whatever is wrong with it, the answer is the same.
func (p *Pages) open(c echo.Context, purpose tokens.Purpose) (visit, error) {
	return p.enter(c, purpose, false)
}

func (p *Pages) enter(c echo.Context, purpose tokens.Purpose, standing bool) (visit, error) {
	claims, err := p.Keys.Verify(purpose, c.Param("token"))
	if err != nil {
		return visit{}, ErrLink
	}
	return p.visit(c, &look{claims: claims, standing: standing})
}

func (p *Pages) visit(c echo.Context, l *look) (v visit, err error) {
	ctx := c.Request().Context()
	if err := p.looks.Do(ctx, l, lookMost, p.lookAt); err != nil {
		return v, err
	}
	v.look = l
	return v, p.dress(ctx, c, &v)
}

// dress adds what all pages share: the reader's language and zone, and the face of the brand that wrote to them.
func (p *Pages) dress(ctx context.Context, c echo.Context, v *visit) (err error) {
	l := locale.Accept(c.Request().Header.Get("Accept-Language"))
	if v.sub != nil && v.sub.Locale != "" {
		l = locale.Get(v.sub.Locale)
	}
	if want := c.QueryParam("lang"); want != "" {
		l = locale.Get(want)
	}
	if v.site, err = p.People.Site.Get(ctx); err != nil {
		return err
	}
	sub := v.sub
	if sub == nil {
		sub = &preferences.Subscriber{}
	}
	v.zone = v.site.Zone(sub)
	v.page = pages.Page{Locale: l, Zone: v.zone.String(), Brand: pages.Brand{
		Name: v.brand.Name, LogoURL: v.brand.LogoURL, Color: v.brand.Color, PostalAddress: v.brand.PostalAddress, PrivacyURL: v.site.PrivacyPolicyURL, RightsURL: "/rights",
	}}
	for _, tag := range locale.Languages() {
		v.page.Languages = append(v.page.Languages, pages.Language{Tag: tag, URL: "?lang=" + tag, Current: tag == l.Language()})
	}
	if p.Offset != 0 {
		v.page.Notice = "ASSENT_TIME_OFFSET " + p.Offset.String()
	}
	return nil
}

func (p *Pages) show(c echo.Context, status int, page templ.Component) error {
	text := templ.GetBuffer()
	defer templ.ReleaseBuffer(text)
	if err := page.Render(c.Request().Context(), text); err != nil {
		return err
	}
	return c.HTMLBlob(status, text.Bytes())
}

func (v visit) email() string {
	if v.sub == nil {
		return ""
	}
	return v.sub.Email
}

func (v visit) topicView() pages.Topic {
	if v.topic == nil {
		return pages.Topic{}
	}
	tags := []string{v.page.Locale.Tag(), v.page.Locale.Language()}
	return pages.Topic{Key: v.topic.Key, Name: v.topic.Name(tags...), Description: v.topic.Description(tags...)}
}

// recipientOf is who acts through a link.
func recipientOf(v visit, e preferences.Evidence) audit.Actor {
	return audit.Actor{Kind: audit.KindRecipient, ID: v.sub.ID, IP: e.IP}
}

// evidence is what is known of a choice that was made on a page.
func (p *Pages) evidence(c echo.Context, source string, claims tokens.Claims, l *locale.Locale) preferences.Evidence {
	agent := c.Request().UserAgent()
	if len(agent) > 512 {
		agent = agent[:512]
	}
	return preferences.Evidence{Source: source, IP: c.RealIP(), UserAgent: agent, Locale: l.Tag(), Reference: claims.Source}
}

// inFlight tells, in a header, how many mails were already being handed over.
func inFlight(c echo.Context, n int) { c.Response().Header().Set("Assent-In-Flight", strconv.Itoa(n)) }
