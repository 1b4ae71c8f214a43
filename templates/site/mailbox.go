package site

import (
	"time"

	"assent/templates/site/ui"
)

// MailboxView lists the mails that the built-in mailbox holds: those that would have gone out.
type MailboxView struct {
	Page
	Search, Stream string
	Mails          []MailLine
	Pager          ui.Pager
	Empty          *ui.Post // empties the mailbox; nil: not offered
	// Real tells that a relay is set, so that new mail goes out and no more comes in here.
	Real bool
}

// MailLine is one of them.
type MailLine struct {
	URL, From, To, Subject string
	Stream                 string
	At                     time.Time
}

// MailPart is one way to look at a mail.
type MailPart string

// The ways.
const (
	PartHTML    MailPart = "html"
	PartText    MailPart = "text"
	PartHeaders MailPart = "headers"
	PartSource  MailPart = "source"
)

// MailView is one mail.
type MailView struct {
	Page
	MailLine
	// Part is the way it is looked at; URLs are the addresses of the ways that it has.
	Part MailPart
	URLs map[MailPart]string
	// FrameURL serves the HTML part under FramePolicy.
	FrameURL string
	// Phone shows it at the width of a phone; WidthURL changes that.
	Phone        bool
	WidthURL     string
	Text         string
	Headers      []Header
	Source       string
	Cut          bool // the source is longer than what is shown
	DownloadURL  string
	Attachments  []Attachment
	BackURL      string
	Newer, Older string
}

// Header is one header field, decoded.
type Header struct{ Name, Value string }

// Attachment is one file of a mail.
type Attachment struct{ Name, Type, Size, URL string }

func (v MailView) tabs() []ui.Tab {
	var out []ui.Tab
	for _, p := range []MailPart{PartHTML, PartText, PartHeaders, PartSource} {
		if url := v.URLs[p]; url != "" {
			out = append(out, ui.Tab{Label: v.t("site.mail.part." + string(p)), URL: url, Current: p == v.Part})
		}
	}
	return out
}

func (v MailboxView) filtered() bool { return v.Search != "" || v.Stream != "" }

func (v MailboxView) filter() ui.Filter {
	f := ui.Filter{
		Locale: v.Locale, Action: Path(NavMailbox), Search: v.Search, Hint: v.t("site.mailbox.search"),
		Selects: []ui.Field{{Name: "stream", Label: v.t("site.mailbox.stream"), Value: v.Stream, Options: []ui.Option{
			{Value: "", Label: v.t("site.mailbox.stream_all")},
			{Value: "marketing", Label: v.t("site.stream.short_marketing")},
			{Value: "transactional", Label: v.t("site.stream.short_transactional")},
		}}},
	}
	if v.filtered() {
		f.Clear = Path(NavMailbox)
	}
	return f
}

func (v MailboxView) head() ui.Head {
	h := ui.Head{Title: v.t("site.nav.mailbox"), Lead: v.t("site.mailbox.lead")}
	if v.Empty != nil && len(v.Mails) > 0 {
		h.Posts = []ui.Post{*v.Empty}
	}
	return h
}
