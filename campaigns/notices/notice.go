package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Obligations are the reasons for which a notice must be sent.
var Obligations = []string{"contract", "account", "payment", "terms_change", "privacy_change", "service_change", "security", "legal"}

// Bases are the legal bases of a notice. Consent is none: who could withdraw it would miss what they must know.
var Bases = []string{"contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"}

// maxName bounds the name of a person, in characters.
const maxName = 500

// Service sends notices. All fields are required.
type Service struct {
	DB     *sqldb.DB
	Now    func() time.Time
	Outbox *outbox.Store
	People *preferences.Service
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Recipient is whom a notice goes to: an address, or a subscriber.
type Recipient struct {
	Email        string `json:"email"`
	SubscriberID string `json:"subscriber_id"`
	Name         string `json:"name"`
	Locale       string `json:"locale"`
}

// Copy is somebody else whom the matter concerns; each gets a mail and an outcome of their own.
type Copy struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

// Input is one notice as the API takes it.
type Input struct {
	To          Recipient           `json:"to"`
	Obligation  string              `json:"obligation"`
	Basis       string              `json:"basis"`
	Subject     string              `json:"subject"`
	Blocks      json.RawMessage     `json:"blocks"`
	Template    string              `json:"template"`
	Data        json.RawMessage     `json:"data"`
	Reference   string              `json:"reference"`
	Brand       string              `json:"brand"`
	Attachments []outbox.Attachment `json:"attachments"`
	CC          []Copy              `json:"cc"`
	Topic       string              `json:"topic"` // is refused, with the reason
}

// Bounds of what one notice may carry.
const (
	MaxAttachments     = 10
	MaxAttachmentBytes = 7 << 20 // all together, so that the mail stays below the 10 MB that most providers take
	maxCopies          = 20
)

// forbiddenTypes are attachments that mail servers refuse because they run.
var forbiddenTypes = []string{".exe", ".com", ".bat", ".cmd", ".scr", ".js", ".vbs", ".jar", ".msi", ".ps1", ".lnk", ".hta",
	".pif", ".cpl", ".dll", ".sys", ".reg", ".jse", ".vbe", ".vb", ".wsf", ".wsh", ".wsc", ".sct", ".msc", ".msp", ".mst", ".ade", ".adp", ".chm", ".ins", ".isp", ".iso", ".img", ".vhd", ".apk", ".appx", ".sh", ".docm", ".xlsm", ".pptm"}

// words makes a file's name a text.
var words = strings.NewReplacer("_", " ", "-", " ", ".", " ", "+", " ")

// forbiddenMedia are media types of the same.
var forbiddenMedia = []string{"application/x-msdownload", "application/x-dosexec", "application/x-msdos-program", "application/x-msi", "application/x-sh", "application/x-bat", "application/hta", "application/java-archive",
	"application/javascript", "text/javascript", "application/vnd.android.package-archive", "application/vnd.microsoft.portable-executable"}

// Create checks a notice and stores it with its copies, ready to go. The first message is the notice, the others are copies of it.
func (s *Service) Create(ctx context.Context, actor audit.Actor, in Input) (messages []outbox.Message, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		messages, err = s.prepare(ctx, tx, actor, in)
		if err != nil {
			return err
		}
		if err := s.Outbox.Insert(ctx, tx, messages...); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.now(), actor, "notice.create", audit.Object("notice", messages[0].ID), nil,
			map[string]any{"obligation": in.Obligation, "basis": in.Basis, "copies": len(messages) - 1})
	})
	if err != nil {
		return nil, err
	}
	s.Outbox.Flush(ctx)
	return messages, nil
}

// Check is what [Service.Create] would store, and all that is wrong with it. Nothing is stored.
func (s *Service) Check(ctx context.Context, actor audit.Actor, in Input) ([]outbox.Message, error) {
	return s.prepare(ctx, s.DB, actor, in)
}

func (s *Service) prepare(ctx context.Context, tx sqldb.Querier, actor audit.Actor, in Input) ([]outbox.Message, error) {
	var bad problem.Collector
	now := s.now()
	m := outbox.Message{ID: sqldb.NewID(), Class: gate.Notice, Kind: outbox.KindBlocks, Obligation: in.Obligation, Basis: in.Basis, Reference: in.Reference, Brand: in.Brand,
		Subject: strings.TrimSpace(in.Subject), Status: outbox.StatusQueued, At: now, DueAt: now, Author: actor.Person(), CreatedAt: now}
	checkBasics(&bad, in)
	if err := s.recipient(ctx, tx, &bad, in.To, &m); err != nil {
		return nil, err
	}
	if in.Brand != "" {
		if _, err := brands.Get(ctx, tx, in.Brand); err != nil {
			bad.Add("brand", "is not the key of a brand")
		}
	}
	if in.Topic != "" {
		bad.Add("topic", "is what campaigns have: a mandatory notice belongs to no topic, because nobody can leave it; send marketing as a campaign")
	}
	checkContent(&bad, in, &m)
	checkAttachments(&bad, in.Attachments, &m)
	messages := append([]outbox.Message{m}, copies(&bad, in.CC, m)...)
	return messages, bad.Err()
}

func checkBasics(bad *problem.Collector, in Input) {
	if !slices.Contains(Obligations, in.Obligation) {
		bad.Add("obligation", "must be one of %s", strings.Join(Obligations, ", "))
	}
	if !slices.Contains(Bases, in.Basis) {
		bad.Add("basis", "must be one of %s; a notice never rests on consent", strings.Join(Bases, ", "))
	}
	if len(in.Reference) > 255 || address.HeaderSafe(in.Reference) != nil {
		bad.Add("reference", "must be one line of at most 255 bytes")
	}
	if err := address.HeaderSafe(in.Subject); err != nil {
		bad.Add("subject", "must be one line without control characters")
	}
}

func (s *Service) recipient(ctx context.Context, q sqldb.Querier, bad *problem.Collector, to Recipient, m *outbox.Message) error {
	if (to.Email == "") == (to.SubscriberID == "") {
		bad.Add("to", "must have an email or a subscriber_id")
		return nil
	}
	if address.HeaderSafe(to.Name) != nil || utf8.RuneCountInString(to.Name) > maxName {
		bad.Add("to.name", "must be one line of at most %d characters", maxName)
	}
	if to.Locale != "" {
		if _, err := language.Parse(to.Locale); err != nil {
			bad.Add("to.locale", "must be a language such as en or nl-BE")
		}
	}
	var sub *preferences.Subscriber
	var err error
	if to.SubscriberID != "" {
		sub, err = s.People.Subscriber(ctx, q, to.SubscriberID)
		if errors.Is(err, preferences.ErrSubscriberNotFound) {
			bad.Add("to.subscriber_id", "is not the id of a subscriber")
			return nil
		}
	} else {
		parsed, bad2 := address.Parse(to.Email)
		if bad2 != nil {
			bad.Add("to.email", "is not an e-mail address")
			return nil
		}
		m.Email, m.AddressKey = parsed.Display, parsed.Key
		sub, err = s.People.SubscriberByKey(ctx, q, parsed.Key)
		if errors.Is(err, preferences.ErrSubscriberNotFound) {
			sub, err = nil, nil
		}
	}
	if err != nil {
		return err
	}
	m.Name, m.Locale = to.Name, to.Locale
	if sub != nil {
		m.SubscriberID, m.Email, m.AddressKey = sub.ID, sub.Email, sub.EmailKey
		if m.Name == "" {
			m.Name = sub.Name()
		}
		if m.Locale == "" {
			m.Locale = sub.Locale
		}
	}
	return nil
}

func checkContent(bad *problem.Collector, in Input, m *outbox.Message) {
	hasBlocks, hasTemplate := len(in.Blocks) > 0 && string(in.Blocks) != "null", in.Template != ""
	switch {
	case hasBlocks == hasTemplate:
		bad.Add("blocks", "is required, or a template with its data in its place")
	case hasTemplate:
		m.Kind, m.Content = in.Template, in.Data
		if _, err := content.Notice(in.Template, in.Data); err != nil {
			addProblem(bad, "template", err)
		}
		if own := content.NoticeObligation(in.Template); own != in.Obligation && (own == "privacy_change" || in.Obligation == "privacy_change") {
			bad.Add("template", "is a notice of %s: a notice of a privacy change must be about that change alone", strings.ReplaceAll(own, "_", " "))
		}
		lintText(bad, "subject", in.Subject)
		lintData(bad, in.Obligation, in.Template, in.Data)
	default:
		bad.Require("subject", m.Subject)
		m.Content = in.Blocks
		blocks, err := content.Parse(in.Blocks)
		if err != nil {
			addProblem(bad, "blocks", err)
			return
		}
		c := content.Content{Subject: in.Subject, Blocks: blocks}
		c.Check(bad)
		for _, field := range c.Fields() {
			if strings.Contains(field, "_url") && !strings.Contains(field, "unsubscribe") {
				bad.Add("blocks", "must not use %s, which a notice does not have", field)
			}
		}
		Lint(bad, in.Obligation, in.Subject, blocks)
	}
}

func addProblem(bad *problem.Collector, field string, err error) {
	p, ok := problem.As(err)
	if !ok || len(p.Fields) == 0 {
		bad.Add(field, "%s", err)
		return
	}
	for _, f := range p.Fields {
		bad.Add(f.Field, "%s", f.Detail)
	}
}

func checkAttachments(bad *problem.Collector, list []outbox.Attachment, m *outbox.Message) {
	if len(list) == 0 {
		return
	}
	if len(list) > MaxAttachments {
		bad.Add("attachments", "must be at most %d", MaxAttachments)
	}
	total := 0
	for i, a := range list {
		field := fmt.Sprintf("attachments[%d]", i)
		total += len(a.Content)
		if a.Filename == "" || len(a.Filename) > 255 || strings.ContainsAny(a.Filename, "/\\") || address.HeaderSafe(a.Filename) != nil {
			bad.Add(field+".filename", "must be a file name without folders")
		}
		lintText(bad, field+".filename", words.Replace(a.Filename))
		name := strings.ToLower(strings.TrimRight(a.Filename, ". ")) // as Windows reads it
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 && slices.Contains(forbiddenTypes, name[dot:]) {
			bad.Add(field+".filename", "is of a type that mail servers refuse")
		}
		media, _, err := mime.ParseMediaType(a.ContentType)
		switch {
		case err != nil || !strings.Contains(media, "/"):
			bad.Add(field+".content_type", "must be a media type such as application/pdf")
		case slices.Contains(forbiddenMedia, media):
			bad.Add(field+".content_type", "is of a type that mail servers refuse")
		}
		if len(a.Content) == 0 {
			bad.Add(field+".content", "is empty; it must be the file in base64")
		}
	}
	if total > MaxAttachmentBytes {
		bad.Add("attachments", "must have at most %d MB together", MaxAttachmentBytes>>20)
	}
	m.Attachments, _ = json.Marshal(list) // texts and bytes always encode
}

func copies(bad *problem.Collector, list []Copy, m outbox.Message) (out []outbox.Message) {
	if len(list) > maxCopies {
		bad.Add("cc", "must be at most %d people", maxCopies)
		return nil
	}
	named := map[string]bool{m.AddressKey: true}
	for i, c := range list {
		parsed, err := address.Parse(c.Email)
		if err != nil {
			bad.Add(fmt.Sprintf("cc[%d].email", i), "is not an e-mail address")
			continue
		}
		if named[parsed.Key] {
			bad.Add(fmt.Sprintf("cc[%d].email", i), "is there twice: each person gets one mail")
		}
		named[parsed.Key] = true
		if address.HeaderSafe(c.Name) != nil || utf8.RuneCountInString(c.Name) > maxName {
			bad.Add(fmt.Sprintf("cc[%d].name", i), "must be one line of at most %d characters", maxName)
		}
		one := m
		one.ID, one.CopyOf, one.SubscriberID, one.Email, one.AddressKey, one.Name = sqldb.NewID(), m.ID, "", parsed.Display, parsed.Key, c.Name
		out = append(out, one)
	}
	return out
}
