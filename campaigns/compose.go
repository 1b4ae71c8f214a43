package campaigns

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Mailing is a campaign ready to be filled in for people of one language.
type Mailing struct {
	Campaign *Campaign
	Topic    *preferences.Topic
	Brand    brands.Brand
	Locale   *locale.Locale
	Content  *content.Compiled
}

// Compose renders a campaign once for everybody who reads this language.
func (s *Service) Compose(ctx context.Context, q sqldb.Querier, c *Campaign, tag string) (*Mailing, error) {
	return s.compose(ctx, q, c, tag, nil)
}

// ComposeFor renders the text that somebody gets whose mail was claimed, for everybody who gets the same.
func (s *Service) ComposeFor(ctx context.Context, q sqldb.Querier, c *Campaign, tag string, variant int, tracked bool) (*Mailing, error) {
	c = c.As(variant)
	if !tracked {
		return s.compose(ctx, q, c, tag, nil)
	}
	links, err := s.links(ctx, q, c.ID)
	if err != nil {
		return nil, err
	}
	return s.compose(ctx, q, c, tag, func(url string) (id string, ok bool) {
		id, ok = links[url]
		return id, ok
	})
}

func (s *Service) compose(ctx context.Context, q sqldb.Querier, c *Campaign, tag string, track func(string) (string, bool)) (*Mailing, error) {
	blocks, err := content.Parse(c.Blocks)
	if err != nil {
		return nil, fmt.Errorf("campaigns: content of %s: %w", c.ID, err)
	}
	topic, err := s.People.TopicByID(ctx, q, c.TopicID)
	if err != nil {
		return nil, err
	}
	brand, err := s.brand(ctx, q, c)
	if err != nil {
		return nil, err
	}
	l := locale.Get(tag)
	footer := mail.Footer{Class: mail.Marketing, Topic: topic.Name(l.Tag(), l.Language()), Basis: topic.Basis}
	if topic.Class == "research" {
		footer.Class = mail.Research
	}
	if topic.Partner != "" {
		if err := q.QueryRowContext(ctx, "SELECT name FROM partners WHERE key = $1", topic.Partner).Scan(&footer.Partner); err != nil {
			return nil, fmt.Errorf("campaigns: partner of %s: %w", topic.Key, err)
		}
	}
	setting := content.Setting{Locale: l, Brand: outbox.MailBrand(brand), Footer: footer, Track: track}
	if s.Event != nil {
		setting.Event = s.Event(l)
	}
	compiled, err := content.Compile(content.Content{Subject: c.Subject, Preheader: c.Preheader, Blocks: blocks}, setting)
	if err != nil {
		return nil, fmt.Errorf("campaigns: content of %s: %w", c.ID, err)
	}
	return &Mailing{Campaign: c, Topic: topic, Brand: brand, Locale: l, Content: compiled}, nil
}

// LocaleOf is the language in which a person reads, or the site's.
func (s *Service) LocaleOf(ctx context.Context, sub *preferences.Subscriber) string {
	if sub.Locale != "" {
		return sub.Locale
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil || site.DefaultLocale == "" {
		return "en"
	}
	return site.DefaultLocale
}

// Fill is what a mail of this mailing says to one person.
func (m *Mailing) Fill(sub *preferences.Subscriber, links preferences.MailLinks) content.Person {
	return content.Person{
		FirstName: sub.FirstName, LastName: sub.LastName, Company: sub.Company, Locale: m.Locale.Tag(), Country: sub.Country, Attributes: attributeTexts(sub.Attributes),
		UnsubscribeURL: links.Unsubscribe, PreferencesURL: links.Preferences, WhyURL: links.Why, ViewURL: links.View,
	}
}

func attributeTexts(attributes map[string]any) map[string]string {
	if len(attributes) == 0 {
		return nil
	}
	texts := make(map[string]string, len(attributes))
	for name, value := range attributes {
		switch v := value.(type) {
		case string:
			texts[name] = v
		case float64:
			texts[name] = strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			texts[name] = strconv.FormatBool(v)
		}
	}
	return texts
}

// Sample is somebody who does not exist, for previews and test mails. Their links lead to pages that change nothing.
func Sample(l *locale.Locale) *preferences.Subscriber {
	return &preferences.Subscriber{FirstName: "Alex", LastName: "Example", Company: "Example Ltd", Locale: l.Tag(), Country: "NL"}
}

// View renders the mail that a person was sent, for the page that shows it in a browser.
func (s *Service) View(ctx context.Context, campaignID, subscriberID string, at time.Time) (subject, html string, err error) {
	c, err := s.Get(ctx, s.DB, campaignID)
	if err != nil {
		return "", "", err
	}
	sub, err := s.People.Subscriber(ctx, s.DB, subscriberID)
	if err != nil {
		return "", "", err
	}
	variant, err := s.variantOf(ctx, c, subscriberID)
	if err != nil {
		return "", "", err
	}
	m, err := s.Compose(ctx, s.DB, c.As(variant), s.LocaleOf(ctx, sub))
	if err != nil {
		return "", "", err
	}
	person := m.Fill(sub, s.Links.For(sub.ID, c.TopicID, c.ID, at))
	subject, html, _ = m.Content.Render(&person)
	return subject, html, nil
}

// ComposeTest writes a message of [outbox.KindTrial].
func (s *Service) ComposeTest(ctx context.Context, msg *outbox.Message) (out outbox.Rendered, err error) {
	var data TestMail
	if err := json.Unmarshal(msg.Content, &data); err != nil {
		return out, err
	}
	c, err := s.Get(ctx, s.DB, data.Campaign)
	if err != nil {
		return out, err
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return out, err
	}
	m, err := s.Compose(ctx, s.DB, c.As(data.Variant), site.DefaultLocale)
	if err != nil {
		return out, err
	}
	sample := Sample(m.Locale)
	person := m.Fill(sample, s.Links.For("", c.TopicID, c.ID, s.now()))
	out = outbox.Rendered{Brand: m.Brand, Locale: m.Locale}
	out.Subject, out.HTML, out.Text = m.Content.Render(&person)
	name := ""
	if data.Variant > 0 { // its texts are called A to D
		name = " " + string(rune('A'+data.Variant-1))
	}
	out.Subject = "[Test" + name + "] " + out.Subject
	return out, nil
}
