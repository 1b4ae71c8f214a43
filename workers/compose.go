package workers

import (
	"context"
	"strings"
	"time"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/workers/message"
)

// compose writes a message of the outbox, with the sender and the signature of the stream by which it leaves.
func (e *Engine) compose(ctx context.Context, m outbox.Claimed) ([]byte, error) {
	r, err := e.Composer.Compose(ctx, m.Message)
	if err != nil {
		return nil, err
	}
	stream, from := m.Permit.Stream(), r.Brand.NoticeFrom()
	if stream == gate.StreamMarketing {
		from = r.Brand.FromEmail
	}
	out := message.Message{
		Class: m.Class, From: message.Address{Name: r.Brand.FromName, Email: from}, ReplyTo: message.Address{Email: r.Brand.ReplyTo},
		To: message.Address{Name: m.Name, Email: m.Email}, Subject: r.Subject, Date: m.CreatedAt, MessageID: e.Links.MessageID(m.ID), Language: r.Locale.Tag(), HTML: r.HTML, Text: r.Text,
	}
	for _, a := range r.Attachments {
		out.Attachments = append(out.Attachments, message.Attachment{Filename: a.Filename, ContentType: a.ContentType, Data: a.Content})
	}
	raw, err := message.Build(out)
	if err != nil {
		return nil, err
	}
	signer, err := e.signer(ctx, stream, from)
	if err != nil || signer == nil {
		return raw, err
	}
	return signer.Sign(nil, raw)
}

// signer is nil where nothing is signed here.
func (e *Engine) signer(ctx context.Context, stream gate.Stream, from string) (*message.Signer, error) {
	if e.Sign == nil {
		return nil, nil
	}
	return e.Sign(ctx, stream, from)
}

// signed appends the mail of one person to dst, with its signatures.
func (e *Engine) signed(ctx context.Context, dst []byte, m *mailing, c campaigns.Claimed, links preferences.MailLinks, at time.Time) ([]byte, error) {
	signer, err := e.signer(ctx, gate.StreamMarketing, m.mailing.Brand.FromEmail)
	if err != nil {
		return dst, err
	}
	if signer == nil {
		return e.write(dst, m, c, links, at)
	}
	raw, err := e.write(nil, m, c, links, at)
	if err != nil {
		return dst, err
	}
	return signer.Sign(dst, raw)
}

// bulk is what all mails of a campaign in one language have in common.
func (e *Engine) bulk(m *campaigns.Mailing) message.Message {
	class := gate.Marketing
	if m.Topic.Class == "research" {
		class = gate.Research
	}
	domain := m.Brand.FromEmail[strings.LastIndexByte(m.Brand.FromEmail, '@')+1:]
	return message.Message{
		Class: class, From: message.Address{Name: m.Brand.FromName, Email: m.Brand.FromEmail}, ReplyTo: message.Address{Email: m.Brand.ReplyTo}, Language: m.Locale.Tag(),
		List: &message.List{Name: m.Topic.Name(m.Locale.Tag(), m.Locale.Language()), ID: m.Topic.Key + "." + listDomain(domain),
			Feedback: []string{m.Campaign.ID, m.Topic.Key, class.String(), "assent-" + m.Brand.Key}},
	}
}

// listDomain is a domain that a List-Id can end with: RFC 2919 §2 wants a dot in it.
func listDomain(domain string) string {
	if strings.Contains(domain, ".") {
		return domain
	}
	return domain + ".localdomain"
}

// write appends the mail of one person to dst.
func (e *Engine) write(dst []byte, m *mailing, c campaigns.Claimed, links preferences.MailLinks, at time.Time) ([]byte, error) {
	fields := m.mailing.Fill(c.Person, links)
	if c.Tracked {
		fields.Click = func(link string) string { return e.Links.Click(c.Person.ID, link, m.mailing.Campaign.ID, at) }
	}
	return m.compiled.Append(dst, &message.Person{
		To: message.Address{Name: c.Person.Name(), Email: c.Person.Email}, MessageID: e.Links.MessageID(c.ID), Date: at, Unsubscribe: links.Unsubscribe, Mailto: links.MailtoAddress, Fields: &fields,
	})
}
