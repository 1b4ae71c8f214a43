package policies

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns/prose"
	"assent/preferences/names"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Frame makes what all public pages share, in the language of the reader.
type Frame func(c echo.Context, l *locale.Locale) (pages.Page, error)

// RegisterPages adds the public pages under /policies.
func (s *Store) RegisterPages(e *echo.Echo, frame Frame) {
	h := &pageHandler{store: s, frame: frame, compared: map[string]Comparison{}}
	for path, handle := range map[string]echo.HandlerFunc{
		"/policies/:slug": h.current, "/policies/:slug/:version": h.version, "/policies/:slug/" + changesPath: h.changes,
	} {
		e.GET(path, handle)
	}
}

type pageHandler struct {
	store *Store
	frame Frame

	mu       sync.Mutex
	compared map[string]Comparison // by the states of the two versions and the language
}

// policy is the one that the address names, without what is only drafted.
func (h *pageHandler) policy(c echo.Context) (Policy, error) {
	p, err := h.store.Get(c.Request().Context(), h.store.DB, c.Param("slug"))
	return p.Public(), err
}

func (h *pageHandler) current(c echo.Context) error {
	p, err := h.policy(c)
	if err != nil {
		return err
	}
	if p.Current == "" {
		texts := p.Names
		l := locale.Get(h.language(c, texts))
		page, err := h.page(c, l, texts)
		if err != nil {
			return err
		}
		return h.show(c, pages.Policy(pages.PolicyView{Page: page, Title: p.Names.In(l.Tag()), Archive: h.archive(p, "", l.Tag()), ChangesURL: compareURL(p, l.Tag())}))
	}
	return h.showVersion(c, p, p.Current)
}

func (h *pageHandler) version(c echo.Context) error {
	p, err := h.policy(c)
	if err != nil {
		return err
	}
	return h.showVersion(c, p, c.Param("version"))
}

func (h *pageHandler) showVersion(c echo.Context, p Policy, version string) error {
	v, err := h.store.Version(c.Request().Context(), h.store.DB, p, version)
	if err != nil {
		return err
	}
	lang := h.language(c, v.Bodies)
	body, err := prose.HTML(v.Bodies[lang])
	if err != nil {
		return err
	}
	page, err := h.page(c, locale.Get(lang), v.Bodies)
	if err != nil {
		return err
	}
	view := pages.PolicyView{
		Page: page, Title: p.Names.In(lang), Version: line(p, v, lang), Body: body, BodyLang: lang,
		Archive: h.archive(p, v.Version, lang), ChangesURL: compareURL(p, lang),
	}
	if p.Current != "" && v.Version != p.Current {
		view.CurrentURL = address(p.Slug, "", url.Values{"lang": {lang}})
	}
	return h.show(c, pages.Policy(view))
}

// changes compares the versions from and to; without them, the current one with the one before it.
func (h *pageHandler) changes(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := h.policy(c)
	if err != nil {
		return err
	}
	from, to := c.QueryParam("from"), c.QueryParam("to")
	if to == "" {
		to = p.Current
	}
	if from == "" {
		from = before(p, to)
	}
	older, err := h.store.Version(ctx, h.store.DB, p, from)
	if err != nil {
		return err
	}
	newer, err := h.store.Version(ctx, h.store.DB, p, to)
	if err != nil {
		return err
	}
	both := names.Texts{}
	for tag, text := range newer.Bodies {
		if _, ok := older.Bodies[tag]; ok {
			both[tag] = text
		}
	}
	if len(both) == 0 { // no language in common: what can be shown is in the newer one's
		both = newer.Bodies
	}
	lang := h.language(c, both)
	compared := h.compare(older, newer, older.Bodies.Language(lang), lang)
	page, err := h.page(c, locale.Get(lang), both)
	if err != nil {
		return err
	}
	view := pages.PolicyChangesView{
		Page: page, Title: p.Names.In(lang), URL: address(p.Slug, "", url.Values{"lang": {lang}}), Action: address(p.Slug, changesPath, nil),
		From: line(p, older, lang), To: line(p, newer, lang), Versions: h.archive(p, "", lang), BodyLang: lang,
		Added: compared.Added, Removed: compared.Removed, Paragraphs: make([]pages.PolicyParagraph, len(compared.Paragraphs)),
	}
	for i, paragraph := range compared.Paragraphs {
		out := pages.PolicyParagraph{Kind: paragraph.Kind}
		for _, s := range paragraph.Spans {
			out.Spans = append(out.Spans, pages.PolicySpan{Op: map[Op]string{Added: "added", Removed: "removed"}[s.Op], Text: s.Text})
		}
		view.Paragraphs[i] = out
	}
	return h.show(c, pages.PolicyChanges(view))
}

// maxCompared bounds the comparisons that are remembered.
const maxCompared = 64

// compare makes one comparison at a time and remembers it, because anybody may ask for them.
func (h *pageHandler) compare(older, newer Version, olderLang, newerLang string) Comparison {
	key := fmt.Sprintf("%s@%d/%s@%d/%s", older.id, older.UpdatedAt.UnixMicro(), newer.id, newer.UpdatedAt.UnixMicro(), newerLang)
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, ok := h.compared[key]; ok {
		return known
	}
	if len(h.compared) >= maxCompared {
		clear(h.compared)
	}
	h.compared[key] = Compare(older.Bodies[olderLang], newer.Bodies[newerLang])
	return h.compared[key]
}

// language is the one of the texts that the reader chose, or whose browser asks for it.
func (h *pageHandler) language(c echo.Context, texts names.Texts) string {
	c.Response().Header().Add(echo.HeaderVary, "Accept-Language")
	if chosen := c.QueryParam("lang"); chosen != "" {
		return texts.Language(chosen)
	}
	return texts.Accept(c.Request().Header.Get("Accept-Language"))
}

func (h *pageHandler) page(c echo.Context, l *locale.Locale, texts names.Texts) (pages.Page, error) {
	page, err := h.frame(c, l)
	page.Locale, page.Public, page.Languages = l, true, nil
	for _, tag := range texts.Languages() {
		q := url.Values{"lang": {tag}}
		for _, name := range []string{"from", "to"} {
			if v := c.QueryParam(name); v != "" {
				q.Set(name, v)
			}
		}
		page.Languages = append(page.Languages, pages.Language{Tag: tag, URL: c.Request().URL.Path + "?" + q.Encode(), Current: locale.Get(tag).Tag() == l.Tag()})
	}
	return page, err
}

func (h *pageHandler) show(c echo.Context, component templ.Component) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	c.Response().WriteHeader(http.StatusOK)
	return component.Render(c.Request().Context(), c.Response())
}

func (h *pageHandler) archive(p Policy, here, lang string) []pages.PolicyVersion {
	list := make([]pages.PolicyVersion, len(p.Versions))
	for i, v := range p.Versions {
		list[i] = line(p, v, lang)
		list[i].Here = v.Version == here
	}
	return list
}

func line(p Policy, v Version, lang string) pages.PolicyVersion {
	out := pages.PolicyVersion{Version: v.Version, URL: address(p.Slug, v.Version, url.Values{"lang": {lang}}), Status: string(v.Status), At: moment(v), AffectsRights: v.AffectsRights}
	if from := before(p, v.Version); from != "" {
		out.ChangesURL = address(p.Slug, changesPath, url.Values{"from": {from}, "to": {v.Version}, "lang": {lang}})
	}
	return out
}

// before is the version that came before another, or empty.
func before(p Policy, version string) string {
	for i, v := range p.Versions {
		if v.Version == version && i+1 < len(p.Versions) {
			return p.Versions[i+1].Version
		}
	}
	return ""
}

func compareURL(p Policy, lang string) string {
	if len(p.Versions) < 2 {
		return ""
	}
	return address(p.Slug, changesPath, url.Values{"from": {p.Versions[1].Version}, "to": {p.Versions[0].Version}, "lang": {lang}})
}

func address(slug, below string, q url.Values) string {
	path := "/policies/" + slug
	if below != "" {
		path += "/" + below
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}
