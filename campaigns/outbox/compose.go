package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// View makes the typed mail of one kind from what was stored when it was asked for.
type View func(ctx context.Context, q sqldb.Querier, m *Message, l *locale.Locale) (mail.View, error)

// Composer writes messages in the language and for the brand of each.
type Composer struct {
	DB       *sqldb.DB
	Views    map[string]View     // by kind
	Composed map[string]Composed // by kind: mails that are more than a typed view
	Locale   func(ctx context.Context) string
	Event    func(l *locale.Locale) func(slug string) (mail.Event, bool)
	// Why is the link to the page that tells why a message came. It may be nil: then there is none.
	Why func(m *Message) string
}

// why is the link for the foot of a message.
func (c *Composer) why(m *Message) string {
	if c.Why == nil {
		return ""
	}
	return c.Why(m)
}

// Composed writes the mail of one kind as a whole.
type Composed func(ctx context.Context, m *Message) (Rendered, error)

// Rendered is a message before it is built.
type Rendered struct {
	Brand       brands.Brand
	Locale      *locale.Locale
	Subject     string
	HTML        string
	Text        string
	Attachments []Attachment
}

// Compose renders a message.
func (c *Composer) Compose(ctx context.Context, m *Message) (Rendered, error) {
	if whole, ok := c.Composed[m.Kind]; ok {
		return whole(ctx, m)
	}
	tag := m.Locale
	if tag == "" {
		tag = c.Locale(ctx)
	}
	out := Rendered{Locale: locale.Get(tag)}
	var err error
	if out.Brand, err = brands.Get(ctx, c.DB, m.Brand); err != nil {
		return out, fmt.Errorf("outbox: brand of %s: %w", m.ID, err)
	}
	if len(m.Attachments) > 0 {
		if err := c.attachments(ctx, m, &out.Attachments); err != nil {
			return out, fmt.Errorf("outbox: attachments of %s: %w", m.ID, err)
		}
	}
	if m.Kind == KindBlocks {
		return c.blocks(out, m)
	}
	make, ok := c.Views[m.Kind]
	if !ok {
		return out, fmt.Errorf("outbox: no template %q", m.Kind)
	}
	view, err := make(ctx, c.DB, m, out.Locale)
	if err != nil {
		return out, fmt.Errorf("outbox: %s %s: %w", m.Kind, m.ID, err)
	}
	msg := mail.Compose(MailBrand(out.Brand), mail.To{Locale: out.Locale, Name: m.Name}, view)
	msg.Footer.WhyURL = c.why(m)
	out.Subject, out.Text = msg.Subject, msg.Text()
	if m.Subject != "" {
		out.Subject = m.Subject
	}
	out.HTML, err = msg.HTML()
	return out, err
}

// attachments reads those of a message; a claimed one tells only that it has some.
func (c *Composer) attachments(ctx context.Context, m *Message, list *[]Attachment) error {
	text := string(m.Attachments)
	if len(text) == 1 {
		if err := c.DB.QueryRowContext(ctx, "SELECT attachments FROM messages WHERE id = $1", m.ID).Scan(&text); err != nil {
			return err
		}
	}
	return json.Unmarshal([]byte(text), list)
}

func (c *Composer) blocks(out Rendered, m *Message) (Rendered, error) {
	blocks, err := content.Parse(m.Content)
	if err != nil {
		return out, fmt.Errorf("outbox: content of %s: %w", m.ID, err)
	}
	setting := content.Setting{Locale: out.Locale, Brand: MailBrand(out.Brand), Footer: mail.Footer{Class: mail.Notice, Obligation: m.Obligation, WhyURL: c.why(m)}}
	if m.Class == gate.Service {
		setting.Footer.Class = mail.Service
	}
	if c.Event != nil {
		setting.Event = c.Event(out.Locale)
	}
	compiled, err := content.Compile(content.Content{Subject: m.Subject, Blocks: blocks}, setting)
	if err != nil {
		return out, fmt.Errorf("outbox: content of %s: %w", m.ID, err)
	}
	out.Subject, out.HTML, out.Text = compiled.Render(&content.Person{FirstName: m.Name, Locale: out.Locale.Tag()})
	return out, nil
}

// MailBrand is a brand as templates take it.
func MailBrand(b brands.Brand) mail.Brand {
	return mail.Brand{Name: b.Name, LogoURL: b.LogoURL, Color: b.Color, PostalAddress: b.PostalAddress, ReplyTo: b.ReplyTo}
}
