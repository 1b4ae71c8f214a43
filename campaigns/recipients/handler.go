package recipients

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
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
	// Offset is told above every page when the clock is shifted.
	Offset time.Duration
}

// ErrLink is a token that is not ours, or was cut off on its way.
var ErrLink = problem.New(http.StatusNotFound, "The link is not valid. Copy it whole from the mail, or use the link of a newer mail.")

// Register adds the pages.
func (p *Pages) Register(e *echo.Echo) {
	g := e.Group("", web.Private, p.noIndex)
	g.GET("/u/:token", p.unsubscribePage)
	g.POST("/u/:token", p.unsubscribe)
	g.GET("/c/:token", p.confirmPage)
	g.POST("/c/:token", p.confirm)
	g.GET("/why/:token", p.why)
	g.GET("/v/:token", p.view)
	g.GET("/v/:token/mail", p.bareMail)
}

func (p *Pages) noIndex(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", pages.ContentPolicy)
		return next(c)
	}
}

// visit is one request with a good token.
type visit struct {
	claims tokens.Claims
	sub    *preferences.Subscriber // nil when the person was erased
	topic  *preferences.Topic      // nil when the mail had none
	page   pages.Page
}

// open checks the token of the path. Whatever is wrong with it, the answer is the same.
func (p *Pages) open(c echo.Context, purpose tokens.Purpose) (visit, error) {
	claims, err := p.Keys.Verify(purpose, c.Param("token"))
	if err != nil {
		return visit{}, ErrLink
	}
	ctx := c.Request().Context()
	v := visit{claims: claims}
	if v.sub, err = p.People.Subscriber(ctx, p.DB, claims.Subject); err != nil && !errors.Is(err, preferences.ErrSubscriberNotFound) {
		return v, err
	}
	if claims.Topic != "" {
		if v.topic, err = p.People.TopicByID(ctx, p.DB, claims.Topic); err != nil && !errors.Is(err, preferences.ErrTopicNotFound) {
			return v, err
		}
	}
	v.page, err = p.page(ctx, c, v.sub, v.topic)
	return v, err
}

// page is what all pages share: the reader's language, and the brand that wrote to them.
func (p *Pages) page(ctx context.Context, c echo.Context, sub *preferences.Subscriber, topic *preferences.Topic) (pages.Page, error) {
	l := locale.Accept(c.Request().Header.Get("Accept-Language"))
	out := pages.Page{Locale: l}
	if sub != nil {
		out.Zone = sub.Timezone
		if sub.Locale != "" {
			out.Locale = locale.Get(sub.Locale)
		}
	}
	if want := c.QueryParam("lang"); want != "" {
		out.Locale = locale.Get(want)
	}
	key := ""
	if topic != nil {
		key = topic.Brand
	}
	brand, err := brands.Get(ctx, p.DB, key)
	if err != nil {
		return out, err
	}
	site, err := p.People.Site.Get(ctx)
	if err != nil {
		return out, err
	}
	out.Brand = pages.Brand{Name: brand.Name, LogoURL: brand.LogoURL, Color: brand.Color, PostalAddress: brand.PostalAddress, PrivacyURL: site.PrivacyPolicyURL}
	if p.Offset != 0 {
		out.Notice = "ASSENT_TIME_OFFSET " + p.Offset.String()
	}
	return out, nil
}

func (p *Pages) show(c echo.Context, status int, page templ.Component) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	return page.Render(c.Request().Context(), c.Response())
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

// recipient is who acts through a link.
func recipient(c echo.Context, subscriberID string) audit.Actor {
	return audit.Actor{Kind: audit.KindRecipient, ID: subscriberID, IP: c.RealIP()}
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
