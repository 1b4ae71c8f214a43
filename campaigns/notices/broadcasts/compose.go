package broadcasts

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/text/language"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Kind is that of the messages of broadcasts.
const Kind = "broadcast"

// texts is what a broadcast can say in which language.
type texts struct {
	own    []string    // languages of what its author wrote, the first one for everybody else; empty: not told
	policy names.Texts // the bodies of the policy's version
	names  names.Texts
	site   string
}

func (s *Service) texts(ctx context.Context, q sqldb.Querier, b *Broadcast) (t texts, err error) {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return t, err
	}
	t.site = site.DefaultLocale
	if b.Locale != "" {
		t.own = append(t.own, b.Locale)
		for tag := range b.Translations {
			t.own = append(t.own, tag)
		}
	}
	if b.Policy.Slug == "" {
		return t, nil
	}
	v, err := s.version(ctx, q, b)
	if err != nil {
		return t, fmt.Errorf("broadcasts: policy of %s: %w", b.ID, err)
	}
	t.policy = v.Bodies
	var stored string
	if err := q.QueryRowContext(ctx, "SELECT names FROM policies WHERE slug = $1", b.Policy.Slug).Scan(&stored); err != nil {
		return t, fmt.Errorf("broadcasts: policy of %s: %w", b.ID, err)
	}
	t.names, err = names.Read(stored)
	return t, err
}

// language is the one in which somebody who prefers tag reads the mail.
func (t texts) language(tag string) string {
	if tag == "" {
		tag = t.site
	}
	switch {
	case len(t.own) > 0:
		return choose(t.own, tag, t.site)
	case len(t.policy) > 0:
		return choose(t.policy.Languages(), tag, t.site)
	}
	return locale.Get(tag).Language()
}

// body is the language of the policy for somebody who prefers tag.
func (t texts) body(tag string) string {
	if tag == "" {
		tag = t.site
	}
	return choose(t.policy.Languages(), tag, t.site)
}

// choose is the language that suits the first of the wanted ones that any suits; else the first.
func choose(have []string, wanted ...string) string {
	if len(have) == 0 {
		return ""
	}
	tags := make([]language.Tag, len(have))
	for i, tag := range have {
		tags[i] = language.Make(tag)
	}
	matcher := language.NewMatcher(tags)
	for _, w := range wanted {
		if _, i, confidence := matcher.Match(language.Make(w)); confidence > language.No {
			return have[i]
		}
	}
	return have[0]
}

// base is a language without its region.
func base(tag string) string {
	b, _ := language.Make(tag).Base()
	return b.String()
}

// Composer writes the mails of broadcasts; its zero value with a Service is ready. What all readers of one language share is
// built once.
type Composer struct {
	*Service
	// Why is the link to the page that tells why a message came. It may be nil: then there is none.
	Why func(m *outbox.Message) string

	mu    sync.Mutex
	ready map[string]*page
}

// page is a broadcast in one language.
type page struct {
	brand    brands.Brand
	locale   *locale.Locale
	compiled *content.Compiled
	personal bool
	until    time.Time
}

// Bounds of how many pages are kept, and for how long: their brand may change.
const (
	maxReady  = 64
	readyTime = 30 * time.Second
)

// Compose is the composer of the outbox for messages of [Kind].
func (c *Composer) Compose(ctx context.Context, m *outbox.Message) (outbox.Rendered, error) {
	key := m.BroadcastID + " " + m.Locale
	c.mu.Lock()
	p := c.ready[key]
	c.mu.Unlock()
	if p == nil || time.Now().After(p.until) {
		b, err := c.Get(ctx, c.DB, m.BroadcastID)
		if err != nil {
			return outbox.Rendered{}, err
		}
		why := ""
		if c.Why != nil {
			why = "{{ why_url }}"
		}
		if p, err = c.page(ctx, b, m.Locale, why); err != nil {
			return outbox.Rendered{}, err
		}
		p.until = time.Now().Add(readyTime)
		c.mu.Lock()
		if c.ready == nil || len(c.ready) >= maxReady {
			c.ready = map[string]*page{}
		}
		c.ready[key] = p
		c.mu.Unlock()
	}
	person := content.Person{FirstName: m.Name, Locale: p.locale.Tag()}
	if p.personal && m.SubscriberID != "" {
		sub, err := c.People.Subscriber(ctx, c.DB, m.SubscriberID)
		if err != nil {
			return outbox.Rendered{}, err
		}
		person = personOf(sub, p.locale)
	}
	if c.Why != nil {
		person.WhyURL = c.Why(m)
	}
	return p.render(&person), nil
}

func personOf(sub *preferences.Subscriber, l *locale.Locale) content.Person {
	return content.Person{FirstName: sub.FirstName, LastName: sub.LastName, Company: sub.Company, Country: sub.Country, Locale: l.Tag()}
}

func (p *page) render(person *content.Person) outbox.Rendered {
	out := outbox.Rendered{Brand: p.brand, Locale: p.locale}
	out.Subject, out.HTML, out.Text = p.compiled.Render(person)
	return out
}

// page builds a broadcast for people who prefer a language. why is the link to the page that tells why it came, as a merge
// field; it may be empty.
func (s *Service) page(ctx context.Context, b *Broadcast, tag, why string) (*page, error) {
	t, err := s.texts(ctx, s.DB, b)
	if err != nil {
		return nil, err
	}
	p := &page{}
	if p.brand, err = brands.Get(ctx, s.DB, b.Brand); err != nil {
		return nil, fmt.Errorf("broadcasts: brand of %s: %w", b.ID, err)
	}
	reads := t.language(tag)
	p.locale = locale.Get(reads)
	text := b.Text
	if translated, ok := b.Translations[reads]; ok {
		text = translated
	}
	blocks, err := content.Parse(text.Blocks)
	if err != nil {
		return nil, fmt.Errorf("broadcasts: content of %s: %w", b.ID, err)
	}
	setting := content.Setting{Locale: p.locale, Brand: outbox.MailBrand(p.brand), Footer: mail.Footer{Class: mail.Notice, Obligation: b.Obligation, WhyURL: why}}
	if b.Policy.Slug != "" {
		if setting.Tail, err = s.fullText(ctx, b, t, p, tag); err != nil {
			return nil, err
		}
	}
	c := content.Content{Subject: text.Subject, Blocks: blocks}
	p.personal = len(c.Fields()) > 0
	if p.compiled, err = content.Compile(c, setting); err != nil {
		return nil, fmt.Errorf("broadcasts: content of %s: %w", b.ID, err)
	}
	return p, nil
}

// fullText is the policy's text, whole: a link to it is no durable medium (C-49/11).
func (s *Service) fullText(ctx context.Context, b *Broadcast, t texts, p *page, tag string) ([]mail.Block, error) {
	reads := t.body(tag)
	nodes, err := content.Markdown(t.policy[reads])
	if err != nil {
		return nil, fmt.Errorf("broadcasts: text of the policy of %s: %w", b.ID, err)
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return nil, err
	}
	l := p.locale
	kind := "mail.policy.terms."
	if b.Obligation == "privacy_change" {
		kind = "mail.policy.privacy."
	}
	var out []mail.Block
	if b.Obligation == "privacy_change" || b.Obligation == "terms_change" {
		day := l.Date(b.EffectiveAt.In(locale.Zone(site.DefaultTimezone)))
		out = append(out, mail.Prose(l.T(kind+"intro_from", "brand", p.brand.Name, "date", day)))
	}
	return append(out,
		mail.Prose(l.T("mail.policy.silence")),
		mail.Button{Label: l.T("mail.policy.button"), URL: s.Base + "/policies/" + b.Policy.Slug + "/" + b.Policy.Version},
		mail.Divider{},
		mail.Heading{Text: t.names.In(reads) + ", " + b.Policy.Version, Level: 2},
		mail.Text{Nodes: nodes},
	), nil
}

// Preview is a broadcast as people who prefer a language will read it.
func (s *Service) Preview(ctx context.Context, b *Broadcast, tag string) (outbox.Rendered, error) {
	if tag != "" && !isTag(tag) {
		return outbox.Rendered{}, problem.Invalid("locale", "must be a language such as en or nl-BE")
	}
	p, err := s.page(ctx, b, tag, "")
	if err != nil {
		return outbox.Rendered{}, err
	}
	return p.render(&content.Person{FirstName: "Anna", LastName: "Berg", Locale: p.locale.Tag()}), nil
}
